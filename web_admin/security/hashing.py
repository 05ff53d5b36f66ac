"""Passwords as argon2id hashes: one at a time, bounded, and taking as long for nobody as for somebody."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from firmware.core.errors import UserError

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


class Hashing:
    """Makes and checks hashes."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(_PASSES, _MEMORY_KIB, _LANES)
        # One at a time: each costs 19 MiB, and guessing in parallel must not be quicker.
        self._turn = asyncio.Lock()
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """Return the hash of a new password.

        Raises:
            UserError: It is too short, too long or everybody's; the text is the reason in two words.
        """
        if len(password) < SHORTEST:
            raise UserError("too short")
        if len(password) > LONGEST:
            raise UserError("too long")
        if password.lower() in _COMMON or len(set(password)) < 4:
            raise UserError("too common")
        async with self._turn:
            return await asyncio.to_thread(self._hash, password)

    async def is_right(self, password: str, hashed: str) -> bool:
        """Tell whether a hash is of this password. Takes the same time where there is no hash ("")."""
        if len(password) > LONGEST:
            return False
        async with self._turn:
            if not self._nobodys:
                self._nobodys = await asyncio.to_thread(self._hash, "nobody has this password")
            right = await asyncio.to_thread(self._verify, hashed or self._nobodys, password)
            return right and bool(hashed)

    def _hash(self, password: str) -> str:
        try:
            return self._hasher.hash(password)
        finally:
            _give_back()

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
        finally:
            _give_back()


def _give_back() -> None:
    """Return freed memory to the system: glibc would keep the 19 MiB of a hash for the next one."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
