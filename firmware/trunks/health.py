"""Which lines may carry a call: not those out of service by hand, nor those that failed several times in a
row, nor those from which no sound came in.

    FIT ──FAILURES calls failed by the wire──► SICK ──the pause is over──► on trial ──a call talks──► FIT
                                                ▲──────── it fails: twice as long a pause ─────┘
    FIT ──a call of DEAF_S or more in which nothing was heard──► SILENT ──cured, or a call is heard──► FIT

A sick or silent line still takes incoming calls, and emergency calls when no other is left.
"""

from __future__ import annotations

import dataclasses

from firmware.core.causes import Cause, Side
from firmware.core.leg import Ending

FAILURES = 3
"""Calls in a row that the wire failed before a line is taken for sick; one or two are bad luck."""
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 600.0
"""Seconds without calls for a sick line; doubled each time."""
_WIRE = frozenset(
    {
        Cause.BEARER_NOT_AVAILABLE,
        Cause.TEMPORARY_FAILURE,
        Cause.NO_CIRCUIT,
    }
)


@dataclasses.dataclass
class _Record:
    failures: int = 0
    pause: float = FIRST_PAUSE
    sick_until: float | None = None


class LineHealth:
    """How the lines have done, by name."""

    def __init__(self) -> None:
        self.out_of_service: frozenset[str] = frozenset()
        """Taken out by hand."""
        self._records: dict[str, _Record] = {}
        self._silent: set[str] = set()

    def ended(self, line: str, ending: Ending, *, talked: bool, now: float) -> None:
        """A call on the line has ended."""
        record = self._records.setdefault(line, _Record())
        if talked:
            self._records[line] = _Record()
        elif ending.by is Side.WIRE and ending.cause in _WIRE:
            record.failures += 1
            if record.failures >= FAILURES:
                record.sick_until = now + record.pause
                record.pause = min(LONGEST_PAUSE, record.pause * 2)
                # The next failure is enough: it is on trial then.
                record.failures = FAILURES - 1

    def is_sick(self, line: str, now: float) -> bool:
        record = self._records.get(line)
        return record is not None and record.sick_until is not None and now < record.sick_until

    def heard(self, line: str, *, sound: bool) -> None:
        """A call long enough to judge it by had, or had not, any sound from the line."""
        if sound:
            self._silent.discard(line)
        else:
            self._silent.add(line)

    def cured(self, line: str) -> None:
        """The line's device was restarted: its sound is on trial. A sick line's calls are, by its pause."""
        self._silent.discard(line)

    def is_silent(self, line: str) -> bool:
        return line in self._silent

    def fit(self, line: str, now: float) -> bool:
        """Whether an outgoing call may take it."""
        return line not in self.out_of_service | self._silent and not self.is_sick(line, now)
