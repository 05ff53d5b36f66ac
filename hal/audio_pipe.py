"""A PCM device made of a pseudo-terminal: how audio that a driver decodes itself reaches the media process.

driver ──S16LE──► master ┃ slave (LineAudio.device) ◄──opened as a serial PCM device── media
"""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from typing import Protocol

MAX_READ = 4096
"""Bytes taken at once: a quarter of a second of audio."""


class AudioPipe(Protocol):
    """One device for one line; it lives as long as the line."""

    device: str

    def start(self, said: Callable[[bytes], None]) -> None:
        """Have `said` called with the samples that come for the line's other side, within the loop."""

    def hear(self, samples: bytes) -> None:
        """Give samples to whoever has the device open; what doesn't fit is dropped."""

    def clear(self) -> None:
        """Forget what waits, both ways: another call begins."""

    def close(self) -> None: ...


class PtyPipe:
    """The real one."""

    def __init__(self) -> None:
        self.dropped = 0
        """Bytes nobody took in time."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._said: Callable[[bytes], None] | None = None

    def start(self, said: Callable[[bytes], None]) -> None:
        """See `AudioPipe`."""
        self._said = said
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def hear(self, samples: bytes) -> None:
        """See `AudioPipe`."""
        try:
            written = os.write(self._master, samples)
        except BlockingIOError:
            written = 0
        self.dropped += len(samples) - written

    def clear(self) -> None:
        """See `AudioPipe`."""
        termios.tcflush(self._slave, termios.TCIOFLUSH)

    def close(self) -> None:
        """Let go of the device."""
        if self._master < 0:
            return
        if self._said is not None:
            asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        self._master = -1

    def _read(self) -> None:
        try:
            data = os.read(self._master, MAX_READ)
        except (BlockingIOError, OSError):
            return
        if data and self._said is not None:
            self._said(data)
