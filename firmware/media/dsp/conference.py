"""A conference of up to 30: everybody hears all others, without everybody's noise.

Theory of operation. Thirty open microphones add up to 15 dB more room noise than one. So parties who don't
talk are turned down by as much as their number adds, at most 12 dB: enough to keep the noise of the whole
at that of one room, little enough that nobody's first syllable is lost. A talker is at full level within
the frame he begins in and stays there for a second after; then he is turned down slowly, so the background
doesn't step.

    frame ──► activity ──► weight (up at once, down at 10 dB/s) ──► × ──► sum ──► − own share ──► limiter
    per listener ──► out

How many talk at once isn't limited: cutting the fifth of five sounds like a fault. Frames (parties, 160)
int16 at 8000 Hz.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.activity import ActivityBank
from firmware.media.dsp.limiter import Limiter
from firmware.media.dsp.units import F32, FRAME, FRAME_MS, I16, resized

DEEPEST_DB: Final = 12.0
HOLD_MS: Final = 1000
"""Of full level after the last word, so that sentences don't swell."""
FALL: Final = np.float32(10 ** (-10 * FRAME_MS / 1000 / 20))
"""Of a weight, a frame."""
_RAMP: Final = (np.arange(1, FRAME + 1) / FRAME).astype(np.float32)


class Conference:
    """One conference; rows are parties."""

    def __init__(self, parties: int = 0) -> None:
        self.parties = parties
        """How many there are; fewer than rows where some are nobody's, and silent."""
        self.weight: F32 = np.ones(parties, np.float32)
        """What each party is heard at, shape (parties,)."""
        self.activity = ActivityBank(parties)
        """Who talks; fed by `mix`."""
        self._limiter = Limiter(parties)

    def resize(self, parties: int) -> None:
        """Have so many parties; new ones begin at full level."""
        self.parties = parties
        self.weight = resized(self.weight, parties, 1)
        self.activity.resize(parties)
        self._limiter.resize(parties)

    def reset(self, row: int) -> None:
        """Have another party in a row."""
        self.weight[row] = 1
        self.activity.reset(row)
        self._limiter.reset(row)

    def mix(self, frames: I16, out: I16) -> None:
        """Give every party the sum of the others.

        Args:
            frames: What the parties say, shape (parties, 160).
            out: Written with what they hear, shape (parties, 160).
        """
        if not len(frames):
            return
        self.activity.feed(frames)
        lowest = np.float32(10 ** (-min(DEEPEST_DB, 10 * np.log10(max(self.parties, 1))) / 20))
        talking = self.activity.active | (self.activity.silent_ms < HOLD_MS)
        # Nobody is turned down for not having talked yet: newcomers fall like everyone after a word.
        weight = np.where(talking, np.float32(1), np.maximum(self.weight * FALL, lowest)).astype(np.float32)
        shares = frames.astype(np.float32)
        if (weight != self.weight).any():
            shares *= self.weight[:, None] + (weight - self.weight)[:, None] * _RAMP
        elif (weight < 1).any():
            shares *= weight[:, None]
        self.weight = weight
        self._limiter.process(shares.sum(axis=0) - shares, out)
