"""What the units are fed in these tests: speech by espeak-ng, music, noise, and what a line does to them."""

from __future__ import annotations

import functools
import random
import subprocess
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from firmware.media.dsp.units import FRAME, I16, RATE, level_of, mean_square, to_int16
from firmware.media.g711 import ULAW

F64 = npt.NDArray[np.float64]

ESPEAK_RATE = 22050
VOICES = (
    "en-us",
    "en-gb",
    "de",
    "fr",
    "it",
    "es",
    "pt",
    "ru",
    "cmn-latn-pinyin",
    "ja",
    "hi",
    "pl",
    "tr",
    "nl",
)
VARIANTS = (
    "",
    "+f1",
    "+f2",
    "+f3",
    "+f4",
    "+f5",
    "+m1",
    "+m2",
    "+m3",
    "+m5",
    "+m7",
    "+croak",
    "+whisper",
    "+klatt",
)
SYLLABLES = tuple(
    consonant + vowel
    for consonant in "bdfghjklmnprstvwz"
    for vowel in ("a", "e", "i", "o", "u", "ai", "ei", "ou", "an", "en", "in", "on", "ing", "ang")
)


def frames(samples: npt.ArrayLike) -> Iterator[I16]:
    """Yield whole frames, each of shape (1, 160)."""
    whole = np.asarray(samples, np.int16)
    for begin in range(0, len(whole) - FRAME + 1, FRAME):
        yield whole[None, begin : begin + FRAME]


def seconds(duration: float) -> int:
    """Return how many samples that is."""
    return round(duration * RATE)


def silence(duration: float) -> I16:
    return np.zeros(seconds(duration), np.int16)


def white(level_dbm0: float, duration: float, seed: int = 0) -> F64:
    """Return white noise."""
    samples = np.random.default_rng(seed).standard_normal(seconds(duration))
    return samples * float(np.sqrt(mean_square(level_dbm0)))


def noisy(samples: npt.ArrayLike, level_dbm0: float, seed: int = 0) -> I16:
    """Return samples with line noise on top."""
    clean = np.asarray(samples, np.float64)
    return to_int16(clean + white(level_dbm0, len(clean) / RATE, seed))


def through_ulaw(samples: npt.ArrayLike) -> I16:
    """Return what the far end of a G.711 connection gets."""
    return ULAW.decoded[ULAW.encode(np.ascontiguousarray(samples, np.int16))]


def active_level(samples: npt.ArrayLike) -> float:
    """Return the level of speech without its pauses in dBm0, by frames and P.56's margin of 15.9 dB."""
    given = np.asarray(samples, np.float64)
    powers = np.square(given[: len(given) // FRAME * FRAME]).reshape(-1, FRAME).mean(axis=1)
    level = float(powers.mean())
    for _ in range(10):
        level = float(powers[powers >= level * 10**-1.59].mean())
    return 10 * float(np.log10(max(level, 1e-9) / mean_square(0)))


def at_level(samples: npt.ArrayLike, level_dbm0: float) -> F64:
    """Return speech scaled to an active level."""
    clean = np.asarray(samples, np.float64)
    return np.asarray(clean * 10 ** ((level_dbm0 - active_level(clean)) / 20))


def band_limited(samples: npt.ArrayLike, rate: int) -> F64:
    """Resample to 8000 Hz and keep 200 to 3500 Hz, as a telephone does."""
    given = np.asarray(samples, np.float64)
    count = int(len(given) * RATE / rate)
    spectrum = np.fft.rfft(given)[: count // 2 + 1]
    hertz = np.arange(len(spectrum)) * RATE / count
    spectrum[(hertz < 200) | (hertz > 3500)] = 0
    return np.asarray(np.fft.irfft(spectrum, count) * count / len(given))


def utterance(voice: str, text: str, *, words_a_minute: int = 160, pitch: int = 50) -> F64:
    """Return a text spoken, at 8000 Hz."""
    said = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(words_a_minute), "-p", str(pitch), "--stdout", text],
        capture_output=True,
        check=True,
    ).stdout
    return band_limited(np.frombuffer(said[44:], np.int16), ESPEAK_RATE)


@functools.lru_cache(maxsize=8)
def speech(duration: float, seed: int = 1, level_dbm0: float | None = None) -> I16:
    """Return that many seconds of people speaking, voices and languages mixed, between -26 and -12 dBm0."""
    dice = random.Random(seed)
    parts: list[F64] = []
    have = 0
    while have < seconds(duration):
        words = " ".join("".join(dice.choices(SYLLABLES, k=dice.randint(1, 3))) for _ in range(60))
        voice = dice.choice(VOICES) + dice.choice(VARIANTS)
        spoken = utterance(voice, words, words_a_minute=dice.randint(110, 220), pitch=dice.randint(10, 90))
        drawn = dice.uniform(-26, -12)
        parts.append(at_level(spoken, drawn if level_dbm0 is None else level_dbm0))
        have += len(spoken)
    return to_int16(np.concatenate(parts)[: seconds(duration)])


@functools.lru_cache(maxsize=8)
def music(duration: float, seed: int = 1) -> I16:
    """Return a tune in four parts: notes with harmonics, attack, decay and vibrato, at about -16 dBm0."""
    dice = random.Random(seed)
    total = np.zeros(seconds(duration) + RATE * 2)
    for part in range(4):
        position = 0
        while position < seconds(duration):
            length = seconds(dice.choice((0.15, 0.3, 0.3, 0.6, 1.2)))
            pitch = 110 * 2 ** (part * 0.5 + dice.choice((0, 2, 4, 5, 7, 9, 11, 12)) / 12)
            moments = np.arange(length) / RATE
            phase = 2 * np.pi * pitch * moments + 0.15 * np.sin(2 * np.pi * 5.5 * moments)
            brightness = dice.uniform(0.2, 0.8)
            note = sum(brightness**k * np.sin((k + 1) * phase) for k in range(6) if (k + 1) * pitch < 3500)
            decay = np.minimum(moments / 0.01, 1) * np.exp(-moments * dice.uniform(0.5, 5))
            total[position : position + length] += note * decay
            position += length
    return to_int16(at_level(total[: seconds(duration)], -16))


def tone_fit(samples: npt.ArrayLike, hertz: float) -> tuple[float, float]:
    """Return (level in dBm0, SNR in dB) of the sine of one frequency that fits best."""
    given = np.asarray(samples, np.float64)
    angles = 2 * np.pi * hertz / RATE * np.arange(len(given))
    model = np.stack((np.sin(angles), np.cos(angles)), 1)
    fit = model @ np.linalg.lstsq(model, given, rcond=None)[0]
    rest = float(np.mean(np.square(given - fit)))
    return level_of(fit), 10 * float(np.log10(np.mean(np.square(fit)) / max(rest, 1e-12)))
