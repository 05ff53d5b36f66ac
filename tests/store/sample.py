"""Journeys for the tests: whole ones with every field filled, made from a seed."""

from __future__ import annotations

import dataclasses
import random

from firmware.core.causes import Cause, Side
from firmware.core.clock import Instant
from firmware.core.ids import CallId, LegId, new_call_id
from firmware.core.leg import Direction
from firmware.core.records import EntryKind, Journey, LegRecord, Outcome, RecordingRecord, TimelineEntry

NOON_MS = 1_795_262_400_000
"""2026-11-21 12:00 UTC."""


@dataclasses.dataclass
class BenchClock:
    """A clock a test sets by hand."""

    mono_ms: int = 10_000
    boot_id: str = "boot-a"
    clock_set: bool = True

    def monotonic(self) -> float:
        return self.mono_ms / 1000

    def now(self) -> Instant:
        return Instant(NOON_MS + self.mono_ms, self.mono_ms, self.boot_id, self.clock_set)


def running_journey(clock: BenchClock, call_id: str | None = None) -> Journey:
    """A call that has just come in on gsm1."""
    gsm = LegId("gsm-AAAAAA")
    return Journey(
        id=CallId(call_id) if call_id else new_call_id(),
        started=clock.now(),
        direction=Direction.INCOMING,
        line="gsm1",
        caller="+8613800138000",
        legs=[LegRecord(gsm, "gsm", Direction.INCOMING, "gsm1", "+8613800138000", 0)],
        timeline=[TimelineEntry(0, EntryKind.STATE, "the call came in", gsm)],
    )


def answered(journey: Journey, recording: str = "2026/11/one.wav") -> Journey:
    """The call answered, 101 talking, a recording begun."""
    sip = LegId("sip-BBBBBB")
    journey.called = "101"
    journey.answered_ms = 2_000
    journey.legs[0].answered_ms = 2_000
    journey.legs.append(LegRecord(sip, "sip", Direction.OUTGOING, "101", "101", 5_000, 8_000))
    journey.timeline.append(TimelineEntry(5_000, EntryKind.ROUTE, "keyed 101 → 前台 / Front desk"))
    journey.recordings.append(RecordingRecord(recording, 8_000, None, False, journey.legs[0].id, sip))
    return journey


def finished(journey: Journey, seed: int = 0) -> Journey:
    """The call ended by the caller after a talk of 60 seconds and some."""
    talk = 60_000 + random.Random(seed).randrange(1000)
    end = 8_000 + talk
    for leg in journey.legs:
        leg.ended_ms, leg.cause, leg.ended_by, leg.detail = end, Cause.NORMAL, Side.THEM, "NO CARRIER"
    for recording in journey.recordings:
        recording.duration_ms, recording.complete = talk, True
    journey.outcome = Outcome.ANSWERED
    journey.talked_ms = talk
    journey.duration_ms = end
    journey.cause = Cause.NORMAL
    journey.hung_up_by = "caller"
    return journey


def whole_journey(clock: BenchClock, call_id: str | None = None, seed: int = 0) -> Journey:
    """A finished call with everything in it."""
    return finished(answered(running_journey(clock, call_id)), seed)
