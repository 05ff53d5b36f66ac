"""Messages in memory, under the same contract as those in the database."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firmware.core.errors import DeviceError
from firmware.core.messages import Counts, MailboxState, Message, MessageState


class MemoryMessages:
    """A `firmware.core.messages.MessageStore`."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.mailboxes: dict[str, MailboxState] = {}
        self.held: set[str] = set()
        """Ids of messages whose calls are under legal hold."""
        self.refuses = False
        """Set it to have the card refuse what is written."""

    async def add(self, message: Message) -> None:
        self._writable()
        self.messages[message.id] = message

    async def replace(self, message: Message) -> bool:
        self._writable()
        if message.id not in self.messages:
            return False
        self.messages[message.id] = message
        return True

    async def move(self, message_id: str, states: Sequence[MessageState], to: MessageState) -> Message | None:
        self._writable()
        message = self.messages.get(message_id)
        if message is None or message.state not in states:
            return None
        self.messages[message_id] = msgspec.structs.replace(message, state=to)
        return self.messages[message_id]

    async def remove(self, message_id: str) -> bool:
        self._writable()
        if message_id in self.held:
            return False
        self.messages.pop(message_id, None)
        return True

    async def get(self, message_id: str) -> Message | None:
        return self.messages.get(message_id)

    async def listed(
        self, mailbox: str, states: Sequence[MessageState], limit: int = 20_000, offset: int = 0
    ) -> list[Message]:
        found = [one for one in self.messages.values() if one.mailbox == mailbox and one.state in states]
        return sorted(found, key=lambda one: (not one.urgent, one.id))[offset : offset + limit]

    async def in_state(self, state: MessageState, changed_before_wall_ms: int) -> list[Message]:
        return sorted(
            (
                one
                for one in self.messages.values()
                if one.state is state and one.changed_wall_ms < changed_before_wall_ms
            ),
            key=lambda one: one.id,
        )

    async def counts(self) -> dict[str, Counts]:
        names = {one.mailbox for one in self.messages.values()}
        return {name: self._counted(name) for name in names}

    async def mailbox(self, name: str) -> MailboxState:
        return self.mailboxes.get(name, MailboxState(name))

    async def keep_mailbox(self, mailbox: MailboxState) -> None:
        self._writable()
        self.mailboxes[mailbox.name] = mailbox

    def _counted(self, name: str) -> Counts:
        mine = [one for one in self.messages.values() if one.mailbox == name]
        new = [one for one in mine if one.state is MessageState.NEW]
        return Counts(
            len(new),
            sum(one.urgent for one in new),
            sum(one.state is MessageState.SAVED for one in mine),
        )

    def _writable(self) -> None:
        if self.refuses:
            raise DeviceError("the card refuses")
