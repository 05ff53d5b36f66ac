"""How much may be sent on a metered line, how much at once, and when to try again."""

from __future__ import annotations

import random

_DAY_S = 86_400.0

_FIRST_BATCH = 200
"""Records: some 200 kB packed."""

_LARGEST_BATCH = 500
"""Records: a batch waits for one answer, so on a line with 150 ms there and back it must hold this many for
more than 2,000 a second; some 1.5 MB unpacked."""

_SMALLEST_BATCH = 20
"""Records: some 20 kB packed, three seconds of the slowest mobile network; no outage makes it any less."""

_GROWTH = 8
"""After a batch that went well the next is larger by this fraction: a slow line loses one in some eight."""


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


class BatchSize:
    """How many records go at once.

    Half as many after a failure, because on a slow line a batch must be through before time is up; step by
    step more again while all goes well.
    """

    def __init__(self) -> None:
        self.records = _FIRST_BATCH

    def succeeded(self) -> None:
        self.records = min(_LARGEST_BATCH, self.records + self.records // _GROWTH)

    def failed(self) -> None:
        self.records = max(_SMALLEST_BATCH, self.records // 2)
