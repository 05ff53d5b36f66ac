"""Which rows are asked for a packet in every tick, without the kernel having told of one, and in which order.

Theory of operation
-------------------
To read five hundred sockets takes the better part of a millisecond. A packet that comes about when its row
is read is now there, now not. So who was missed twice within `MISS_TICKS` is read at the other end of the
reading from then on, where its packet is always there, or always one tick old. Who is missed there as well
doesn't send packets one by one, and isn't expected for `UNEVEN_TICKS`; nor is ever again who sent a packet
too long to be read like that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

UNEVEN_TICKS: Final = 100
"""After which rows that were missed, first and last, are expected again."""
MISS_TICKS: Final = 10
"""Within which a row must be missed twice for it to matter; a lost packet is no habit."""


class Expected:
    """The habits of all rows. No sockets, no clock: whoever asks says which tick it is."""

    def __init__(self) -> None:
        self._wanted: Sequence[int] = ()
        self._stale = False
        """Whether another order than the last is right now."""
        self._last: set[int] = set()
        """Rows that are read last."""
        self._missed_in: dict[int, int] = {}
        """Rows that were missed, and in which tick they last were."""
        self._in_vain: set[int] = set()
        """Rows that were missed twice since the last order."""
        self._moved: set[int] = set()
        """Rows that were lately put first instead of last, or last instead of first."""
        self._uneven: set[int] = set()
        self._forgiven = 0
        """Tick since which rows are uneven."""
        self._wide: set[int] = set()
        """Rows that have sent a packet too long."""

    def order(self, rows: Sequence[int], tick: int) -> list[int] | None:
        """Return which of these rows to read, in order; None for those of the last time."""
        if tick - self._forgiven >= UNEVEN_TICKS:
            self._forgiven = tick
            self._stale |= bool(self._uneven)
            self._uneven.clear()
            self._moved.clear()
        for row in self._in_vain:
            del self._missed_in[row]
            if row in self._moved:
                self._uneven.add(row)
            else:
                self._moved.add(row)
                self._last ^= {row}
        self._stale |= bool(self._in_vain)
        self._in_vain.clear()
        if not self._stale and rows == self._wanted:
            return None
        self._wanted, self._stale = rows, False
        odd = self._wide | self._uneven
        return sorted((row for row in rows if row not in odd), key=self._last.__contains__)

    def missed(self, row: int, tick: int) -> None:
        """Take note that a row's packet was not there."""
        if tick - self._missed_in.get(row, -MISS_TICKS) < MISS_TICKS:
            self._in_vain.add(row)
        self._missed_in[row] = tick

    def too_long(self, row: int) -> None:
        """Take note that a row sends longer packets than are read of an expected one."""
        self._stale |= row not in self._wide
        self._wide.add(row)

    def forget(self, row: int) -> None:
        """Begin afresh with a row."""
        for habits in (self._last, self._in_vain, self._moved, self._uneven, self._wide):
            habits.discard(row)
        self._missed_in.pop(row, None)
        self._stale = True
