"""Stereo recording: the tick's side.

    frames of two rows, decoded ─► 0.8 s in memory ─► one job for the writer thread (`writer.py`)

All recorders share one block of memory; each hands over its block in a tick of its own, so that the
work is spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.media.g711 import FRAME, I16, U8, Law
from firmware.media.rows import RowAllocator, grown, row_array
from firmware.media.writer import Append, Close, Open, RecordingWriter

BLOCK_FRAMES: Final = 40
"""Frames (0.8 s) between two writes: what a kill can take of a recording."""


PHASE_STEP: Final = 7
"""Frames by which the blocks of recorders opened together end apart; no divisor of BLOCK_FRAMES."""

Rows = npt.NDArray[np.intp]


class _Recorder(msgspec.Struct):
    place: int
    left: int | None
    """Row; None once the port is closed, which records silence."""
    right: int | None


class _Group(msgspec.Struct, frozen=True):
    """Recorders that are run alike."""

    law: Law | None
    """Of both sides: decoded and interleaved in one lookup. None when the sides differ or are linear."""
    places: Rows
    left: Rows
    right: Rows


class RecorderBank:
    """All running recorders."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer
        self._recorders: dict[str, _Recorder] = {}
        self._places = RowAllocator()
        # Every machine this runs on is little-endian, as WAV is.
        self._blocks = np.zeros((4, BLOCK_FRAMES, FRAME), np.uint32)
        self._opened = 0
        self._begin = np.zeros(4, np.intp)
        self._filled = np.zeros(4, np.intp)
        """Frames in each place's block."""
        self._in_use = row_array([])
        self._groups: list[_Group] = []

    def __len__(self) -> int:
        return len(self._recorders)

    def __contains__(self, recorder_id: str) -> bool:
        return recorder_id in self._recorders

    def open(self, recorder_id: str, path: str, left: int | None, right: int | None, started_ns: int) -> None:
        """Begin; a file that exists is continued, its gap filled with silence."""
        place = self._places.take()
        if place >= len(self._blocks):
            size = 2 * len(self._blocks)
            self._blocks = grown(self._blocks, np.zeros((size, BLOCK_FRAMES, FRAME), np.uint32))
            self._begin = grown(self._begin, np.zeros(size, np.intp))
            self._filled = grown(self._filled, np.zeros(size, np.intp))
        # A first block of its own length puts this recorder's later ones into a tick of their own.
        self._begin[place] = self._filled[place] = self._opened * PHASE_STEP % BLOCK_FRAMES
        self._opened += 1
        self._recorders[recorder_id] = _Recorder(place, left, right)
        self._writer.submit(Open(recorder_id, path, started_ns))

    def close(self, recorder_id: str) -> None:
        """Hand over what is left and have the file closed."""
        recorder = self._recorders.pop(recorder_id, None)
        if recorder is None:
            return
        self._hand_over(recorder_id, recorder)
        self._places.give_back(recorder.place)
        self._writer.submit(Close(recorder_id))

    def forget_row(self, row: int) -> None:
        """Record silence from a port that is closed."""
        for recorder in self._recorders.values():
            if recorder.left == row:
                recorder.left = None
            if recorder.right == row:
                recorder.right = None

    @property
    def needs_linear(self) -> bool:
        """Whether any recorder wants decoded audio."""
        return any(group.law is None for group in self._groups)

    def arrange(self, laws: Mapping[int, Law]) -> None:
        """Sort the recorders; called whenever they, or the rows' codecs, have changed.

        Args:
            laws: The codec of every row that carries G.711.
        """
        sorted_by_law: dict[Law | None, list[_Recorder]] = {}
        for recorder in self._recorders.values():
            left, right = (None if row is None else laws.get(row) for row in (recorder.left, recorder.right))
            sorted_by_law.setdefault(left if left is right else None, []).append(recorder)
        self._groups = [
            _Group(
                law,
                row_array([recorder.place for recorder in running]),
                row_array([-1 if recorder.left is None else recorder.left for recorder in running]),
                row_array([-1 if recorder.right is None else recorder.right for recorder in running]),
            )
            for law, running in sorted_by_law.items()
        ]
        self._in_use = row_array([recorder.place for recorder in self._recorders.values()])

    def run(self, payload: U8, linear: I16) -> None:
        """Take one frame of every recorder.

        Args:
            payload: Input of all rows as codewords, shape (rows, 160).
            linear: Decoded input of all rows, shape (rows + 1, 160); the last row is silence and stands
                for ports that are gone.
        """
        if not len(self._in_use):
            return
        for group in self._groups:
            if group.law is None:
                stereo = _interleaved(linear.view(np.uint16), group.left, group.right)
            else:
                words = np.empty((len(group.places), FRAME, 2), np.uint8)
                words[:, :, 0] = payload[group.left]
                words[:, :, 1] = payload[group.right]
                stereo = group.law.decode_pairs(words)
            self._blocks[group.places, self._filled[group.places]] = stereo
        position = self._filled[self._in_use]
        position += 1
        self._filled[self._in_use] = position
        if position.max() >= BLOCK_FRAMES:
            for recorder_id, recorder in self._recorders.items():
                if self._filled[recorder.place] >= BLOCK_FRAMES:
                    self._hand_over(recorder_id, recorder)

    def _hand_over(self, recorder_id: str, recorder: _Recorder) -> None:
        begin, end = int(self._begin[recorder.place]), int(self._filled[recorder.place])
        if end > begin:
            self._writer.submit(Append(recorder_id, self._blocks[recorder.place, begin:end].tobytes()))
        self._begin[recorder.place] = self._filled[recorder.place] = 0


def _interleaved(linear: npt.NDArray[np.uint16], left: Rows, right: Rows) -> npt.NDArray[np.uint32]:
    """Return stereo samples as numbers, the left in the lower half, which the file has first."""
    stereo = linear.take(right, axis=0, mode="wrap").astype(np.uint32)
    stereo <<= 16
    stereo |= linear.take(left, axis=0, mode="wrap")
    return stereo
