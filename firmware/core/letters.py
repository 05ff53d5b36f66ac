"""Letters (e-mail) the box sends: what areas of the switch tell each other about them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec


class LetterState(enum.StrEnum):
    WAITING = "waiting"
    """Kept and tried until the mail server takes it, also after a power cut."""
    SENT = "sent"
    FAILED = "failed"
    """For good; the detail says why."""


class Attachment(msgspec.Struct, frozen=True):
    path: str
    """The file, which must stay until the letter is sent."""
    name: str
    """What the recipient sees."""
    kind: str = "application/octet-stream"
    """MIME type."""


class Letter(msgspec.Struct, frozen=True):
    id: str
    recipient: str
    subject: str
    body: str
    attachments: tuple[Attachment, ...]
    purpose: str
    """Why it is sent: "voicemail", "report"."""
    state: LetterState
    attempts: int
    created_wall_ms: int
    changed_wall_ms: int
    detail: str = ""
    """Why it is not sent yet, or never will be."""


class LetterSender(Protocol):
    """Whoever sends letters for the box; implemented by `firmware.office.mail.Mail`."""

    async def send(
        self,
        recipient: str,
        subject: str,
        body: str,
        *,
        attachments: Sequence[Attachment] = (),
        purpose: str = "",
    ) -> str:
        """Queue a letter, durably; it is tried for some days.

        Returns:
            The letter's id, to ask after it.

        Raises:
            UserError: No mail server is set, or the address can't be used.
            DeviceError: The card refuses; nothing was queued.
        """
