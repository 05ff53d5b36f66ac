"""What becomes of what a phone of the office dials.

dialled ─► emergency ─► feature code ─► extension ─► group, queue, room ─► outside, by its rights
                                                                          └─ nothing: the phone is told
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from extensions.internal_call import internal_call
from firmware.core.causes import Cause
from firmware.core.leg import LegState
from firmware.core.trace import Text, known
from firmware.core.trace.inside import Dialled
from firmware.core.trace.routing import Routing
from firmware.switch.call import Call
from firmware.switch.destinations import Destination, Destinations
from firmware.switch.directory import Directory
from firmware.switch.numbering import NumberClass
from firmware.switch.numbering.number import clean
from firmware.switch.outbound.outbound import Outbound, tell

Code = Callable[[Call, str], Awaitable[bool]]
"""Serves a dialled feature code; false when it is none."""


class Office(msgspec.Struct, frozen=True):
    """What the office's phones can reach, as the composition root put it together."""

    outbound: Outbound
    destinations: Destinations
    numbers: Mapping[str, Destination] = msgspec.field(default_factory=dict)
    """Groups, queues and rooms by the number that is dialled for them."""
    code: Code | None = None
    ring_seconds: float = 25.0
    mailbox_of: Callable[[str], str | None] | None = None
    """Returns whose mailbox a dialled code leads to; None for any other code."""
    read_code: Callable[[str], str | None] | None = None
    """Names the feature behind a dialled code, for the dry run."""
    explain_person: Callable[[str], Sequence[Text]] | None = None
    """Says how an extension would be reached, for the dry run."""


def explain(
    dialled: str, extension: str, office: Office, directory: Directory, at: datetime.datetime
) -> list[Text]:
    """Say in plain words what would become of what a phone dials, without a call.

    Args:
        dialled: As its user would key it.
        extension: The phone's.
        office: What there is to reach.
        directory: The office's extensions.
        at: Local time.
    """
    outbound = office.outbound
    number = outbound.plan.read(dialled)
    if number.number_class is NumberClass.EMERGENCY:
        return list(outbound.explain(number, extension, at))
    digits = clean(dialled)
    feature = office.read_code(digits) if office.read_code is not None else None
    if feature is not None:
        return [Dialled.FEATURE(digits=digits, feature=known(feature))]
    person = directory.find(digits)
    if person is not None:
        if digits == extension:
            return [Dialled.OWN(digits=digits)]
        said: list[Text] = [Dialled.PERSON(digits=digits, name=person.name)]
        return said + list(office.explain_person(digits) if office.explain_person is not None else ())
    place = office.numbers.get(digits)
    if place is not None:
        return [Routing.LED(place=place.said())]
    return list(outbound.explain(number, extension, at))


async def dial(call: Call, dialled: str, office: Office) -> None:
    """Serve a phone's call.

    Args:
        call: Begun by the phone, not answered yet.
        dialled: What its user keyed, or the address book sent.
        office: What there is to reach.
    """
    outbound = office.outbound
    number = outbound.plan.read(dialled)
    if number.number_class is NumberClass.EMERGENCY:
        await outbound.dial(call, number, call.caller.address)
        return
    digits = clean(dialled)
    if office.code is not None and await office.code(call, digits):
        return
    if call.directory.find(digits) is not None:
        await internal_call(call, digits, office.ring_seconds, office.destinations.unanswered)
        return
    place = office.numbers.get(digits)
    if place is not None:
        call.journey.is_for(digits)
        cause = await office.destinations.lead(call, place)
    else:
        cause = await outbound.dial(call, number, call.caller.address)
    if cause is not Cause.NORMAL and call.caller.state is not LegState.ENDED:
        await tell(call, cause, outbound.speaker)
