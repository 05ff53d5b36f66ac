"""Named timers of many owners on one virtual clock: says when it next wants to wake, fires what is due.

Cancelled timers stay in the heap until they surface or make up most of it; a cancel costs nothing.
"""

from __future__ import annotations

import heapq
from typing import Protocol


class Timer:
    """One running timer; `owner` is None once it is cancelled."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: TimerOwner, name: str) -> None:
        self.owner: TimerOwner | None = owner
        self.name = name


class TimerOwner(Protocol):
    armed: dict[str, Timer]
    """Kept by `Timers`: this owner's running timers by name."""

    def on_timer(self, name: str, now: float) -> None: ...


# Rebuild the heap when it is this many entries long and more than half of it is cancelled.
_COMPACT_FROM = 1000


class Timers:
    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._serial = 0
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def arm(self, owner: TimerOwner, name: str, deadline: float) -> None:
        """Start a timer, or start it anew. `deadline` is on the clock that `fire` is told."""
        self.disarm(owner, name)
        self._serial += 1
        timer = owner.armed[name] = Timer(owner, name)
        heapq.heappush(self._heap, (deadline, self._serial, timer))

    def disarm(self, owner: TimerOwner, name: str) -> None:
        timer = owner.armed.pop(name, None)
        if timer is None:
            return
        timer.owner = None
        self._cancelled += 1
        if self._cancelled * 2 > len(self._heap) > _COMPACT_FROM:
            self._heap = [entry for entry in self._heap if entry[2].owner is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def disarm_all(self, owner: TimerOwner) -> None:
        for name in list(owner.armed):
            self.disarm(owner, name)

    def next(self) -> float | None:
        """Return the earliest deadline; None when nothing runs."""
        while self._heap and self._heap[0][2].owner is None:
            heapq.heappop(self._heap)
            self._cancelled -= 1
        return self._heap[0][0] if self._heap else None

    def fire(self, now: float) -> None:
        """Fire every timer due at `now`, in the order of their deadlines."""
        while (deadline := self.next()) is not None and deadline <= now:
            timer = heapq.heappop(self._heap)[2]
            if timer.owner is not None:
                del timer.owner.armed[timer.name]
                timer.owner.on_timer(timer.name, now)
