"""Levels and arrays every unit speaks in.

Levels are in dBm0 (ITU-T G.100.1): power relative to the digital milliwatt, the 1 kHz sine that G.711
(tables 5 and 6) gives as eight codewords. A sine at the µ-law overload point (32124 in 16 bits) is +3.17
dBm0, one at the A-law overload point (32256) +3.14 dBm0; the two definitions of 0 dBm0 differ by 0.07 dB,
and the µ-law one is used. Audio is int16 at 8000 Hz in frames of 160 samples (20 ms), one row a port.
"""

from __future__ import annotations

import math
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import FRAME as FRAME
from firmware.media.g711 import I16 as I16
from firmware.media.g711 import RATE as RATE

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

FRAME_MS: Final = FRAME * 1000 // RATE
"""Milliseconds of a frame."""
SINE_PEAK: Final = 32124 / 10 ** (3.17 / 20)
"""Amplitude of a sine at 0 dBm0, in 16-bit steps."""
POWER: Final = SINE_PEAK**2 / 2
"""Mean square of a signal at 0 dBm0."""
QUIETEST_DBM0: Final = -96.0
"""What digital silence is reported as; half a step of 16 bits is quieter than anything G.711 carries."""

_FLOOR: Final = 10 ** (QUIETEST_DBM0 / 10)

T = TypeVar("T", bound=np.generic)


def sine_peak(level_dbm0: float) -> float:
    """Return the amplitude of a sine at a level."""
    return SINE_PEAK * 10 ** (level_dbm0 / 20)


def mean_square(level_dbm0: float) -> float:
    """Return the mean square of any signal at a level."""
    return float(POWER * 10 ** (level_dbm0 / 10))


def dbm0(mean_squares: npt.NDArray[np.floating[Any]]) -> F64:
    """Return levels of mean squares, elementwise, never below `QUIETEST_DBM0`."""
    return 10 * np.log10(np.maximum(mean_squares.astype(np.float64) / POWER, _FLOOR))


def level_of(samples: npt.NDArray[Any]) -> float:
    """Return the level of a stretch of samples in dBm0."""
    if not samples.size:
        return QUIETEST_DBM0
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * math.log10(max(power / POWER, _FLOOR))


def frame_energy(frames: F32) -> F32:
    """Return the energy (sum of squares) of each row."""
    energies: F32 = np.einsum("ij,ij->i", frames, frames)
    return energies


def to_int16(samples: npt.NDArray[np.floating[Any]]) -> I16:
    """Round and clip."""
    whole: I16 = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
    return whole


def resized(old: npt.NDArray[T], rows: int, fill: float = 0) -> npt.NDArray[T]:
    """Return an array with `rows` rows: what `old` had, the new ones filled with `fill`."""
    new = np.full((rows, *old.shape[1:]), fill, dtype=old.dtype)
    kept = min(rows, len(old))
    new[:kept] = old[:kept]
    return new
