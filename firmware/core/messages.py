"""Voicemail: what a message is, and what keeping messages means for those who take and play them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec

from firmware.core.clock import Instant


class MessageState(enum.StrEnum):
    BEING_LEFT = "being left"
    """Somebody is speaking, or was when the power went."""
    NEW = "new"
    """Nobody has heard it to its end. Never cleared away by itself."""
    SAVED = "saved"
    DELETED = "deleted"
    """By its owner, who may want it back for some days."""


class Message(msgspec.Struct, frozen=True):
    id: str
    """Sorts by time."""
    mailbox: str
    state: MessageState
    received: Instant
    caller: str | None
    """The number, as presented; None when withheld or unknown."""
    path: str
    """Of the sound, relative to the voicemail folder; mono, 16 bit, 8000 Hz once it is delivered."""
    caller_name: str | None = None
    journey_id: str | None = None
    urgent: bool = False
    duration_ms: int = 0
    complete: bool = True
    """False when part of it was lost: the disk was full, the power went."""
    forwarded_by: str = ""
    """The mailbox it was forwarded from."""
    changed_wall_ms: int = 0
    """When it last changed its state."""


class Counts(msgspec.Struct, frozen=True):
    """How many messages a mailbox holds."""

    new: int = 0
    urgent: int = 0
    """Of the new ones."""
    saved: int = 0

    @property
    def all(self) -> int:
        return self.new + self.saved


class Greeting(enum.StrEnum):
    """Which greeting callers hear."""

    DEFAULT = "default"
    BUSY = "busy"
    AWAY = "away"
    RECORDED = "recorded"


class MailboxState(msgspec.Struct, frozen=True):
    """What a mailbox's owner has set, and how its door stands."""

    name: str
    pin: str = ""
    """Hash; empty when none is set."""
    wrong_pins: int = 0
    """In a row."""
    locked_wall_ms: int = 0
    """Until when no PIN is taken."""
    greeting: Greeting = Greeting.DEFAULT
    away_until: str | None = None
    """ISO 8601 day on which the owner is back."""

    def __repr__(self) -> str:
        return f"MailboxState({self.name!r}, wrong_pins={self.wrong_pins}, greeting={self.greeting})"


class MessageStore(Protocol):
    """Where messages and mailboxes are kept; implemented by `firmware.store.messages`.

    All raise `DeviceError` when the card refuses; nothing was changed then.
    """

    async def add(self, message: Message) -> None:
        """Keep a message; durable on return."""

    async def replace(self, message: Message) -> bool:
        """Keep what has become of a message; False when it is not there any more."""

    async def move(self, message_id: str, states: Sequence[MessageState], to: MessageState) -> Message | None:
        """Change the state of a message that is in one of `states`; None when it isn't."""

    async def remove(self, message_id: str) -> bool:
        """Forget a message; False when it stays, because its call is under legal hold.

        Its sound is the business of whoever asks.
        """

    async def get(self, message_id: str) -> Message | None: ...

    async def listed(
        self, mailbox: str, states: Sequence[MessageState], limit: int = 20_000, offset: int = 0
    ) -> list[Message]:
        """Return messages, urgent ones first, then the oldest first."""

    async def in_state(self, state: MessageState, changed_before_wall_ms: int) -> list[Message]:
        """Return the messages of all mailboxes that have been in a state since before a moment."""

    async def counts(self) -> dict[str, Counts]:
        """Return what every mailbox holds that holds any."""

    async def mailbox(self, name: str) -> MailboxState:
        """Return a mailbox's state; a fresh one where nothing was ever set."""

    async def keep_mailbox(self, mailbox: MailboxState) -> None:
        """Keep a mailbox's state; durable on return."""
