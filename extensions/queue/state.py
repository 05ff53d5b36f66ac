"""One agent's state and one caller's place.

OUT ◄─────► READY ──offered──► RINGING ──answered──► TALKING ──over──► WRAP_UP ──► READY
             ▲ │                  │ not answered: READY, or PAUSED after too many
             │ └────► PAUSED ◄────┘
"""

from __future__ import annotations

import enum

import msgspec

from extensions.queue.settings import AgentProfile


class Mode(enum.StrEnum):
    OUT = "signed out"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap-up"
    PAUSED = "paused"


TRANSITIONS: dict[Mode, frozenset[Mode]] = {
    Mode.OUT: frozenset({Mode.READY}),
    Mode.READY: frozenset({Mode.OUT, Mode.RINGING, Mode.PAUSED}),
    Mode.RINGING: frozenset({Mode.READY, Mode.TALKING, Mode.PAUSED, Mode.OUT}),
    Mode.TALKING: frozenset({Mode.WRAP_UP, Mode.READY, Mode.PAUSED, Mode.OUT}),
    Mode.WRAP_UP: frozenset({Mode.READY, Mode.PAUSED, Mode.OUT}),
    Mode.PAUSED: frozenset({Mode.READY, Mode.OUT}),
}


class AgentState(msgspec.Struct, eq=False):
    """An agent, now."""

    profile: AgentProfile
    mode: Mode = Mode.OUT
    since: float = 0.0
    """Monotonic seconds of the last change of mode."""
    reason: str = ""
    """Why paused."""
    caller: str | None = None
    """Whom the agent is rung for or talks with."""
    served: str = ""
    """Whom the agent talked with last."""
    missed: int = 0
    """Unanswered rings in a row."""
    not_before: float = 0.0
    """Left alone until then, after an unanswered ring."""
    leaving: Mode | None = None
    """What to become after the call: PAUSED or OUT, asked for while ringing or talking."""


class End(enum.StrEnum):
    """Why a caller's wait ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed out"
    MESSAGE = "left for a message"
    CALLED_BACK = "called back"
    CALLBACK_FAILED = "could not be called back"
    FULL = "turned away: too many waiting"
    NOBODY = "turned away: nobody signed in"


class Waiting(msgspec.Struct, eq=False):
    """A caller's place."""

    id: str
    number: str | None
    """Canonical; None when withheld."""
    since: float
    """Monotonic seconds from which the place counts; earlier than the arrival when a place was resumed."""
    joined: float
    priority: int = 0
    """Higher is served first."""
    needs: dict[str, int] = msgspec.field(default_factory=dict)
    """Skills beyond the queue's own, for instance a language."""
    wants: tuple[tuple[str, int], ...] = ()
    """The same, in order: callers who want the same find the same agents."""
    min_tier: int = 1
    """From which tier on, after an escalation."""
    pod: str = ""
    """The pod this caller belongs to."""
    last_agent: str | None = None
    offered: frozenset[str] = frozenset()
    """Agents who are rung for this caller now."""
    callback: bool = False
    """Hung up, and is called back in turn."""
    notes: tuple[str, ...] = ()
    """What agents wrote for the next one."""

    def order(self) -> tuple[int, float]:
        """Return what callers are served by: priority, then time."""
        return -self.priority, self.since
