"""A conversation while it goes on: who joins and leaves, and what leads out of it.

Theory of operation
-------------------
    bridged ─┬─ the others ended ─────────────────► over
             ├─ Act: something done meanwhile ────► bridged
             ├─ Aside: serve somewhere else, then ► bridged with the legs that come of it, or over
             └─ Release: a leg goes on elsewhere ─► over

`converse` is the loop. People (by a SIP REFER, a feature code, a supervisor's page) do not act on legs; they
put a request to the conversation, which takes the routes down first, so that two calls never quarrel about
a port. Transfers, parking and consultations are asides: `handing_on.py`, `parking.py`.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from firmware.core.leg import Leg, LegEvent
from firmware.core.records import EntryKind
from firmware.core.trace.calls import Calls
from firmware.switch.bridge import Bridge

if TYPE_CHECKING:
    from firmware.switch.call import Call

logger = logging.getLogger(__name__)

# A call that is handed on for ever is a loop of forwarding or a prank.
MAX_ASIDES = 30

Serve = Callable[["Call", Leg], Awaitable[Sequence[Leg]]]
"""Told the call, whose caller is the party that stays, and who asked; returns whom to bridge next."""


class Act(msgspec.Struct, frozen=True):
    """Do something with the bridge while the talk goes on."""

    run: Callable[[Bridge], Awaitable[None]]


class Aside(msgspec.Struct, frozen=True):
    """Leave the conversation, serve the party that stays somewhere else, perhaps come back."""

    by: Leg
    """Who asked; the other party stays and is the caller from then on."""
    serve: Serve


class Release(msgspec.Struct, frozen=True):
    """Let `leg` go on in another call; `done` is set once nothing here touches it any more."""

    leg: Leg
    done: asyncio.Event


Request = Act | Aside | Release


class Features(Protocol):
    """What people may do while they talk, as the composition root put it together."""

    def attend(self, call: Call, conversation: Conversation, leg: Leg, event: LegEvent) -> None:
        """Take note of what a party's leg reports: keys, requests to transfer. Must return at once."""


class Conversation:
    """One stretch of talking between the caller and another leg.

    Args:
        call: Whose caller it is.
        other: Whom it talks with.
        bridge: Connects them.
    """

    def __init__(self, call: Call, other: Leg, bridge: Bridge) -> None:
        self.call = call
        self.other = other
        self.bridge = bridge
        self.over = asyncio.Event()
        """Set when this stretch has ended, in whatever way."""
        self._requests: asyncio.Queue[Request] = asyncio.Queue(1)

    def ask(self, request: Request) -> bool:
        """Put a request; false when another one is being served already."""
        if self._requests.full():
            return False
        self._requests.put_nowait(request)
        return True

    def party_beside(self, leg: Leg) -> Leg:
        """Return whom `leg` talks with."""
        return self.other if leg is self.call.caller else self.call.caller

    async def until_request(self) -> Aside | Release | None:
        """Do what is asked meanwhile, until a request leads out; None when the others have left."""
        while isinstance(request := await self._next_request(), Act):
            await request.run(self.bridge)
        return request

    async def _next_request(self) -> Request | None:
        request = asyncio.ensure_future(self._requests.get())
        parties = (self.call.caller, self.other)
        unsubscribe = [leg.subscribe(functools.partial(self._on_event, leg)) for leg in parties]
        over = asyncio.ensure_future(self._all_left())
        try:
            await asyncio.wait({request, over}, return_when=asyncio.FIRST_COMPLETED)
            return request.result() if request.done() else None
        finally:
            request.cancel()
            over.cancel()
            for unsubscribe_one in unsubscribe:
                unsubscribe_one()

    async def _all_left(self) -> None:
        """Wait until nobody is left to talk with the caller."""
        while True:
            others = [leg for leg in self.bridge.parties if leg is not self.call.caller]
            living = [leg for leg in others if leg.ending is None]
            for leg in others:
                if leg.ending is not None and living:
                    self.bridge.remove(leg)
            if not living:
                return
            waits = [asyncio.ensure_future(leg.ended()) for leg in living]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    def _on_event(self, leg: Leg, event: LegEvent) -> None:
        if self.call.features is not None:
            self.call.features.attend(self.call, self, leg, event)


async def converse(call: Call, leg: Leg, *, record: bool = True) -> None:
    """Let caller and `leg` talk, and do what they ask, until the conversation is over."""
    others: Sequence[Leg] = (leg,)
    asides = 0
    while others:
        folder = call.recordings if record else None
        async with Bridge(
            call.media, call.journey, call.caller, others[0], call.tones, folder, call.hold_music
        ) as bridge:
            for third in others[1:]:
                bridge.add(third)
            conversation = Conversation(call, others[0], bridge)
            call.began_to_talk(conversation)
            try:
                request = await conversation.until_request()
            finally:
                call.conversation = None
                conversation.over.set()
        call.forget_digits()
        if request is None:
            return
        if isinstance(request, Release):
            if request.leg is call.caller:
                call.hand_over(conversation.other)
            call.give_leg(request.leg)
            request.done.set()
            return
        asides += 1
        if asides > MAX_ASIDES:
            call.journey.note(EntryKind.FAULT, Calls.HANDED_ON_TOO_OFTEN())
            return
        if request.by is call.caller:
            call.hand_over(conversation.other)
        others = await request.serve(call, request.by)
