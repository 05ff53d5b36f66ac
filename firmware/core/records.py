"""The journey: what is written down about one call, from the caller's first ring to the last hang-up.

Everything hangs on the caller's journey: legs, the timeline with the routing trace, recordings. Moments
inside a journey are milliseconds since its start on the monotonic clock, so that a clock set in
mid-call can't make a call last forty years.
"""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec

from firmware.core.causes import Cause, Side
from firmware.core.clock import Instant
from firmware.core.ids import CallId, LegId
from firmware.core.leg import Direction


class Outcome(enum.StrEnum):
    """What became of the caller."""

    ANSWERED = "answered"
    """A person talked with the caller."""
    ABANDONED = "abandoned"
    """The caller hung up before a person answered."""
    UNANSWERED = "unanswered"
    """Nobody could be reached, and the caller was told so."""
    FAILED = "failed"
    """The box or the line failed the caller before a person answered."""
    INTERRUPTED = "interrupted"
    """Power or the switch process went away in mid-call; closed at the next start."""


class EntryKind(enum.StrEnum):
    """What a line of the timeline tells."""

    STATE = "state"
    """A leg changed state."""
    ROUTE = "route"
    """A routing decision and its reason."""
    HEARD = "heard"
    """What the caller was played."""
    KEYED = "keyed"
    """What the caller keyed."""
    RECORDING = "recording"
    FAULT = "fault"
    """Something went wrong that the caller may have noticed."""


class TimelineEntry(msgspec.Struct, frozen=True):
    at_ms: int
    """Since the journey's start."""
    kind: EntryKind
    text: str
    """Plain words, as an administrator would say it."""
    leg_id: LegId | None = None


class LegRecord(msgspec.Struct):
    id: LegId
    kind: str
    direction: Direction
    address: str
    """The line's name or the extension."""
    number: str | None
    """The other party's number; None when withheld or unknown."""
    started_ms: int
    answered_ms: int | None = None
    ended_ms: int | None = None
    cause: Cause | None = None
    ended_by: Side | None = None
    detail: str = ""


class RecordingRecord(msgspec.Struct):
    path: str
    """Relative to the recordings folder."""
    started_ms: int
    duration_ms: int | None = None
    """None while it runs."""
    complete: bool = False
    left: LegId | None = None
    right: LegId | None = None


class Journey(msgspec.Struct):
    id: CallId
    started: Instant
    direction: Direction
    line: str
    """Where the call came in: a line's name, or the calling extension."""
    caller: str | None
    """The caller's number; None when withheld or unknown."""
    called: str | None = None
    """The extension the call was for, as soon as that is known."""
    outcome: Outcome | None = None
    """None while the call runs."""
    answered_ms: int | None = None
    """When the box answered the caller."""
    talked_ms: int = 0
    """How long caller and people were bridged, in all."""
    duration_ms: int | None = None
    cause: Cause | None = None
    hung_up_by: str = ""
    """One of: caller, an extension, switchboard, line NAME."""
    legs: list[LegRecord] = msgspec.field(default_factory=list)
    timeline: list[TimelineEntry] = msgspec.field(default_factory=list)
    recordings: list[RecordingRecord] = msgspec.field(default_factory=list)


class JourneyStore(Protocol):
    """Where journeys go; implemented by `firmware.store`."""

    def begin(self, journey: Journey) -> None:
        """Note that a call runs, so that it is found if the power goes. Returns at once."""

    def update(self, journey: Journey) -> None:
        """Note what has happened so far (answered, recording begun). Returns at once."""

    async def close(self, journey: Journey) -> None:
        """Write the finished journey; it is durable when this returns."""
