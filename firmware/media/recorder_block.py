"""What recorders have heard and not yet handed over: 0.9 s of sixteen recorders, in memory.

    both sides of all, a tick at a time ─► one run of memory       45 of them, recorder by recorder ─► octets

What is written in one tick lies together: memory is touched in order, which costs a fraction of touching it
here and there. What becomes of it goes by recorder, so that what that needs stays in the nearest cache.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import FRAME, I16, U8, Law, side_by_side, whole_frames
from firmware.media.recording_form import Form
from firmware.media.recording_samples import FORM_OF, in_form
from firmware.media.rows import row_array

BLOCK_FRAMES: Final = 45
"""Frames (0.9 s) between two writes: what a kill can take of a recording."""
PLACES: Final = 16
"""Recorders that share a block."""
ANY_ROW: Final = 0
"""What is copied for a place whose codewords nobody wants."""

Rows = npt.NDArray[np.intp]


class RecorderBlock:
    """The last frames of `PLACES` recorders.

    Args:
        position: Frames that count as taken at first; so the blocks of a box end in different ticks.
    """

    def __init__(self, position: int) -> None:
        self.position = position
        """Frames in it, of each place."""
        self._words = np.zeros((BLOCK_FRAMES, PLACES, 2, FRAME), np.uint8)
        self._frames = whole_frames(self._words)
        self._linear: I16 | None = None
        """Shape as that of the codewords; None while no recorder has wanted any."""
        self._sides: Rows | None = None
        self._linear_places = row_array([])
        self._linear_sides: Rows = np.zeros((0, 2), np.intp)

    def listen(self, words: dict[int, tuple[int, int]], linear: dict[int, tuple[int, int]]) -> None:
        """Say whom the places hear from now on.

        Args:
            words: Rows of left and right by place, for recorders of codewords.
            linear: The same for recorders of decoded audio.
        """
        self._sides = np.full((PLACES, 2), ANY_ROW, np.intp) if words else None
        if self._sides is not None:
            self._sides[list(words)] = list(words.values())
        self._linear_places = row_array(list(linear))
        self._linear_sides = np.array(list(linear.values()), np.intp).reshape(-1, 2)
        if linear and self._linear is None:
            self._linear = np.zeros(self._words.shape, np.int16)

    @property
    def needs_linear(self) -> bool:
        """Whether any place wants decoded audio."""
        return len(self._linear_places) > 0

    @property
    def is_heard(self) -> bool:
        """Whether any place wants anything."""
        return self._sides is not None or self.needs_linear

    def take(self, frames: npt.NDArray[np.void], linear: I16) -> bool:
        """Take one frame of every place; return whether the block is full now.

        Args:
            frames: Input of all rows as whole frames of codewords, shape (rows,).
            linear: Decoded input of all rows, shape (rows + 1, 160); the last row is silence.
        """
        if self._sides is not None:
            frames.take(self._sides, out=self._frames[self.position], mode="clip")
        if self._linear is not None and self.needs_linear:
            heard = linear.take(self._linear_sides, axis=0, mode="wrap")
            self._linear[self.position, self._linear_places] = heard
        self.position += 1
        return self.position >= BLOCK_FRAMES

    def codewords(self, places: int) -> U8:
        """Return the codewords that the first `places` places have heard, left and right by turns.

        Returns:
            Shape (places, octets).
        """
        words = self._words[: self.position, :places].swapaxes(0, 1)
        return side_by_side(words[:, :, 0], words[:, :, 1]).view(np.uint8).reshape(places, -1)

    def stereo(self, law: Law | None, place: int, begin: int, form: Form) -> U8:
        """Return what a place has heard since frame `begin` of the block.

        Args:
            law: The codec of its codewords; None for decoded audio.
            place: Which.
            begin: First frame.
            form: Of the file it is for.

        Returns:
            Octets, shape (any,).
        """
        heard = slice(begin, self.position)
        if law is not None:
            words = self._words[heard, place]
            pairs = side_by_side(words[:, 0], words[:, 1])
            if FORM_OF[law] is form:
                return pairs.reshape(-1).view(np.uint8)
            return in_form(law.decode_pairs(pairs).view(np.int16), form)
        if self._linear is None:
            return np.zeros(0, np.uint8)
        return in_form(np.ascontiguousarray(self._linear[heard, place].swapaxes(1, 2)), form)
