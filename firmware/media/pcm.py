"""What the engine needs of a device, and the tty that carries raw samples."""

from __future__ import annotations

import contextlib
import fcntl
import os
import termios
from typing import Final, Protocol

from firmware.core.media import MediaError

MAX_READ: Final = 8192
"""Bytes taken from a device in one tick: 0.5 s of audio."""
SERIAL_CHUNK: Final = 256
"""Samples: 512 bytes, what USB takes in one transfer. A SIM7600 stutters on writes of 640, which are split
into 512 and 128."""
SERIAL_AHEAD: Final = 2 * SERIAL_CHUNK
"""Samples: a chunk is due every second tick, two at most come between two writes."""


class DeviceGone(MediaError):
    """The device hung up or was unplugged."""


class PcmDevice(Protocol):
    """What the engine needs of a device."""

    @property
    def dropped(self) -> int:
        """Writes the device would not take in time."""

    @property
    def chunk(self) -> int:
        """Samples of one write."""

    @property
    def ahead(self) -> int:
        """Samples it is given at once when it begins, so that it never waits for a chunk; 0 when it keeps a
        reserve of its own."""

    def ready(self) -> bool:
        """Return whether it is open, and not still being opened.

        Raises:
            MediaError: It can't be opened.
        """

    def read(self) -> bytes:
        """Return what has arrived, at most `MAX_READ` bytes.

        Raises:
            DeviceGone: It is no longer there.
        """

    def write(self, samples: bytes) -> None:
        """Send one chunk; it is dropped, and counted, when the device is behind.

        Raises:
            DeviceGone: It is no longer there.
        """

    def close(self) -> None:
        """Give it back. Repeatable."""


class SerialPcm:
    """A tty that carries raw S16LE mono audio, at whatever rate its modem is set to.

    Raises:
        MediaError: It is missing, in use, or no tty.
    """

    chunk = SERIAL_CHUNK
    ahead = SERIAL_AHEAD

    def __init__(self, path: str) -> None:
        self.path = path
        self.dropped = 0
        self._unwritten = b""
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise MediaError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _make_raw(self._descriptor)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise MediaError(f"{path}: in use by another program") from error
        except (OSError, termios.error) as error:
            os.close(self._descriptor)
            raise MediaError(f"{path}: {error.args[-1]}") from error

    def ready(self) -> bool:
        return True

    def read(self) -> bytes:
        if self._descriptor < 0:
            return b""
        try:
            data = os.read(self._descriptor, MAX_READ)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise DeviceGone(f"{self.path}: {error.strerror}") from error
        if not data:
            raise DeviceGone(f"{self.path}: hung up")
        return data

    def write(self, samples: bytes) -> None:
        if self._descriptor < 0:
            return
        # What the device took only in part must be completed, or every sample after it is torn in two.
        chunks = [self._unwritten, samples] if self._unwritten else [samples]
        for data in chunks:
            try:
                written = os.write(self._descriptor, data)
            except BlockingIOError:
                written = 0
            except OSError as error:
                raise DeviceGone(f"{self.path}: {error.strerror}") from error
            if data is not samples:
                self._unwritten = data[written:]
                if self._unwritten:
                    self.dropped += 1
                    return
            elif written == 0:
                self.dropped += 1
            else:
                self._unwritten = data[written:]

    def close(self) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1


def _make_raw(descriptor: int) -> None:
    """Have the tty pass every byte as it is, and a read without data fail instead of returning nothing."""
    attributes = termios.tcgetattr(descriptor)
    attributes[0] = 0
    attributes[1] = 0
    attributes[2] = (
        (attributes[2] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8 | termios.CREAD | termios.CLOCAL
    )
    attributes[3] = 0
    attributes[6][termios.VMIN] = 1
    attributes[6][termios.VTIME] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
