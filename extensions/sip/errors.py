"""What a SIP peer can do wrong, as exceptions that never leave the core."""

from __future__ import annotations

from firmware.core.errors import PeerError


class MalformedMessage(PeerError):
    """Bytes that are no SIP message, or a header value that is none of its kind."""


class TooLarge(MalformedMessage):
    """A message beyond the limits, which is refused unread."""
