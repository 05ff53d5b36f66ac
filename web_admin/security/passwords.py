"""The administrator's password: an argon2id hash in a file, nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from firmware.core.errors import UserError
from web_admin.files import replace_file

SHORTEST = 10
"""Characters. Length is what makes a password hard; demands for capitals and digits only annoy."""

LONGEST = 200
"""Characters: hashing a novel is a way to keep a small box busy."""

# OWASP's parameters for argon2id where memory is scarce: 19 MiB, 2 passes, 1 lane (about 100 ms on a Pi 4).
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1

_COMMON = frozenset(
    {"1234567890", "0123456789", "password12", "passwordpassword", "qwertyuiop", "1111111111"}
)


class _Kept(msgspec.Struct):
    hash: str


class Passwords:
    """The one password, kept in the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hasher = PasswordHasher(_PASSES, _MEMORY_KIB, _LANES)
        # One at a time: each costs 19 MiB, and guessing in parallel must not be quicker.
        self._turn = asyncio.Lock()

    def is_set(self) -> bool:
        return self._path.exists()

    async def choose(self, password: str) -> None:
        """Set the password.

        Raises:
            UserError: It is too short, too long or everybody's.
            OSError: It can't be written.
        """
        if len(password) < SHORTEST:
            raise UserError("too short")
        if len(password) > LONGEST:
            raise UserError("too long")
        if password.lower() in _COMMON or len(set(password)) < 4:
            raise UserError("too common")
        async with self._turn:
            hashed = await asyncio.to_thread(self._hasher.hash, password)
            await asyncio.to_thread(replace_file, self._path, msgspec.json.encode(_Kept(hashed)))

    async def is_right(self, password: str) -> bool:
        """Tell whether that is the password. Takes the same time whether one is set or not."""
        if len(password) > LONGEST:
            return False
        async with self._turn:
            return await asyncio.to_thread(self._verify, password)

    def _verify(self, password: str) -> bool:
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
            return self._hasher.verify(kept.hash, password)
        except (OSError, msgspec.MsgspecError):
            self._hasher.hash(password)
            return False
        except (VerificationError, InvalidHashError):
            return False
