"""The menus' history: a draft to try out, the one in force, and those before it to go back to."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.core.errors import UserError
from ivr.menu.check import Known, check_menus
from ivr.menu.model import Menus


def _help(en: str, zh: str, *, is_history: bool = False) -> Meta:
    return Meta(description=en, extra={"zh": zh, "history": is_history})


KEPT = 20
"""How many versions are kept; the oldest goes first."""


class Version(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: int
    """Counts up from 1 and is never used again."""
    saved: datetime.datetime
    """With time zone."""
    by: str
    """Who put it in force."""
    menus: Menus


class MenuBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Immutable: each change returns the next book, which the settings keep."""

    versions: Annotated[
        tuple[Version, ...],
        _help(
            "The versions, the oldest first; the last is in force. Change them by publishing a draft.",
            "各个版本，最早的在前，最后一个生效；通过发布草稿来更改。",
            is_history=True,
        ),
    ] = ()
    draft: Annotated[
        Menus | None,
        _help(
            "Menus to try out by a test call before they are put in force; empty for none.",
            "生效前可拨打测试的菜单草稿；空表示没有。",
        ),
    ] = None

    def in_force(self) -> Menus | None:
        """Return the menus callers meet; None when none were ever published."""
        return self.versions[-1].menus if self.versions else None

    def preview(self) -> Menus | None:
        """Return what a test call plays: the draft, or what is in force."""
        return self.draft or self.in_force()

    def drafted(self, menus: Menus, known: Known) -> MenuBook:
        """Keep a draft.

        Raises:
            UserError: The menus would strand a caller; the book is as it was.
        """
        check_menus(menus, known)
        return msgspec.structs.replace(self, draft=menus)

    def published(self, known: Known, by: str, now: datetime.datetime) -> MenuBook:
        """Put the draft in force.

        Raises:
            UserError: There is no draft, or what it names is gone by now.
        """
        if self.draft is None:
            raise UserError("Menus: there is no draft. Change something first.")
        check_menus(self.draft, known)
        return self._with(self.draft, by, now)

    def rolled_back(self, number: int, known: Known, by: str, now: datetime.datetime) -> MenuBook:
        """Put an earlier version in force again, as a new one.

        Raises:
            UserError: There is no such version, or what it names is gone by now.
        """
        earlier = next((version for version in self.versions if version.number == number), None)
        if earlier is None:
            there = ", ".join(str(version.number) for version in self.versions)
            raise UserError(f"Menus: there is no version {number}. Choose one of {there}.")
        check_menus(earlier.menus, known)
        return self._with(earlier.menus, by, now)

    def _with(self, menus: Menus, by: str, now: datetime.datetime) -> MenuBook:
        number = self.versions[-1].number + 1 if self.versions else 1
        return MenuBook((*self.versions, Version(number, now, by, menus))[-KEPT:])
