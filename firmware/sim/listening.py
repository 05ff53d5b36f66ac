"""Judges what somebody heard: which tone, how loud, from when to when, and with what gaps."""

from __future__ import annotations

import wave
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float64]

# The width in which a tone is looked for: 20 ms at 8000 Hz, with 50 Hz between spectral lines.
_WINDOW_SECONDS = 0.02
# A window belongs to the tone when it is within this of the tone's usual level.
_PRESENT_WITHIN_DB = 12.0


class Heard(msgspec.Struct, frozen=True):
    """A tone as it was heard."""

    hertz: float
    """The strongest frequency over the whole stretch, within half a hertz for a second or more."""
    level_dbfs: float
    """RMS of the tone, where a full-scale sine has -3.01 dBFS."""
    began_seconds: float
    """From the beginning of the audio."""
    lasted_seconds: float
    longest_gap_ms: float
    """The longest stretch inside without the tone, in steps of 10 ms."""


def read_wav(path: Path) -> tuple[int, npt.NDArray[np.float64]]:
    """Read a WAV file, of 16 bits or of G.711.

    Returns:
        The sample rate in Hz, and samples of shape (samples, channels), full scale ±1.

    Raises:
        ValueError: It can't be read.
    """
    try:
        samples, rate = soundfile.read(path, always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path}: {error.error_string}") from error
    return rate, samples


def find_tone(samples: Samples, rate: int, hertz: float, tolerance_hz: float = 30.0) -> Heard | None:
    """Find a tone near a frequency.

    Args:
        samples: One channel, shape (samples,), full scale ±1.
        rate: Sample rate in Hz.
        hertz: The frequency looked for.
        tolerance_hz: How far off the strongest frequency may be.

    Returns:
        What was heard from the tone's first window to its last; None when it isn't there.
    """
    window, hop = int(rate * _WINDOW_SECONDS), int(rate * 0.01)
    if len(samples) < window:
        return None
    starts = np.arange(0, len(samples) - window + 1, hop)
    frames = samples[starts[:, None] + np.arange(window)] * np.hanning(window)
    wave_form = np.exp(-2j * np.pi * hertz * np.arange(window) / rate)
    # The amplitude of a sine in a Hann window is four times the correlation over its length.
    amplitude = np.abs(frames @ wave_form) * 4 / window
    # Everything else in the window: a voice has strong lines elsewhere, a tone has not.
    total = np.sqrt((frames**2).mean(axis=1) * 2 / 0.375)
    tonal = (amplitude > 10 ** (-55 / 20)) & (amplitude > 0.8 * total)
    if tonal.sum() < 5:
        return None
    usual = np.median(amplitude[tonal])
    present = tonal & (amplitude > usual * 10 ** (-_PRESENT_WITHIN_DB / 20))
    where = np.nonzero(present)[0]
    first, last = int(where[0]), int(where[-1])
    gaps = np.diff(where) - 1
    stretch = samples[starts[first] : starts[last] + window]
    strongest = _strongest_hz(stretch, rate)
    if abs(strongest - hertz) > tolerance_hz:
        return None
    return Heard(
        hertz=strongest,
        level_dbfs=20 * float(np.log10(usual / np.sqrt(2))),
        began_seconds=float(starts[first]) / rate,
        lasted_seconds=len(stretch) / rate,
        longest_gap_ms=10.0 * float(gaps.max(initial=0)),
    )


def silent(samples: Samples, below_dbfs: float = -60.0) -> bool:
    """Tell whether nothing louder than `below_dbfs` (RMS of any 20 ms) is in there."""
    window = 160
    count = len(samples) // window
    if count == 0:
        return True
    power = (samples[: count * window].reshape(count, window) ** 2).mean(axis=1)
    return bool(power.max() < 10 ** (below_dbfs / 10))


def _strongest_hz(samples: Samples, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(np.argmax(spectrum) * rate / (8 * len(samples)))


def write_tone(path: Path, hertz: float, seconds: float, level_dbfs: float = -15.0) -> None:
    """Write a sine into a mono 16-bit 8000 Hz WAV file.

    Args:
        path: The file to make.
        hertz: Its frequency.
        seconds: Its length.
        level_dbfs: RMS, where a full-scale sine has -3.01 dBFS.
    """
    moments = np.arange(int(seconds * 8000)) / 8000
    sine = 10 ** (level_dbfs / 20) * np.sqrt(2) * np.sin(2 * np.pi * hertz * moments)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((sine * 32767).astype("<i2").tobytes())


def find_speech(samples: Samples, spoken: Samples, rate: int = 8000, seconds: float = 1.0) -> float | None:
    """Find a known utterance in what was heard, whatever its loudness.

    Args:
        samples: What was heard, shape (samples,).
        spoken: The utterance, shape (samples,); its first `seconds` are looked for.
        rate: Sample rate of both in Hz.
        seconds: How much of it identifies it.

    Returns:
        Where it begins, in seconds; None when nothing correlates by 0.6 or more.
    """
    pattern = spoken[: int(seconds * rate)]
    if len(samples) < len(pattern):
        return None
    length = len(samples) + len(pattern)
    product = np.fft.irfft(np.fft.rfft(samples, length) * np.conj(np.fft.rfft(pattern, length)), length)
    correlation = product[: len(samples) - len(pattern) + 1]
    energy = np.concatenate(([0.0], np.cumsum(samples**2)))
    around = np.sqrt(np.maximum(energy[len(pattern) :] - energy[: -len(pattern)], 1e-9))
    alike = correlation / (around * np.sqrt((pattern**2).sum()))
    best = int(np.argmax(alike))
    return best / rate if alike[best] >= 0.6 else None
