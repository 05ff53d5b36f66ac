"""HTTP digest as SIP uses it (RFC 7616, RFC 8760, RFC 3261 §22): qop=auth, MD5 or SHA-256.

Both ends stand here: `answer` makes a client's credentials, `verify` recomputes them. Nonces are made by
`NonceBook`: each carries its birth and a seal, so that a flood of unauthenticated requests costs no
memory; only nonces that were used successfully are remembered, with the highest nonce count seen.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from enum import Enum

import msgspec

from extensions.sip.errors import MalformedMessage
from extensions.sip.headers import AuthValue
from extensions.sip.params import quote

MD5 = "MD5"
SHA256 = "SHA-256"
_HASHES = {MD5: "md5", SHA256: "sha256"}

# How long a nonce may be used, in seconds: longer than a usual re-registration (60-600 s would each pay
# one more round trip), short enough that a stolen one is soon worthless.
NONCE_LIFE_S = 300.0
# Most nonces remembered with their count; the oldest are forgotten, whose phone is challenged anew.
_REMEMBERED = 10_000
_SEAL_BYTES = 12


class Challenge(msgspec.Struct, frozen=True):
    """What WWW-Authenticate asks."""

    realm: str
    nonce: str
    algorithm: str = MD5
    qop_auth: bool = True
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, text: str) -> Challenge:
        """Parse a challenge.

        Raises:
            MalformedMessage: Not digest, no nonce or realm, or an algorithm or qop we don't speak.
        """
        value = AuthValue.parse(text)
        algorithm = (value.get("algorithm") or MD5).upper()
        realm, nonce, qop = value.get("realm"), value.get("nonce"), value.get("qop")
        if value.scheme != "digest" or realm is None or nonce is None or algorithm not in _HASHES:
            raise MalformedMessage("not a challenge we can answer")
        offered = [] if qop is None else [token.strip().lower() for token in qop.split(",")]
        if offered and "auth" not in offered:
            raise MalformedMessage("qop without auth")
        stale = (value.get("stale") or "").lower() == "true"
        return cls(realm, nonce, algorithm, bool(offered), value.get("opaque"), stale)

    def __str__(self) -> str:
        qop = ', qop="auth"' if self.qop_auth else ""
        opaque = "" if self.opaque is None else f", opaque={quote(self.opaque)}"
        stale = ", stale=true" if self.stale else ""
        return (
            f"Digest realm={quote(self.realm)}, nonce={quote(self.nonce)}, "
            f"algorithm={self.algorithm}{qop}{opaque}{stale}"
        )


class Credentials(msgspec.Struct, frozen=True):
    """What Authorization says."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = MD5
    qop: str | None = None
    cnonce: str | None = None
    nc: str | None = None
    opaque: str | None = None

    @classmethod
    def parse(cls, text: str) -> Credentials:
        """Parse credentials.

        Raises:
            MalformedMessage: Not digest, or something needed is missing.
        """
        value = AuthValue.parse(text)
        needed = [value.get(name) for name in ("username", "realm", "nonce", "uri", "response")]
        username, realm, nonce, uri, response = needed
        if (
            value.scheme != "digest"
            or username is None
            or realm is None
            or nonce is None
            or uri is None
            or response is None
        ):
            raise MalformedMessage("not digest credentials")
        algorithm = (value.get("algorithm") or MD5).upper()
        qop = value.get("qop")
        return cls(
            username, realm, nonce, uri, response.lower(), algorithm, None if qop is None else qop.lower(),
            value.get("cnonce"), value.get("nc"), value.get("opaque"),
        )  # fmt: skip

    def __str__(self) -> str:
        parts = [
            f"Digest username={quote(self.username)}, realm={quote(self.realm)}, nonce={quote(self.nonce)}, "
            f'uri={quote(self.uri)}, response="{self.response}", algorithm={self.algorithm}'
        ]
        if self.qop is not None:
            parts.append(f'qop={self.qop}, nc={self.nc}, cnonce="{self.cnonce}"')
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        return ", ".join(parts)

    def expected(self, secret: str, method: str) -> str:
        """Return the response that somebody who knows `secret` gives.

        Raises:
            MalformedMessage: An algorithm or qop we don't speak, or an incomplete qop.
        """
        name = _HASHES.get(self.algorithm)
        if name is None:
            raise MalformedMessage("unknown digest algorithm")

        def h(text: str) -> str:
            return hashlib.new(
                name, text.encode("utf-8", "surrogateescape"), usedforsecurity=False
            ).hexdigest()

        ha1 = h(f"{self.username}:{self.realm}:{secret}")
        ha2 = h(f"{method}:{self.uri}")
        if self.qop is None:
            return h(f"{ha1}:{self.nonce}:{ha2}")
        if self.qop != "auth" or not self.cnonce or not self.nc:
            raise MalformedMessage("qop we don't speak")
        return h(f"{ha1}:{self.nonce}:{self.nc}:{self.cnonce}:{self.qop}:{ha2}")

    def verify(self, secret: str, method: str) -> bool:
        """Tell whether the sender knew `secret`; constant in time."""
        try:
            expected = self.expected(secret, method)
        except MalformedMessage:
            return False
        return hmac.compare_digest(expected.encode(), self.response.encode("utf-8", "surrogateescape"))


def answer(
    challenge: Challenge, username: str, secret: str, method: str, uri: str, *, count: int, cnonce: str
) -> Credentials:
    """Return the credentials that answer a challenge; `count` is the nonce's use, from 1."""
    qop = "auth" if challenge.qop_auth else None
    blank = Credentials(
        username, challenge.realm, challenge.nonce, uri, "", challenge.algorithm, qop,
        cnonce if qop else None, f"{count:08x}" if qop else None, challenge.opaque,
    )  # fmt: skip
    return msgspec.structs.replace(blank, response=blank.expected(secret, method))


class NonceVerdict(Enum):
    FRESH = "fresh"
    STALE = "stale"
    """Ours, but too old, or its count was used before: challenge anew with stale=true."""
    FOREIGN = "foreign"
    """Not made by us."""


class NonceBook:
    """Makes nonces and knows them again."""

    def __init__(self, life_s: float = NONCE_LIFE_S) -> None:
        self._life_s = life_s
        self._key = secrets.token_bytes(32)
        self._counts: OrderedDict[str, int] = OrderedDict()

    def issue(self, now: float) -> str:
        birth = int(now * 1000).to_bytes(8, "big", signed=True)
        body = birth + secrets.token_bytes(8)
        return base64.b64encode(body + self._seal(body)).decode("ascii")

    def check(self, nonce: str, now: float) -> NonceVerdict:
        """Tell whether a nonce is ours and young; says nothing of its count."""
        try:
            raw = base64.b64decode(nonce, validate=True)
        except ValueError:
            return NonceVerdict.FOREIGN
        body, seal = raw[:16], raw[16:]
        if len(body) != 16 or not hmac.compare_digest(seal, self._seal(body)):
            return NonceVerdict.FOREIGN
        birth = int.from_bytes(body[:8], "big", signed=True) / 1000
        return NonceVerdict.FRESH if now - birth <= self._life_s else NonceVerdict.STALE

    def use(self, nonce: str, count: str | None) -> NonceVerdict:
        """Note a use whose response was right; a count not above the last is a replay (RFC 7616 §3.4).

        Credentials without qop have no count: they may be used once.
        """
        if count is None:
            number = 1
        elif len(count) == 8 and all(char in "0123456789abcdefABCDEF" for char in count):
            number = int(count, 16)
        else:
            return NonceVerdict.STALE
        if number <= self._counts.get(nonce, 0):
            return NonceVerdict.STALE
        self._counts[nonce] = number
        self._counts.move_to_end(nonce)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return NonceVerdict.FRESH

    def _seal(self, body: bytes) -> bytes:
        # Keyed BLAKE2 is a MAC by itself, and takes a fortieth of the time of OpenSSL's HMAC.
        return hashlib.blake2s(body, key=self._key, digest_size=_SEAL_BYTES).digest()
