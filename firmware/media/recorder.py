"""Stereo recording: the tick's side.

    frames of two rows, as codewords or decoded ─► 0.8 s in memory ─► decoded ─► writer thread (`writer.py`)

All recorders share one block of memory; each hands over its block in a tick of its own, so that the
work is spread. Where both sides speak the same G.711 law, the block holds codewords and is decoded in one go:
half the memory to touch in a tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.media.g711 import FRAME, I16, U8, Law, whole_frames
from firmware.media.rows import RowAllocator, grown, row_array
from firmware.media.writer import Append, Close, Job, Open, RecordingWriter

BLOCK_FRAMES: Final = 40
"""Frames (0.8 s) between two writes: what a kill can take of a recording."""
PHASE_STEP: Final = 7
"""Frames by which the blocks of recorders opened together end apart; no divisor of BLOCK_FRAMES."""
FIRST_PLACES: Final = 4
NO_ROW: Final = -1
"""The last row of decoded audio, which is silence."""

Rows = npt.NDArray[np.intp]


class _Recorder(msgspec.Struct):
    recorder_id: str
    place: int
    left: int | None
    """Row; None once the port is closed, which records silence."""
    right: int | None
    law: Law | None = None
    """Of both sides; None when they differ, are linear or are to be kept out."""
    paused: bool = False
    muted: bool = False


class _Group(msgspec.Struct, frozen=True):
    """Recorders that are run alike."""

    law: Law | None
    places: Rows
    sides: Rows
    """Rows of left and right, shape (recorders, 2)."""


class RecorderBank:
    """All running recorders."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer
        self._recorders: dict[str, _Recorder] = {}
        self._by_place: dict[int, _Recorder] = {}
        self._places = RowAllocator()
        self._words = np.zeros((FIRST_PLACES, BLOCK_FRAMES, 2, FRAME), np.uint8)
        self._linear = np.zeros((FIRST_PLACES, BLOCK_FRAMES, 2, FRAME), np.int16)
        self._opened = 0
        self._begin = np.zeros(FIRST_PLACES, np.intp)
        self._filled = np.zeros(FIRST_PLACES, np.intp)
        """Frames in each place's block."""
        self._in_use = row_array([])
        self._groups: list[_Group] = []
        self._jobs: list[Job] = []

    def __len__(self) -> int:
        return len(self._recorders)

    def __contains__(self, recorder_id: str) -> bool:
        return recorder_id in self._recorders

    def open(self, recorder_id: str, path: str, left: int | None, right: int | None, started_ns: int) -> None:
        """Begin; a file that exists is continued, its gap filled with silence."""
        place = self._places.take()
        if place >= len(self._words):
            size = 2 * len(self._words)
            shape = (size, *self._words.shape[1:])
            # Fresh zeros are no memory until they are used.
            self._words = grown(self._words, np.zeros(shape, np.uint8))
            self._linear = grown(self._linear, np.zeros(shape, np.int16))
            self._begin = grown(self._begin, np.zeros(size, np.intp))
            self._filled = grown(self._filled, np.zeros(size, np.intp))
        # A first block of its own length puts this recorder's later ones into a tick of their own.
        self._begin[place] = self._filled[place] = self._opened * PHASE_STEP % BLOCK_FRAMES
        self._opened += 1
        recorder = _Recorder(recorder_id, place, left, right)
        self._recorders[recorder_id] = self._by_place[place] = recorder
        self._writer.submit(Open(recorder_id, path, started_ns))

    def close(self, recorder_id: str) -> None:
        """Hand over what is left and have the file closed."""
        recorder = self._recorders.pop(recorder_id, None)
        if recorder is None:
            return
        del self._by_place[recorder.place]
        self._hand_over(recorder)
        self._places.give_back(recorder.place)
        self._jobs.append(Close(recorder_id))
        self._flush()

    def adjust(self, recorder_id: str, *, paused: bool, muted: bool) -> None:
        """Leave time out of a recording (pause), or sound (mute); `arrange` must follow."""
        recorder = self._recorders.get(recorder_id)
        if recorder is not None:
            recorder.paused, recorder.muted = paused, muted

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
        groups: dict[Law | None, list[_Recorder]] = {}
        for recorder in self._recorders.values():
            law = _common_law(recorder, laws)
            if law is not recorder.law:
                self._hand_over(recorder)
                recorder.law = law
            if not recorder.paused:
                groups.setdefault(law, []).append(recorder)
        self._groups = [
            _Group(
                law,
                row_array([recorder.place for recorder in running]),
                row_array([_sides(recorder) for recorder in running]),
            )
            for law, running in groups.items()
        ]
        self._in_use = row_array([r.place for running in groups.values() for r in running])
        self._flush()

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
            filled = self._filled[group.places]
            if group.law is None:
                self._linear[group.places, filled] = linear.take(group.sides, axis=0, mode="wrap")
            else:
                whole_frames(self._words)[group.places, filled] = whole_frames(payload)[group.sides]
        position = self._filled[self._in_use]
        position += 1
        self._filled[self._in_use] = position
        full = self._in_use[position >= BLOCK_FRAMES]
        if len(full):
            for place in full.tolist():
                self._hand_over(self._by_place[place])
            self._flush()

    def _hand_over(self, recorder: _Recorder) -> None:
        place = recorder.place
        begin, end = int(self._begin[place]), int(self._filled[place])
        self._begin[place] = self._filled[place] = 0
        if end <= begin:
            return
        if recorder.law is None:
            stereo = np.ascontiguousarray(self._linear[place, begin:end].swapaxes(1, 2)).tobytes()
        else:
            words = self._words[place, begin:end]
            stereo = recorder.law.decode_two(words[:, 0], words[:, 1]).tobytes()
        self._jobs.append(Append(recorder.recorder_id, stereo))

    def _flush(self) -> None:
        """Give the writer all jobs of this tick: it is woken once."""
        if self._jobs:
            self._writer.submit(*self._jobs)
            self._jobs.clear()


def _common_law(recorder: _Recorder, laws: Mapping[int, Law]) -> Law | None:
    if recorder.muted or recorder.left is None or recorder.right is None:
        return None
    left, right = laws.get(recorder.left), laws.get(recorder.right)
    return left if left is right else None


def _sides(recorder: _Recorder) -> tuple[int, int]:
    if recorder.muted:
        return (NO_ROW, NO_ROW)
    left, right = recorder.left, recorder.right
    return (NO_ROW if left is None else left, NO_ROW if right is None else right)
