"""A caller leaves a message.

greeting ─► tone ─► speaks ─┬─ hangs up, or the line sounds busy ─► delivered
   │ any key: the tone      ├─ a key, silence, the longest time ─► send · hear · record again · urgent
   │                        ├─ the disk is full: told at once, kept up to there
   │ *: the owner signs in  └─ nothing said ─► no message
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from firmware.core.causes import Cause
from firmware.core.errors import DeviceError
from firmware.core.leg import LegState
from firmware.core.media import FellSilent, PlayFile, PlayTone, PortEvent, Recording, ToneNoticed
from firmware.core.messages import Message
from firmware.core.records import VoicemailRecord
from firmware.core.trace import Message as Sentence
from firmware.core.trace.voice import InMailbox
from firmware.switch.call import Call
from ivr.prompts import Prompts
from ivr.prompts.said import said
from ivr.voicemail.desk import NoRoom, Take, Voicemail
from ivr.voicemail.greeting import greeting
from ivr.voicemail.model import Resolved

MAX_TAKES = 5
_HEARINGS = 6
_BEEP = PlayTone(frequencies=(1000.0,), cadence_ms=(), duration_ms=300)
# The key that ends a message sounds in it until it is recognised (ITU-T Q.24: 40 ms) and the recorder told.
_KEY_SECONDS = 0.25
_REVIEW_SECONDS = 6.0
_BUSY_CYCLES = 3
# Rounds of busy tone that are no chance any more.
_SIGN_IN = "*"
_GONE_TONES = frozenset({"busy", "congestion"})
_NO_REVIEW = (InMailbox.BY_TONE, InMailbox.BY_DISK)


class Leaving(msgspec.Struct, frozen=True):
    """What leaving a message needs, as the composition root put it together."""

    voicemail: Voicemail
    country: str
    """Whose tones lines sound, ISO 3166."""
    today: Callable[[], datetime.date]
    is_busy: Callable[[str], bool] = lambda _: False
    """Whether an extension is on another call."""
    sign_in: Callable[[Call, Resolved], Awaitable[None]] | None = None
    """Serves an owner who keys * during the greeting; None where nobody may."""


async def leave_message(call: Call, name: str, prompts: Prompts, leaving: Leaving) -> Cause:
    """Take a message for a mailbox.

    Returns:
        `NORMAL` when the caller was served; else why it can be led on.
    """
    box = leaving.voicemail.find(name)
    if box is None:
        call.journey.route(InMailbox.NO_BOX(mailbox=name))
        return Cause.UNALLOCATED_NUMBER
    await call.answer()
    call.arrived()
    return await _Visit(call, box, prompts, leaving).run()


class _Visit:
    """One caller at one mailbox."""

    def __init__(self, call: Call, box: Resolved, prompts: Prompts, leaving: Leaving) -> None:
        self._call = call
        self._box = box
        self._prompts = prompts
        self._leaving = leaving
        self._voicemail = leaving.voicemail

    async def run(self) -> Cause:
        call, box = self._call, self._box
        call.journey.route(InMailbox.LEAVES(mailbox=box.name))
        try:
            state = await self._voicemail.store.mailbox(box.name)
            items = greeting(
                self._voicemail,
                box,
                state,
                self._prompts,
                self._leaving.today(),
                busy=bool(box.owner) and self._leaving.is_busy(box.owner),
            )
            key = await call.collect(
                InMailbox.GREETING(mailbox=box.name),
                items,
                is_complete=lambda _: True,
                first_seconds=0.0,
                next_seconds=1.0,
            )
            if key == _SIGN_IN and self._leaving.sign_in is not None:
                await self._leaving.sign_in(call, box)
                return Cause.NORMAL
            await self._takes()
        except NoRoom as error:
            call.journey.route(InMailbox.NO_SPACE(why=str(error)))
            full = self._voicemail.counts(box.name).all >= self._voicemail.settings.most_messages
            await self._say("vm-full" if full else "vm-no-space")
        except DeviceError as error:
            call.journey.route(InMailbox.NO_SPACE(why=str(error)))
            await self._say("vm-no-space")
        return Cause.NORMAL

    async def _takes(self) -> None:
        """Have the message spoken, as often as the caller wants to, and deliver the last.

        Raises:
            NoRoom: There is none.
            DeviceError: It can't be recorded, or not be delivered now.
        """
        call, journey = self._call, self._call.journey
        for takes in range(1, MAX_TAKES + 1):
            began_ms = journey.elapsed_ms()
            take = await self._voicemail.begin(
                self._box,
                call.caller.party.number,
                call.caller.party.name,
                str(journey.id),
                (call.tones.busy, call.tones.congestion),
            )
            again, message = False, None
            try:
                why = await self._speak(take)
                call.journey.route(
                    InMailbox.ENDED(seconds=round((journey.elapsed_ms() - began_ms) / 1000), why=why())
                )
                if why not in _NO_REVIEW and takes < MAX_TAKES:
                    again = await self._reviewed(take)
            finally:
                # Whatever happened, a hang-up above all: what was said is kept, unless taken back.
                if again:
                    await self._voicemail.discard(take)
                else:
                    message = await asyncio.shield(asyncio.ensure_future(self._deliver(take, began_ms)))
            if again:
                journey.route(InMailbox.AGAIN())
                continue
            if message is None:
                await self._say("vm-nothing")
            else:
                await self._say("vm-sent" if message.complete else "vm-partly")
            return

    async def _speak(self, take: Take) -> Sentence:
        """Record until something ends it; return what.

        Raises:
            MediaError: It can't be recorded.
        """
        call, settings = self._call, self._voicemail.settings
        port = call.caller.port
        if port is None:
            raise DeviceError("the caller has no audio")
        ended: asyncio.Future[Sentence] = asyncio.get_running_loop().create_future()

        def notice(event: PortEvent) -> None:
            match event:
                case FellSilent() if not ended.done():
                    ended.set_result(InMailbox.BY_SILENCE)
                case ToneNoticed(name=name, cycles=cycles) if (
                    name in _GONE_TONES and cycles >= _BUSY_CYCLES and not ended.done()
                ):
                    ended.set_result(InMailbox.BY_TONE)
                case _:
                    pass

        before = call.media.options_of(port)
        listens = msgspec.structs.replace(
            before, silence_ms=settings.silence_seconds * 1000, tones_of=self._leaving.country
        )
        recording = await call.media.record(take.file, port, port)
        unlisten = call.media.listen(port, notice)
        call.media.configure(port, listens)
        key: asyncio.Future[str] = asyncio.ensure_future(call.next_digit())
        refused = asyncio.ensure_future(recording.ended())
        waits: set[asyncio.Future[Any]] = {key, ended, refused}
        try:
            call.play_on(InMailbox.BEGAN(), [_BEEP], repeat=False)
            done, _ = await asyncio.wait(
                waits, timeout=settings.longest_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                return InMailbox.BY_LIMIT
            if refused.done():
                return InMailbox.BY_DISK
            if ended.done():
                return ended.result()
            take.cut_seconds = _KEY_SECONDS
            return InMailbox.BY_KEY
        finally:
            key.cancel()
            refused.cancel()
            unlisten()
            call.media.configure(port, before)
            await asyncio.shield(asyncio.ensure_future(_closed(recording, take)))

    async def _reviewed(self, take: Take) -> bool:
        """Ask what to do with the message; true to record it again."""
        heard: list[PlayFile] = []
        for _ in range(_HEARINGS):
            key = await self._call.collect(
                InMailbox.REVIEW(),
                [*heard, *self._prompts("vm-review")],
                is_complete=lambda _: True,
                first_seconds=_REVIEW_SECONDS,
                next_seconds=1.0,
            )
            heard = []
            match key:
                case "2":
                    heard = [PlayFile(str(await self._voicemail.audible(take)))]
                case "3":
                    return True
                case "4":
                    take.urgent = True
                    self._call.journey.route(InMailbox.URGENT())
                    await self._call.play(InMailbox.URGENT(), self._prompts("vm-urgent-marked"))
                case _:
                    return False
        return False

    async def _deliver(self, take: Take, began_ms: int) -> Message | None:
        """Put the message into the mailbox and note it in the journey; None when nothing was said.

        What a full disk keeps from being finished comes back as it stands; it is delivered later.
        """
        journey = self._call.journey
        try:
            message = await self._voicemail.deliver(take)
        except DeviceError as error:
            journey.route(InMailbox.LATER(why=str(error)))
            return msgspec.structs.replace(take.message, complete=False)
        if message is None:
            journey.route(InMailbox.TOO_SHORT())
            return None
        journey.journey.voicemails.append(
            VoicemailRecord(
                message.mailbox, message.path, began_ms, message.duration_ms, complete=message.complete
            )
        )
        seconds = round(message.duration_ms / 1000)
        journey.route(InMailbox.DELIVERED(seconds=seconds, mailbox=message.mailbox))
        return message

    async def _say(self, words: str) -> None:
        if self._call.caller.state is not LegState.ENDED:
            await self._call.play(said(words), self._prompts(words))


async def _closed(recording: Recording, take: Take) -> None:
    result = await recording.close()
    take.complete = result.complete
