"""Text messages (SMS) over the lines: what areas of the switch tell each other about them."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol

import msgspec


class TextState(enum.StrEnum):
    """How far an outgoing message has come."""

    QUEUED = "queued"
    """Kept and tried until it is sent, also after a power cut."""
    UNCERTAIN = "uncertain"
    """A modem vanished in the middle: a delivery report decides, or it is sent again after a while."""
    SENT = "sent"
    """The network has all of it."""
    DELIVERED = "delivered"
    """The recipient's phone has it."""
    FAILED = "failed"
    """For good; the detail says why."""


class ReceivedText(msgspec.Struct, frozen=True):
    """A message that came in."""

    seq: int
    line: str
    number: str
    """Digits with a leading `+`, or a sender's name."""
    body: str
    received_wall_ms: int
    sent: str | None = None
    """By the network's clock, ISO 8601."""
    complete: bool = True
    """False when parts of it never came."""


class OutgoingText(msgspec.Struct, frozen=True):
    """A message to be sent, or sent."""

    key: str
    number: str
    body: str
    state: TextState
    created_wall_ms: int
    changed_wall_ms: int
    purpose: str = ""
    """Why: "missed call", "voicemail", "survey", "phone"."""
    author: str = ""
    """The extension that wrote it; empty for the box itself."""
    line: str | None = None
    detail: str = ""
    """Why it failed."""
    parts_done: int = 0


OnText = Callable[[ReceivedText], None]


class TextSender(Protocol):
    """Whoever sends messages for the box; implemented by `firmware.trunks.texting.Texting`."""

    async def send(
        self, number: str, body: str, *, purpose: str = "", author: str = "", line: str | None = None
    ) -> str:
        """Queue a message, durably; it is tried until it is sent.

        Returns:
            The message's key, to ask after it.

        Raises:
            UserError: The number or the text can't be sent, or no line carries messages.
            DeviceError: The card refuses; nothing was queued.
        """

    def listen(self, listener: OnText) -> Callable[[], None]:
        """Have `listener` called, in the loop, with every message once it is stored; the returned function
        ends that. What came while nobody listened is told to the first that does.
        """
