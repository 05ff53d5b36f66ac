"""A member who calls in from the own mobile: the number is known, the PIN asked for, the inside given.

    the member's mobile ─► PIN ─┬─ right ─► inside dial tone ─► code, extension, group … ─► dial tone again
                                ├─ nothing keyed ─► received as any caller
                                └─ wrong too often ─► received as any caller, and no PIN for a while

A number that the network presents can be forged, so it opens nothing without the PIN; and with both there is
no way from here to an outside line.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping

from extensions.feature_codes.codes import Feature
from extensions.feature_codes.service import FeatureService
from extensions.forwarding import Personal
from firmware.core.leg import LegState
from firmware.core.media import PlayTone
from firmware.core.trace.calls import Heard
from firmware.core.trace.inside import Dialled
from firmware.switch.call import Call
from firmware.switch.destinations import Destination, Destinations, ToExtension
from firmware.switch.sentences import Speaker

PIN_TRIES = 3
# After so many wrong PINs a member's number is received as any caller for this long.
LOCK_SECONDS = 900.0
# How long the question waits for a member who only wants to be received like everybody.
_FIRST_KEY_SECONDS = 4.0
_NEXT_KEY_SECONDS = 4.0
_MOST_ERRANDS = 20
# The dial tone of GB/T 3380, softer, so that a member knows the box listens.
DIAL_TONE = PlayTone(frequencies=(450.0,), cadence_ms=(), duration_ms=1500, level_dbm0=-20.0)

SERVED = frozenset(
    {
        Feature.DND_ON,
        Feature.DND_OFF,
        Feature.FORWARD_ALWAYS,
        Feature.FORWARD_BUSY,
        Feature.FORWARD_NO_ANSWER,
        Feature.FORWARD_OFF,
        Feature.FOLLOW_ON,
        Feature.FOLLOW_OFF,
        Feature.SIGN_IN,
        Feature.SIGN_OUT,
        Feature.PAUSE,
        Feature.RESUME,
        Feature.HELP,
    }
)
"""What may be done from outside: the member's own affairs, nothing with others' calls."""


class FromOutside:
    """Gives members the inside.

    Args:
        personal: Members' wishes: their mobiles and PINs.
        service: Serves codes.
        destinations: Lead to extensions and groups.
        speaker: Asks for the PIN.
        canonical: Gives a number its one form.
    """

    def __init__(
        self,
        personal: Mapping[str, Personal],
        service: FeatureService,
        destinations: Destinations,
        speaker: Speaker,
        canonical: Callable[[str], str],
    ) -> None:
        self.enabled = True
        self.numbers: Mapping[str, Destination] = {}
        """Groups, queues and rooms by the number that is dialled for them."""
        self._personal = personal
        self._service = service
        self._destinations = destinations
        self._speaker = speaker
        self._canonical = canonical
        self._locked: dict[str, float] = {}

    def member(self, caller: str | None) -> str | None:
        """Return whose own mobile a number is; None for nobody's, and for one without a PIN."""
        if not self.enabled or not caller:
            return None
        form = self._canonical(caller)
        return next(
            (
                number
                for number, wishes in self._personal.items()
                if wishes.pin and wishes.mobile and self._canonical(wishes.mobile) == form
            ),
            None,
        )

    async def serve(self, call: Call) -> bool:
        """Serve a member who calls in; false when the caller is to be received like everybody."""
        own = self.member(call.caller.party.number)
        now = asyncio.get_running_loop().time()
        if own is None or self._locked.get(own, 0.0) > now:
            return False
        call.journey.route(Dialled.FROM_MOBILE(who=own))
        await call.answer()
        if not await self._admitted(call, own):
            return False
        call.journey.route(Dialled.INSIDE(who=own))
        for _ in range(_MOST_ERRANDS):
            digits = await call.collect(
                Heard.DIAL_TONE(),
                [DIAL_TONE],
                is_complete=lambda keyed: self._is_complete(call, keyed),
                first_seconds=8.0,
                next_seconds=_NEXT_KEY_SECONDS,
            )
            if not digits or call.caller.state is LegState.ENDED:
                break
            await self._errand(call, digits.removesuffix("#"), own)
        return True

    async def _admitted(self, call: Call, own: str) -> bool:
        question = ["enter-pin"]
        for _ in range(PIN_TRIES):
            keyed = await call.collect(
                Heard.ASKED_FOR_PIN(),
                self._speaker.say(*question),
                is_complete=lambda _: False,
                first_seconds=_FIRST_KEY_SECONDS,
                next_seconds=_NEXT_KEY_SECONDS,
                secret=True,
            )
            if not keyed or keyed == "#":
                return False
            if hmac.compare_digest(keyed.encode(), self._personal[own].pin.encode()):
                return True
            question = ["wrong-pin", "enter-pin"]
        call.journey.route(Dialled.WRONG_MEMBER_PIN())
        self._locked[own] = asyncio.get_running_loop().time() + LOCK_SECONDS
        return False

    def _is_complete(self, call: Call, keyed: str) -> bool:
        return call.directory.find(keyed) is not None and not call.directory.may_grow(keyed)

    async def _errand(self, call: Call, digits: str, own: str) -> None:
        read = self._service.book.read(digits)
        if read is not None and read[0] in SERVED:
            await self._service.code(call, digits, own)
        elif call.directory.find(digits) is not None:
            await self._destinations.lead(call, ToExtension(digits))
        elif digits in self.numbers:
            await self._destinations.lead(call, self.numbers[digits])
        else:
            call.journey.route(Dialled.NO_SUCH(digits=digits))
            await call.play(Heard.NOBODY_THERE(), self._speaker.say("feature-failed"))
