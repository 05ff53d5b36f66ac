"""Every revision of the settings, with who made it and when: STATE/settings-history.jsonl.

One JSON object a line, appended and synced; the file is rewritten with its newest lines when it has grown too
long. A line torn by a power cut is passed over: the settings themselves lie elsewhere, safe. It holds
passwords, so it is its owner's only.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from firmware.control.editing import MAX_HISTORY, Change
from firmware.core.clock import Instant

logger = logging.getLogger(__name__)

_MODE = 0o600

_SPARE = 50
"""Lines beyond `MAX_HISTORY` before the file is rewritten."""


class RevisionHead(msgspec.Struct, frozen=True, kw_only=True):
    """What is listed of a revision: all but the settings themselves, which are large."""

    revision: int
    at: Instant
    by: str
    changes: list[Change]


class Revision(RevisionHead, frozen=True, kw_only=True):
    """The settings as they were from `at` on."""

    document: dict[str, Any]
    """All settings, as `parse_settings` takes them."""


_HEADS = msgspec.json.Decoder(RevisionHead)
_REVISIONS = msgspec.json.Decoder(Revision)

_Entry = TypeVar("_Entry", bound=RevisionHead)


class History:
    """The revisions in the file at `path`. Blocking, and for one user at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newest: tuple[tuple[int, int], Revision | None] | None = None
        """Size and time of the file, and its last revision then: asked for with every page of settings."""

    def read(self) -> list[Revision]:
        """Return the revisions kept, oldest first; at most `MAX_HISTORY`.

        Raises:
            OSError: The file is there and can't be read.
        """
        return self._decoded(self._raw(), _REVISIONS)[-MAX_HISTORY:]

    def heads(self, limit: int) -> list[RevisionHead]:
        """Return the newest revisions without their settings, oldest first."""
        return self._decoded(self._raw()[-min(limit, MAX_HISTORY) :], _HEADS)

    def newest(self) -> Revision | None:
        """Return the last revision; None before the first."""
        try:
            state = self._path.stat()
        except FileNotFoundError:
            return None
        stamp = (state.st_size, state.st_mtime_ns)
        if self._newest is None or self._newest[0] != stamp:
            found: list[Revision] = []
            for line in reversed(self._raw()):
                found = self._decoded([line], _REVISIONS)
                if found:
                    break
            self._newest = (stamp, found[0] if found else None)
        return self._newest[1]

    def _raw(self) -> list[bytes]:
        try:
            return self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []

    def _decoded(self, lines: list[bytes], decoder: msgspec.json.Decoder[_Entry]) -> list[_Entry]:
        found = []
        for line in lines:
            try:
                found.append(decoder.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                logger.warning("a line of %s can't be read; it is passed over", self._path)
        return found

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
