"""How much may be sent on a metered or narrow line, how much at once, and when to try again."""

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


_AT_ONCE_S = 1.0
"""Of the bandwidth: what may go before the first wait."""


class _Bucket:
    """Fills evenly with `rate` bytes a second up to `most`; sans-IO, `now` is monotonic seconds."""

    def __init__(self, rate: float, most: float, now: float) -> None:
        self._rate = rate
        self._most = most
        self._level, self._at = most, now

    def delay(self, now: float) -> float:
        # A clock that goes backwards costs nothing.
        self._level = min(self._most, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._level >= 0 else -self._level / self._rate

    def spend(self, sent: int) -> None:
        self._level -= sent


class Allowance:
    """What a metered or a narrow line permits; sans-IO, `now` is monotonic seconds.

    What goes in one piece (a batch, a recording) goes at the line's own speed; the wait after it is as long
    as the limit asks, so that the average holds and calls have the line meanwhile.

    Args:
        bytes_a_day: None for a line without a meter.
        now: The present moment.
        bytes_a_second: None for as fast as it goes.
    """

    def __init__(self, bytes_a_day: int | None, now: float, bytes_a_second: int | None = None) -> None:
        self._buckets = []
        if bytes_a_day is not None:
            # A tenth of the day at once, so that a morning's backlog goes out while it is news.
            self._buckets.append(_Bucket(bytes_a_day / _DAY_S, bytes_a_day / 10, now))
        if bytes_a_second is not None:
            self._buckets.append(_Bucket(bytes_a_second, bytes_a_second * _AT_ONCE_S, now))

    def delay(self, now: float) -> float:
        """Return how many seconds to wait before sending anything."""
        return max((bucket.delay(now) for bucket in self._buckets), default=0.0)

    def spend(self, sent: int) -> None:
        """Note bytes on the wire; the level may go below nothing by one batch."""
        for bucket in self._buckets:
            bucket.spend(sent)


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
