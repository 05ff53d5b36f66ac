"""The journey: what is written down about one call, from the caller's first ring to the last hang-up.

Everything hangs on the caller's journey: legs, the timeline with the routing trace, queue waits, who was
rung and did not answer, holds, transfers, recordings, voicemail, survey and wrap-up. Moments inside a
journey are milliseconds since its start on the monotonic clock, so that a clock set in mid-call can't make
a call last forty years; `ended_ms` is None while a thing runs.

What becomes known after the hang-up (wrap-up, notes, "voicemail was heard") is added to the closed journey,
whose `revision` then goes up.
"""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec

from firmware.core.causes import Cause, Side
from firmware.core.clock import Instant
from firmware.core.ids import CallId, LegId
from firmware.core.leg import Direction
from firmware.core.trace import Said, in_language


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
    """Plain words, as an administrator would say it, in English."""
    leg_id: LegId | None = None
    said: Said | None = None
    """The same as a code with values, for either language; None where there is none, as in old records."""

    def in_language(self, language: str) -> str:
        """Return it in a language, "zh-CN" or "en"."""
        return in_language(self.said or self.text, language)


class RingResult(enum.StrEnum):
    """What became of ringing one person."""

    ANSWERED = "answered"
    NO_ANSWER = "no answer"
    """It rang as long as it may."""
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    """The phone isn't registered, or the mobile can't be had."""
    ELSEWHERE = "answered elsewhere"
    """Another of those rung at once was quicker."""
    CALLER_GONE = "caller gone"
    """The caller hung up while it rang."""
    SKIPPED = "skipped"
    """Not rung at all: do not disturb, on a break, signed out; `reason` says which."""


class WaitEnd(enum.StrEnum):
    """How a wait in a queue ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """The caller hung up."""
    TIMED_OUT = "timed out"
    KEYED_OUT = "keyed out"
    """The caller keyed a way out: voicemail, a call back, another extension."""
    FULL = "full"
    """There was no place, or nobody signed in, so there was no wait."""


class TransferKind(enum.StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"
    """The two spoke before the caller was handed over."""
    PARK = "park"
    PICKUP = "pickup"


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
    mos: float | None = None
    """Mean opinion score of what came in on this leg, 1 to 4.5, estimated as in ITU-T G.107."""
    loss: float | None = None
    """Share of packets that never came or came too late, 0 to 1."""
    jitter_ms: float | None = None
    """Interarrival jitter (RFC 3550, section 6.4.1)."""


class QueueWait(msgspec.Struct):
    """One stay in a queue or hunt group."""

    queue: str
    entered_ms: int
    ended_ms: int | None = None
    end: WaitEnd | None = None
    position: int | None = None
    """Place in the queue on entering it; 1 is the next to be served."""
    agent: str | None = None
    """The extension that answered."""


class RingAttempt(msgspec.Struct):
    """One person who was rung for this caller, or should have been, and why nobody answered there."""

    target: str
    """The extension, also where a mobile was rung for it."""
    started_ms: int
    ended_ms: int | None = None
    result: RingResult | None = None
    reason: str = ""
    """Plain words where `result` doesn't say it all: "on a break since 14:02"."""
    cause: Cause | None = None
    group: str | None = None
    """The hunt group or queue it was rung for."""
    leg_id: LegId | None = None


class HoldRecord(msgspec.Struct):
    """A stretch on hold."""

    by: str
    """The extension that put the other party on hold."""
    started_ms: int
    ended_ms: int | None = None


class TransferRecord(msgspec.Struct):
    at_ms: int
    kind: TransferKind
    by: str
    """The extension that handed the call on."""
    to: str
    completed: bool = False
    """False when the call came back or was lost."""
    detail: str = ""


class VoicemailRecord(msgspec.Struct):
    mailbox: str
    path: str
    """Relative to the voicemail folder."""
    started_ms: int
    duration_ms: int | None = None
    complete: bool = False
    heard: bool = False
    """Whether the owner has listened to it; unheard messages are never cleared away."""


class SurveyAnswer(msgspec.Struct):
    question: str
    at_ms: int
    points: int | None = None
    """What the key stands for; None when the caller keyed nothing."""
    best: int = 5
    """The most points this question gives."""
    agent: str | None = None
    """Whom the caller had talked with last."""


class WrapUp(msgspec.Struct):
    """After-call work: from the hang-up until the agent was ready again."""

    agent: str
    started_ms: int
    ended_ms: int | None = None
    code: str = ""
    """What the call was about, from the office's list."""


class AgentNote(msgspec.Struct):
    agent: str
    at_ms: int
    """Since the journey's start, also when written after its end."""
    text: str


class Pause(msgspec.Struct):
    """A stretch that was not recorded."""

    started_ms: int
    ended_ms: int | None = None
    reason: str = ""
    """Such as "card number" or the extension that paused it."""


class RecordingRecord(msgspec.Struct):
    """One piece of recording. A transfer or a restart begins another piece."""

    path: str
    """Relative to the recordings folder."""
    started_ms: int
    duration_ms: int | None = None
    """None while it runs."""
    complete: bool = False
    left: LegId | None = None
    right: LegId | None = None
    pauses: list[Pause] = msgspec.field(default_factory=list)


PART_OF = "part-of:"
"""Begins the tag of a journey that is a hand on another call; that call's id follows."""


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
    did: str | None = None
    """The number the caller dialled, where the line tells it."""
    caller_normalised: str | None = None
    """The caller in E.164 ("+8613800138000"), so that one person is one person; filled by the store."""
    party: str | None = None
    """The person outside in E.164, who called or was called; None when withheld or all is inside; filled by
    the store."""
    queue_waits: list[QueueWait] = msgspec.field(default_factory=list)
    rings: list[RingAttempt] = msgspec.field(default_factory=list)
    holds: list[HoldRecord] = msgspec.field(default_factory=list)
    transfers: list[TransferRecord] = msgspec.field(default_factory=list)
    voicemails: list[VoicemailRecord] = msgspec.field(default_factory=list)
    survey: list[SurveyAnswer] = msgspec.field(default_factory=list)
    """The questions put to the caller, answered or not."""
    wrap_ups: list[WrapUp] = msgspec.field(default_factory=list)
    notes: list[AgentNote] = msgspec.field(default_factory=list)
    tags: list[str] = msgspec.field(default_factory=list)
    """Words to find and count it by; `complaint` is counted in the reports."""
    source: str = ""
    """Where the caller heard of the number (campaign, advertisement), where somebody noted it."""
    cost_micros: int | None = None
    """What the call cost, in millionths of `currency`; None when no tariff is known."""
    currency: str = ""
    """ISO 4217."""
    revision: int = 1
    """Goes up when a closed journey is amended."""

    @property
    def joined(self) -> CallId | None:
        """The call that this one is only a hand on: a pickup, a call fetched, a supervisor listening."""
        return next((CallId(tag[len(PART_OF) :]) for tag in self.tags if tag.startswith(PART_OF)), None)


class AgentState(enum.StrEnum):
    """What an agent's time goes into. Together the three are the time signed in."""

    READY = "ready"
    """Signed in and not on a break: waiting, ringing or talking."""
    WRAP_UP = "wrap-up"
    BREAK = "break"


class AgentSpan(msgspec.Struct, frozen=True):
    """A stretch of one agent's working time, written when it ends."""

    agent: str
    state: AgentState
    started: Instant
    duration_ms: int
    reason: str = ""
    """Why the break: lunch, training."""
    group: str = ""
    """The queue or team signed in to; empty for all."""


class JourneyStore(Protocol):
    """Where journeys go; implemented by `firmware.store`."""

    def begin(self, journey: Journey) -> None:
        """Note that a call runs, so that it is found if the power goes. Returns at once."""

    def update(self, journey: Journey) -> None:
        """Note what has happened so far (answered, recording begun). Returns at once."""

    async def close(self, journey: Journey) -> None:
        """Write the finished journey; it is durable when this returns."""
