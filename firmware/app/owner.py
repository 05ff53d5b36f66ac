"""Tells the owner by SMS and mail what can't wait for a look at the page: calls for help, and limits reached.

alarm ─► is it one of these? ─► a short list that waits ─► SMS and letter, each kept until it is sent
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from firmware.core.errors import ZongjiError
from firmware.core.letters import LetterSender
from firmware.core.texts import TextSender
from firmware.core.trace import Said, Text, in_language
from firmware.settings.document import Settings

if TYPE_CHECKING:
    from firmware.app.parts import Parts

logger = logging.getLogger(__name__)

# Codes of the trace whose alarms go out; the others wait on the page.
_URGENT = ("emergency.", "caps.")
# A fault that repeats must not cost a message every second.
MOST_AN_HOUR = 10
_HOUR_SECONDS = 3600.0
PURPOSE = "alarm"


class Owner:
    """Tells the owner.

    Args:
        settings: Returns those in force: where the owner is told, in which language.
        texts: Sends SMS.
        letters: Sends mail.
    """

    def __init__(self, settings: Callable[[], Settings], texts: TextSender, letters: LetterSender) -> None:
        self._settings = settings
        self._texts = texts
        self._letters = letters
        self._waiting: asyncio.Queue[Said] = asyncio.Queue()
        self._told: deque[float] = deque(maxlen=MOST_AN_HOUR)

    def hear(self, text: Text) -> None:
        """Take an alarm; returns at once."""
        if not isinstance(text, Said) or not text.code.startswith(_URGENT):
            return
        now = asyncio.get_running_loop().time()
        if len(self._told) == MOST_AN_HOUR and self._told[0] > now - _HOUR_SECONDS:
            logger.warning("the owner has been told enough for an hour: %s", text)
            return
        self._told.append(now)
        self._waiting.put_nowait(text)

    async def run(self) -> None:
        """Tell, for ever."""
        while True:
            await self.tell(await self._waiting.get())

    async def tell(self, said: Said) -> None:
        """Send one alarm both ways; one way that fails does not keep the other from being tried."""
        settings = self._settings()
        words = in_language(said, settings.office.language)
        subject = f"⚠ {settings.office.name}: {words}"
        if settings.features.owner_mobile:
            try:
                await self._texts.send(settings.features.owner_mobile, subject, purpose=PURPOSE)
            except ZongjiError as error:
                logger.error("the owner can't be told by SMS: %s", error)
        if settings.features.owner_mail:
            try:
                await self._letters.send(settings.features.owner_mail, subject, words, purpose=PURPOSE)
            except ZongjiError as error:
                logger.error("the owner can't be told by mail: %s", error)


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Tell the owner from now on."""
    owner = Owner(lambda: parts.settings.current, parts.texting, parts.mail)
    parts.alarms.listeners.append(owner.hear)
    task = asyncio.create_task(owner.run(), name="telling the owner")

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    running.push_async_callback(stop)
