"""Journeys of an office whose calls are written down by hand, and of one that is made from a seed."""

from __future__ import annotations

import datetime
import random

from firmware.core.clock import Instant
from firmware.core.ids import CallId, LegId
from firmware.core.leg import Direction
from firmware.core.records import (
    AgentSpan,
    AgentState,
    HoldRecord,
    Journey,
    LegRecord,
    Outcome,
    QueueWait,
    RingAttempt,
    RingResult,
    SurveyAnswer,
    VoicemailRecord,
    WaitEnd,
    WrapUp,
)

SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
MONDAY_MS = int(datetime.datetime(2026, 11, 2, tzinfo=SHANGHAI).timestamp() * 1000)
"""Midnight in Shanghai before Monday, 2 November 2026."""
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def at(day: int, hour: float) -> int:
    """Return a moment of the Monday's week, in ms since 1970 UTC."""
    return MONDAY_MS + day * DAY_MS + round(hour * HOUR_MS)


def call(
    name: str,
    when_ms: int,
    caller: str | None = "+8613800138000",
    *,
    waits: float | None = 10.0,
    talk: float = 0.0,
    outcome: Outcome | None = None,
    agent: str = "101",
    hold: float = 0.0,
    wrap: float = 0.0,
    line: str = "gsm1",
    queue: str | None = "sales",
    points: tuple[int | None, ...] = (),
    tags: tuple[str, ...] = (),
    message: bool = False,
    code: str = "order",
) -> Journey:
    """A call from outside that reaches the queue after 5 s.

    Args:
        waits: Seconds of waiting; None when the menu served the caller alone.
        talk: Seconds connected, holds included; 0 when nobody answered.
    """
    entered = 5_000
    answered_ms = entered + round((waits or 0) * 1000)
    end = answered_ms + round(talk * 1000)
    journey = Journey(
        id=CallId(name),
        started=Instant(when_ms, when_ms - MONDAY_MS, "boot-a", True),
        direction=Direction.INCOMING,
        line=line,
        caller=caller,
        caller_normalised=caller,
        outcome=outcome or (Outcome.ANSWERED if talk else Outcome.ABANDONED),
        answered_ms=1_000,
        talked_ms=round(talk * 1000),
        duration_ms=end,
        legs=[LegRecord(LegId(f"gsm-{name}"), "gsm", Direction.INCOMING, line, caller, 0, 1_000, end)],
        tags=list(tags),
        survey=[SurveyAnswer("service", end, point, 5, agent) for point in points],
    )
    if waits is None:
        return journey
    leg = LegId(f"sip-{name}")
    journey.legs.append(
        LegRecord(leg, "sip", Direction.OUTGOING, agent, agent, entered, answered_ms if talk else None, end)
    )
    result = RingResult.ANSWERED if talk else RingResult.CALLER_GONE
    journey.rings = [RingAttempt(agent, entered, answered_ms, result, group=queue, leg_id=leg)]
    if queue is not None:
        over = WaitEnd.ANSWERED if talk else WaitEnd.TIMED_OUT if message else WaitEnd.ABANDONED
        journey.queue_waits = [QueueWait(queue, entered, answered_ms, over, 1, agent if talk else None)]
    if hold:
        journey.holds = [HoldRecord(agent, answered_ms + 1_000, answered_ms + 1_000 + round(hold * 1000))]
    if wrap:
        journey.wrap_ups = [WrapUp(agent, end, end + round(wrap * 1000), code)]
    if message:
        journey.voicemails = [VoicemailRecord(agent, f"{name}.wav", answered_ms, 5_000, True)]
    return journey


def dialled(
    name: str,
    when_ms: int,
    number: str,
    talk: float,
    agent: str = "101",
    result: str = "",
    line: str = "gsm1",
) -> Journey:
    """A call that an agent made to outside."""
    answered_ms = 10_000 if talk else None
    end = 10_000 + round(talk * 1000)
    return Journey(
        id=CallId(name),
        started=Instant(when_ms, when_ms - MONDAY_MS, "boot-a", True),
        direction=Direction.INCOMING,
        line=agent,
        caller=agent,
        caller_normalised=agent,
        called=number,
        outcome=Outcome.ANSWERED if talk else Outcome.UNANSWERED,
        answered_ms=0,
        talked_ms=round(talk * 1000),
        duration_ms=end,
        legs=[
            LegRecord(LegId(f"sip-{name}"), "sip", Direction.INCOMING, agent, agent, 0, 0, end),
            LegRecord(LegId(f"gsm-{name}"), "gsm", Direction.OUTGOING, line, number, 0, answered_ms, end),
        ],
        wrap_ups=[WrapUp(agent, end, end + 20_000, result)] if result else [],
    )


def shift(agent: str, when_ms: int, hours: float, state: AgentState = AgentState.READY) -> AgentSpan:
    """A stretch of an agent's time."""
    return AgentSpan(agent, state, Instant(when_ms, 0, "boot-a", True), round(hours * HOUR_MS), group="sales")


def random_office(seed: int, calls: int, days: int = 30) -> list[Journey]:
    """Calls as they come: more in the morning, some callers again and again, some withheld."""
    dice = random.Random(seed)
    numbers = [f"+86138{dice.randrange(10**8):08}" for _ in range(max(1, calls // 3))]
    journeys = []
    for index in range(calls):
        name = "".join(dice.choice(_ALPHABET) for _ in range(10)) + f"{index:06}"
        when = at(dice.randrange(days), dice.triangular(8, 20, 10))
        number = None if dice.random() < 0.05 else dice.choice(numbers)
        fate = dice.random()
        talk = round(dice.expovariate(1 / 90), 3) + 1 if fate < 0.7 else 0.0
        waits = None if fate > 0.9 else round(dice.expovariate(1 / 12), 3)
        if fate > 0.93 and number is not None:
            reached = dice.choice([0.0, 60.0, 120.5])
            said = dice.choice(["success", "成功", "failure", "considering", "错号", ""]) if reached else ""
            agent, line = dice.choice(["101", "102"]), dice.choice(["gsm1", "gsm2"])
            journeys.append(dialled(name, when, number, reached, agent, said, line))
            continue
        failed = not talk and dice.random() < 0.05
        journeys.append(
            call(
                name,
                when,
                number,
                waits=waits,
                talk=talk,
                agent=dice.choice(["101", "102", "103"]),
                hold=round(dice.random() * talk / 2, 3) if dice.random() < 0.2 else 0.0,
                wrap=float(dice.randrange(60)) if talk else 0.0,
                line=dice.choice(["gsm1", "gsm2"]),
                queue=dice.choice(["sales", "service", None]),
                points=(dice.choice([None, 1, 2, 3, 4, 5]),) if talk and dice.random() < 0.5 else (),
                tags=("complaint",) if dice.random() < 0.01 else (),
                message=not talk and waits is not None and not failed and dice.random() < 0.2,
                outcome=Outcome.FAILED if failed else None,
                code=dice.choice(["order", "invoice", "工单", "question"]),
            )
        )
        journeys[-1].did = dice.choice(["+862087650001", "+862087650002", None])
        journeys[-1].source = dice.choice(["地铁广告", "web", ""])
    journeys.sort(key=lambda journey: journey.started.wall_ms)
    return journeys


def random_shifts(seed: int, days: int = 30) -> list[AgentSpan]:
    """When agents were there: a morning, a break, an afternoon, some wrap-up; some days not at all."""
    dice = random.Random(seed)
    spans = []
    for day in range(days):
        for agent in ("101", "102", "104"):
            if dice.random() < 0.2:
                continue
            spans += [
                shift(agent, at(day, 8.5), 3.25),
                shift(agent, at(day, 11.75), dice.random() / 4, AgentState.WRAP_UP),
                shift(agent, at(day, 12), 1, AgentState.BREAK),
                shift(agent, at(day, 13), 4 + dice.random()),
            ]
    return spans
