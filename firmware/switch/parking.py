"""Parking: a call waits in a numbered slot until any phone fetches it, or who parked it is rung again."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence

from firmware.core.ids import CallId
from firmware.core.leg import Leg
from firmware.core.records import TransferKind
from firmware.core.trace import Said
from firmware.core.trace.calls import Heard
from firmware.core.trace.inside import HandOn
from firmware.switch.call import Call
from firmware.switch.conversation import Aside, Conversation
from firmware.switch.sentences import Speaker

PARKED_SECONDS = 120.0
# The slot is said twice before who parked is let go.
_SAYINGS = 2

Recall = Callable[[Call, Leg, Said], Awaitable[Sequence[Leg]]]
"""Rings who parked again: call, leg, why; returns whom to bridge."""


class ParkingLot:
    """The slots.

    Args:
        slots: Their numbers, as dialled to fetch a call.
        speaker: Says the slot.
        recall: Rings who parked a call that nobody fetched.
    """

    def __init__(self, slots: Sequence[str], speaker: Speaker, recall: Recall) -> None:
        self.slots = tuple(slots)
        """May be replaced; who is parked at one that is gone stays there."""
        self._speaker = speaker
        self._recall = recall
        self._parked: dict[str, tuple[CallId, asyncio.Future[Leg]]] = {}

    def parked(self) -> dict[str, CallId]:
        """Return which call waits in which slot."""
        return {slot: call for slot, (call, _) in self._parked.items()}

    def park(self, conversation: Conversation, by: Leg) -> bool:
        """Park the party beside `by`; false when no slot is free or something else is under way."""
        if len(self._parked) >= len(self.slots):
            return False
        return conversation.ask(Aside(by, functools.partial(self._park)))

    def is_slot(self, number: str) -> bool:
        return number in self.slots or number in self._parked

    async def fetch(self, call: Call, slot: str) -> bool:
        """Connect a phone with the call in a slot, until that is over; false when the slot is empty."""
        if slot not in self._parked:
            return False
        await call.answer()
        # Whoever was quicker in the moment of answering has it.
        waiting = self._parked.get(slot)
        if waiting is None or waiting[1].done():
            return False
        call.journey.part_of(waiting[0])
        waiting[1].set_result(call.caller)
        await call.caller.ended()
        return True

    async def _park(self, call: Call, by: Leg) -> Sequence[Leg]:
        slot = next((slot for slot in self.slots if slot not in self._parked), None)
        if slot is None:
            return (by,)
        record = call.journey.transferred(TransferKind.PARK, by.address, slot)
        call.journey.route(HandOn.PARKS(who=by.address, slot=slot))
        fetched: asyncio.Future[Leg] = asyncio.get_running_loop().create_future()
        self._parked[slot] = (call.journey.id, fetched)
        music = call.play_music(Heard.PARKED_MUSIC())
        saying = asyncio.create_task(self._say(call, by, slot), name=f"{by.id} is told the slot")
        try:
            async with asyncio.timeout(PARKED_SECONDS):
                leg = await fetched
        except TimeoutError:
            record.detail = str(HandOn.NOBODY_FETCHED())
            music.stop()
            return await self._recall(call, by, HandOn.NOT_FETCHED(slot=slot))
        finally:
            del self._parked[slot]
            music.stop()
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)
        record.completed = True
        call.journey.route(HandOn.FETCHES(who=leg.address, slot=slot))
        call.take_leg(leg)
        await by.hang_up()
        return (leg,)

    async def _say(self, call: Call, by: Leg, slot: str) -> None:
        if by.port is not None and by.ending is None:
            items = (*self._speaker.say("parked-at"), *self._speaker.digits(slot))
            await call.media.play(by.port, items * _SAYINGS).finished()
        await by.hang_up()
