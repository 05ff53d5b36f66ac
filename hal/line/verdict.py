"""What a line's examination finds."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Words:
    """The same in the box's languages."""

    zh: str
    en: str


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One step of a line's examination."""

    step: str
    """power, sim, signal, registration, audio … in the order of examination."""
    fine: bool | None
    """None: not known, or not reached."""
    words: Words
    remedy: Words = Words("", "")
    """What a person can do; empty when nothing is to be done."""
