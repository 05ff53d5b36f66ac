"""Sound as a telephone carries it: resampled, trimmed, levelled, and written whole or not at all.

    samples, any rate ─► mono ─► 8000 Hz, 200-3600 Hz ─► silence cut off ─► one loudness ─► WAV

Samples are float32 in -1..1 unless said otherwise; levels are dB of full scale.
"""

from __future__ import annotations

import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from firmware.core.late import LateModule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = LateModule("numpy")

Samples: TypeAlias = "NDArray[np.float32]"

RATE = 8000
"""Hz, of every prompt."""
MAX_SECONDS = 120
"""The longest prompt of the office's own; no caller listens to a longer one."""
PEAK_DBFS = -6.0
"""No sample is louder: a G.711 leg with some gain must not clip."""
LOUDNESS_DBFS = -20.0
"""Root mean square over the parts that sound; words of one sentence differ by less than the ear notices."""
_LOWEST_HZ, _LOW_HZ = 120.0, 200.0
_HIGH_HZ, _HIGHEST_HZ = 3500.0, 3900.0
# The band a telephone passes, with raised-cosine edges so that the filter does not ring audibly.
_WINDOW_SECONDS = 0.01
_SILENCE_DB = 38.0
# Below the loudest window by this much is no sound: espeak-ng's releases end 45 dB below its vowels.
_EDGE_SECONDS = 0.015
# What is kept around the sound, faded, so that an initial consonant is not cut and joins do not click.


def to_telephone(samples: Samples, rate: int) -> Samples:
    """Resample to 8000 Hz and keep the telephone's band, in one step over the whole clip.

    Args:
        samples: (frames,) mono.
        rate: Their rate, Hz.
    """
    if not len(samples):
        return samples
    # A margin of silence keeps the end of the circular transform off the beginning.
    padded = np.concatenate((samples, np.zeros(max(1, rate // 20), np.float32)))
    wanted = max(1, round(len(padded) * RATE / rate))
    spectrum = np.fft.rfft(padded)[: wanted // 2 + 1]
    frequency = np.arange(len(spectrum)) * rate / len(padded)
    rise = np.clip((frequency - _LOWEST_HZ) / (_LOW_HZ - _LOWEST_HZ), 0, 1)
    fall = np.clip((_HIGHEST_HZ - frequency) / (_HIGHEST_HZ - _HIGH_HZ), 0, 1)
    spectrum = spectrum * (0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 - 0.5 * np.cos(np.pi * fall))
    resampled = np.fft.irfft(spectrum, wanted) * (wanted / len(padded))
    return resampled[: max(1, round(len(samples) * RATE / rate))].astype(np.float32)


def trimmed(samples: Samples, keep_seconds: float = _EDGE_SECONDS) -> Samples:
    """Cut silence off both ends, and fade what is kept of it; silence alone comes back empty."""
    levels = _window_levels(samples)
    sounding = np.flatnonzero(levels > max(levels.max(initial=0.0) * 10 ** (-_SILENCE_DB / 20), 1e-4))
    if not len(sounding):
        return samples[:0]
    window = round(_WINDOW_SECONDS * RATE)
    edge = round(keep_seconds * RATE)
    start = max(0, int(sounding[0]) * window - edge)
    stop = min(len(samples), (int(sounding[-1]) + 1) * window + edge)
    cut = samples[start:stop].copy()
    fade = min(round(_EDGE_SECONDS * RATE), len(cut) // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    cut[:fade] *= ramp
    cut[len(cut) - fade :] *= ramp[::-1]
    return cut


def levelled(samples: Samples) -> Samples:
    """Bring what sounds to one loudness; the peak stays under its limit."""
    levels = _window_levels(samples)
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 1e-4:
        return samples
    sounding = levels[levels > levels.max() * 10 ** (-20 / 20)]
    loudness = float(np.sqrt(np.mean(sounding**2)))
    gain = min(10 ** (LOUDNESS_DBFS / 20) / loudness, 10 ** (PEAK_DBFS / 20) / peak)
    return (samples * np.float32(gain)).astype(np.float32)


def read_wav(path: Path) -> tuple[Samples, int]:
    """Read a mono 16-bit WAV file; return samples and rate.

    Raises:
        OSError: The file can't be read.
        wave.Error: It is no mono 16-bit WAV file.
        EOFError: It ends too soon.
    """
    with wave.open(str(path), "rb") as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise wave.Error("not mono 16-bit")
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return (frames / 32768).astype(np.float32), file.getframerate()


def write_prompt(samples: Samples, path: Path) -> None:
    """Write a prompt as mono 16-bit WAV at 8000 Hz; a reader sees the old file or the new one.

    Raises:
        OSError: The disk is full or refuses; the old file stands.
    """
    unfinished = path.with_name(path.name + ".new")
    try:
        with unfinished.open("wb") as file:
            with wave.open(file, "wb") as sound:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(RATE)
                sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        # Half a file would take the room that others need on a full disk.
        unfinished.unlink(missing_ok=True)
        raise


def _window_levels(samples: Samples) -> NDArray[np.float32]:
    """Return the root mean square of each 10 ms."""
    window = round(_WINDOW_SECONDS * RATE)
    whole = -(-len(samples) // window) * window
    padded = np.zeros(whole, np.float32)
    padded[: len(samples)] = samples
    means = np.mean(padded.reshape(-1, window) ** 2, axis=1) if whole else np.zeros(0)
    return np.sqrt(means).astype(np.float32)
