"""What people have done: the figures by which strategies choose, for all groups and queues."""

from __future__ import annotations

import msgspec


class Figures(msgspec.Struct):
    """One person's day."""

    calls: int = 0
    talk_seconds: float = 0.0
    last_ended: float = float("-inf")
    """Monotonic seconds at which the last talk ended; minus infinity before the first one."""


class Tally:
    """Figures by extension, and where each group's last hunt ended."""

    def __init__(self) -> None:
        self._figures: dict[str, Figures] = {}
        self.last: dict[str, str] = {}
        """Whom each group has rung last."""

    def of(self, number: str) -> Figures:
        """Return a person's figures."""
        return self._figures.setdefault(number, Figures())

    def everybody(self) -> dict[str, Figures]:
        """Return the figures of all who have any."""
        return self._figures

    def talked(self, number: str, seconds: float, now: float) -> None:
        """Count a call a person took.

        Args:
            number: Whose extension.
            seconds: How long they talked.
            now: Monotonic seconds, at its end.
        """
        figures = self.of(number)
        figures.calls += 1
        figures.talk_seconds += seconds
        figures.last_ended = now

    def rung(self, group: str, number: str) -> None:
        """Remember whom a group has rung last."""
        self.last[group] = number

    def last_rung(self, group: str) -> str | None:
        """Return whom a group has rung last."""
        return self.last.get(group)

    def new_day(self) -> None:
        """Begin the day's counts anew; who has been idle for how long goes on."""
        for figures in self._figures.values():
            figures.calls, figures.talk_seconds = 0, 0.0
