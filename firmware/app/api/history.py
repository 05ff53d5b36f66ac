"""Every revision of the settings, with who made it and when: STATE/settings-history.jsonl.

One JSON object a line, appended and synced; the file is rewritten with its newest lines when it has grown too
long. A line torn by a power cut is passed over: the settings themselves lie elsewhere, safe. It holds
passwords, so it is its owner's only.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import msgspec

from firmware.control.editing import MAX_HISTORY, Change
from firmware.core.clock import Instant

logger = logging.getLogger(__name__)

_MODE = 0o600

_SPARE = 50
"""Lines beyond `MAX_HISTORY` before the file is rewritten."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """The settings as they were from `at` on."""

    revision: int
    at: Instant
    by: str
    changes: list[Change]
    document: dict[str, Any]
    """All settings, as `parse_settings` takes them."""


_REVISIONS = msgspec.json.Decoder(Revision)


class History:
    """The revisions in the file at `path`. Blocking, and for one user at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Revision]:
        """Return the revisions kept, oldest first; at most `MAX_HISTORY`.

        Raises:
            OSError: The file is there and can't be read.
        """
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                found.append(_REVISIONS.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                logger.warning("a line of %s can't be read; it is passed over", self._path)
        return found[-MAX_HISTORY:]

    def append(self, revision: Revision) -> None:
        """Add a revision; durable when this returns.

        Raises:
            OSError: The card refuses.
        """
        kept = self.read() if self._lines() >= MAX_HISTORY + _SPARE else None
        if kept is not None:
            self._rewrite([*kept, revision])
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _MODE)
        with os.fdopen(descriptor, "r+b") as file:
            torn = b""
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                torn = b"" if file.read(1) == b"\n" else b"\n"
            file.write(torn + msgspec.json.encode(revision) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> int:
        try:
            return self._path.read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def _rewrite(self, revisions: list[Revision]) -> None:
        beside = self._path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            for one in revisions[-MAX_HISTORY:]:
                file.write(msgspec.json.encode(one) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
