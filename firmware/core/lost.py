"""Callers nobody talked with: each is a task until somebody closes it."""

from __future__ import annotations

import msgspec


class LostCaller(msgspec.Struct, frozen=True):
    id: str
    """Sorts by time."""
    number: str | None
    """E.164; None when withheld, so that nobody can call back."""
    shown: str | None
    """As it was presented."""
    calls: int
    """How often the caller tried since somebody talked with it last."""
    first_wall_ms: int
    last_wall_ms: int
    last_journey: str
    wanted: str
    """The extension, group or queue it was for; empty when it never said."""
    why: str
    """What became of the last call: abandoned, unanswered, failed, interrupted."""
    name: str = ""
    texted: bool = False
    """Whether "we missed you" was sent."""
    closed_wall_ms: int | None = None
    closed_by: str = ""
    closed_why: str = ""
    """called back, rang again, or what whoever closed it wrote."""
