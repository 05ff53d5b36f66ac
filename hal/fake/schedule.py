"""What is to happen later, for cores without a loop of their own."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

Cancel = Callable[[], None]


class Schedule:
    """A queue of moments. The owner asks `get_timer` and calls `handle_timer`; in tests time is a number."""

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds, monotonic: the moment being handled."""
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._wanted: set[int] = set()
        """Not done and not called off."""
        self._order = itertools.count()

    def after(self, seconds: float, action: Callable[[], None]) -> Cancel:
        """Have `action` called in so many seconds from `now`; the returned function calls it off."""
        order = next(self._order)
        heapq.heappush(self._due, (self.now + seconds, order, action))
        self._wanted.add(order)
        return lambda: self._wanted.discard(order)

    def get_timer(self) -> float | None:
        return self._due[0][0] if self._due else None

    def handle_timer(self, now: float) -> None:
        """Do all that is due, each at its own moment."""
        while self._due and self._due[0][0] <= now:
            when, order, action = heapq.heappop(self._due)
            self.now = max(self.now, when)
            if order in self._wanted:
                self._wanted.discard(order)
                action()
        self.now = max(self.now, now)
