"""The office with voicemail, on fakes, for stories in virtual time."""

from __future__ import annotations

import asyncio
import datetime
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from firmware.core.causes import Cause
from firmware.core.clock import Instant
from firmware.core.messages import Counts, Message
from firmware.switch.call import Call
from ivr.prompts.spoken import ATOMS
from ivr.voicemail import (
    Hearing,
    Leaving,
    Mailbox,
    Mailboxes,
    OwnerSettings,
    Resolved,
    Voicemail,
    VoicemailSettings,
    hear_messages,
    leave_message,
    owner_settings,
    sign_in,
)
from tests.ivr.memory_messages import MemoryMessages
from tests.scenarios.office import Office
from tests.switch.fake_leg import FakeLeg

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = datetime.date(2026, 11, 18)
PEOPLE = {"101": "Li", "102": "Front desk", "103": "Wang"}
BOXES = (Mailbox("sales", number="800", members=("101", "103")),)


def speech(seconds: float, rate: int = 8000) -> bytes:
    """Return something that sounds like no tone, as the recorder writes it: both channels."""
    noise = np.random.default_rng(1).normal(0, 3000, round(seconds * rate)).astype("<i2")
    return np.repeat(noise, 2).tobytes()


async def at_once(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Stand for asyncio.to_thread, whose threads know no virtual time."""
    return work(*arguments, **named)


class Box(Office):
    """The office with voicemail; every prompt lasts two seconds."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        place = folder / "prompts" / "en"
        for key in ATOMS["en"]:
            shutil.copy(place / "greeting.wav", place / f"{key}.wav")
        self.store_of_messages = MemoryMessages()
        self.settings = VoicemailSettings(mailboxes=BOXES)
        self.free = 10**9
        self.voicemail = Voicemail(
            self.store_of_messages,
            folder / "voicemail",
            lambda: Mailboxes(self.settings, PEOPLE),
            lambda: self.settings,
            self,
            free_bytes=lambda _: self.free,
        )
        (folder / "voicemail").mkdir()
        self.media.voice = speech(200)
        self.lamps: list[tuple[str, Counts]] = []
        self.voicemail.on_changed.append(lambda name: self.lamps.append((name, self.voicemail.counts(name))))
        self.wall_ms = 1_795_000_000_000
        self.called_back: list[str] = []

    # A Clock whose wall the stories move.

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Instant:
        return Instant(self.wall_ms + int(self.monotonic() * 1000), 0, "test", clock_set=True)

    async def takes_message(self, call: Call, mailbox: str) -> Cause:
        """Have a caller leave a message."""
        leaving = Leaving(self.voicemail, "CN", lambda: TODAY, lambda _: False, self._signs_in)
        return await leave_message(call, mailbox, self.prompts, leaving)

    def caller_comes_to(self, mailbox: str, number: str | None = "13800138000") -> FakeLeg:
        """Have somebody from outside be led to a mailbox."""

        async def script(call: Call) -> None:
            self.cause = await self.takes_message(call, mailbox)

        return self.somebody_rings_in(script, number)

    def owner_listens(self, mailbox: str = "101") -> FakeLeg:
        """Have somebody at the own phone hear the messages."""

        async def script(call: Call) -> None:
            await call.answer()
            await self._hear(call, self.box(mailbox), self._call_back)

        phone = FakeLeg.incoming(mailbox, mailbox, media=self.media)
        self.exchange.take(phone, script)
        return phone

    def box(self, name: str) -> Resolved:
        box = self.voicemail.find(name)
        assert box is not None
        return box

    async def leaves(self, mailbox: str, seconds: float, *, urgent: bool = False) -> None:
        """Have a caller leave a message and hang up."""
        caller = self.caller_comes_to(mailbox)
        await self.until(lambda: bool(self.media.recordings) and self.media.recordings[-1].running)
        await asyncio.sleep(seconds)
        if urgent:
            caller.far.presses("#")
            await self.hears(caller, "vm-review")
            caller.far.presses("4")
            await self.until(lambda: "vm-urgent-marked" in self.has_heard(caller))
        caller.far.ends()
        await self.journey()

    async def keys_after(self, leg: FakeLeg, prompt: str, digits: str) -> None:
        """Have somebody key digits half a second into a prompt."""
        await self.hears(leg, prompt)
        await asyncio.sleep(0.5)
        leg.far.presses(digits)

    def messages(self, mailbox: str = "101") -> list[Message]:
        """Return the messages of a mailbox in the order they came."""
        mine = [one for one in self.store_of_messages.messages.values() if one.mailbox == mailbox]
        return sorted(mine, key=lambda one: one.id)

    async def _signs_in(self, call: Call, box: Resolved) -> None:
        if await sign_in(call, box, self.prompts, self.voicemail):
            await self._hear(call, box, None)

    async def _hear(self, call: Call, box: Resolved, call_back: Any) -> None:
        async def settings(call: Call, box: Resolved, prompts: Any) -> None:
            owner = OwnerSettings(self.voicemail, self.voicemail.folder, lambda: TODAY)
            await owner_settings(call, box, prompts, owner)

        hearing = Hearing(self.voicemail, lambda: SHANGHAI, call_back, settings)
        await hear_messages(call, box, self.prompts, hearing)

    async def _call_back(self, call: Call, number: str) -> Cause:
        self.called_back.append(number)
        return Cause.NORMAL
