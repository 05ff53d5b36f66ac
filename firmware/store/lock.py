"""One switch a state folder. A second one would close the first one's running calls as interrupted."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

from firmware.core.errors import UserError

logger = logging.getLogger(__name__)

_MODE = 0o640


class SwitchLock:
    """Holds `path` locked (flock(2)) from `take` to `release` or the process's end, however it comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Lock. A folder that refuses the file is left to those who report such faults.

        Raises:
            UserError: Another process holds the lock.
        """
        try:
            # Python closes it in child processes, so the media process can't keep a dead switch's lock.
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, _MODE)
        except OSError as error:
            logger.warning("%s can't be locked: %s", self._path, error.strerror)
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise UserError(
                f"Another switch already runs on {self._path.parent}; stop it first, or name another folder."
            ) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Unlock. Repeating it does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
