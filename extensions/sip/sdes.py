"""SRTP keys in SDP (RFC 4568, SDES): only ever sent over TLS, since whoever reads them can listen.

a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:<30 bytes in base64>
"""

from __future__ import annotations

import base64
import re
import secrets

import msgspec

from extensions.sip.errors import MalformedMessage

# The suites we speak, best first: both are mandatory in RFC 4568 §6.2 and every SRTP phone has the first.
SUITES = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
# A 128-bit master key and a 112-bit master salt.
KEY_BYTES = 30
_CRYPTO = re.compile(r"(\d{1,9})\s+(\w+)\s+inline:([A-Za-z0-9+/]{40}=*)(\S*)(.*)\Z", re.ASCII)


class CryptoKey(msgspec.Struct, frozen=True):
    """One side's key for what it sends."""

    tag: int
    suite: str
    key: bytes
    """Master key and salt, 30 bytes."""

    @classmethod
    def parse(cls, text: str) -> CryptoKey:
        """Parse a crypto attribute's value.

        Raises:
            MalformedMessage: It is broken, of a suite we don't speak, or asks for what we don't do (MKI,
                session parameters).
        """
        match = _CRYPTO.match(text.strip())
        if match is None or match[2] not in SUITES or ":" in match[4] or match[5].strip():
            raise MalformedMessage("a crypto attribute we can't use")
        key = base64.b64decode(match[3])
        if len(key) != KEY_BYTES:
            raise MalformedMessage("a key of the wrong length")
        return cls(int(match[1]), match[2], key)

    @classmethod
    def new(cls, tag: int = 1, suite: str = SUITES[0]) -> CryptoKey:
        return cls(tag, suite, secrets.token_bytes(KEY_BYTES))

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode('ascii')}"

    def __repr__(self) -> str:
        return f"CryptoKey({self.tag}, {self.suite!r}, key=…)"


def choose(values: tuple[str, ...]) -> CryptoKey | None:
    """Return the best of the offered keys that we can use."""
    found: list[CryptoKey] = []
    for value in values[:16]:
        try:
            found.append(CryptoKey.parse(value))
        except MalformedMessage:
            continue
    return min(found, key=lambda key: SUITES.index(key.suite), default=None)
