"""The office with its voice put together as the composition root does: menus, mailboxes, surveys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from firmware.app import survey, voice, voicemail
from firmware.app.parts import Parts
from firmware.control.answers import Answers
from firmware.core.letters import Attachment
from firmware.core.records import Journey
from firmware.core.texts import ReceivedText
from firmware.core.trace import Said
from firmware.settings.checks_voice import mailboxes_of
from ivr.voicemail import Voicemail
from tests.ivr.memory_messages import MemoryMessages
from tests.scenarios.mailboxes import speech
from tests.scenarios.office import LoopClock
from tests.scenarios.routed import RoutedOffice
from tests.switch.fake_leg import FakeLeg


class Texts:
    """Lines that carry text messages."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        """Number, text, purpose."""
        self.hears: list[Callable[[ReceivedText], None]] = []

    async def send(self, number: str, text: str, *, purpose: str = "") -> None:
        self.sent.append((number, text, purpose))

    def listen(self, listener: Callable[[ReceivedText], None]) -> Callable[[], None]:
        self.hears.append(listener)
        return lambda: self.hears.remove(listener)


class Letters:
    """A mail server."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, list[str]]] = []
        """To, subject, paths of what is attached."""

    async def send(
        self, to: str, subject: str, _body: str, *, attachments: Sequence[Attachment] = (), purpose: str = ""
    ) -> None:
        self.sent.append((to, subject, [one.path for one in attachments]))


class Records:
    """Closed calls, to be searched and amended."""

    def __init__(self, closed: list[Journey]) -> None:
        self._closed = closed
        self.reader = self

    def search(self, number: str, limit: int, since_ms: int, *, country: str) -> list[Journey]:
        return [one for one in reversed(self._closed) if one.caller == number][:limit]

    async def amend(self, ident: str, edit: Callable[[Journey], None]) -> None:
        edit(next(one for one in self._closed if one.id == ident))


class Lamps:
    """What phones are shown of mailboxes."""

    def __init__(self) -> None:
        self.lit: list[str] = []
        self.source: Any = None

    def mailbox_changed(self, extension: str) -> None:
        self.lit.append(extension)

    def show_switch(self, code: str, on: bool | None) -> None:
        """Nothing of these stories."""


class VoicedOffice(RoutedOffice):
    """Enter it to put its voice to work."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.media.voice = speech(60)
        self.texts, self.letters, self.lamps = Texts(), Letters(), Lamps()
        self.messages = MemoryMessages()
        (folder / "voicemail").mkdir()
        self.voicemail = Voicemail(
            self.messages,
            folder / "voicemail",
            lambda: mailboxes_of(self.settings.current),
            lambda: self.settings.current.voicemail,
            LoopClock(),
            free_bytes=lambda _: 10**9,
        )
        handsets = SimpleNamespace(is_registered=self.handsets.is_registered, presence=self.lamps)
        self.parts = cast(
            Parts,
            SimpleNamespace(
                paths=SimpleNamespace(prompts=folder / "prompts"),
                settings=self.settings,
                editing=self.editing,
                clock=LoopClock(),
                alarms=self._alarmed,
                plane=self.media,
                store=Records(self.store.closed),
                phones=handsets,
                directory=self.directory,
                exchange=self.exchange,
                texting=self.texts,
                mail=self.letters,
                voicemail=self.voicemail,
                outbound=self.outbound,
                destinations=self.destinations,
                routing=self.routing,
                answers=Answers(),
            ),
        )
        self._running = AsyncExitStack()

    async def start(self) -> None:
        """Put the voice to work, in English."""
        office = msgspec.structs.replace(self.settings.current.office, language="en", operator="102")
        await self.change(office=office)
        await voice.start(self.parts, self._running)
        await voicemail.start(self.parts, self._running)
        await survey.start(self.parts, self._running)

    async def stop(self) -> None:
        await self._running.aclose()

    async def talks(self, caller: FakeLeg, number: str) -> FakeLeg:
        """Wait until an extension rings, have it answer, and return it once the two talk."""
        phone = await self.phone_rings(number)
        phone.far.answers()
        await self.talking(caller, phone)
        return phone

    def _alarmed(self, words: Said | str) -> None:
        self.alarms.append(str(words))
