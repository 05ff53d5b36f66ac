"""Who is signed in. A browser holds a random token; we hold its hash, so the file is no use to a thief.

Sessions outlive a restart of the web process, end after a time of silence, and are few.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from web_admin.files import replace_file

logger = logging.getLogger(__name__)

MAX_SESSIONS = 64
"""One more ends the one that has been silent longest."""

_IDLE_S = 12 * 3600.0
"""A working day without a click."""

_LIFE_S = 14 * 86400.0
"""Then the password is asked for again in any case."""

_WRITE_EVERY_S = 900.0
"""How stale the file's idea of the last click may be: a write per click would wear the card."""

_TOKEN_BYTES = 32


class Session(msgspec.Struct):
    key: str
    """SHA-256 of the token, hexadecimal."""
    csrf: str
    user: str
    address: str
    """Where the sign-in came from."""
    began: float
    """Unix seconds; likewise `seen`."""
    seen: float


class Sessions:
    """The sessions, kept in the file at `path`."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._sessions: dict[str, Session] = {}
        self._written = 0.0
        try:
            for session in msgspec.json.decode(path.read_bytes(), type=list[Session]):
                self._sessions[session.key] = session
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            logger.warning("sessions can't be read, everybody signs in again: %s", error)

    def begin(self, user: str, address: str) -> tuple[str, Session]:
        """Return a new session and the token for the browser's cookie."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._now()
        session = Session(_key(token), secrets.token_urlsafe(_TOKEN_BYTES), user, address, now, now)
        if len(self._sessions) >= MAX_SESSIONS:
            oldest = min(self._sessions.values(), key=lambda one: one.seen)
            del self._sessions[oldest.key]
        self._sessions[session.key] = session
        self._write()
        return token, session

    def find(self, token: str) -> Session | None:
        """Return the session of a token that is still good, and note that it was used."""
        session = self._sessions.get(_key(token))
        if session is None or not self.is_alive(session):
            return None
        session.seen = self._now()
        if session.seen - self._written > _WRITE_EVERY_S:
            self._write()
        return session

    def is_alive(self, session: Session) -> bool:
        """Tell whether a session has not ended meanwhile."""
        now = self._now()
        alive = now - session.seen <= _IDLE_S and now - session.began <= _LIFE_S
        if not alive:
            self._sessions.pop(session.key, None)
        return alive and session.key in self._sessions

    def end(self, session: Session) -> None:
        """Sign out."""
        if self._sessions.pop(session.key, None) is not None:
            self._write()

    def end_all(self, user: str) -> None:
        """Sign a user out everywhere: the password was changed, or the role."""
        self._sessions = {key: one for key, one in self._sessions.items() if one.user != user}
        self._write()

    def of(self, user: str) -> list[Session]:
        """Return a user's sessions, the one used last first."""
        mine = [one for one in tuple(self._sessions.values()) if one.user == user and self.is_alive(one)]
        return sorted(mine, key=lambda one: -one.seen)

    def _write(self) -> None:
        self._written = self._now()
        try:
            replace_file(self._path, msgspec.json.encode(list(self._sessions.values())))
        except OSError as error:
            logger.warning("sessions can't be kept: %s", error)


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
