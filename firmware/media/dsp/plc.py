"""Packet-loss concealment for all ports at once: a lost frame is heard as a short fade, not as a click.

Theory of operation. Speech repeats itself from pitch period to pitch period, so when a frame is missing the
last period goes on being played while it fades:

    history (60 ms) ─► lag of best likeness, 5 to 15 ms ─► one cycle, its end blended into its beginning
                                                                                          │ repeated
    time since the loss:  0 … 10 ms: full    10 … 60 ms: fading linearly    later: silence ◄────┘
    first frame that is there again: blended in over 5 to 10 ms while the cycle fades on

Where nothing repeats (a hiss, likeness under 0.5) the longest cycle is taken, which buzzes least. The step
at the seam, the difference between what came and what the cycle would have come from, is added to the cycle
and decays in a quarter of a period. No delay is added: what has been played is never blended afterwards, as
ITU-T's method does with 3.75 ms of delay.

Frames (rows, 160) int16 at 8000 Hz. Sources: after the idea of ITU-T G.711 appendix I (pitch 66 to 200 Hz,
20 % per 10 ms).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.units import F32, FRAME, I16, Bool, Rows, resized, to_int16

HISTORY: Final = 3 * FRAME
SHORTEST: Final = 40
LONGEST: Final = 120
TEMPLATE: Final = 160
"""Samples compared at each lag."""
LIKENESS: Final = 0.5
HOLD: Final = 80
"""Samples at full level."""
GONE: Final = 480
"""Samples after which all is silent."""
BLEND: Final = 40
"""Samples of crossfade after one lost frame, and twice as many after several."""
SEAM: Final = 20
"""Samples; least of what a seam decays over."""


class Concealer:
    """Concealers of so many rows."""

    def __init__(self, rows: int = 0) -> None:
        self._history = np.zeros((rows, HISTORY), np.int16)
        self._lost = np.zeros(rows, np.int32)
        """Frames lost in a row."""
        self._cycle = np.zeros((rows, LONGEST), np.float32)
        self._length = np.full(rows, LONGEST, np.int32)
        self._any_lost = False
        self.concealed = np.zeros(rows, np.int64)
        """Frames made up so far, shape (rows,)."""

    def resize(self, rows: int) -> None:
        """Have so many rows."""
        self._history = resized(self._history, rows)
        self._lost = resized(self._lost, rows)
        self._cycle = resized(self._cycle, rows)
        self._length = resized(self._length, rows, LONGEST)
        self.concealed = resized(self.concealed, rows)

    def reset(self, row: int) -> None:
        """Forget what a row played."""
        self._history[row] = 0
        self._lost[row] = self.concealed[row] = 0

    def process(self, frames: I16, lost: Bool) -> None:
        """Fill in the lost frames, and join the first ones after them, in place.

        Args:
            frames: Shape (rows, 160); what stands in lost rows doesn't matter.
            lost: Whether a row's frame is missing, shape (rows,).
        """
        if self._any_lost or lost.any():
            missing = np.flatnonzero(lost)
            back = np.flatnonzero(~lost & (self._lost > 0))
            if len(missing):
                self._conceal(missing, frames)
            if len(back):
                self._join(back, frames)
            self._lost = np.where(lost, self._lost + 1, 0)
            self._any_lost = bool(lost.any())
        self._history[:, :-FRAME] = self._history[:, FRAME:]
        self._history[:, -FRAME:] = frames

    def _conceal(self, rows: Rows, frames: I16) -> None:
        fresh = rows[self._lost[rows] == 0]
        if len(fresh):
            self._find_cycles(fresh)
        playing = rows[self._lost[rows] * FRAME < GONE]
        frames[rows] = 0
        if len(playing):
            made = self._continued(playing, FRAME)
            first = np.flatnonzero(self._lost[playing] == 0)
            if len(first):
                self._mend_seam(playing[first], made, first)
            frames[playing] = to_int16(made)
        self.concealed[rows] += 1

    def _find_cycles(self, rows: Rows) -> None:
        """Find each row's pitch period and prepare the cycle to repeat."""
        past = self._history[rows].astype(np.float32)
        template = past[:, HISTORY - TEMPLATE :]
        # The window that begins at i lies LONGEST - i samples before the template: that is its lag.
        windows = np.lib.stride_tricks.sliding_window_view(
            past[:, HISTORY - TEMPLATE - LONGEST : HISTORY - SHORTEST], TEMPLATE, axis=1
        )
        likeness = np.matmul(windows, template[:, :, None])[:, :, 0]
        squares = np.cumsum(np.square(past[:, HISTORY - TEMPLATE - LONGEST :], dtype=np.float64), axis=1)
        squares = np.pad(squares, ((0, 0), (1, 0)))
        energies = squares[:, TEMPLATE : TEMPLATE + windows.shape[1]] - squares[:, : windows.shape[1]]
        own = np.maximum(squares[:, -1] - squares[:, LONGEST], 1.0)
        likeness = likeness / np.sqrt(np.maximum(energies, 1.0) * own[:, None])
        best = likeness.argmax(axis=1)
        alike = likeness[np.arange(len(rows)), best] > LIKENESS
        lengths = np.where(alike, LONGEST - best, LONGEST)
        for index, row in enumerate(rows):
            length = int(lengths[index])
            cycle = past[index, HISTORY - length :].copy()
            before = past[index, HISTORY - 2 * length : HISTORY - length]
            edge = max(SEAM, length // 4)
            fade = np.linspace(0, 1, edge, endpoint=False, dtype=np.float32)
            cycle[-edge:] += fade * (before[-edge:] - cycle[-edge:])
            self._cycle[row, :length] = cycle
            self._length[row] = length

    def _continued(self, rows: Rows, count: int) -> F32:
        """Return the next samples of each row's cycle, faded as they are due, shape (rows, count)."""
        since = self._lost[rows, None] * FRAME + np.arange(count)
        gain = np.clip((GONE - since) / (GONE - HOLD), 0, 1).astype(np.float32)
        made: F32 = self._cycle[rows[:, None], since % self._length[rows, None]] * gain
        return made

    def _mend_seam(self, rows: Rows, made: F32, places: Rows) -> None:
        """Take out the step between the history's end and the cycle's beginning."""
        for row, place in zip(rows, places, strict=True):
            length = int(self._length[row])
            step = float(self._history[row, -1]) - float(self._history[row, -1 - length])
            edge = max(SEAM, length // 4)
            made[place, :edge] += step * np.linspace(1, 0, edge, endpoint=False, dtype=np.float32)

    def _join(self, rows: Rows, frames: I16) -> None:
        """Blend the cycle into frames that are there again."""
        made = self._continued(rows, 2 * BLEND)
        several = self._lost[rows] > 1
        slow = np.linspace(0, 1, 2 * BLEND, dtype=np.float32)
        fast = np.minimum(2 * slow, 1)
        rise = np.where(several[:, None], slow, fast)
        there = frames[rows, : 2 * BLEND].astype(np.float32)
        frames[rows, : 2 * BLEND] = to_int16(made + rise * (there - made))
