"""Announcements to all phones: spoken at a phone by its code, or asked for from a page.

phone, by *?  ─┐
page, by text ─┴─► one at a time ─► every phone that is registered, and every talk
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from firmware.app.parts import Parts
from firmware.core.causes import Cause
from firmware.core.errors import UserError
from firmware.core.ids import PortId, new_port_id
from firmware.core.leg import Leg, Party
from firmware.core.media import PlayFile, PlayItem
from firmware.switch.call import Call
from firmware.switch.directory import Extension
from ivr.broadcast import Everybody, Hearers, announcement, broadcast, everywhere
from ivr.prompts import Prompts
from ivr.prompts.speech import SpeechError, speak

logger = logging.getLogger(__name__)

LONGEST_TEXT = 300
"""Characters: about a minute of speech, which everybody hears twice."""
_PROMPT = re.compile(r"(own/)?[a-z0-9][a-z0-9-]{0,59}", re.ASCII)


class Announcements:
    """What is announced to everybody."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._running: asyncio.Task[None] | None = None

    def may_speak(self, number: str) -> bool:
        """Tell whether a phone's owner may speak for the office: the operator, and supervisors."""
        settings = self._parts.settings.current
        person = settings.extension(number)
        return person is not None and (number == settings.office.operator or person.supervisor)

    async def by_phone(self, call: Call, _rest: str) -> None:
        """Have the operator or a supervisor announce something to all phones."""
        own = call.caller.address
        if not self.may_speak(own):
            await call.refuse(Cause.NOT_PERMITTED)
            return
        folder = self._parts.paths.prompts
        everybody = Everybody(lambda: self._free_phones(own), self._talking_phones, folder)
        await broadcast(call, self._prompts(call.language), everybody)

    async def from_page(self, text: str, prompt: str, by: str) -> Hearers:
        """Begin to announce a text, spoken, or a prompt; return whom it goes to.

        Raises:
            UserError: Another is being made, there is nothing to say, or nobody to hear it.
        """
        if self._running is not None and not self._running.done():
            raise UserError(
                "Another announcement is being made; wait for its end. / 另一广播正在进行，请稍后。"
            )
        text = text.strip()
        if len(text) > LONGEST_TEXT:
            raise UserError(
                f"An announcement has {LONGEST_TEXT} characters at most. / 广播内容最多 {LONGEST_TEXT} 字。"
            )
        prompts = self._prompts("")
        if text:
            scratch = self._parts.paths.prompts / f"announcement-{new_port_id('all')}.wav"
            try:
                await asyncio.to_thread(speak, text, prompts.language, scratch)
            except SpeechError as error:
                raise UserError(
                    f"The announcement can't be spoken: {error}. / 无法合成语音：{error}。"
                ) from None
            words: Sequence[PlayItem] = [PlayFile(str(scratch))]
        elif prompt:
            scratch = None
            words = prompts(prompt) if _PROMPT.fullmatch(prompt) else ()
            # A tone stands in for what isn't there.
            if not words or not all(isinstance(one, PlayFile) for one in words):
                raise UserError(f"There is no prompt {prompt[:60]}. / 没有提示音 {prompt[:60]}。")
        else:
            raise UserError(
                "Write what is to be announced, or choose a prompt. / 请输入广播内容或选择提示音。"
            )
        hearers = Hearers(self._free_phones(""), self._talking_phones())
        if not hearers.free and not hearers.talking:
            if scratch is not None:
                scratch.unlink(missing_ok=True)
            raise UserError("No phone is registered that could hear it. / 没有已注册的话机可以收听。")
        logger.warning("%s announces to all phones: %s", by or "somebody", text or prompt)
        work = self._announce(hearers, announcement(prompts, words), scratch)
        self._running = asyncio.create_task(work, name="announcement to all phones")
        return hearers

    async def close(self) -> None:
        """End what is being announced."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def _announce(self, hearers: Hearers, items: Sequence[PlayItem], scratch: Path | None) -> None:
        office = Party(None, self._parts.settings.current.office.name)
        try:
            count = await everywhere(self._parts.plane, office, hearers, items)
            logger.warning("%d phones heard the announcement to its end", count)
        finally:
            for leg in hearers.free:
                await leg.hang_up()
            if scratch is not None:
                scratch.unlink(missing_ok=True)

    def _prompts(self, language: str) -> Prompts:
        settings = self._parts.settings.current
        return Prompts(self._parts.paths.prompts, language or settings.office.language)

    def _free_phones(self, own: str) -> list[Leg]:
        parts = self._parts
        return [
            parts.directory.speak_to(Extension(one.number, one.name))
            for one in parts.settings.current.extensions
            if one.number != own
            and parts.phones.is_registered(one.number)
            and not parts.exchange.is_busy(one.number)
        ]

    def _talking_phones(self) -> list[PortId]:
        found = []
        for one in self._parts.settings.current.extensions:
            for call, leg in self._parts.exchange.calls_of(one.number):
                if call.conversation is not None and leg.port is not None:
                    found.append(leg.port)
        return found


def build(parts: Parts, running: AsyncExitStack) -> Announcements:
    """Return the announcements, ended with the rest."""
    announcements = Announcements(parts)
    running.push_async_callback(announcements.close)
    return announcements
