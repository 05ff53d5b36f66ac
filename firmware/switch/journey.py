"""Writes one call's journey while it happens.

The writer subscribes to every leg of the call, so that no script has to remember to note a ring, an answer
or a hang-up; scripts only add what legs can't know: decisions, words played, keys pressed.
"""

from __future__ import annotations

import logging

from firmware.core.causes import Cause, Side
from firmware.core.clock import Clock
from firmware.core.ids import CallId, LegId, PortId, new_call_id
from firmware.core.leg import Direction, Leg, LegEvent, LegState, StateChanged
from firmware.core.media import Quality
from firmware.core.records import (
    PART_OF,
    EntryKind,
    HoldRecord,
    Journey,
    JourneyStore,
    LegRecord,
    Outcome,
    QueueWait,
    RecordingRecord,
    RingAttempt,
    RingResult,
    TimelineEntry,
    TransferKind,
    TransferRecord,
)
from firmware.core.trace import Said, Text, known
from firmware.core.trace.calls import Calls, of_cause, of_side

logger = logging.getLogger(__name__)

# A script in a loop must not fill the disk with its trace. A long call of a busy office has some dozens.
MAX_TIMELINE_ENTRIES = 1000


class JourneyWriter:
    """One call's journey, growing.

    Args:
        store: Told at the beginning, at turning points, and at the end.
        clock: Measures the journey.
        caller: The incoming leg the journey belongs to.
        line: Where it came in: a line's name, or the calling extension.
        called: What was dialled, where that is known from the start.
    """

    def __init__(self, store: JourneyStore, clock: Clock, caller: Leg, line: str, called: str | None) -> None:
        self._store = store
        self._clock = clock
        self._start = clock.monotonic()
        self._caller = caller
        self._records: dict[LegId, LegRecord] = {}
        self.ports: dict[LegId, PortId] = {}
        """The port each leg was answered on, ended legs included."""
        self._rings: dict[LegId, RingAttempt] = {}
        self.journey = Journey(
            id=new_call_id(),
            started=clock.now(),
            direction=Direction.INCOMING,
            line=line,
            caller=caller.party.number,
            called=called,
        )
        self.add_leg(caller)
        store.begin(self.journey)

    @property
    def id(self) -> CallId:
        return self.journey.id

    def elapsed_ms(self) -> int:
        """Return milliseconds since the journey began."""
        return int((self._clock.monotonic() - self._start) * 1000)

    def add_leg(self, leg: Leg) -> None:
        """Take a leg into the journey and write down what becomes of it."""
        record = LegRecord(
            id=leg.id,
            kind=leg.kind,
            direction=leg.direction,
            address=leg.address,
            number=leg.party.number,
            started_ms=self.elapsed_ms(),
        )
        if leg.state in (LegState.CONNECTED, LegState.HELD):
            # It comes from another call: a pickup, a fetched or a joined one.
            record.answered_ms = record.started_ms
            if leg.port is not None:
                self.ports[leg.id] = leg.port
        self._records[leg.id] = record
        self.journey.legs.append(record)
        leg.subscribe(lambda event: self._on_leg(leg, record, event))

    def measured(self, leg_id: LegId, quality: Quality) -> None:
        """Note how well a leg was heard."""
        record = self._records[leg_id]
        record.mos, record.jitter_ms = round(quality.mos, 2), round(quality.jitter_ms, 1)
        record.loss = round((quality.loss_percent + quality.late_percent) / 100, 4)

    def note(self, kind: EntryKind, text: Text, leg: Leg | None = None) -> None:
        """Add a line to the timeline."""
        if len(self.journey.timeline) >= MAX_TIMELINE_ENTRIES:
            return
        words, said = str(text), text if isinstance(text, Said) else None
        entry = TimelineEntry(self.elapsed_ms(), kind, words, leg.id if leg else None, said)
        self.journey.timeline.append(entry)
        logger.info("%s: %s: %s", self.id, kind, words)

    def route(self, text: Text) -> None:
        """Add a routing decision and its reason to the trace."""
        self.note(EntryKind.ROUTE, text)

    def goes_on_with(self, leg: Leg) -> None:
        """Make another leg the one the journey belongs to: the caller has handed the call on and left."""
        self._caller = leg

    def ringing_began(self, leg: Leg, target: str, group: str | None) -> None:
        """Note that somebody is rung."""
        ring = RingAttempt(target, self.elapsed_ms(), group=group, leg_id=leg.id)
        self._rings[leg.id] = ring
        self.journey.rings.append(ring)

    def ringing_ended(self, leg: Leg, cause: Cause) -> None:
        """Note what came of ringing somebody."""
        ring = self._rings.pop(leg.id, None)
        if ring is None:
            return
        gone = cause is Cause.ANSWERED_ELSEWHERE and self._caller.ending is not None
        ring.ended_ms = self.elapsed_ms()
        ring.result = RingResult.CALLER_GONE if gone else _RESULTS.get(cause, RingResult.UNREACHABLE)
        ring.cause = cause

    def skipped(self, target: str, reason: Text, group: str | None = None) -> None:
        """Note that somebody was not rung at all, and why."""
        now = self.elapsed_ms()
        self.journey.rings.append(RingAttempt(target, now, now, RingResult.SKIPPED, str(reason), None, group))

    def hold_began(self, leg: Leg) -> HoldRecord:
        """Note that a party has put the other on hold; the caller of this ends the record."""
        record = HoldRecord(leg.address, self.elapsed_ms())
        self.journey.holds.append(record)
        return record

    def wait_began(self, queue: str, position: int | None) -> QueueWait:
        """Note a stay in a queue or hunt group; the caller of this ends the record."""
        wait = QueueWait(queue, self.elapsed_ms(), position=position)
        self.journey.queue_waits.append(wait)
        return wait

    def transferred(self, kind: TransferKind, by: str, to: str) -> TransferRecord:
        """Note that somebody hands the call on; the caller of this says whether it came to that."""
        record = TransferRecord(self.elapsed_ms(), kind, by, to)
        self.journey.transfers.append(record)
        return record

    def part_of(self, journey: CallId) -> None:
        """Note that this is only a hand on another call: a pickup, a consultation, a supervisor listening."""
        self.journey.tags.append(f"{PART_OF}{journey}")
        self.route(Calls.GOES_ON(call=journey))

    def goes_out(self) -> None:
        """Note that one of the office's own phones calls the outside."""
        self.journey.direction = Direction.OUTGOING

    def cost(self, micros: int, currency: str) -> None:
        """Add what an outside leg cost, in millionths of the currency."""
        self.journey.cost_micros = (self.journey.cost_micros or 0) + micros
        self.journey.currency = currency

    def is_for(self, number: str) -> None:
        """Note the extension the caller wants, as soon as that is known."""
        self.journey.called = number
        self._store.update(self.journey)

    def talked(self, milliseconds: int) -> None:
        """Add a stretch of conversation."""
        self.journey.talked_ms += milliseconds

    def recording_began(self, path: str, left: Leg, right: Leg) -> RecordingRecord:
        """Note a running recording, so that it is found if the power goes."""
        record = RecordingRecord(path, self.elapsed_ms(), left=left.id, right=right.id)
        self.journey.recordings.append(record)
        self.note(EntryKind.RECORDING, "recording began")
        self._store.update(self.journey)
        return record

    async def close(self, failed: bool) -> Journey:
        """Finish the journey and have it written; durable when this returns.

        Args:
            failed: The script broke off by a fault of ours.
        """
        journey = self.journey
        journey.duration_ms = self.elapsed_ms()
        journey.outcome = self._outcome(failed)
        journey.cause, journey.hung_up_by = self._blame()
        logger.info("%s: over after %d ms: %s", self.id, journey.duration_ms, journey.outcome)
        await self._store.close(journey)
        return journey

    def _on_leg(self, leg: Leg, record: LegRecord, event: LegEvent) -> None:
        if not isinstance(event, StateChanged):
            return
        match event.after:
            case LegState.CONNECTED if record.answered_ms is None:
                record.answered_ms = self.elapsed_ms()
                if leg.port is not None:
                    self.ports[leg.id] = leg.port
                text = Calls.ANSWERED(who=leg.address)
                if leg is self._caller:
                    self.journey.answered_ms = record.answered_ms
                    text = Calls.CALLER_ANSWERED(who=leg.address)
            case LegState.CONNECTED:
                text = Calls.BACK_FROM_HOLD(who=leg.address)
            case LegState.RINGING:
                text = Calls.CALLING(who=leg.address)
            case LegState.ALERTING:
                text = Calls.RINGING(who=leg.address)
            case LegState.HELD:
                text = Calls.ON_HOLD(who=leg.address)
            case LegState.ENDED if leg.ending is not None:
                ending = leg.ending
                record.ended_ms = self.elapsed_ms()
                record.cause, record.ended_by, record.detail = ending.cause, ending.by, ending.detail
                why = known(ending.detail) if ending.detail else of_cause(ending.cause)
                text = Calls.ENDED(who=leg.address, why=why, by=of_side(ending.by))
                if ending.by is Side.WIRE and (leg is self._caller or record.answered_ms is not None):
                    self.note(EntryKind.FAULT, text, leg)
                    return
            case _:
                text = Calls.OTHER_STATE(who=leg.address, state=event.after)
        self.note(EntryKind.STATE, text, leg)
        if event.after is LegState.CONNECTED:
            self._store.update(self.journey)

    def _outcome(self, failed: bool) -> Outcome:
        ending = self._caller.ending
        if self.journey.talked_ms:
            return Outcome.ANSWERED
        if failed or (ending is not None and ending.by is Side.WIRE):
            return Outcome.FAILED
        if ending is not None and ending.by is Side.THEM:
            return Outcome.ABANDONED
        return Outcome.UNANSWERED

    def _blame(self) -> tuple[Cause, str]:
        """Tell why the journey ended and who ended it: the first leg of the last pair to go."""
        caller = self._caller.ending
        if caller is not None and caller.by is Side.THEM:
            return caller.cause, "caller"
        if caller is not None and caller.by is Side.WIRE:
            return caller.cause, f"line {self._caller.address}"
        others = [r for r in self.journey.legs if r.id != self._caller.id and r.ended_ms is not None]
        last = max(others, key=lambda record: record.ended_ms or 0, default=None)
        if last is not None and last.answered_ms is not None and last.cause is not None:
            if last.ended_by is Side.THEM:
                return last.cause, last.address
            if last.ended_by is Side.WIRE:
                return last.cause, f"line {last.address}"
        return (caller.cause if caller else Cause.NORMAL), "switchboard"


_RESULTS = {
    Cause.NORMAL: RingResult.ANSWERED,
    Cause.NO_ANSWER: RingResult.NO_ANSWER,
    Cause.BUSY: RingResult.BUSY,
    Cause.REJECTED: RingResult.REJECTED,
    Cause.ANSWERED_ELSEWHERE: RingResult.ELSEWHERE,
}
