"""Cuts a TCP stream into messages (RFC 3261 §18.3), with bounds.

    bytes ──feed──► [message, …]      b"" among them is a keep-alive to answer with CRLF (RFC 5626 §4.4.1)

CRLFs between messages are skipped. A stream whose framing is lost cannot be resumed: `feed` raises and
the connection must be closed.
"""

from __future__ import annotations

import re

from extensions.sip.errors import MalformedMessage, TooLarge
from extensions.sip.message import MAX_HEAD, MAX_MESSAGE

PING = b""
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_END = b"\r\n\r\n"


class StreamFramer:
    """The framing state of one connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0

    @property
    def partial(self) -> bool:
        """Whether a message has begun and isn't complete."""
        return bool(self._buffer.strip(b"\r\n"))

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; return the complete messages and keep-alives in order.

        Raises:
            TooLarge: A message beyond the limits.
            MalformedMessage: A Content-Length that is none.
        """
        self._buffer += data
        found: list[bytes] = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if buffer.startswith(_END):
            del buffer[:4]
            return PING
        if buffer.startswith((b"\r", b"\n")):
            if len(buffer) < 4 and not buffer.strip(b"\r\n"):
                return None
            skip = len(buffer) - len(buffer.lstrip(b"\r\n"))
            del buffer[:skip]
        end = buffer.find(_END, max(0, self._scanned - 3))
        if end < 0:
            self._scanned = len(buffer)
            if len(buffer) > MAX_HEAD:
                raise TooLarge("an endless header")
            return None
        size = end + 4 + self._body_length(bytes(buffer[:end]))
        if size > MAX_MESSAGE:
            raise TooLarge(f"a message of {size} bytes")
        if len(buffer) < size:
            self._scanned = end
            return None
        frame = bytes(buffer[:size])
        del buffer[:size]
        self._scanned = 0
        return frame

    @staticmethod
    def _body_length(head: bytes) -> int:
        match = _LENGTH.search(head)
        if match is None:
            return 0
        text = match[1].strip()
        if not text.isdigit() or len(text) > 9:
            raise MalformedMessage("not a Content-Length")
        return int(text)
