"""A serial device made of a pseudo-terminal under a lasting name, which can be unplugged and come back.

As with a USB modem's by-id symlink: the name stays, the device behind it has another number after each
replug.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import tty
from pathlib import Path


class PtyPort:
    """One port. Not plugged in until `plug`.

    Args:
        link: Where the lasting name is made; its folder must exist.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self.lost_bytes = 0
        """Written while nobody read and the buffer was full, as on a real device."""
        self._master = -1
        self._slave = -1
        self._held = -1

    @property
    def fileno(self) -> int:
        """The modem's end; -1 while unplugged."""
        return self._master

    def plug(self) -> None:
        """Appear, under a number that differs from the last one."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._let_go()
        fresh = self.link.with_name(f".{self.link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)

    def unplug(self) -> None:
        """Vanish: readers get end-of-file or EIO, the name is gone."""
        if self._master < 0:
            return
        self.link.unlink(missing_ok=True)
        os.close(self._master)
        # The old number stays taken until the next plug, so that the port comes back under another.
        self._master, self._held, self._slave = -1, self._slave, -1

    def close(self) -> None:
        """Vanish for good."""
        self.unplug()
        self._let_go()

    def read(self) -> bytes:
        """Return what was written to the device, at most 4096 bytes; empty when nothing was."""
        if self._master < 0:
            return b""
        try:
            return os.read(self._master, 4096)
        except (BlockingIOError, OSError):
            return b""

    def write(self, data: bytes) -> None:
        """Send to whoever has the device open; what doesn't fit is lost and counted."""
        if self._master < 0:
            return
        try:
            written = os.write(self._master, data)
        except OSError:
            written = 0
        self.lost_bytes += len(data) - written

    @property
    def unread(self) -> int:
        """Bytes that were sent and not read yet."""
        if self._slave < 0:
            return 0
        waiting: tuple[int] = struct.unpack("i", fcntl.ioctl(self._slave, termios.FIONREAD, bytes(4)))
        return waiting[0]

    def forget_unread(self) -> None:
        """Throw away what was sent and not read yet."""
        if self._slave >= 0:
            termios.tcflush(self._slave, termios.TCIFLUSH)

    def _let_go(self) -> None:
        if self._held >= 0:
            os.close(self._held)
            self._held = -1
