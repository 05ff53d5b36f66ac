"""Which passwords of phones have been shown: each is, once; who lost it has another made.

Kept as digests: from the file nothing can be learned but that a password it is compared with was seen.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from web_admin.files import replace_file

_MOST = 2000
"""Passwords remembered; the oldest is forgotten first, when its phone has long been set up."""


class Shown:
    """The list in the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._digests = msgspec.json.decode(path.read_bytes(), type=list[str])
        except (OSError, msgspec.MsgspecError):
            self._digests = []

    def is_shown(self, account: str, secret: str) -> bool:
        """Tell whether an account's password was shown before."""
        return _digest(account, secret) in self._digests

    def note(self, account: str, secret: str) -> None:
        """Note that it is shown now.

        Raises:
            OSError: The card refuses.
        """
        self._digests = [*self._digests, _digest(account, secret)][-_MOST:]
        replace_file(self._path, msgspec.json.encode(self._digests))


def _digest(account: str, secret: str) -> str:
    # Made by the box of 128 random bits or more: nothing that could be guessed from a digest.
    return hashlib.sha256(f"{account}\0{secret}".encode()).hexdigest()
