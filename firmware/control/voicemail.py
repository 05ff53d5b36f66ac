"""Mailboxes and their messages through the control socket: heard, saved, deleted, forwarded on a page."""

from __future__ import annotations

from typing import Literal

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.messages import Counts, Greeting, Message

MAX_LISTED = 1000


class MailboxStatus(msgspec.Struct, frozen=True):
    name: str
    title: str
    """The person's or the group's name."""
    owner: str
    """The extension; empty for a group's."""
    counts: Counts
    greeting: Greeting
    away_until: str | None
    has_pin: bool
    locked_minutes: int = 0


class ListMailboxes(BaseRequest, frozen=True, tag="mailboxes", kw_only=True):
    """Every mailbox."""


class MailboxesReply(BaseReply, frozen=True, tag="mailboxes", kw_only=True):
    mailboxes: list[MailboxStatus]


class ListMessages(BaseRequest, frozen=True, tag="messages", kw_only=True):
    """Messages of a mailbox, urgent ones first, then the oldest first."""

    mailbox: str
    deleted: bool = False
    """Those that can be had back instead."""
    limit: int = 200
    offset: int = 0


class MessagesReply(BaseReply, frozen=True, tag="messages", kw_only=True):
    counts: Counts
    messages: list[Message]


class OpenMessage(BaseRequest, frozen=True, tag="open_message", kw_only=True):
    """The sound of a message, as an open WAV file."""

    message: str
    heard: bool = False
    """Whether it counts as heard from now on: not when somebody only looks after the box."""


class MessageReply(BaseReply, frozen=True, tag="message", kw_only=True):
    message: Message | None
    """As it is now; None when it is gone."""


class ChangeMessage(BaseRequest, frozen=True, tag="change_message", kw_only=True):
    message: str
    to: Literal["saved", "new", "deleted"]


class ForwardMessage(BaseRequest, frozen=True, tag="forward_message", kw_only=True):
    message: str
    to: str
    """A mailbox's name or number."""


class SetMailbox(BaseRequest, frozen=True, tag="set_mailbox", kw_only=True):
    """Change what the owner sets; what is left out stays."""

    mailbox: str
    pin: str | None = None
    """A new PIN, which unlocks the mailbox."""
    greeting: Greeting | None = None
    away_until: str | None = None
    """ISO 8601 day; with the greeting "away"."""
