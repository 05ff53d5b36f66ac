"""A call that takes the place of another (Replaces): picking up a ringing phone, or a phone's own transfer.

the leg to replace rings       its call is picked up, as by the feature code
the leg to replace talks       the new leg takes over its conversation, and the old one is let go
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from firmware.core.causes import Cause
from firmware.core.leg import Leg, LegState
from firmware.core.records import TransferKind
from firmware.core.trace.phones import Picked
from firmware.switch.call import Call
from firmware.switch.conversation import Aside
from firmware.switch.exchange import Exchange

_TALKING = (LegState.CONNECTED, LegState.HELD)


def pick_up(exchange: Exchange, leg: Leg, replaced: Leg) -> None:
    """Take a call of a phone that wants to take the place of `replaced`.

    Args:
        exchange: Takes the call.
        leg: Offered by the phone.
        replaced: Whose place it wants.
    """
    script = partial(_take_place, exchange=exchange, replaced=replaced)
    exchange.take(leg, script, called=replaced.address)


async def _take_place(call: Call, exchange: Exchange, replaced: Leg) -> None:
    other = exchange.call_with(replaced)
    if other is None or other is call or replaced.ending is not None:
        call.journey.route(Picked.GONE())
        await call.refuse(Cause.NO_USER_RESPONDING)
        return
    call.journey.route(Picked.TAKES(who=call.caller.address, whom=replaced.address))
    await call.answer()
    taken = _swap(other, call, replaced) if replaced.state in _TALKING else other.pick_up(call.caller)
    if not taken:
        call.journey.route(Picked.GONE())
        return
    kind = TransferKind.ATTENDED if replaced.state in _TALKING else TransferKind.PICKUP
    record = other.journey.transferred(kind, replaced.address, call.caller.address)
    record.completed = True
    call.journey.part_of(other.journey.id)
    await call.caller.ended()


def _swap(other: Call, call: Call, replaced: Leg) -> bool:
    """Let the caller of `call` talk in the place of `replaced`; false when that can't be now."""
    leg = call.caller

    async def serve(served: Call, by: Leg) -> Sequence[Leg]:
        served.take_leg(leg)
        await by.hang_up(Cause.NORMAL)
        return (leg,)

    return other.conversation is not None and other.conversation.ask(Aside(replaced, serve))
