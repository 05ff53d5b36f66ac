"""Whom call control can ring: the contract that `extensions.directory` fulfils."""

from __future__ import annotations

from typing import Protocol

import msgspec

from firmware.core.leg import Leg


class Extension(msgspec.Struct, frozen=True):
    """A number inside the office and whose it is."""

    number: str
    name: str


class Directory(Protocol):
    """The office's numbers, as a script may ask for them."""

    def find(self, number: str) -> Extension | None:
        """Return the extension with exactly this number; None when there is none."""

    def may_grow(self, digits: str) -> bool:
        """Tell whether some extension begins with these digits and is longer."""

    def longest(self) -> int:
        """Return how many digits the longest extension has."""

    def operator(self) -> Extension | None:
        """Return who helps callers that found nobody else; None when the office named no one."""

    def leg_to(self, extension: Extension) -> Leg:
        """Return a fresh outgoing leg to the extension, not yet rung."""

    def speak_to(self, extension: Extension) -> Leg:
        """Return a fresh outgoing leg whose phone is asked to answer by itself."""
