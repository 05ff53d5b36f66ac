"""The owner hears the messages.

how many ─► the first: from whom, when ─► its sound ─► keys ─► the next … ─► no more ─► settings, or goodbye

During a message and after it: 1 save · 2 again · 3 delete · 4 back 5 s · 6 on 5 s · 7 call back · 8 forward ·
9 next · 0 the mailbox's settings · * end. A message that was played to its end is new no more; one that was
left in the middle stays new.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from firmware.core.causes import Cause
from firmware.core.errors import DeviceError, UserError
from firmware.core.media import PlayFile, PlayItem
from firmware.core.messages import Message, MessageState
from firmware.core.trace import Said
from firmware.core.trace.calls import Calls
from firmware.core.trace.voice import InMailbox
from firmware.switch.call import Call
from ivr.prompts import Prompts
from ivr.prompts.said import said
from ivr.prompts.spoken import Noun
from ivr.voicemail.desk import Voicemail
from ivr.voicemail.model import Resolved

STEP_MS = 5000
"""How far keys 4 and 6 go."""
MAX_KEYS = 2000
"""Keys in one visit; nobody needs more, and a stuck key ends."""
_AFTER_SECONDS = 8.0
_UNHEARD = (MessageState.NEW, MessageState.SAVED)

CallBack = Callable[[Call, str], Awaitable[Cause]]


class Hearing(msgspec.Struct, frozen=True):
    """What hearing messages needs, as the composition root put it together."""

    voicemail: Voicemail
    zone: Callable[[], ZoneInfo]
    """The office's, for saying when a message came."""
    call_back: CallBack | None = None
    """Calls a number on the authority of the listener's own phone; None where the listener is outside."""
    settings: Callable[[Call, Resolved, Prompts], Awaitable[None]] | None = None
    """Serves key 0."""


async def hear_messages(call: Call, box: Resolved, prompts: Prompts, hearing: Hearing) -> None:
    """Lead an owner, who has signed in, through a mailbox."""
    await _Visit(call, box, prompts, hearing).run()


class _Visit:
    """One owner at one mailbox."""

    def __init__(self, call: Call, box: Resolved, prompts: Prompts, hearing: Hearing) -> None:
        self._call = call
        self._box = box
        self._prompts = prompts
        self._hearing = hearing
        self._voicemail = hearing.voicemail
        self._keys = 0
        self._ended = False

    async def run(self) -> None:
        self._call.journey.route(InMailbox.SIGNED_IN(mailbox=self._box.name))
        await self._call.play(InMailbox.MENU(), self._prompts(*self._overview()))
        # What is there now; messages that come meanwhile are for the next visit.
        listed = await self._voicemail.store.listed(self._box.name, _UNHEARD)
        new = [message.id for message in listed if message.state is MessageState.NEW]
        saved = [message.id for message in listed if message.state is MessageState.SAVED]
        for message_id in (*new, *saved):
            # Somebody else at the same mailbox may have deleted it by now.
            message = await self._voicemail.store.get(message_id)
            if message is None or message.state is MessageState.DELETED:
                continue
            await self._one(message)
            if self._ended:
                return
        await self._say("vm-no-more" if listed else "vm-none")
        if self._hearing.settings is not None:
            await self._hearing.settings(self._call, self._box, self._prompts)

    def _overview(self) -> list[str]:
        counts, spoken = self._voicemail.counts(self._box.name), self._prompts.spoken
        parts = [
            spoken.counted(count, noun)
            for count, noun in (
                (counts.new, Noun.NEW_MESSAGE),
                (counts.urgent, Noun.URGENT_MESSAGE),
                (counts.saved, Noun.SAVED_MESSAGE),
            )
            if count
        ]
        keys: list[str] = []
        for place, part in enumerate(parts):
            keys += ["vm-and", *part] if place and place == len(parts) - 1 else part
        return ["vm-you-have", *keys] if keys else []

    async def _one(self, message: Message) -> None:
        """Play one message and do what is keyed, until it is left."""
        call = self._call
        call.journey.route(InMailbox.HEARD(message=message.id))
        key = await self._ask(InMailbox.PLAYED(message=message.id), self._envelope(message), 0.0)
        position = 0
        while not self._ended:
            match key:
                case "" | "2" | "4" | "6":
                    if key == "2":
                        position = 0
                    elif key in ("4", "6"):
                        step = STEP_MS if key == "6" else -STEP_MS
                        position = max(0, min(position + step, message.duration_ms))
                    position, key = await self._play(message, position)
                case _:
                    if await self._act(message, key):
                        return
                    key = await self._ask(said("vm-keys"), self._prompts("vm-keys"), _AFTER_SECONDS)
                    if key == "":
                        return

    async def _play(self, message: Message, position: int) -> tuple[int, str]:
        """Play from a position, then the keys' meaning; return where it was left and the key."""
        clock = asyncio.get_running_loop().time
        began = clock()
        file = PlayFile(str(self._voicemail.folder / message.path), start_ms=position)
        key = await self._ask(InMailbox.PLAYED(message=message.id), [file], 0.0)
        reached = position + round((clock() - began) * 1000)
        if key:
            return min(reached, message.duration_ms), key
        await self._voicemail.heard(message)
        key = await self._ask(said("vm-keys"), self._prompts("vm-keys"), _AFTER_SECONDS)
        # Nothing keyed: on to the next, and this one stays.
        return message.duration_ms, key or "9"

    async def _act(self, message: Message, key: str) -> bool:
        """Do what a key says; true when the message is left by it."""
        voicemail, journey = self._voicemail, self._call.journey
        match key:
            case "1":
                journey.route(InMailbox.SAVED(message=message.id))
                await voicemail.save(message.id)
                await self._say("vm-saved")
                return True
            case "3":
                journey.route(InMailbox.DELETED(message=message.id))
                await voicemail.delete(message.id)
                await self._say("vm-deleted")
                return True
            case "7":
                return await self._call_back(message)
            case "8":
                await self._forward(message)
                return False
            case "9":
                return True
            case "0" if self._hearing.settings is not None:
                await self._hearing.settings(self._call, self._box, self._prompts)
                return False
            case "*":
                self._ended = True
                return True
            case _:
                return False

    async def _call_back(self, message: Message) -> bool:
        """Call whoever left the message; true when that was what the listener wanted."""
        number = message.caller
        if number is None or self._hearing.call_back is None:
            self._call.journey.route(InMailbox.NOT_CALLED_BACK(number=number or "?"))
            await self._say("vm-not-called")
            return False
        self._call.journey.route(InMailbox.CALLS_BACK(number=number))
        if await self._hearing.call_back(self._call, number) is Cause.NORMAL:
            await self._voicemail.heard(message)
            return True
        await self._say("vm-not-called")
        return False

    async def _forward(self, message: Message) -> None:
        number = await self._call.collect(
            said("vm-forward-to"),
            self._prompts("vm-forward-to"),
            is_complete=lambda _: False,
            first_seconds=_AFTER_SECONDS,
            next_seconds=3.0,
        )
        target = self._voicemail.find(number)
        if target is None:
            await self._say("vm-no-such-mailbox")
            return
        try:
            await self._voicemail.forward(message, target)
        except (UserError, DeviceError) as error:
            self._call.journey.route(Calls.NOT_DONE(why=str(error)))
            await self._say("vm-not-forwarded")
            return
        self._call.journey.route(InMailbox.FORWARDED(message=message.id, mailbox=target.name))
        await self._say("vm-forwarded")

    def _envelope(self, message: Message) -> list[PlayItem]:
        """Return what is said of a message before it: urgent, from whom, when."""
        prompts, spoken = self._prompts, self._prompts.spoken
        keys = ["vm-urgent"] if message.urgent else []
        if message.caller is None:
            keys.append("vm-withheld")
        else:
            keys += ["vm-from", *spoken.phone(message.caller)]
        if message.received.clock_set:
            zone = self._hearing.zone()
            moment = datetime.datetime.fromtimestamp(message.received.wall_ms / 1000, zone)
            now = datetime.datetime.fromtimestamp(self._voicemail.clock.now().wall_ms / 1000, zone)
            keys += [*spoken.date(moment.date(), now.date()), *spoken.time(moment.time())]
        return prompts(*keys)

    async def _ask(self, what: Said, items: Sequence[PlayItem], seconds: float) -> str:
        self._keys += 1
        if self._keys > MAX_KEYS:
            self._ended = True
            return ""
        return await self._call.collect(
            what,
            items,
            is_complete=lambda _: True,
            first_seconds=seconds,
            next_seconds=1.0,
        )

    async def _say(self, words: str) -> None:
        await self._call.play(said(words), self._prompts(words))
