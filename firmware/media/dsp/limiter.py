"""A limiter for rows that may add up to more than 16 bits hold.

A row's gain falls within the first 2.5 ms of the frame whose peak would clip, and rises again by at most
0.4 dB a frame (20 dB a second): fast enough to free the next talker, slow enough not to breathe with
syllables. What passes in those 2.5 ms is clipped, which is masked by the attack itself. Rows that never
come near the ceiling are copied. Frames (rows, 160).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.units import F32, FRAME, I16, resized

CEILING: Final = 30000.0
"""Peak kept; G.711's overload point is 32124."""
RELEASE: Final = np.float32(10 ** (0.4 / 20))
ATTACK: Final = 20
"""Samples."""
_ATTACK_RAMP: Final = np.minimum(np.arange(1, FRAME + 1) / ATTACK, 1).astype(np.float32)


class Limiter:
    """Limiters of so many rows."""

    def __init__(self, rows: int = 0) -> None:
        self.gain: F32 = np.ones(rows, np.float32)
        """Factor of each row at the end of the last frame, at most 1, shape (rows,)."""

    def resize(self, rows: int) -> None:
        """Have so many rows."""
        self.gain = resized(self.gain, rows, 1)

    def reset(self, row: int) -> None:
        """Let a row go."""
        self.gain[row] = 1

    def process(self, frames: F32, out: I16) -> None:
        """Write limited frames.

        Args:
            frames: Shape (rows, 160), used up.
            out: Shape (rows, 160).
        """
        peaks = np.maximum(frames.max(axis=1), -frames.min(axis=1))
        allowed = CEILING / np.maximum(peaks, CEILING)
        gain = np.minimum(np.minimum(self.gain * RELEASE, 1), allowed).astype(np.float32)
        if (gain < 1).any() or (self.gain < 1).any():
            frames *= self.gain[:, None] + (gain - self.gain)[:, None] * _ATTACK_RAMP
        self.gain = gain
        np.rint(frames, out=frames)
        out[:] = np.clip(frames, -32768, 32767, out=frames)
