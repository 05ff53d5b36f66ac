"""Speaking to phones that answer by themselves: one for a talk, a whole group for an announcement.

intercom   the phone answers at once ─► both talk
page       every free phone of the group answers at once ─► they hear the caller, who hears none of them
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from firmware.core.causes import Cause
from firmware.core.leg import Leg, LegEnded
from firmware.core.media import MediaPlane, PlayTone, Source
from firmware.core.trace import Text
from firmware.core.trace.calls import Heard
from firmware.core.trace.inside import Codes
from firmware.switch.call import Call
from firmware.switch.ringing import Attempt

# A phone that does not answer by itself within this is one that can't, or whose owner forbids it.
ANSWER_SECONDS = 8.0
# Tells a phone's owner that somebody is about to speak from it, and the speaker that the phones listen.
_ATTENTION = PlayTone(frequencies=(850.0,), cadence_ms=(150, 100, 150), duration_ms=400)
MAX_PAGED = 50

WhyNot = Callable[[str], Text | None]


class Intercom:
    """Speaks to phones.

    Args:
        media: Connects.
        why_not: Who can't be spoken to now.
    """

    def __init__(self, media: MediaPlane, why_not: WhyNot) -> None:
        self._media = media
        self._why_not = why_not

    async def speak_to(self, call: Call, number: str) -> Cause:
        """Have an extension's phone answer by itself, and let the two talk."""
        extension = call.directory.find(number)
        if extension is None or number == call.caller.address:
            return Cause.UNALLOCATED_NUMBER
        if self._why_not(number) is not None:
            return Cause.BUSY
        call.journey.route(Codes.INTERCOM(who=call.caller.address, to=number))
        attempt = Attempt(number, lambda: call.directory.speak_to(extension), ANSWER_SECONDS)
        rung = await call.ring_any([attempt])
        if rung.leg is None:
            return rung.cause
        await call.answer()
        if rung.leg.port is not None:
            await self._media.play(rung.leg.port, [_ATTENTION]).finished()
        await call.bridge(rung.leg)
        return Cause.NORMAL

    async def page(self, call: Call, group: str, numbers: Sequence[str]) -> Cause:
        """Have every free phone of these answer by itself and hear the caller, until the caller is gone."""
        legs = []
        for number in numbers[:MAX_PAGED]:
            extension = call.directory.find(number)
            if extension is None or number == call.caller.address or self._why_not(number) is not None:
                continue
            legs.append(call.directory.speak_to(extension))
        if not legs:
            return Cause.NO_USER_RESPONDING
        call.journey.route(Codes.PAGES(who=call.caller.address, to=group))
        await call.answer()
        async with asyncio.TaskGroup() as tasks:
            for leg in legs:
                call.take_leg(leg)
                tasks.create_task(self._listen(call, leg), name=f"{leg.id} is paged")
            tone = call.play_on(Heard.ATTENTION(), [_ATTENTION], repeat=False)
            await tone.finished()
        if all(leg.ending is not None for leg in legs):
            return Cause.NO_USER_RESPONDING
        await call.caller.ended()
        return Cause.NORMAL

    async def _listen(self, call: Call, leg: Leg) -> None:
        """Bring one phone to listen; one that doesn't answer by itself is left alone."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await leg.ring(call.caller.party)
                await leg.answered()
        except (TimeoutError, LegEnded):
            await leg.hang_up(Cause.NO_ANSWER)
            return
        if leg.port is not None and call.caller.port is not None:
            self._media.route(leg.port, [Source(call.caller.port)])
