"""Letters (e-mail): sent through the mail server of the settings; what keeps them is told and shown."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from firmware.app.alarms import Alarms
from firmware.app.parts import Parts
from firmware.control.letters import LettersReply, ListLetters
from firmware.core.clock import Clock
from firmware.core.trace.box import Box
from firmware.core.trace.said import Text
from firmware.office.mail import Mail, Server
from firmware.settings.store import SettingsStore
from firmware.store.letters import LetterStore
from firmware.store.records import SqliteJourneyStore

_MOST_LISTED = 200


def build(settings: SettingsStore, store: SqliteJourneyStore, clock: Clock, alarms: Alarms) -> Mail:
    """Return the sender of letters, not started."""

    def server() -> Server | None:
        mail = settings.current.mail
        if not mail.host:
            return None
        return Server(mail.host, mail.port, mail.security, mail.user, mail.password, mail.sender)

    def told(fault: Text | None) -> None:
        if fault is not None:
            alarms(Box.MAIL(why=fault))

    return Mail(LetterStore(store, clock), server, clock, told)


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Begin to send; a changed server is tried at once."""
    letters = LetterStore(parts.store, parts.clock)

    async def listed(request: ListLetters) -> LettersReply:
        found = await asyncio.to_thread(letters.newest, max(1, min(request.limit, _MOST_LISTED)))
        return LettersReply(fault=parts.mail.fault, letters=found)

    parts.answers.on(ListLetters, listed)
    running.callback(
        parts.settings.subscribe(
            lambda before, after: None if before.mail == after.mail else parts.mail.try_now()
        )
    )
    parts.mail.start()
    running.push_async_callback(parts.mail.stop)
