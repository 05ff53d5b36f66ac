"""Answers a server's digest challenges (RFC 3261 §22.2, §22.3)."""

from __future__ import annotations

import secrets

from extensions.sip.digest import Challenge, answer
from extensions.sip.errors import MalformedMessage
from extensions.sip.message import Request, Response

_HEADERS = {401: ("www-authenticate", "authorization"), 407: ("proxy-authenticate", "proxy-authorization")}


class ClientAuth:
    """One account's credentials and the latest challenge they were asked for."""

    def __init__(self, username: str, secret: str) -> None:
        self._username = username
        self._secret = secret
        self._header = ""
        self._challenge: Challenge | None = None
        self._count = 0

    def __repr__(self) -> str:
        return f"<ClientAuth {self._username}>"

    def take(self, response: Response, request: Request) -> bool:
        """Note a 401 or 407; False when trying again is pointless (secret refused, nothing we speak)."""
        names = _HEADERS.get(response.status)
        if names is None:
            return False
        for line in response.headers.lines(names[0]):
            try:
                challenge = Challenge.parse(line)
            except MalformedMessage:
                continue
            # Credentials made from an earlier challenge may only be outdated, whatever `stale` says: the
            # server was started anew, or is another one.
            if names[1] in request.headers and not challenge.stale and self._count == 1:
                return False
            self._header, self._challenge, self._count = names[1], challenge, 0
            return True
        return False

    def sign(self, request: Request) -> None:
        """Add credentials to a request, when a challenge is known."""
        if self._challenge is None:
            return
        self._count += 1
        credentials = answer(
            self._challenge, self._username, self._secret, request.method, request.uri,
            count=self._count, cnonce=secrets.token_hex(8),
        )  # fmt: skip
        request.headers.set(self._header, str(credentials))
