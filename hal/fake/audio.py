"""What a simulated party says and hears: 16-bit mono 8000 Hz in frames of 20 ms, without numpy.

All of it runs in the PCM pump's thread, a frame at a time; `press` may be called from another.
"""

from __future__ import annotations

import array
import collections
import itertools
import math
import sys
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

RATE = 8000
"""Samples per second."""
FRAME_SAMPLES = 160
"""20 ms, as every voice modem frames its audio."""
FRAME_BYTES = 2 * FRAME_SAMPLES
SILENT_FRAME = bytes(FRAME_BYTES)

_FULL_SCALE_DBM0 = 3.14
# The level of a full-scale sine in A-law terms (ITU-T G.711, table 5).
_DEFAULT_LEVEL_DBM0 = -15.0
_KEY_LEVEL_DBM0 = -9.0
_KEY_FRAMES = 5
# 100 ms on and 60 ms off: what a mobile network generates for one key (3GPP TS 23.014, 6.1: 70 and 65 at
# least).
_KEY_GAP_FRAMES = 3
_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)
_KEYPAD = ("123A", "456B", "789C", "*0#D")
KEYPAD_TONES = {
    key: (row, column)
    for row, keys in zip(_ROWS, _KEYPAD, strict=True)
    for key, column in zip(keys, _COLUMNS, strict=True)
}
"""The two frequencies of each key, Hz (ITU-T Q.23)."""


class AudioError(Exception):
    """A play item can't be used; the text says which and why."""


def sines(frequencies: Sequence[float], level_dbm0: float, samples: int) -> bytes:
    """Return the sum of sines, each at the given level."""
    amplitude = 32767 * 10 ** ((level_dbm0 - _FULL_SCALE_DBM0) / 20)
    steps = [2 * math.pi * f / RATE for f in frequencies]
    wanted = (round(amplitude * sum(math.sin(s * n) for s in steps)) for n in range(samples))
    return _little_endian(array.array("h", (max(-32768, min(32767, v)) for v in wanted)))


def _little_endian(samples: array.array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def doubled(frame: bytes) -> bytes:
    """Return a frame of 8 kHz at 16 kHz: between two samples lies their mean."""
    samples = array.array("h", frame)
    wide = array.array("h", bytes(2 * len(frame)))
    wide[0::2] = samples
    following = samples[1:] + samples[-1:]
    wide[1::2] = array.array("h", (one + other >> 1 for one, other in zip(samples, following, strict=True)))
    return wide.tobytes()


def halved(frame: bytes) -> bytes:
    """Return a frame of 16 kHz at 8 kHz: each two samples become their mean."""
    samples = array.array("h", frame)
    pairs = zip(samples[0::2], samples[1::2], strict=True)
    return array.array("h", (one + other >> 1 for one, other in pairs)).tobytes()


def _key_tone(key: str) -> bytes:
    return sines(KEYPAD_TONES[key], _KEY_LEVEL_DBM0, _KEY_FRAMES * FRAME_SAMPLES)


def cut(samples: bytes) -> Iterator[bytes]:
    """Cut samples into frames of 20 ms, the last one filled up with silence."""
    for begin in range(0, len(samples), FRAME_BYTES):
        yield samples[begin : begin + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


def _wav_frames(path: str) -> Iterator[bytes]:
    with wave.open(path, "rb") as wav:
        while frame := wav.readframes(FRAME_SAMPLES):
            yield frame.ljust(FRAME_BYTES, b"\0")


def _check_wav(path: str) -> None:
    try:
        with wave.open(path, "rb") as wav:
            if (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) != (1, 2, RATE):
                raise AudioError(f"{path} must be a mono 16-bit WAV file at 8000 Hz")
    except (OSError, EOFError, wave.Error) as error:
        raise AudioError(f"{path} can't be played: {error}") from error


def _item_frames(item: str) -> Iterator[bytes]:
    kind, _, rest = item.partition(":")
    if kind == "tone":
        hertz, _, level = rest.partition(":")
        # A second holds a whole number of periods of any whole frequency.
        second = sines([int(hertz)], float(level or _DEFAULT_LEVEL_DBM0), RATE)
        for _ in itertools.count():
            yield from cut(second)
    elif kind == "silence":
        yield from itertools.repeat(SILENT_FRAME, round(float(rest) * RATE / FRAME_SAMPLES))
    else:
        yield from _wav_frames(item)


def check_items(items: Sequence[str]) -> None:
    """Look through play items before they are needed.

    Args:
        items: Each a WAV file's path, `tone:HERTZ`, `tone:HERTZ:DBM0` (endless) or `silence:SECONDS`.

    Raises:
        AudioError: One can't be used.
    """
    for item in items:
        kind, colon, rest = item.partition(":")
        if not colon or kind not in ("tone", "silence"):
            _check_wav(item)
            continue
        first, _, level = rest.partition(":")
        try:
            good = float(level or 0) < _FULL_SCALE_DBM0 and (
                0 < int(first) < RATE // 2 if kind == "tone" else 0 <= float(first) < math.inf
            )
        except ValueError:
            good = False
        if not good:
            raise AudioError(f"{item}: write tone:HERTZ, tone:HERTZ:DBM0 or silence:SECONDS")


class Voice:
    """What a party says: its items one after the other, keys on top, silence otherwise."""

    def __init__(self, items: Sequence[str] = (), *, loop: bool = False, delay_s: float = 0.0) -> None:
        check_items(items)
        self._keys: collections.deque[Iterator[bytes]] = collections.deque()
        rounds = itertools.repeat(items) if loop and items else iter([items])
        played = (frame for round_ in rounds for item in round_ for frame in _item_frames(item))
        wait = itertools.repeat(SILENT_FRAME, round(delay_s * RATE / FRAME_SAMPLES))
        self._frames = itertools.chain(wait, played)

    def press(self, key: str) -> None:
        """Sound a key's tone, after those still sounding."""
        self._keys.append(itertools.chain(cut(_key_tone(key)), [SILENT_FRAME] * _KEY_GAP_FRAMES))

    def frame(self) -> bytes:
        """Return the next 20 ms: 320 bytes, little-endian. What is said while a key sounds isn't heard."""
        spoken = next(self._frames, SILENT_FRAME)
        while self._keys:
            if (tone := next(self._keys[0], None)) is not None:
                return tone
            self._keys.popleft()
        return spoken


class Ear:
    """Writes what a party hears into a WAV file, from answer to end."""

    def __init__(self, path: str) -> None:
        """Make the file.

        Raises:
            AudioError: It can't be made.
        """
        try:
            self._file = Path(path).open("wb")  # noqa: SIM115 - stays open until `close`
        except OSError as error:
            raise AudioError(f"{path} can't be written: {error.strerror}") from error
        self._wav = wave.open(self._file, "wb")  # noqa: SIM115 - stays open until `close`
        self._wav.setnchannels(1)
        self._wav.setsampwidth(2)
        self._wav.setframerate(RATE)

    def hear(self, frame: bytes) -> None:
        self._wav.writeframesraw(frame)

    def close(self) -> None:
        """Complete the header."""
        self._wav.close()
        self._file.close()
