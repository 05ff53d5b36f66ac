"""Where a caller goes whom a member hands on to a dialled number.

A caller from outside is led to what is inside the office only; the one way out is a member's own forwarding
target, and the member's number is dialled for that.
"""

from __future__ import annotations

from extensions.dial import Office
from firmware.core.causes import Cause
from firmware.core.trace.inside import Dialled
from firmware.switch.call import Call
from firmware.switch.destinations import ToExtension, ToVoicemail
from firmware.switch.numbering import NumberClass
from firmware.switch.numbering.number import clean


async def onward(call: Call, number: str, by: str, office: Office) -> Cause:
    """Lead a call's caller to a number that a member has dialled for it.

    Args:
        call: Its caller is answered.
        number: As the member dialled it.
        by: The member's extension; its rights count.
        office: What there is to reach.
    """
    digits = clean(number)
    mailbox = office.mailbox_of(digits) if office.mailbox_of is not None else None
    if mailbox is not None:
        return await office.destinations.lead(call, ToVoicemail(mailbox))
    if call.directory.find(digits) is not None:
        return await office.destinations.lead(call, ToExtension(digits, office.ring_seconds))
    place = office.numbers.get(digits)
    if place is not None:
        return await office.destinations.lead(call, place)
    read = office.outbound.plan.read(number)
    if read.number_class is NumberClass.EMERGENCY:
        call.journey.route(Dialled.NO_EMERGENCY_TRANSFER())
        return Cause.NOT_PERMITTED
    if call.directory.find(call.caller.address) is None:
        call.journey.route(Dialled.NOT_OUT_AGAIN(who=by))
        return Cause.NOT_PERMITTED
    return await office.outbound.dial(call, read, by)
