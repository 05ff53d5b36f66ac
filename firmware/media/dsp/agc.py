"""Automatic level control for quiet trunks: slowly, by speech only, never pumping.

Theory of operation. Only frames in which the row's activity bank hears speech count. Their power is
averaged over about a second of speech; after half a second of it the gain moves towards what brings speech
to -18 dBm0, by 1.5 dB a second at most and within -6 to +12 dB. In pauses nothing moves, so noise is never
lifted while nobody talks. Gain changes run linearly through a frame. A frame whose peak would clip is held
below the overload point by a limiter that lets go within half a second.

    level of speech ──► average ──► wanted gain ──► slew, while speech lasts ──► limiter ──► × frame

Levels dBm0, gains dB, frames (rows, 160) int16 at 8000 Hz. Sources: ITU-T G.169 (devices shall not act on
noise, ranges and slews), P.56 (active level).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.activity import ActivityBank
from firmware.media.dsp.limiter import Limiter
from firmware.media.dsp.units import F64, FRAME, FRAME_MS, I16, Bool, mean_square, resized

TARGET_DBM0: Final = -18.0
"""Nominal speech of a telephone connection lies at -16 to -20."""
LOWEST_GAIN_DB: Final = -6.0
HIGHEST_GAIN_DB: Final = 12.0
SLEW_DB: Final = 1.5 * FRAME_MS / 1000
"""Of the gain, a frame."""
DEAD_ZONE_DB: Final = 1.0
"""Nearer to the wanted gain nothing moves."""
MEMORY: Final = FRAME_MS / 1000
"""Share of a frame in the average: a second."""
ACTIVE_MARGIN_DB: Final = 15.9
"""Frames further below the average are pauses within speech (P.56)."""
FAINT_MEMORY: Final = 0.1
"""Of those frames relative to others; not 0, or a much quieter second speaker would never count."""
WARM_UP_FRAMES: Final = 500 // FRAME_MS
_RAMP: Final = (np.arange(1, FRAME + 1) / FRAME).astype(np.float32)


class LevelControl:
    """Level controls of so many rows."""

    def __init__(self, rows: int = 0) -> None:
        self.gain_db: F64 = np.zeros(rows)
        """What each row is amplified by now, shape (rows,)."""
        self._power: F64 = np.zeros(rows)
        self._heard = np.zeros(rows, np.int64)
        """Frames of speech so far."""
        self._limiter = Limiter(rows)

    def resize(self, rows: int) -> None:
        """Have so many rows; new ones begin at 0 dB."""
        self.gain_db = resized(self.gain_db, rows)
        self._power = resized(self._power, rows)
        self._heard = resized(self._heard, rows)
        self._limiter.resize(rows)

    def reset(self, row: int) -> None:
        """Begin a row again at 0 dB: another call."""
        self.gain_db[row] = self._power[row] = self._heard[row] = 0
        self._limiter.reset(row)

    def process(self, frames: I16, activity: ActivityBank, out: I16) -> None:
        """Amplify one frame of every row.

        Args:
            frames: Shape (rows, 160).
            activity: The rows' activity, fed with these frames before.
            out: Written with the result; may be `frames` itself.
        """
        talking = activity.active & (activity.silent_ms == 0)
        before = self.gain_db
        if talking.any():
            self._follow(talking, activity.level_dbm0)
        factors = 10 ** (np.stack((before, self.gain_db)) / 20).astype(np.float32)
        if (factors == 1).all():
            if out is not frames:
                out[:] = frames
            return
        slope = (factors[1] - factors[0])[:, None] * _RAMP
        self._limiter.process(frames * (factors[0][:, None] + slope), out)

    def _follow(self, talking: Bool, level_dbm0: F64) -> None:
        power = mean_square(0) * 10 ** (level_dbm0 / 10)
        self._heard += talking
        memory = np.maximum(MEMORY, 1 / np.maximum(self._heard, 1))
        memory = np.where(power < self._power * 10 ** (-ACTIVE_MARGIN_DB / 10), FAINT_MEMORY * memory, memory)
        self._power = np.where(talking, self._power + memory * (power - self._power), self._power)
        spoken = 10 * np.log10(np.maximum(self._power, 1e-3) / mean_square(0))
        wanted = np.clip(TARGET_DBM0 - spoken, LOWEST_GAIN_DB, HIGHEST_GAIN_DB)
        distance = wanted - self.gain_db
        moving = talking & (self._heard >= WARM_UP_FRAMES) & (np.abs(distance) > DEAD_ZONE_DB)
        self.gain_db = self.gain_db + np.where(moving, np.clip(distance, -SLEW_DB, SLEW_DB), 0)
