"""What goes over the wire: one record per revision of a journey, signed; the same for HTTPS and NATS.

    body      = gzip(JSON [record, …])
    digest    = HMAC-SHA256(site key, site \\n idempotency key \\n body)

There is no timestamp in it, because a box may not know the time; a repeat does no harm, because the far
end keeps one row per journey.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import zlib

import msgspec

from firmware.core.errors import PeerError
from firmware.core.records import Journey

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Largest body on the wire; a batch is far below."""

MAX_JSON_BYTES = 32 * 1024 * 1024
"""Largest body unpacked: bounds what a small hostile body can become."""

_LEVEL = 6
_SITE_LENGTH = 64
SITE_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
"""Also what a NATS subject's token may hold."""


class Record(msgspec.Struct, frozen=True):
    site: str
    epoch: str
    """Numbers of one epoch have no gaps."""
    seq: int
    journey: Journey


class Refusal(msgspec.Struct, frozen=True):
    id: str
    """The journey's."""
    reason: str


class Receipt(msgspec.Struct, frozen=True):
    """The far end's answer: everything that isn't refused is stored."""

    stored: int
    refused: list[Refusal] = []


_DECODER = msgspec.json.Decoder(list[Record])


def is_site(name: str) -> bool:
    """Return whether a site may be called so."""
    return 0 < len(name) <= _SITE_LENGTH and set(name) <= SITE_CHARACTERS


def pack(records: list[Record]) -> bytes:
    """Return the body; the same records give the same bytes."""
    return gzip.compress(msgspec.json.encode(records), _LEVEL, mtime=0)


def unpack(body: bytes) -> list[Record]:
    """Return the records of a body.

    Raises:
        PeerError: It is too large, or no body of ours.
    """
    if len(body) > MAX_BODY_BYTES:
        raise PeerError("the body is too large")
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = unzip.decompress(body, MAX_JSON_BYTES)
        if not unzip.eof:
            raise PeerError("the body is cut off, or too large unpacked")
        return _DECODER.decode(text)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PeerError(f"the body can't be read: {error}") from None


def idempotency_key(body: bytes) -> str:
    """Return the key of one body: the same for every repeat."""
    return hashlib.sha256(body).hexdigest()[:32]


def sign(key: str, site: str, idempotency: str, body: bytes) -> str:
    """Return the signature of a body."""
    message = f"{site}\n{idempotency}\n".encode() + body
    return "v1=" + hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def is_signed(key: str, site: str, idempotency: str, body: bytes, signature: str) -> bool:
    """Return whether the signature is right, in constant time."""
    return hmac.compare_digest(sign(key, site, idempotency, body).encode(), signature.encode())
