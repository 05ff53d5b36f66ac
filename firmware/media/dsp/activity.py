"""How loud each row is, whether somebody speaks on it, and for how long nobody has.

Theory of operation. Each frame's level is compared with the row's own noise floor, which falls at once to
anything quieter and rises by 4 dB a second: a pause between words keeps it down, a fan or a noisy line
lifts it within seconds. A frame that is 9 dB above the floor and above -48 dBm0 is *active*; activity
lingers 240 ms, which bridges stops and unvoiced ends of words.

    level ──► floor (minimum, slow rise) ──► active = level > floor + 9 dB ──► hangover ──► silent_ms

A steady tone is active for its first seconds only; who waits for tones asks the progress bank. Levels in
dBm0, frames (rows, 160) int16 at 8000 Hz. Sources: ITU-T P.56 (hangover of 200 ms, margin of 15.9 dB for
its offline method), reference G.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from firmware.media.dsp.units import FRAME, FRAME_MS, I16, QUIETEST_DBM0, Bool, dbm0, resized

RISE_DB: Final = 4.0 * FRAME_MS / 1000
"""A frame's rise of the floor: slower than speech pauses, faster than patience."""
LOWEST_FLOOR_DBM0: Final = -70.0
"""Quieter than any line; digital silence must not make a whisper of noise active."""
FIRST_FLOOR_DBM0: Final = -52.0
"""Until something quieter was heard: a noisy line's noise isn't taken for speech, and speech is at once."""
DIGITAL_SILENCE_DBM0: Final = -80.0
"""Below this nobody's microphone is open, and nothing can be said about its noise."""
HIGHEST_FLOOR_DBM0: Final = -30.0
"""Louder than a floor may be: long loud speech is still speech."""
MARGIN_DB: Final = 9.0
QUIETEST_SPEECH_DBM0: Final = -48.0
HANGOVER_FRAMES: Final = 240 // FRAME_MS


class WentSilent(msgspec.Struct, frozen=True):
    """Nobody has spoken on a row for as long as was asked."""

    row: int
    silent_ms: int


class ActivityBank:
    """Meters and speech gates of so many rows."""

    def __init__(self, rows: int = 0) -> None:
        self.level_dbm0 = np.full(rows, QUIETEST_DBM0)
        """Of the last frame, shape (rows,)."""
        self.peak = np.zeros(rows, np.int32)
        """Largest magnitude of the last frame, shape (rows,)."""
        self.floor_dbm0 = np.full(rows, FIRST_FLOOR_DBM0)
        self.active: Bool = np.zeros(rows, np.bool_)
        """Whether somebody speaks, hangover included, shape (rows,)."""
        self.silent_ms = np.zeros(rows, np.int64)
        """Since somebody spoke, shape (rows,)."""
        self._linger = np.zeros(rows, np.int32)
        self._limit_ms = np.zeros(rows, np.int64)

    def resize(self, rows: int) -> None:
        """Have so many rows."""
        self.level_dbm0 = resized(self.level_dbm0, rows, QUIETEST_DBM0)
        self.peak = resized(self.peak, rows)
        self.floor_dbm0 = resized(self.floor_dbm0, rows, FIRST_FLOOR_DBM0)
        self.active = resized(self.active, rows)
        self.silent_ms = resized(self.silent_ms, rows)
        self._linger = resized(self._linger, rows)
        self._limit_ms = resized(self._limit_ms, rows)

    def reset(self, row: int) -> None:
        """Forget what a row was like; it waits for no silence."""
        self.level_dbm0[row], self.floor_dbm0[row] = QUIETEST_DBM0, FIRST_FLOOR_DBM0
        self.active[row] = False
        self.peak[row] = self.silent_ms[row] = self._linger[row] = self._limit_ms[row] = 0

    def wait_for_silence(self, row: int, after_ms: int) -> None:
        """Have `WentSilent` told once each time a row has been silent for so long; 0 for never."""
        self._limit_ms[row] = after_ms
        self.silent_ms[row] = 0

    def feed(self, frames: I16) -> list[WentSilent]:
        """Measure one frame of every row.

        Args:
            frames: Shape (rows, 160).
        """
        if not len(frames):
            return []
        self.peak = np.maximum(frames.max(axis=1).astype(np.int32), -frames.min(axis=1).astype(np.int32))
        samples = frames.astype(np.float32)
        self.level_dbm0 = dbm0(np.einsum("ij,ij->i", samples, samples) / FRAME)
        risen = np.minimum(self.floor_dbm0 + RISE_DB, self.level_dbm0)
        risen = np.clip(risen, LOWEST_FLOOR_DBM0, HIGHEST_FLOOR_DBM0)
        self.floor_dbm0 = np.where(self.level_dbm0 < DIGITAL_SILENCE_DBM0, self.floor_dbm0, risen)
        loud = (self.level_dbm0 > self.floor_dbm0 + MARGIN_DB) & (self.level_dbm0 > QUIETEST_SPEECH_DBM0)
        self._linger = np.where(loud, HANGOVER_FRAMES, np.maximum(self._linger - 1, 0))
        self.active = self._linger > 0
        before = self.silent_ms
        self.silent_ms = np.where(loud, 0, before + FRAME_MS)
        due = (self._limit_ms > 0) & (before < self._limit_ms) & (self.silent_ms >= self._limit_ms)
        return [WentSilent(int(row), int(self.silent_ms[row])) for row in np.flatnonzero(due)]
