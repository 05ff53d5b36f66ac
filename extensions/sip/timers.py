"""Named timers of many owners on one virtual clock: says when it next wants to wake, fires what is due.

    exact ── heap ── next() = its earliest deadline
    lax ──── heap ── next() = its earliest deadline + slack, and all that are due by then fire together

Most timers of SIP only end a wait for stragglers and may fire a little late: collected, a thousand of them
cost two wakes a second and not a thousand. Cancelled timers stay in their heap until they surface or make
up most of it; a cancel costs nothing.
"""

from __future__ import annotations

import heapq
from typing import Protocol


class Timer:
    """One running timer; `owner` is None once it is cancelled."""

    __slots__ = ("heap", "name", "owner")

    def __init__(self, owner: TimerOwner, name: str, heap: _Heap) -> None:
        self.owner: TimerOwner | None = owner
        self.name = name
        self.heap = heap


class TimerOwner(Protocol):
    armed: dict[str, Timer]
    """Kept by `Timers`: this owner's running timers by name."""

    def on_timer(self, name: str, now: float) -> None: ...


# Rebuild the heap when it is this many entries long and more than half of it is cancelled.
_COMPACT_FROM = 1000


class _Heap:
    """Timers by deadline."""

    __slots__ = ("_cancelled", "_entries")

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Timer]] = []
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._entries) - self._cancelled

    def push(self, deadline: float, serial: int, timer: Timer) -> None:
        heapq.heappush(self._entries, (deadline, serial, timer))

    def cancelled(self) -> None:
        """One of its timers was cancelled."""
        self._cancelled += 1
        if self._cancelled * 2 > len(self._entries) > _COMPACT_FROM:
            self._entries = [entry for entry in self._entries if entry[2].owner is not None]
            heapq.heapify(self._entries)
            self._cancelled = 0

    def first(self) -> tuple[float, int, Timer] | None:
        """Return the earliest live entry."""
        entries = self._entries
        while entries and entries[0][2].owner is None:
            heapq.heappop(entries)
            self._cancelled -= 1
        return entries[0] if entries else None

    def pop(self) -> Timer:
        """Take the earliest entry out; `first` was asked before."""
        return heapq.heappop(self._entries)[2]


class Timers:
    """All timers of one agent.

    Args:
        slack_s: By how much lax timers may fire late, in seconds.
    """

    def __init__(self, slack_s: float = 0.0) -> None:
        self._slack_s = slack_s
        self._exact = _Heap()
        self._lax = _Heap()
        self._serial = 0

    def __len__(self) -> int:
        return len(self._exact) + len(self._lax)

    def arm(self, owner: TimerOwner, name: str, deadline: float, *, lax: bool = False) -> None:
        """Start a timer, or start it anew.

        Args:
            owner: Whose `on_timer` is called.
            name: Names it among its owner's.
            deadline: On the clock that `fire` is told.
            lax: Whether it may fire late by the slack.
        """
        if name in owner.armed:
            self.disarm(owner, name)
        self._serial += 1
        heap = self._lax if lax else self._exact
        timer = owner.armed[name] = Timer(owner, name, heap)
        heap.push(deadline, self._serial, timer)

    def disarm(self, owner: TimerOwner, name: str) -> None:
        timer = owner.armed.pop(name, None)
        if timer is not None:
            timer.owner = None
            timer.heap.cancelled()

    def disarm_all(self, owner: TimerOwner) -> None:
        for name in list(owner.armed):
            self.disarm(owner, name)

    def next(self) -> float | None:
        """Return when to wake; None when nothing runs."""
        exact, lax = self._exact.first(), self._lax.first()
        if lax is None:
            return None if exact is None else exact[0]
        latest = lax[0] + self._slack_s
        return latest if exact is None else min(exact[0], latest)

    def fire(self, now: float) -> None:
        """Fire every timer due at `now`, in the order of their deadlines."""
        while True:
            exact, lax = self._exact.first(), self._lax.first()
            first, heap = exact, self._exact
            if exact is None or (lax is not None and lax < exact):
                first, heap = lax, self._lax
            if first is None or first[0] > now:
                return
            timer = heap.pop()
            if timer.owner is not None:
                del timer.owner.armed[timer.name]
                timer.owner.on_timer(timer.name, now)
