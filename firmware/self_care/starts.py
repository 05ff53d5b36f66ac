"""Counts starts of the switch that came to nothing, and after three of them says: safe mode.

Theory of operation
-------------------
    begin() ──► TRYING ──held out for HEALTHY_S──► HEALTHY   failures := 0, these settings are the last good
                  │                                   │
                  ├──asked to end──► nothing counted ◄┘
                  └──crash, power cut──► the next begin() finds TRYING: failures + 1
                                            └─ 3 failures ──► that start is a safe one

A safe start isn't counted; the one after it is an ordinary one that has a single try. The state is one
small file, replaced whole; a card that refuses it costs the safe mode, never the start.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from pathlib import Path

import msgspec

logger = logging.getLogger(__name__)

HEALTHY_S = 60.0
"""A switch that has held out for so long has started."""

TRIES = 3
"""Starts that may fail in succession before the next one is a safe one."""

_MODE = 0o640


class _Kept(msgspec.Struct, frozen=True):
    failures: int = 0
    trying: bool = False


class Starts:
    """The count in the file at `path`.

    Args:
        path: The file; made when missing.
        settings: The settings' file, of which a copy is kept whenever a start was healthy.
    """

    def __init__(self, path: Path, settings: Path) -> None:
        self._path = path
        self._settings = settings

    @property
    def last_good(self) -> Path:
        """The settings as they were when a switch last held out."""
        return self._settings.with_name("settings-last-good.json")

    def begin(self) -> bool:
        """Note that a switch starts; True when this must be a safe start."""
        kept = self._read()
        failures = kept.failures + 1 if kept.trying else kept.failures
        if failures >= TRIES:
            self._write(_Kept(TRIES - 1, trying=False))
            return True
        self._write(_Kept(failures, trying=True))
        return False

    def healthy(self) -> None:
        """Note that the switch has held out; its settings are the last good ones from now on."""
        self._write(_Kept())
        beside = self.last_good.with_suffix(".new")
        with contextlib.suppress(OSError):
            shutil.copyfile(self._settings, beside)
            beside.chmod(0o600)
            beside.replace(self.last_good)

    def ended(self) -> None:
        """Note that the switch was asked to end: no failure."""
        kept = self._read()
        if kept.trying:
            self._write(_Kept(kept.failures, trying=False))

    def use_last_good(self) -> bool:
        """Put the last good settings in the place of the current ones, which are set aside.

        True when something was changed. Both files lie beside each other for whoever wants to compare.
        """
        try:
            if self.last_good.read_bytes() == self._settings.read_bytes():
                return False
        except OSError:
            return False
        with contextlib.suppress(OSError):
            self._settings.replace(self._settings.with_name("settings-set-aside.json"))
            shutil.copyfile(self.last_good, self._settings)
            self._settings.chmod(0o600)
            return True
        return False

    def _read(self) -> _Kept:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError):
            return _Kept()

    def _write(self, kept: _Kept) -> None:
        beside = self._path.with_suffix(".new")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            logger.warning("%s can't be written: %s", self._path, error.strerror)
