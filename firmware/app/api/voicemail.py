"""What pages ask of voicemail."""

from __future__ import annotations

import datetime
import os

import msgspec

from firmware.control.answers import Answers
from firmware.control.base import BaseReply, OpenedFile
from firmware.control.voicemail import (
    MAX_LISTED,
    ChangeMessage,
    ForwardMessage,
    ListMailboxes,
    ListMessages,
    MailboxesReply,
    MailboxStatus,
    MessageReply,
    MessagesReply,
    OpenMessage,
    SetMailbox,
)
from firmware.core.errors import UserError
from firmware.core.messages import Greeting, Message, MessageState
from ivr.voicemail import Resolved, Voicemail
from ivr.voicemail.pins import locked_ms


class VoicemailApi:
    """Answers the requests of `firmware.control.voicemail`."""

    def __init__(self, voicemail: Voicemail) -> None:
        self._voicemail = voicemail

    def serve(self, answers: Answers) -> None:
        answers.on(ListMailboxes, self.mailboxes)
        answers.on(ListMessages, self.messages)
        answers.on(ChangeMessage, self.change)
        answers.on(ForwardMessage, self.forward)
        answers.on(SetMailbox, self.set)
        answers.on_file(OpenMessage, self.open)

    async def mailboxes(self, _: ListMailboxes) -> MailboxesReply:
        now = self._voicemail.clock.now().wall_ms
        found = []
        for name in self._voicemail.names():
            box, state = self._box(name), await self._voicemail.store.mailbox(name)
            found.append(
                MailboxStatus(
                    name,
                    box.title,
                    box.owner,
                    self._voicemail.counts(name),
                    state.greeting,
                    state.away_until,
                    bool(state.pin),
                    -(-locked_ms(state, now) // 60_000),
                )
            )
        return MailboxesReply(mailboxes=found)

    async def messages(self, request: ListMessages) -> MessagesReply:
        box = self._box(request.mailbox)
        states = [MessageState.DELETED] if request.deleted else [MessageState.NEW, MessageState.SAVED]
        limit = max(1, min(request.limit, MAX_LISTED))
        listed = await self._voicemail.store.listed(box.name, states, limit, max(0, request.offset))
        return MessagesReply(counts=self._voicemail.counts(box.name), messages=listed)

    async def change(self, request: ChangeMessage) -> MessageReply:
        voicemail = self._voicemail
        change = {"saved": voicemail.save, "new": voicemail.unhear, "deleted": voicemail.delete}[request.to]
        await change(request.message)
        return MessageReply(message=await voicemail.store.get(request.message))

    async def forward(self, request: ForwardMessage) -> MessageReply:
        message = await self._message(request.message)
        return MessageReply(message=await self._voicemail.forward(message, self._box(request.to)))

    async def set(self, request: SetMailbox) -> MailboxesReply:
        box, store = self._box(request.mailbox), self._voicemail.store
        if request.pin is not None:
            await self._voicemail.door.set_pin(box, request.pin)
        if request.greeting is not None:
            away = request.away_until if request.greeting is Greeting.AWAY else None
            if request.greeting is Greeting.AWAY:
                _check_day(away)
            state = await store.mailbox(box.name)
            await store.keep_mailbox(
                msgspec.structs.replace(state, greeting=request.greeting, away_until=away)
            )
        return await self.mailboxes(ListMailboxes())

    async def open(self, request: OpenMessage) -> OpenedFile[BaseReply]:
        message = await self._message(request.message)
        try:
            descriptor = os.open(self._voicemail.folder / message.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise UserError(f"The message can't be opened: {error.strerror}.") from None
        if request.heard:
            await self._voicemail.heard(message)
        return OpenedFile(MessageReply(message=message), descriptor)

    async def _message(self, message_id: str) -> Message:
        message = await self._voicemail.store.get(message_id)
        if message is None or message.state is MessageState.BEING_LEFT:
            raise UserError("That message is not there any more.")
        return message

    def _box(self, name: str) -> Resolved:
        box = self._voicemail.find(name)
        if box is None:
            raise UserError(f"There is no mailbox {name[:60]}.")
        return box


def _check_day(day: str | None) -> None:
    try:
        datetime.date.fromisoformat(day or "")
    except ValueError:
        raise UserError("away_until: name the day of return, like 2026-12-01.") from None
