"""The audit log: who did what from where, one JSON object a line, two files of bounded size."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import msgspec

logger = logging.getLogger(__name__)

_MODE = 0o600

_LARGEST = 512 * 1024
"""Bytes of one file; there are two, so the newest half a megabyte is always there."""

_LONGEST_TEXT = 300


class AuditEntry(msgspec.Struct, frozen=True):
    at: float
    """Unix seconds."""
    user: str
    address: str
    what: str
    """A word of `words.toml`, section audit: signed-in, password-wrong, settings-changed …"""
    detail: str = ""


class Audit:
    """The log in the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, user: str, address: str, what: str, detail: str = "") -> None:
        """Add an entry. A card that refuses is logged; nobody is kept from working."""
        entry = AuditEntry(time.time(), user, address, what, detail[:_LONGEST_TEXT])
        logger.info("audit: %s %s %s %s", user, address, what, entry.detail)
        try:
            if self._path.exists() and self._path.stat().st_size > _LARGEST:
                self._path.replace(self._path.with_suffix(".old.jsonl"))
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE)
            with os.fdopen(descriptor, "ab") as file:
                file.write(msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            logger.error("the audit log can't be written: %s", error)

    def newest(self, limit: int = 50) -> list[AuditEntry]:
        """Return the newest entries, the newest first."""
        found: list[AuditEntry] = []
        for path in (self._path, self._path.with_suffix(".old.jsonl")):
            if len(found) >= limit or not path.exists():
                continue
            for line in reversed(path.read_bytes().splitlines()):
                try:
                    found.append(msgspec.json.decode(line, type=AuditEntry))
                except msgspec.MsgspecError:
                    continue
                if len(found) >= limit:
                    break
        return found
