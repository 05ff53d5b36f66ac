"""Session descriptions (RFC 8866): what is needed of them for one audio stream, and nothing invented.

`parse` keeps every media line, so that an answer can refuse those it doesn't want (RFC 3264 §6);
negotiation is `offer_answer.py`.
"""

from __future__ import annotations

import enum
import re

import msgspec

from extensions.sip.errors import MalformedMessage

_RTPMAP = re.compile(r"(\d{1,3})\s+([^/\s]+)/(\d{1,6})(?:/(\d+))?\Z", re.ASCII)
_MEDIA = re.compile(r"(\S+)\s+(\d{1,5})(?:/\d+)?\s+(\S+)(?:\s+(.*))?\Z", re.ASCII)


class MediaDirection(enum.StrEnum):
    """As the describing side sees it (RFC 8866 §6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (MediaDirection.SENDRECV, MediaDirection.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (MediaDirection.SENDRECV, MediaDirection.RECVONLY)

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> MediaDirection:
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE


_DIRECTIONS = {direction.value: direction for direction in MediaDirection}


class MediaLine(msgspec.Struct, frozen=True):
    """One `m=` section."""

    kind: str
    """`audio`, `video`, …"""
    port: int
    """0 when refused or switched off."""
    protocol: str
    formats: tuple[str, ...]
    """Payload types in order of preference, as written."""
    host: str | None
    """The section's own connection address; None when the session's holds."""
    encodings: tuple[tuple[int, str, int], ...]
    """(payload type, encoding name in lower case, clock rate in Hz) of every rtpmap."""
    direction: MediaDirection | None
    """None when the section doesn't say."""
    ptime_ms: int | None = None
    crypto: tuple[str, ...] = ()
    """Values of the crypto attributes, as written."""


class SessionDescription(msgspec.Struct, frozen=True):
    origin: str
    """The o= line's value, as written."""
    host: str | None
    """The session's connection address."""
    direction: MediaDirection | None
    media: tuple[MediaLine, ...]

    def host_of(self, line: MediaLine) -> str | None:
        return line.host or self.host

    def direction_of(self, line: MediaLine) -> MediaDirection:
        return line.direction or self.direction or MediaDirection.SENDRECV


class _Section:
    """What has been read of one section so far."""

    def __init__(self, media: re.Match[str] | None) -> None:
        self.media = media
        self.host: str | None = None
        self.direction: MediaDirection | None = None
        self.encodings: list[tuple[int, str, int]] = []
        self.ptime_ms: int | None = None
        self.crypto: list[str] = []

    def connection(self, value: str) -> None:
        fields = value.split()
        if len(fields) != 3 or fields[0] != "IN" or fields[1] not in ("IP4", "IP6"):
            raise MalformedMessage(f"not a connection: {value[:40]!r}")
        self.host = fields[2].partition("/")[0]

    def attribute(self, value: str) -> None:
        name, _, rest = value.partition(":")
        if name in _DIRECTIONS:
            self.direction = _DIRECTIONS[name]
        elif name == "rtpmap" and (match := _RTPMAP.match(rest.strip())):
            self.encodings.append((int(match[1]), match[2].lower(), int(match[3])))
        elif name == "crypto":
            self.crypto.append(rest)
        elif name == "ptime" and rest.strip().isdigit() and 0 < int(rest) <= 200:
            self.ptime_ms = int(rest)

    def line(self) -> MediaLine:
        media = self.media
        if media is None:
            raise MalformedMessage("a session section is no media line")
        return MediaLine(
            media[1].lower(), int(media[2]), media[3].upper(), tuple((media[4] or "").split()),
            self.host, tuple(self.encodings), self.direction, self.ptime_ms, tuple(self.crypto),
        )  # fmt: skip


def parse(body: bytes) -> SessionDescription:
    """Parse a description; line ends may be LF only; unknown lines are passed over.

    Raises:
        MalformedMessage: Not a description (no v=0, broken m= or c=).
    """
    lines = body.decode("utf-8", "replace").splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise MalformedMessage("no v=0")
    origin = ""
    session = section = _Section(None)
    sections: list[_Section] = []
    for line in lines[1:]:
        kind, equals, value = line.partition("=")
        value = value.strip()
        if not equals:
            if line.strip():
                raise MalformedMessage(f"not an SDP line: {line[:40]!r}")
        elif kind == "o":
            origin = value
        elif kind == "c":
            section.connection(value)
        elif kind == "a":
            section.attribute(value)
        elif kind == "m":
            match = _MEDIA.match(value)
            if match is None or int(match[2]) > 65535:
                raise MalformedMessage(f"not a media line: {value[:40]!r}")
            section = _Section(match)
            sections.append(section)
    return SessionDescription(
        origin, session.host, session.direction, tuple(section.line() for section in sections)
    )
