"""The few calls of libasound that a sound card needs, by ctypes: no compiler on the box, nothing to build.

Only called from the thread of its card: any of these may hang while a sound server dies.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Final

from firmware.media.g711 import RATE

_LIBRARY: Final = "libasound.so.2"
PLAYBACK: Final = 0
CAPTURE: Final = 1
"""Directions (`snd_pcm_stream_t`)."""
_NONBLOCK: Final = 1
_S16_LE: Final = 2
_INTERLEAVED: Final = 3
_MONO: Final = 1
_CONVERT: Final = 1
"""Let ALSA's plug layer change the rate where the card has another."""
_AGAIN: Final = -11
_SAMPLE_BYTES: Final = 2


class AlsaError(OSError):
    """ALSA refused; the text says what."""


@functools.cache
def _library() -> ctypes.CDLL:
    """Return libasound.

    Raises:
        AlsaError: It isn't installed.
    """
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise AlsaError(f"{_LIBRARY} isn't installed (Debian: libasound2)") from error
    pcm, number = ctypes.c_void_p, ctypes.c_int
    signatures = {
        "snd_pcm_open": (number, [ctypes.POINTER(pcm), ctypes.c_char_p, number, number]),
        "snd_pcm_set_params": (
            number,
            [pcm, number, number, ctypes.c_uint, ctypes.c_uint, number, ctypes.c_uint],
        ),
        "snd_pcm_start": (number, [pcm]),
        "snd_pcm_wait": (number, [pcm, number]),
        "snd_pcm_recover": (number, [pcm, number, number]),
        "snd_pcm_readi": (ctypes.c_long, [pcm, pcm, ctypes.c_ulong]),
        "snd_pcm_writei": (ctypes.c_long, [pcm, pcm, ctypes.c_ulong]),
        "snd_pcm_close": (number, [pcm]),
        "snd_strerror": (ctypes.c_char_p, [number]),
    }
    for name, (result, arguments) in signatures.items():
        call = getattr(library, name)
        call.restype, call.argtypes = result, arguments
    return library


class AlsaStream:
    """One direction of a card: 16-bit mono at 8000 Hz, never blocking but in `wait`.

    Args:
        name: As ALSA names it: `plughw:CARD=codec`.
        direction: `PLAYBACK` or `CAPTURE`.
        latency_ms: The card's buffer.

    Raises:
        AlsaError: It can't be opened.
    """

    def __init__(self, name: str, direction: int, latency_ms: int) -> None:
        self.stalls = 0
        """How often it ran dry or over."""
        self._library = _library()
        self._pcm = ctypes.c_void_p()
        self._check(self._library.snd_pcm_open(ctypes.byref(self._pcm), name.encode(), direction, _NONBLOCK))
        try:
            self._check(
                self._library.snd_pcm_set_params(
                    self._pcm, _S16_LE, _INTERLEAVED, _MONO, RATE, _CONVERT, 1000 * latency_ms
                )
            )
        except AlsaError:
            self._library.snd_pcm_close(self._pcm)
            raise

    def _check(self, result: int) -> int:
        if result < 0:
            raise AlsaError(self._library.snd_strerror(result).decode(errors="replace"))
        return result

    def start(self) -> None:
        """Begin to capture."""
        self._check(self._library.snd_pcm_start(self._pcm))

    def wait(self, timeout_ms: int) -> None:
        """Wait until there is something to read, or room to write."""
        self._recovered(self._library.snd_pcm_wait(self._pcm, timeout_ms))

    def _recovered(self, result: int) -> int:
        """Return a count, 0 after a stall or when there is nothing now.

        Raises:
            AlsaError: The card is gone.
        """
        if result >= 0:
            return result
        if result == _AGAIN:
            return 0
        self.stalls += 1
        self._check(self._library.snd_pcm_recover(self._pcm, result, 1))
        return 0

    def read(self, frames: int) -> bytes:
        """Return what was captured, at most so many samples.

        Raises:
            AlsaError: The card is gone.
        """
        buffer = ctypes.create_string_buffer(frames * _SAMPLE_BYTES)
        stalls = self.stalls
        count = self._recovered(self._library.snd_pcm_readi(self._pcm, buffer, frames))
        if self.stalls > stalls:
            self.start()
        return buffer.raw[: count * _SAMPLE_BYTES]

    def write(self, samples: bytes) -> int:
        """Play samples; return how many were taken, fewer than given when the buffer is full.

        Raises:
            AlsaError: The card is gone.
        """
        frames = len(samples) // _SAMPLE_BYTES
        return self._recovered(self._library.snd_pcm_writei(self._pcm, samples, frames))

    def close(self) -> None:
        """Give it back."""
        self._library.snd_pcm_close(self._pcm)
