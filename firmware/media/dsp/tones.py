"""Tone and DTMF generation, exact in level and without clicks.

A tone is a sum of sines, each at the level asked for, phase running on from frame to frame. A switch
between on and off is a raised-cosine ramp of 2 ms inside the on-time: a hard edge splatters over the whole
band, which a far detector may take for speech and a person hears as a click. A modulated tone (`400*25` in
reference D) is the carrier multiplied by (1 + m·cos) with m = 0.85, as ITU-T E.180 plans draw it, at the
carrier's level in total.

DTMF: ITU-T Q.23 gives the pairs, Q.24 what a receiver must take; sent at -8 dBm0 low and -6 dBm0 high group
(ETSI ES 201 235-2: the high group 1 to 4 dB above), 70/70 ms, twice what the slowest receiver needs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from firmware.media.dsp.units import F64, I16, RATE, mean_square, sine_peak, to_int16

RAMP_MS: Final = 2.0
"""Length of the rise and of the fall; short against the shortest cadence (40 ms), long against a period."""
MODULATION_DEPTH: Final = 0.85
"""How deep ringback of the modulated plans swings."""
LOW_HZ: Final = (697.0, 770.0, 852.0, 941.0)
"""Rows of the keypad (Q.23)."""
HIGH_HZ: Final = (1209.0, 1336.0, 1477.0, 1633.0)
"""Columns of the keypad (Q.23)."""
KEYPAD: Final = "123A456B789C*0#D"
"""Digits, row by row."""
DTMF_LOW_DBM0: Final = -8.0
DTMF_HIGH_DBM0: Final = -6.0


def samples_of(milliseconds: float) -> int:
    """Return how many samples a duration has."""
    return round(milliseconds * RATE / 1000)


def ramp(length: int) -> F64:
    """Return a rise from 0 to 1, raised cosine."""
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(length, 1))


def shaped(wave: F64, ramp_ms: float = RAMP_MS) -> F64:
    """Fade the ends of a stretch in place and return it."""
    edge = min(samples_of(ramp_ms), len(wave) // 2)
    if edge:
        rise = ramp(edge)
        wave[:edge] *= rise
        wave[-edge:] *= rise[::-1]
    return wave


def sines(frequencies: Sequence[float], levels_dbm0: Sequence[float], start: int, count: int) -> F64:
    """Return a sum of sines from sample `start` of their common time on."""
    moments = np.arange(start, start + count, dtype=np.float64)
    total = np.zeros(count)
    for frequency, level in zip(frequencies, levels_dbm0, strict=True):
        total += sine_peak(level) * np.sin(2 * math.pi * frequency / RATE * moments)
    return total


def tone(
    frequencies: Sequence[float], duration_ms: float, level_dbm0: float, *, ramp_ms: float = RAMP_MS
) -> I16:
    """Return one burst, every frequency at `level_dbm0`."""
    wave = sines(frequencies, [level_dbm0] * len(frequencies), 0, samples_of(duration_ms))
    return to_int16(shaped(wave, ramp_ms))


def dtmf(
    digits: str,
    *,
    on_ms: float = 70,
    off_ms: float = 70,
    low_dbm0: float = DTMF_LOW_DBM0,
    high_dbm0: float = DTMF_HIGH_DBM0,
    ramp_ms: float = RAMP_MS,
) -> I16:
    """Return digits as in-band tones, each followed by its pause.

    Raises:
        ValueError: A character is no digit of the keypad.
    """
    pause = np.zeros(samples_of(off_ms), np.int16)
    parts = [np.zeros(0, np.int16)]
    for digit in digits:
        place = KEYPAD.index(digit)
        pair = (LOW_HZ[place // 4], HIGH_HZ[place % 4])
        wave = sines(pair, (low_dbm0, high_dbm0), 0, samples_of(on_ms))
        parts += [to_int16(shaped(wave, ramp_ms)), pause]
    return np.concatenate(parts)


class ToneGenerator:
    """A tone with a cadence, rendered frame by frame for as long as it is wanted.

    Args:
        frequencies: Hz, summed.
        cadence_ms: On, off, on, off …; empty for a continuous tone.
        level_dbm0: Of each frequency.
        modulated_by: Hz that the tone's loudness swings with; 0 for a plain one.
        repeat: False plays the cadence once.
    """

    def __init__(
        self,
        frequencies: Sequence[float],
        cadence_ms: Sequence[float] = (),
        level_dbm0: float = -15.0,
        *,
        modulated_by: float = 0.0,
        repeat: bool = True,
    ) -> None:
        self._frequencies = tuple(frequencies)
        self._levels = [level_dbm0] * len(self._frequencies)
        self._modulated_by = modulated_by
        self._repeat = repeat
        self._position = 0
        self._envelope = np.concatenate(
            [np.zeros(0)]
            + [
                shaped(np.ones(samples_of(part))) if index % 2 == 0 else np.zeros(samples_of(part))
                for index, part in enumerate(cadence_ms)
            ]
        )
        if len(cadence_ms) and not len(self._envelope):
            raise ValueError("a cadence without any time in it")

    def fill(self, out: I16) -> bool:
        """Write the next samples; return whether there is more to come."""
        count = len(out)
        wave = sines(self._frequencies, self._levels, self._position, count)
        moments = np.arange(self._position, self._position + count)
        if self._modulated_by:
            swing = 1 + MODULATION_DEPTH * np.cos(2 * math.pi * self._modulated_by / RATE * moments)
            wave *= swing / math.sqrt(1 + MODULATION_DEPTH**2 / 2)
        length = len(self._envelope)
        if length:
            wave *= self._envelope[moments % length]
            if not self._repeat:
                wave[moments >= length] = 0
        elif self._position == 0:
            edge = min(samples_of(RAMP_MS), count)
            wave[:edge] *= ramp(edge)
        out[:] = to_int16(wave)
        self._position += count
        return self._repeat or self._position < length


def noise(level_dbm0: float, count: int, seed: int) -> F64:
    """Return white Gaussian noise at a level, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(count) * math.sqrt(mean_square(level_dbm0))
