"""What the figures need to know of a call: one flat fact per journey, decided in one place.

    inbound ─► reached waiting? ─no─► IVR           (the box served the caller alone)
                     │ yes
                     ├─ a person talked ──────────► ANSWERED
                     ├─ message left, sent on ────► MISSED
                     ├─ hung up while waiting ────► ABANDONED
                     └─ the box or line broke ────► FAILED

"Waiting" begins with the first queue entry or, without a queue, when the first person is rung.
"""

from __future__ import annotations

import enum

import msgspec

from firmware.core.ids import CallId
from firmware.core.leg import Direction
from firmware.core.records import PART_OF, Journey, LegRecord, Outcome, RingResult, WaitEnd
from firmware.store.numbers import INSIDE, normalise

_NOT_RUNG = frozenset({RingResult.SKIPPED, RingResult.ELSEWHERE})
_SENT_ON = frozenset({WaitEnd.TIMED_OUT, WaitEnd.KEYED_OUT, WaitEnd.FULL})


class Traffic(enum.StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Fate(enum.StrEnum):
    """What became of the caller, as the figures count it."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    MISSED = "missed"
    IVR = "ivr"
    FAILED = "failed"


class Share(msgspec.Struct, frozen=True):
    """One agent's part in a call."""

    agent: str
    answered: bool
    rung_ms: int = 0
    talk_ms: int = 0
    """Without holds."""
    hold_ms: int = 0
    wrap_ms: int = 0


class Busy(msgspec.Struct, frozen=True):
    """One line taken up, in ms since 1970 UTC."""

    line: str
    since_ms: int
    until_ms: int


class Rating(msgspec.Struct, frozen=True):
    """One question put to the caller; `points` is None when nothing was keyed."""

    points: int | None
    best: int
    agent: str | None


class CallFact(msgspec.Struct, frozen=True):
    id: CallId
    started_ms: int
    """Wall clock, ms since 1970 UTC."""
    traffic: Traffic
    fate: Fate
    line: str
    did: str | None
    party: str | None
    """The other side's number in E.164; None when withheld."""
    source: str
    waited_ms: int | None
    """From the beginning of the wait to its end, however it ended; None when there was none."""
    talk_ms: int
    """Without holds."""
    hold_ms: int
    wrap_ms: int
    shares: tuple[Share, ...]
    groups: tuple[str, ...]
    tags: tuple[str, ...]
    codes: tuple[str, ...]
    """Wrap-up codes: what the call was about."""
    ratings: tuple[Rating, ...]
    busy: tuple[Busy, ...]
    voicemail: bool


def fact_of(journey: Journey) -> CallFact:
    """Return the fact of one closed journey."""
    traffic = _traffic(journey)
    fate, waited_ms = _fate(journey, traffic)
    hold_ms = sum((hold.ended_ms or hold.started_ms) - hold.started_ms for hold in journey.holds)
    hold_ms = min(hold_ms, journey.talked_ms)
    return CallFact(
        id=journey.id,
        started_ms=journey.started.wall_ms,
        traffic=traffic,
        fate=fate,
        line=journey.line,
        did=journey.did,
        party=_party(journey, traffic),
        source=journey.source,
        waited_ms=waited_ms,
        talk_ms=journey.talked_ms - hold_ms,
        hold_ms=hold_ms,
        wrap_ms=sum((wrap.ended_ms or wrap.started_ms) - wrap.started_ms for wrap in journey.wrap_ups),
        # A hand on another call: what was talked is told there.
        shares=() if journey.joined is not None else _shares(journey, traffic),
        groups=_groups(journey),
        tags=tuple(tag for tag in journey.tags if not tag.startswith(PART_OF)),
        codes=tuple(wrap.code for wrap in journey.wrap_ups if wrap.code),
        ratings=tuple(Rating(one.points, one.best, one.agent) for one in journey.survey),
        busy=_busy(journey),
        voicemail=bool(journey.voicemails),
    )


def _traffic(journey: Journey) -> Traffic:
    if journey.joined is not None:
        # Not a call more, whoever it was made to; only the line it took is counted.
        return Traffic.INTERNAL
    if journey.direction is Direction.OUTGOING:
        return Traffic.OUTBOUND
    if not journey.legs or journey.legs[0].kind not in INSIDE:
        return Traffic.INBOUND
    # An inside call that follows a member to a mobile is rung, not dialled: its target is an extension.
    rung = {ring.leg_id for ring in journey.rings}
    outside = any(leg.kind not in INSIDE and leg.id not in rung for leg in journey.legs[1:])
    return Traffic.OUTBOUND if outside else Traffic.INTERNAL


def _party(journey: Journey, traffic: Traffic) -> str | None:
    if journey.party is not None:
        return journey.party
    if traffic is Traffic.OUTBOUND:
        far = next((leg.number for leg in journey.legs if leg.kind not in INSIDE), journey.called)
        return normalise(far)
    return journey.caller_normalised or journey.caller


def _others(journey: Journey) -> list[LegRecord]:
    return journey.legs if journey.direction is Direction.OUTGOING else journey.legs[1:]


def _fate(journey: Journey, traffic: Traffic) -> tuple[Fate, int | None]:
    others = _others(journey)
    began: int | None
    if journey.queue_waits:
        began = journey.queue_waits[0].entered_ms
    else:
        moments = [ring.started_ms for ring in journey.rings] + [leg.started_ms for leg in others]
        began = min(moments, default=None)
    end_ms = journey.duration_ms or 0
    if journey.outcome is Outcome.ANSWERED or (journey.outcome is Outcome.INTERRUPTED and journey.talked_ms):
        answered = [leg.answered_ms for leg in others if leg.answered_ms is not None]
        until = min(answered, default=began or 0)
        return Fate.ANSWERED, max(0, until - (until if began is None else began))
    if journey.outcome in (Outcome.FAILED, Outcome.INTERRUPTED):
        return Fate.FAILED, None if began is None else max(0, end_ms - began)
    if began is None:
        if journey.answered_ms is None and traffic is Traffic.INBOUND:
            # It rang at the box and stopped before the box took it.
            return Fate.ABANDONED, end_ms
        return Fate.IVR, None
    last = journey.queue_waits[-1] if journey.queue_waits else None
    until = last.ended_ms if last is not None and last.ended_ms is not None else end_ms
    sent_on = bool(journey.voicemails) or (last is not None and last.end in _SENT_ON)
    gave_up = journey.outcome is Outcome.ABANDONED and not sent_on
    return Fate.ABANDONED if gave_up else Fate.MISSED, max(0, until - began)


def _shares(journey: Journey, traffic: Traffic) -> tuple[Share, ...]:
    target_of = {ring.leg_id: ring.target for ring in journey.rings if ring.leg_id is not None}
    talk: dict[str, int] = {}
    rung: dict[str, int] = {}
    for leg in _others(journey):
        agent = target_of.get(leg.id) or (leg.address if leg.kind in INSIDE else None)
        if agent is None:
            continue
        end = leg.answered_ms if leg.answered_ms is not None else leg.ended_ms
        rung[agent] = rung.get(agent, 0) + max(0, (end or leg.started_ms) - leg.started_ms)
        if leg.answered_ms is not None:
            until = leg.ended_ms if leg.ended_ms is not None else journey.duration_ms or leg.answered_ms
            talk[agent] = talk.get(agent, 0) + max(0, until - leg.answered_ms)
    if traffic is Traffic.OUTBOUND and journey.legs and journey.legs[0].kind in INSIDE:
        talk[journey.line] = talk.get(journey.line, 0) + journey.talked_ms
    for ring in journey.rings:
        if ring.result not in _NOT_RUNG and ring.leg_id is None:
            ring_ms = (ring.ended_ms or ring.started_ms) - ring.started_ms
            rung[ring.target] = rung.get(ring.target, 0) + ring_ms
    if journey.rings:
        skipped = {ring.target for ring in journey.rings if ring.result in _NOT_RUNG} - {
            ring.target for ring in journey.rings if ring.result not in _NOT_RUNG
        }
        rung = {agent: ms for agent, ms in rung.items() if agent not in skipped}
    held: dict[str, int] = {}
    for hold in journey.holds:
        held[hold.by] = held.get(hold.by, 0) + (hold.ended_ms or hold.started_ms) - hold.started_ms
    wrap: dict[str, int] = {}
    for one in journey.wrap_ups:
        wrap[one.agent] = wrap.get(one.agent, 0) + (one.ended_ms or one.started_ms) - one.started_ms
    shares = []
    for agent in sorted(talk.keys() | rung.keys() | wrap.keys()):
        hold_ms = min(held.get(agent, 0), talk.get(agent, 0))
        shares.append(
            Share(
                agent=agent,
                answered=agent in talk,
                rung_ms=rung.get(agent, 0),
                talk_ms=talk.get(agent, 0) - hold_ms,
                hold_ms=hold_ms,
                wrap_ms=wrap.get(agent, 0),
            )
        )
    return tuple(shares)


def _groups(journey: Journey) -> tuple[str, ...]:
    named = [wait.queue for wait in journey.queue_waits]
    named += [ring.group for ring in journey.rings if ring.group is not None]
    return tuple(dict.fromkeys(named))


def _busy(journey: Journey) -> tuple[Busy, ...]:
    start = journey.started.wall_ms
    return tuple(
        Busy(leg.address, start + leg.started_ms, start + until)
        for leg in journey.legs
        if leg.kind not in INSIDE
        and (until := leg.ended_ms if leg.ended_ms is not None else journey.duration_ms or 0) > leg.started_ms
    )
