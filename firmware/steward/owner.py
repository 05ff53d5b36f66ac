"""The owner's password: an argon2id hash that only root can read, and a brake on guessing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from firmware.control.steward import Owner
from firmware.core.errors import UserError

SHORTEST: Final = 10
"""Characters. Length is what makes a password hard."""

# OWASP's parameters for argon2id where memory is scarce: 19 MiB, 2 passes, 1 lane (about 100 ms on a Pi 4).
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 2, 1

FREE: Final = 3
"""Wrong ones that cost nothing: people mistype."""
FIRST_WAIT_S: Final = 10.0
LONGEST_WAIT_S: Final = 900.0


class _Kept(msgspec.Struct):
    hash: str
    failures: int = 0
    last_wall: float = 0.0
    """Unix time of the last wrong one. Kept on the card: pulling the plug doesn't make guessing quicker."""


class OwnerPassword:
    """The password in the file at `path`. Times are Unix seconds; a clock that was set back ends a wait."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._hasher = PasswordHasher(_PASSES, _MEMORY_KIB, _LANES)

    def check(self, password: str) -> Owner:
        """Tell whether that is the password; an empty one only asks whether there is one."""
        kept = self._read()
        if kept is None:
            return Owner(is_set=False, right=True)
        wait = self._wait(kept)
        if not password or wait:
            return Owner(is_set=True, wait_s=wait)
        try:
            self._hasher.verify(kept.hash, password)
        except (VerificationError, InvalidHashError):
            kept.failures += 1
            kept.last_wall = self._now()
            self._write(kept)
            return Owner(is_set=True, wait_s=self._wait(kept))
        if kept.failures:
            kept.failures = 0
            self._write(kept)
        return Owner(is_set=True, right=True)

    def choose(self, password: str, old: str) -> None:
        """Set the password; at first without an old one.

        Raises:
            UserError: It is too short, or the old one is wrong.
        """
        if len(password) < SHORTEST:
            raise UserError(
                f"A password needs at least {SHORTEST} characters. / 密码至少 {SHORTEST} 个字符。"
            )
        if len(set(password)) < 4:
            raise UserError("That password is too easy to guess. / 该密码太容易猜到。")
        if self._read() is not None and not self.check(old).right:
            raise UserError("The old password is wrong. / 原密码错误。")
        self._write(_Kept(self._hasher.hash(password)))

    def _wait(self, kept: _Kept) -> int:
        if kept.failures < FREE:
            return 0
        span = min(FIRST_WAIT_S * 2 ** min(kept.failures - FREE, 10), LONGEST_WAIT_S)
        passed = self._now() - kept.last_wall
        return 0 if passed < 0 else max(0, int(span - passed + 0.999))

    def _read(self) -> _Kept | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            # A torn file must not open the door.
            return _Kept("unreadable")

    def _write(self, kept: _Kept) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
