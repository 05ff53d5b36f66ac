"""Handing a caller on: blind, attended, and by a consultation within the same call.

blind      the party stays and hears ringing ─┬─ somebody takes it: who handed on is let go
                                              └─ nobody does: back to who handed on, or it is rung again
attended   the other call's party comes over; the two calls' journeys become the first one's
consult    the party hears music; who asked talks with the third ─┬─ hangs up: handed on
                                                                  ├─ the third leaves, `*1`: back
                                                                  └─ `*3`: all three talk
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence

from firmware.core.causes import Cause
from firmware.core.leg import DigitPressed, Leg, LegEvent, LegState
from firmware.core.media import Source
from firmware.core.records import TransferKind
from firmware.core.trace import Said
from firmware.core.trace.calls import Heard, of_cause
from firmware.core.trace.inside import HandOn
from firmware.switch.call import Call
from firmware.switch.conversation import Aside, Conversation, Release
from firmware.switch.directory import Extension
from firmware.switch.exchange import Exchange

logger = logging.getLogger(__name__)

Onward = Callable[[Call, str, str], Awaitable[Cause]]
"""Leads a call's caller to a dialled number on behalf of an extension; `NORMAL` when that served."""

RECALL_SECONDS = 30.0
RING_SECONDS = 30.0
_RELEASE_SECONDS = 5.0
BACK_KEYS = "*1"
ALL_KEYS = "*3"


class HandingOn:
    """Serves transfers.

    Args:
        exchange: Finds the other call of an attended transfer.
        onward: Knows where dialled numbers lead.
    """

    def __init__(self, exchange: Exchange, onward: Onward) -> None:
        self._exchange = exchange
        self._onward = onward

    def blind(self, conversation: Conversation, by: Leg, number: str) -> bool:
        """Have the party beside `by` led to a number; false when something else is under way."""
        return conversation.ask(Aside(by, functools.partial(self._blind, number=number)))

    def attended(self, conversation: Conversation, by: Leg, consulted: Leg) -> bool:
        """Connect the party beside `by` with the one at the other end of its other call.

        False when something else is under way or that call is over.
        """
        second = self._exchange.call_with(consulted)
        if second is None:
            return False
        other = second.conversation
        if other is None:
            # Its other call still rings: a blind transfer to the same number.
            return second.journey.journey.called is not None and self.blind(
                conversation, by, second.journey.journey.called
            )
        # The journey of whoever called the office goes on, not that of the member's own second call.
        if by is conversation.call.caller and consulted is not second.caller:
            conversation, other, by, consulted = other, conversation, consulted, by
        return conversation.ask(Aside(by, functools.partial(self._joined, other=other, theirs=consulted)))

    def consult(self, conversation: Conversation, by: Leg, extension: Extension) -> bool:
        """Have `by` talk with an extension while the other party waits; false when that can't be now."""
        return conversation.ask(Aside(by, functools.partial(self._consult, extension=extension)))

    async def _blind(self, call: Call, by: Leg, number: str) -> Sequence[Leg]:
        record = call.journey.transferred(TransferKind.BLIND, by.address, number)
        call.journey.route(HandOn.BLIND(who=by.address, to=number))
        letting_go: list[asyncio.Task[None]] = []

        def taken() -> None:
            record.completed = True
            by.transfer_finished(Cause.NORMAL)
            letting_go.append(asyncio.create_task(by.hang_up(), name=f"{by.id} handed on"))

        call.when_talking = taken
        try:
            cause = await self._onward(call, number, by.address)
        finally:
            call.when_talking = None
            await asyncio.gather(*letting_go, return_exceptions=True)
        if cause is Cause.NORMAL or call.caller.ending is not None:
            record.completed = record.completed or cause is Cause.NORMAL
            await by.hang_up()
            return ()
        record.detail = str(of_cause(cause))
        if not record.completed:
            by.transfer_finished(cause)
        # A place may have taken the call, a queue say, and nobody there.
        record.completed = False
        return await self.back_to(call, by, HandOn.NOT_TAKEN(to=number, why=of_cause(cause)))

    async def back_to(self, call: Call, by: Leg, why: Said) -> Sequence[Leg]:
        """Give a call back to who handed it on: still there, or rung again."""
        if by.state in (LegState.CONNECTED, LegState.HELD):
            call.journey.route(HandOn.BACK(why=why, who=by.address))
            return (by,)
        extension = call.directory.find(by.address)
        if extension is None:
            return ()
        call.journey.route(HandOn.RUNG_AGAIN(why=why, who=by.address))
        ring = await call.ring(extension, RECALL_SECONDS)
        return () if ring.leg is None else (ring.leg,)

    async def _joined(self, call: Call, by: Leg, other: Conversation, theirs: Leg) -> Sequence[Leg]:
        party = other.party_beside(theirs)
        record = call.journey.transferred(TransferKind.ATTENDED, by.address, party.address)
        call.journey.route(HandOn.CONNECTED(who=by.address, to=party.address))
        done = asyncio.Event()
        other.call.journey.part_of(call.journey.id)
        if not other.ask(Release(party, done)):
            return await self.back_to(call, by, HandOn.OTHER_HANDED_ON())
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await done.wait()
        except TimeoutError:
            by.transfer_finished(Cause.TEMPORARY_FAILURE)
            return await self.back_to(call, by, HandOn.OTHER_OVER())
        call.take_leg(party)
        record.completed = party.ending is None
        by.transfer_finished(Cause.NORMAL)
        await by.hang_up()
        return (party,)

    async def _consult(self, call: Call, by: Leg, extension: Extension) -> Sequence[Leg]:
        record = call.journey.transferred(TransferKind.ATTENDED, by.address, extension.number)
        call.journey.route(HandOn.CONSULTS(who=by.address, to=extension.number))
        music = call.play_music(Heard.CONSULT_MUSIC())
        keys = _Keys(by)
        ringback = call.media.play(by.port, [call.tones.ringback], repeat=True) if by.port else None
        try:
            rung = (await call.ring_any([call.attempt(extension, RING_SECONDS)], hears=())).leg
            if ringback is not None:
                ringback.stop()
            if rung is None:
                return await self.back_to(call, by, HandOn.NOT_REACHED(to=extension.number))
            pressed = await self._talk_apart(call, by, rung, keys)
        finally:
            keys.close()
            music.stop()
            if ringback is not None:
                ringback.stop()
        if rung.ending is not None or pressed == BACK_KEYS:
            await rung.hang_up()
            return await self.back_to(call, by, HandOn.CONSULTED())
        record.completed = True
        if pressed == ALL_KEYS:
            call.journey.route(HandOn.ALL_TALK(who=by.address, to=extension.number))
            return (by, rung)
        return (rung,)

    async def _talk_apart(self, call: Call, by: Leg, third: Leg, keys: _Keys) -> str:
        """Let two talk while the caller waits; return the command that ended it, "" for a hang-up."""
        if by.port is None or third.port is None:
            return ""
        call.media.route(by.port, [Source(third.port)])
        call.media.route(third.port, [Source(by.port)])
        try:
            return await keys.wait_beside(by, third)
        finally:
            for leg in (by, third):
                if leg.port is not None:
                    call.media.route(leg.port, [])


class _Keys:
    """What somebody keys while consulting: the last two keys make a command."""

    def __init__(self, leg: Leg) -> None:
        self._keyed = ""
        self._command = asyncio.Event()
        self._unsubscribe = leg.subscribe(self._on_event)

    def close(self) -> None:
        self._unsubscribe()

    async def wait_beside(self, *legs: Leg) -> str:
        """Wait until a command is keyed or a leg has ended; return the command, "" for none."""
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(leg.ended()) for leg in legs]
        waits.append(asyncio.ensure_future(self._command.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self._keyed[-2:] if self._command.is_set() else ""

    def _on_event(self, event: LegEvent) -> None:
        if isinstance(event, DigitPressed):
            self._keyed = (self._keyed + event.digit)[-2:]
            if self._keyed in (BACK_KEYS, ALL_KEYS):
                self._command.set()
