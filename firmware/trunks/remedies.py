"""What the box does by itself for a line that doesn't work, and when it must call for a person.

Theory of operation
-------------------
    AWAY    answers nothing        ── AWAY_S ──────────────────► power cycle ─► twice the pause, again …
    STUCK   answers, isn't ready   ── STUCK_S ─► soft reset ───► power cycle ─► …
    SICK    its calls fail         ── once idle ─► soft reset ─► power cycle ─► …
    SILENT  nothing came in        ── once idle ─► soft reset ─► power cycle ─► …
    HAND    SIM or PIN is missing  ── nothing: only a person can

Retrying is the driver's own business (it opens the port and asks, again and again); this begins where that
ends. The pause between two remedies doubles up to `LONGEST_PAUSE`; a line that did well for `FINE_S` begins
anew. A line that stays away or stuck for `HAND_S` in spite of it needs a person as well.
"""

from __future__ import annotations

import enum
from typing import Final

AWAY_S: Final = 60.0
"""A modem's own restart takes 20 s, a brown-out's 30; what is away longer needs its power key."""
STUCK_S: Final = 300.0
"""A cold search over all bands may take three minutes."""
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
"""Seconds from one remedy to the next."""
FINE_S: Final = 600.0
HAND_S: Final = 600.0
"""Seconds of no use: a soft reset and a power cycle were tried by then."""


class Trouble(enum.Enum):
    """What ails a line."""

    NONE = "none"
    AWAY = "the modem stays away"
    STUCK = "the modem doesn't get ready"
    SICK = "its calls fail"
    SILENT = "no sound comes in from it"
    HAND = "only a person can help"


class Remedy(enum.Enum):
    SOFT_RESET = "soft reset"
    POWER_CYCLE = "power cycle"


_WAIT: Final = {Trouble.AWAY: AWAY_S, Trouble.STUCK: STUCK_S, Trouble.SICK: 0.0, Trouble.SILENT: 0.0}


class Ladder:
    """The remedies of one line, one after the other. All times are seconds, monotonic."""

    def __init__(self) -> None:
        self._trouble = Trouble.NONE
        self._since = 0.0
        """When the present trouble, or its absence, began."""
        self._useless_since: float | None = None
        self._tried = 0
        self._pause = FIRST_PAUSE
        self._not_before = 0.0

    def look(self, trouble: Trouble, now: float, *, idle: bool = True) -> Remedy | None:
        """Return what is to be done now, at most one thing; it counts as done.

        Args:
            trouble: What ails the line.
            now: When.
            idle: Whether no call stands on it.
        """
        if trouble is not self._trouble:
            self._trouble, self._since = trouble, now
        if trouble not in (Trouble.AWAY, Trouble.STUCK):
            self._useless_since = None
        elif self._useless_since is None:
            self._useless_since = now
        if trouble in (Trouble.NONE, Trouble.HAND):
            if trouble is Trouble.NONE and now - self._since >= FINE_S:
                self._tried, self._pause, self._not_before = 0, FIRST_PAUSE, now
            return None
        if not idle or now < max(self._since + _WAIT[trouble], self._not_before):
            return None
        remedy = Remedy.SOFT_RESET if trouble is not Trouble.AWAY and not self._tried else Remedy.POWER_CYCLE
        self._tried += 1
        self._not_before = now + self._pause
        self._pause = min(LONGEST_PAUSE, 2 * self._pause)
        return remedy

    def needs_a_hand(self, now: float) -> bool:
        """Whether a person must look after the line: the box can't, or has tried in vain."""
        if self._trouble is Trouble.HAND:
            return True
        return self._useless_since is not None and now - self._useless_since >= HAND_S
