"""Keys of other programs: each with a name, scopes, and the hash of a token that was shown once."""

from __future__ import annotations

import enum
import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.core.errors import UserError
from web_admin.files import replace_file

MAX_TOKENS = 50
_LONGEST_NAME = 60
_TOKEN_BYTES = 32
_PREFIX = "zj_"
"""So that a token that leaked is recognised for what it is."""


class Scope(enum.StrEnum):
    """What a token may be used for."""

    CALLS_READ = "calls:read"
    CALLS_MAKE = "calls:make"
    PEOPLE_READ = "people:read"
    EVENTS_READ = "events:read"
    FIGURES_READ = "figures:read"


class Token(msgspec.Struct, frozen=True):
    id: str
    name: str
    key: str
    """SHA-256 of the token, hexadecimal."""
    scopes: list[Scope]
    created: float
    """Unix seconds."""
    by: str


class Tokens:
    """The tokens, kept in the file at `path`."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._used: dict[str, float] = {}
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=list[Token])
        except FileNotFoundError:
            kept = []
        self._tokens = {one.key: one for one in kept}

    def all(self) -> list[tuple[Token, float | None]]:
        """Return every token, with when it was last used since this process began (Unix seconds)."""
        return [(one, self._used.get(one.id)) for one in self._tokens.values()]

    def issue(self, name: str, scopes: list[Scope], by: str) -> str:
        """Make a token and return it; nobody can read it again.

        Raises:
            UserError: It has no name, no scope, or there are too many.
            OSError: It can't be written.
        """
        if not 1 <= len(name.strip()) <= _LONGEST_NAME:
            raise UserError("no name")
        if not scopes:
            raise UserError("no scope")
        if len(self._tokens) >= MAX_TOKENS:
            raise UserError("too many")
        token = _PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
        made = Token(secrets.token_hex(6), name.strip(), _key(token), scopes, self._now(), by)
        self._write({**self._tokens, made.key: made})
        return token

    def revoke(self, token_id: str) -> Token | None:
        """End a token; return what it was.

        Raises:
            OSError: It can't be written.
        """
        gone = next((one for one in self._tokens.values() if one.id == token_id), None)
        if gone is not None:
            self._write({key: one for key, one in self._tokens.items() if one is not gone})
        return gone

    def find(self, token: str) -> Token | None:
        """Return what a token stands for, and note that it was used."""
        found = self._tokens.get(_key(token))
        if found is not None:
            self._used[found.id] = self._now()
        return found

    def is_alive(self, token: Token) -> bool:
        """Tell whether a token hasn't been revoked meanwhile."""
        return token.key in self._tokens

    def _write(self, tokens: dict[str, Token]) -> None:
        replace_file(self._path, msgspec.json.encode(list(tokens.values())))
        self._tokens = tokens


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
