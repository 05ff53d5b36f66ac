"""The script of a call from outside: what the plan has decided, carried out and written down."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable

import msgspec

from firmware.core.causes import Cause
from firmware.core.leg import LegState
from firmware.core.trace.calls import Heard
from firmware.core.trace.routing import Routing
from firmware.switch.call import Call
from firmware.switch.destinations import Destinations
from firmware.switch.inbound.decide import CHALLENGE_KEY, Situation, decide
from firmware.switch.inbound.plan import InboundPlan
from firmware.switch.numbering import NumberPlan
from firmware.switch.sentences import Speaker

# A robot doesn't listen; a person needs one repetition.
_CHALLENGES = 2
_CHALLENGE_SECONDS = 6.0


class Inbound(msgspec.Struct, frozen=True):
    """What a call from outside needs, as the composition root put it together."""

    plan: InboundPlan
    numbers: NumberPlan
    destinations: Destinations
    speaker: Speaker
    local_time: Callable[[], datetime.datetime]
    office_state: Callable[[datetime.datetime], str] = lambda _: ""
    """State of the office's hours at a local moment."""
    member: Callable[[Call], Awaitable[bool]] | None = None
    """Serves a member who calls in from the own mobile; false to receive the caller like everybody."""


async def route(call: Call, inbound: Inbound, did: str | None = None) -> None:
    """Lead a caller from outside where the plan says.

    Args:
        call: Offered on a line, not answered yet.
        inbound: The plan and what it needs.
        did: What the caller dialled, where the line tells it.
    """
    at = inbound.local_time()
    situation = Situation(at, call.caller.address, call.caller.party.number, did, inbound.office_state(at))
    decision = decide(
        inbound.plan, inbound.numbers, situation, lambda digits: call.directory.find(digits) is not None
    )
    call.journey.journey.did = did
    for reason in decision.reasons:
        call.journey.route(reason)
    if decision.name:
        call.caller.party = msgspec.structs.replace(call.caller.party, name=decision.name)
    if inbound.member is not None and await inbound.member(call):
        return
    if decision.challenge and not await _passes(call, inbound.speaker):
        call.journey.route(Routing.NOT_PRESSED())
        await call.refuse(Cause.REJECTED)
        return
    cause = await inbound.destinations.lead(call, *decision.places)
    if cause is Cause.NORMAL or call.caller.state is LegState.ENDED:
        return
    await call.answer()
    await call.play(Heard.NOBODY_THERE(), inbound.speaker.in_language(call.language).say("nobody-there"))


async def _passes(call: Call, speaker: Speaker) -> bool:
    await call.answer()
    for _ in range(_CHALLENGES):
        keyed = await call.collect(
            Heard.ASKED_FOR_FIVE(),
            speaker.say("press-five"),
            is_complete=lambda digits: len(digits) == 1,
            first_seconds=_CHALLENGE_SECONDS,
            next_seconds=_CHALLENGE_SECONDS,
        )
        if keyed == CHALLENGE_KEY:
            return True
    return False
