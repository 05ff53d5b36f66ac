"""The sound of a message, from what the recorder wrote to what is kept and played.

    stereo as recorded, header perhaps behind ─► mono ─► ending key off ─► busy tone and silence off ─► WAV

Levels are dB of full scale. A line that doesn't tell a hang-up sounds busy instead: its tone, and the silence
around it, are no part of the message.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from firmware.core.errors import DeviceError
from firmware.core.late import LateModule
from firmware.core.media import PlayTone
from ivr.prompts.audio import RATE, Samples, write_prompt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LateModule("numpy")

_FRAME = RATE // 50
"""20 ms."""
_QUIET_DB = 35.0
# So far below the loudest frame nobody speaks: room noise on a telephone is 40 dB and more below speech.
_FLOOR_DBFS = -50.0
_TONAL = 0.8
# Share of a frame's energy at a tone's frequencies; speech stays below it for more than a frame or two.
_LEAST_TONE_FRAMES = 10
# 200 ms of tone in all before the end is taken for a busy tone.
_MARGIN_FRAMES = 10
# What is kept after the last word, for its last consonant.
_MAX_GAIN_DB = 12.0
_WANTED_DBFS = -20.0
_PEAK = 0.5
_LONGEST_BYTES = 64 * 1024 * 1024

Levels: TypeAlias = "NDArray[np.float32]"


class Sound(msgspec.Struct, frozen=True):
    """What a message's file holds."""

    duration_ms: int
    spoken_ms: int
    """How long something was to be heard in it."""


def finish(path: Path, tones: tuple[PlayTone, ...], cut_seconds: float) -> Sound:
    """Turn what was recorded at `path` into the message; nothing is changed when that fails.

    Args:
        path: As the recorder left it; or finished before, which changes nothing but silence.
        tones: What lines sound like when the caller has gone.
        cut_seconds: How much to leave off the end: the key that ended it.

    Raises:
        DeviceError: It is no recording.
        OSError: The disk is full or refuses.
    """
    samples = _read(path)
    samples = samples[: max(0, len(samples) - round(cut_seconds * RATE))]
    kept, spoken_ms = trimmed(samples, tones)
    write_prompt(_audible(kept), path)
    return Sound(len(kept) * 1000 // RATE, spoken_ms)


def trimmed(samples: Samples, tones: tuple[PlayTone, ...]) -> tuple[Samples, int]:
    """Cut silence off both ends and a busy tone off the end; return what is left, and how long it speaks.

    Args:
        samples: (frames,) mono, 8000 Hz.
        tones: See `finish`.
    """
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return samples[:0], 0
    levels = 20 * np.log10(np.maximum(np.sqrt(np.mean(frames**2, axis=1)), 1e-6))
    tonal = _tonal(frames, tones)
    sounding = levels > max(float(levels.max()) - _QUIET_DB, _FLOOR_DBFS)
    spoken = sounding & ~tonal
    # Single frames between bursts are the tone's own edges.
    words = np.flatnonzero(spoken & (np.roll(spoken, 1) | np.roll(spoken, -1)))
    if not len(words):
        return samples[:0], 0
    first, last = int(words[0]), int(words[-1])
    if int(np.count_nonzero(tonal[last + 1 :] & sounding[last + 1 :])) < _LEAST_TONE_FRAMES:
        # No busy tone, so a tone at the end was the caller's doing: a whistle, a child at the keys.
        last = int(np.flatnonzero(sounding)[-1])
    begin = max(0, first - _MARGIN_FRAMES // 2) * _FRAME
    end = min(len(frames), last + 1 + _MARGIN_FRAMES) * _FRAME
    return samples[begin:end], int(np.count_nonzero(spoken)) * 20


def _tonal(frames: Samples, tones: tuple[PlayTone, ...]) -> NDArray[np.bool_]:
    """Tell of each frame whether nearly all its energy is at the frequencies of one of the tones."""
    energy = np.maximum(np.sum(frames**2, axis=1), 1e-9)
    moments = np.arange(_FRAME) / RATE
    found = np.zeros(len(frames), bool)
    for frequencies in {tone.frequencies for tone in tones}:
        share = np.zeros(len(frames))
        for frequency in frequencies:
            wave = np.exp(-2j * np.pi * frequency * moments)
            share += 2 * np.abs(frames @ wave) ** 2 / _FRAME / energy
        found |= share > _TONAL
    return found


def _audible(samples: Samples) -> Samples:
    """Raise a quiet message, within reason: noise must not be made loud."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 1e-4:
        return samples
    loud = float(np.sqrt(np.mean(samples**2)))
    gain = min(10 ** (_WANTED_DBFS / 20) / max(loud, 1e-6), 10 ** (_MAX_GAIN_DB / 20), _PEAK / peak)
    return samples if gain <= 1 else (samples * np.float32(gain)).astype(np.float32)


def _read(path: Path) -> Samples:
    """Return a recording's samples, both channels' mean; its size, not its header, tells how many.

    Raises:
        DeviceError: It is no 16-bit recording at 8000 Hz.
        OSError: It can't be read.
    """
    if path.stat().st_size > _LONGEST_BYTES:
        raise DeviceError(f"{path.name}: longer than any message")
    content = path.read_bytes()
    data_at = content.find(b"data", 12, 512)
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE" or content[12:16] != b"fmt " or data_at < 0:
        raise DeviceError(f"{path.name}: no recording")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content, 20)
    if (kind, rate, bits) != (1, RATE, 16) or channels not in (1, 2):
        raise DeviceError(f"{path.name}: no recording of ours")
    count = (len(content) - data_at - 8) // (2 * channels) * channels
    frames = np.frombuffer(content, "<i2", count, data_at + 8).reshape(-1, channels)
    mono: Samples = (frames.mean(axis=1) / 32768).astype(np.float32)
    return mono
