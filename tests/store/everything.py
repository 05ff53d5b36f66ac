"""A journey in which everything happened that can happen to a caller."""

from __future__ import annotations

from firmware.core.causes import Cause
from firmware.core.records import (
    AgentNote,
    HoldRecord,
    Journey,
    Pause,
    QueueWait,
    RingAttempt,
    RingResult,
    SurveyAnswer,
    TransferKind,
    TransferRecord,
    VoicemailRecord,
    WaitEnd,
    WrapUp,
)
from tests.store.sample import BenchClock, whole_journey


def eventful_journey(clock: BenchClock, call_id: str | None = None, seed: int = 0) -> Journey:
    """Queued, rung in vain at 102, answered by 101, held, transferred, a message left, wrapped up."""
    journey = whole_journey(clock, call_id, seed)
    journey.did = "+861012345678"
    journey.caller_normalised = "+8613800138000"
    journey.tags = ["complaint", "快递"]
    journey.source = "地铁广告"
    journey.cost_micros, journey.currency = 150_000, "CNY"
    leg = journey.legs[1]
    leg.mos, leg.loss, leg.jitter_ms = 4.25, 0.015, 12.5
    journey.queue_waits = [QueueWait("sales", 2_500, 8_000, WaitEnd.ANSWERED, 2, "101")]
    journey.rings = [
        RingAttempt("103", 2_600, 2_600, RingResult.SKIPPED, "on a break since 14:02", None, "sales"),
        RingAttempt("102", 2_600, 5_000, RingResult.NO_ANSWER, "", Cause.NO_ANSWER, "sales"),
        RingAttempt("101", 5_000, 8_000, RingResult.ANSWERED, "", None, "sales", leg.id),
    ]
    journey.holds = [HoldRecord("101", 20_000, 30_000)]
    journey.transfers = [TransferRecord(40_000, TransferKind.ATTENDED, "101", "104", False, "no answer")]
    journey.voicemails = [VoicemailRecord("104", "104/one.wav", 41_000, 5_000, True)]
    journey.survey = [
        SurveyAnswer("service", 60_000, 5, 5, "101"),
        SurveyAnswer("speed", 61_000, agent="101"),
    ]
    journey.wrap_ups = [WrapUp("101", 68_000, 90_000, "order")]
    journey.notes = [AgentNote("101", 80_000, "wants a call back on Monday")]
    journey.recordings[0].pauses = [Pause(15_000, 18_000, "card number")]
    return journey
