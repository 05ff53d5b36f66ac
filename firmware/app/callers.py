"""What becomes of an offered call: one from a line is received, one from a phone is put through."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from extensions.dial import dial
from firmware.app.parts import Parts
from firmware.core.leg import Leg, LegState
from firmware.core.trace.calls import Calls
from firmware.switch.call import Call
from firmware.switch.exchange import Exchange
from firmware.switch.inbound import Inbound, route
from firmware.trunks.waiting_leg import WaitingLeg
from hal.line import Line


class LineCallers:
    """Receives calls from the lines; told of them by `Trunks`.

    Args:
        exchange: Takes the calls.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.inbound: Callable[[], Inbound] | None = None
        """What a call needs now; set before the lines are started."""

    def __call__(self, leg: Leg, line: Line) -> None:
        if self.inbound is None:
            return
        if isinstance(leg, WaitingLeg) and leg.can_be_taken:
            self._exchange.take(leg, partial(beside, leg=leg, inbound=self.inbound()))
        elif isinstance(leg, WaitingLeg):
            self._exchange.take(leg, partial(in_turn, leg=leg, inbound=self.inbound))
        else:
            self._exchange.take(leg, partial(route, inbound=self.inbound()))


async def in_turn(call: Call, leg: WaitingLeg, inbound: Callable[[], Inbound]) -> None:
    """Receive a caller who waits for a line, once it is free: until then there is nothing to hear."""
    await leg.turn()
    if leg.ending is None:
        await route(call, inbound())


async def beside(call: Call, leg: WaitingLeg, inbound: Inbound) -> None:
    """Receive a caller who waits for a line that can hold: people are rung at once, as the caller's network
    goes on ringing; whoever answers has the caller once the line's call is on hold or over."""
    leg.somebody_is_there = lambda: any(
        other is not leg and other.state is LegState.CONNECTED for other in call.legs()
    )
    leg.on_wait = lambda why: call.journey.route(Calls.WAITS_FOR_LINE(line=leg.address, why=why))
    await route(call, inbound)


def phone_calls(parts: Parts, leg: Leg, dialled: str) -> None:
    """Take a call from one of the office's phones, which dialled `dialled`."""
    vital = parts.outbound.plan.emergency.match(dialled) is not None
    script = partial(dial, dialled=dialled, office=parts.routing.office())
    parts.exchange.take(leg, script, called=dialled, vital=vital)
