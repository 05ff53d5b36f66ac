"""Serial PCM audio: a byte stream without framing or clock, cut into 20 ms frames and back.

`PcmBuffer` is the sans-IO part; `SerialPcm` is the tty.

Theory of operation
-------------------
The device's clock is not ours, and its USB driver delivers in lumps. Samples wait in a buffer that is
filled to `TARGET` before the first frame is played:

    FILLING ──TARGET reached──► PLAYING ──fewer than a frame left──► FILLING

Running dry costs a bridged frame or two and leaves that much more in reserve, so a device that delivers in
lumps (EC2x: every 100 ms) is soon played smoothly. While playing, the smallest fill of each 2 s tells what
is never needed; when that is more than a frame and a half, one whole frame is skipped. A slow device runs
dry instead, once in many minutes, and waits a frame.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import termios
from typing import Final, Protocol

import numpy as np

from firmware.core.media import MediaError
from firmware.media.g711 import FRAME, I16, RATE

TARGET: Final = 2 * FRAME
"""Samples (40 ms) collected before playing: one frame is played, one is in reserve for a late lump."""
MAX_FILL: Final = 16 * FRAME
"""Samples (320 ms); what a stalled process finds beyond that is too old to be heard."""
REVIEW_TICKS: Final = 100
"""Ticks (2 s) between two looks at the smallest fill."""
SPARE: Final = FRAME + FRAME // 2
"""Samples never needed in a whole review that make one frame worth skipping."""
ALIGN_TICKS: Final = 5
"""Between two looks at whether samples are torn (100 ms)."""
TORN_LOOKS: Final = 2
TORN_RATIO: Final = 4
"""How much smoother the audio must be a byte further on."""
MAX_REPEATS: Final = 3
"""Frames that a gap is bridged by repeating the last, each quieter."""
MAX_READ: Final = 8192
"""Bytes taken from a device in one tick: 0.5 s of audio."""


class PcmBuffer:
    """One device's samples on their way in."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._playing = False
        self._least = MAX_FILL
        self._ticks = 0
        self._last: I16 = np.zeros(FRAME, np.int16)
        self._misses = 0
        self._torn = 0
        """Looks in a row that found the samples cut in two."""
        self.shifted = 0
        """Bytes left out because the device had lost one."""
        self.skipped = 0
        """Frames left out because the device is faster than we are."""
        self.starved = 0
        """Frames that had to be bridged."""

    @property
    def fill(self) -> int:
        """Whole samples waiting."""
        return len(self._bytes) // 2

    def push(self, data: bytes) -> None:
        """Take S16LE bytes, cut anywhere."""
        self._bytes += data
        excess = self.fill - MAX_FILL
        if excess > 0:
            frames = -(-excess // FRAME)
            del self._bytes[: frames * FRAME * 2]
            self.skipped += frames

    def pull(self, out: I16) -> None:
        """Write the next frame, shape (160,); a gap is bridged, then silent."""
        if self._ticks % ALIGN_TICKS == 0 and self.fill > FRAME:
            self._align()
        if not self._playing and self.fill >= TARGET:
            self._playing = True
            self._least = MAX_FILL
        if self._playing and self.fill < FRAME:
            self._playing = False
        if self._playing:
            out[:] = np.frombuffer(self._bytes, "<i2", FRAME)
            del self._bytes[: FRAME * 2]
            self._least = min(self._least, self.fill)
            self._last[:] = out
            self._misses = 0
        else:
            self._bridge(out)
        self._review()

    def _align(self) -> None:
        """Find out whether a byte was lost, by which low and high halves have changed places.

        Audio is smooth; torn samples jump by the low byte times 256. One look may be wrong on a strange
        sound, `TORN_LOOKS` in a row are not.
        """
        steps = [
            np.abs(np.diff(np.frombuffer(self._bytes, "<i2", FRAME, offset).astype(np.int32))).sum()
            for offset in (0, 1)
        ]
        self._torn = self._torn + 1 if steps[1] * TORN_RATIO < steps[0] else 0
        if self._torn >= TORN_LOOKS:
            del self._bytes[:1]
            self.shifted += 1
            self._torn = 0

    def _bridge(self, out: I16) -> None:
        self._misses += 1
        if self._misses <= MAX_REPEATS and self._last.any():
            self.starved += 1
            out[:] = self._last * (0.5**self._misses)
        else:
            out[:] = 0

    def _review(self) -> None:
        self._ticks += 1
        if self._ticks % REVIEW_TICKS:
            return
        if self._playing and SPARE <= self._least < MAX_FILL:
            del self._bytes[: FRAME * 2]
            self.skipped += 1
        self._least = MAX_FILL


class DeviceGone(MediaError):
    """The device hung up or was unplugged."""


class PcmDevice(Protocol):
    """What the engine needs of a device."""

    dropped: int
    """Frames the device would not take in time."""

    def read(self) -> bytes:
        """Return what has arrived, at most `MAX_READ` bytes.

        Raises:
            DeviceGone: It is no longer there.
        """

    def write(self, frame: bytes) -> None:
        """Send one frame; it is dropped, and counted, when the device is behind.

        Raises:
            DeviceGone: It is no longer there.
        """

    def close(self) -> None:
        """Give it back. Repeatable."""


class SerialPcm:
    """A tty that carries raw S16LE mono audio at 8000 Hz.

    Raises:
        MediaError: It is missing, in use, no tty, or the rate isn't 8000 Hz.
    """

    def __init__(self, path: str, sample_rate: int) -> None:
        if sample_rate != RATE:
            raise MediaError(f"{path}: {sample_rate} Hz isn't supported, only {RATE} Hz")
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

    def write(self, frame: bytes) -> None:
        if self._descriptor < 0:
            return
        # What the device took only in part must be completed, or every sample after it is torn in two.
        frames = [self._unwritten, frame] if self._unwritten else [frame]
        for data in frames:
            try:
                written = os.write(self._descriptor, data)
            except BlockingIOError:
                written = 0
            except OSError as error:
                raise DeviceGone(f"{self.path}: {error.strerror}") from error
            if data is not frame:
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
