"""What the others in a talk hear before somebody of the staff begins to record it.

*3 ─► each party that wasn't told yet ─┬─ notice: hears it on top of the talk ─► recording
                                       └─ ask: agrees by a key, or there is no recording

A caller who was told at the beginning of the call isn't told again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from weakref import WeakSet

from firmware.core.leg import DigitPressed, Leg, LegEvent
from firmware.core.media import MediaError, Playback, PlayItem
from firmware.core.records import EntryKind
from firmware.core.trace.voice import Consented
from firmware.switch.call import Call
from firmware.switch.keys import Keys
from ivr.prompts import Prompts
from ivr.recording_consent import AGREE, ATTEMPTS, FIRST_SECONDS, REFUSE, Consent


class TellInTalk:
    """Tells or asks; serves `InCall.tell_of_recording`.

    Args:
        prompts: In the language of a call.
        consent: What the country and the administrator ask for now.
    """

    def __init__(self, prompts: Callable[[Call], Prompts], consent: Callable[[], Consent]) -> None:
        self._prompts = prompts
        self._consent = consent
        self._told: WeakSet[Leg] = WeakSet()

    async def __call__(self, call: Call, others: Sequence[Leg]) -> bool:
        """Tell or ask everybody who wasn't; return whether the talk may be recorded."""
        consent = self._consent()
        if consent is Consent.NONE:
            return True
        waiting = [one for one in others if not self._knows(call, one)]
        answers = await asyncio.gather(*(self._tell(call, one, consent) for one in waiting))
        return all(answers)

    def _knows(self, call: Call, leg: Leg) -> bool:
        return leg in self._told or (leg is call.caller and call.told_of_recording)

    async def _tell(self, call: Call, leg: Leg, consent: Consent) -> bool:
        prompts = self._prompts(call)
        try:
            if consent is Consent.NOTICE:
                call.journey.note(EntryKind.HEARD, Consented.NOTICE(), leg)
                await self._play(call, leg, prompts("recording-notice")).finished()
            elif not await self._agrees(call, leg, prompts("recording-consent")):
                call.may_be_recorded = False
                return False
        except MediaError:
            # Nobody knows what was heard of it.
            return False
        self._told.add(leg)
        if leg is call.caller:
            call.told_of_recording = True
        return True

    async def _agrees(self, call: Call, leg: Leg, question: Sequence[PlayItem]) -> bool:
        """Ask a party amid the talk; silence is no."""
        keys = Keys()

        def pressed(event: LegEvent) -> None:
            if isinstance(event, DigitPressed):
                keys.pressed(event.digit)

        unsubscribe = leg.subscribe(pressed)
        try:
            for _ in range(ATTEMPTS):
                call.journey.note(EntryKind.HEARD, Consented.QUESTION(), leg)
                key = await self._key(keys, self._play(call, leg, question, until_key=True))
                if key in (AGREE, REFUSE):
                    call.journey.route(Consented.AGREED() if key == AGREE else Consented.REFUSED())
                    return key == AGREE
        finally:
            unsubscribe()
            # The answer is none to whatever is asked later.
            call.forget_digits()
        call.journey.route(Consented.SILENT())
        return False

    @staticmethod
    async def _key(keys: Keys, playback: Playback) -> str | None:
        question = asyncio.create_task(playback.finished())
        try:
            return await keys.first(question, FIRST_SECONDS)
        finally:
            playback.stop()
            question.cancel()
            with suppress(asyncio.CancelledError, MediaError):
                await question

    @staticmethod
    def _play(call: Call, leg: Leg, items: Sequence[PlayItem], *, until_key: bool = False) -> Playback:
        if leg.port is None:
            raise MediaError(f"{leg.address} has no audio")
        return call.media.play(leg.port, items, until_key=until_key)
