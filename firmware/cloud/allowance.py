"""How much may be sent on a metered line, and when to try again."""

from __future__ import annotations

import random

_DAY_S = 86_400.0


class Allowance:
    """A bucket of bytes that fills evenly over the day; sans-IO, `now` is monotonic seconds.

    Args:
        bytes_a_day: None for a line without a meter.
    """

    def __init__(self, bytes_a_day: int | None, now: float) -> None:
        self._rate = None if bytes_a_day is None else bytes_a_day / _DAY_S
        # A tenth of the day at once, so that a morning's backlog goes out while it is news.
        self._most = 0.0 if bytes_a_day is None else bytes_a_day / 10
        self._level, self._at = self._most, now

    def delay(self, now: float) -> float:
        """Return how many seconds to wait before sending anything."""
        if self._rate is None:
            return 0.0
        # A clock that goes backwards costs nothing.
        self._level = min(self._most, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._level >= 0 else -self._level / self._rate if self._rate else _DAY_S

    def spend(self, sent: int) -> None:
        """Note bytes on the wire; the level may go below nothing by one batch."""
        if self._rate is not None:
            self._level -= sent


class BackOff:
    """Seconds between attempts: doubling, with full jitter, so that 10,000 sites don't come back at once."""

    def __init__(self, dice: random.Random, first_s: float = 1.0, longest_s: float = 300.0) -> None:
        self._dice = dice
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    def failed(self) -> float:
        """Return how long to wait after one more failure."""
        ceiling: float = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return self._first_s / 2 + self._dice.random() * ceiling

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0
