"""Stereo recording: the tick's side.

    frames of two rows, as codewords or decoded ─► 0.9 s in memory ─► octets ─► writer thread (`writer.py`)

Sixteen recorders share a block of memory; each block is handed over in a tick of its own, so that the work is
spread. Where both sides speak the same G.711 law, the block holds codewords: half the memory to touch in a
tick. They go into the file as they are, if it began so, and are decoded if it holds 16 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from firmware.media.g711 import FRAME, I16, U8, Law, whole_frames
from firmware.media.recorder_block import BLOCK_FRAMES, PLACES, RecorderBlock
from firmware.media.recording_form import Form
from firmware.media.recording_samples import FORM_OF
from firmware.media.rows import RowAllocator
from firmware.media.writer import Append, Close, Job, Open, Part, RecordingWriter

PHASE_STEP: Final = 7
"""Frames by which blocks end apart; no divisor of BLOCK_FRAMES."""
NO_ROW: Final = -1
"""The last row of decoded audio, which is silence."""


class _Recorder(msgspec.Struct):
    recorder_id: str
    block: int
    place: int
    """In the block."""
    begin: int
    """First frame in the block that is its own and not yet handed over."""
    left: int | None
    """Row; None once the port is closed, which records silence."""
    right: int | None
    form: Form
    """Of its file."""
    law: Law | None = None
    """Of both sides; None when they differ, are linear or are to be kept out."""
    paused: bool = False
    muted: bool = False
    resting: bool = False
    """Paused since the last `arrange`."""


class _Running(msgspec.Struct):
    """Who is run in one block."""

    kept: list[_Recorder]
    """Whose codewords go into the file as they are."""
    others: list[_Recorder]
    places: int
    """Up to the last of `kept`."""


class RecorderBank:
    """All running recorders."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer
        self._recorders: dict[str, _Recorder] = {}
        self._places = RowAllocator()
        self._blocks: list[RecorderBlock] = []
        self._running: list[_Running] = []
        """By block."""
        self._heard: list[int] = []
        """Blocks that anybody runs in."""
        self._needs_linear = False
        self._jobs: list[Job] = []

    def __len__(self) -> int:
        return len(self._recorders)

    def __contains__(self, recorder_id: str) -> bool:
        return recorder_id in self._recorders

    def open(
        self,
        recorder_id: str,
        path: str,
        left: int | None,
        right: int | None,
        started_ns: int,
        form: Form = Form.PCM,
    ) -> None:
        """Begin; a file that exists is continued in its own form, its gap filled with silence."""
        block, place = divmod(self._places.take(), PLACES)
        if block == len(self._blocks):
            self._blocks.append(RecorderBlock(block * PHASE_STEP % BLOCK_FRAMES))
            self._running.append(_Running([], [], 0))
        begin = self._blocks[block].position
        self._recorders[recorder_id] = _Recorder(recorder_id, block, place, begin, left, right, form)
        self._writer.submit(Open(recorder_id, path, started_ns, form))

    def close(self, recorder_id: str) -> None:
        """Hand over what is left and have the file closed."""
        recorder = self._recorders.pop(recorder_id, None)
        if recorder is None:
            return
        self._hand_over(recorder)
        running = self._running[recorder.block]
        for group in (running.kept, running.others):
            if recorder in group:
                group.remove(recorder)
        self._places.give_back(recorder.block * PLACES + recorder.place)
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
        return self._needs_linear

    def arrange(self, laws: Mapping[int, Law]) -> None:
        """Sort the recorders; called whenever they, or the rows' codecs, have changed.

        Args:
            laws: The codec of every row that carries G.711.
        """
        self._running = [_Running([], [], 0) for _ in self._blocks]
        words: list[dict[int, tuple[int, int]]] = [{} for _ in self._blocks]
        linear: list[dict[int, tuple[int, int]]] = [{} for _ in self._blocks]
        for recorder in self._recorders.values():
            law = _common_law(recorder, laws)
            if law is not recorder.law or recorder.paused is not recorder.resting:
                self._hand_over(recorder)
                recorder.law, recorder.resting = law, recorder.paused
            if not recorder.paused:
                (linear if law is None else words)[recorder.block][recorder.place] = _sides(recorder)
                running = self._running[recorder.block]
                if recorder.form is FORM_OF.get(law):
                    running.kept.append(recorder)
                    running.places = max(running.places, recorder.place + 1)
                else:
                    running.others.append(recorder)
        for block, heard, decoded in zip(self._blocks, words, linear, strict=True):
            block.listen(heard, decoded)
        self._heard = [number for number, block in enumerate(self._blocks) if block.is_heard]
        self._needs_linear = any(block.needs_linear for block in self._blocks)
        self._flush()

    def run(self, payload: U8, linear: I16) -> None:
        """Take one frame of every recorder.

        Args:
            payload: Input of all rows as codewords, shape (rows, 160).
            linear: Decoded input of all rows, shape (rows + 1, 160); the last row is silence and stands
                for ports that are gone.
        """
        if not self._recorders:
            return
        frames = whole_frames(payload)
        for number in self._heard:
            if self._blocks[number].take(frames, linear):
                self._hand_over_block(number)
        self._flush()

    def _hand_over_block(self, number: int) -> None:
        block, running = self._blocks[number], self._running[number]
        if running.kept:
            octets = block.codewords(running.places)
            parts = [
                Part(one.recorder_id, octets[one.place, 2 * FRAME * one.begin :].data, one.form)
                for one in running.kept
            ]
            self._jobs.append(Append(parts))
        for recorder in running.others:
            self._append(recorder, block)
        for recorder in (*running.kept, *running.others):
            recorder.begin = 0
        block.position = 0

    def _hand_over(self, recorder: _Recorder) -> None:
        """Hand over one recorder's part of a block that is not full yet."""
        block = self._blocks[recorder.block]
        if not recorder.resting:
            self._append(recorder, block)
        recorder.begin = block.position

    def _append(self, recorder: _Recorder, block: RecorderBlock) -> None:
        if recorder.begin < block.position:
            stereo = block.stereo(recorder.law, recorder.place, recorder.begin, recorder.form)
            self._jobs.append(Append([Part(recorder.recorder_id, stereo.data, recorder.form)]))

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
