"""A line's echo in the device's own time: found again when its buffer has moved, at no growing cost."""

from __future__ import annotations

import tracemalloc
from collections import deque

import numpy as np

from firmware.media.dsp.units import level_of
from firmware.media.echo_stage import KEPT, EchoStage
from firmware.media.g711 import FRAME, I16, RATE

RETURN_LOSS_DB = 12
BUFFERED = 1200
"""Samples (150 ms) that the device has in reserve: so much later the echo comes."""
BEHIND = BUFFERED - FRAME
"""What of that is seen, as a frame is read before the next is written."""


class Line:
    """A device with a buffer of its own, and a hybrid behind it that gives a quarter back."""

    def __init__(self) -> None:
        self.stage = EchoStage()
        self._dice = np.random.default_rng(3)
        self._buffer: deque[np.int16] = deque([np.int16(0)] * BUFFERED)
        self.echo: list[I16] = []
        self.cleaned: list[I16] = []

    def tick(self, *, stalls: bool = False) -> None:
        """Let 20 ms pass, in which the device reads and plays on; we write, unless we stand still."""
        played = np.array([self._buffer.popleft() for _ in range(FRAME)], np.int16)
        echo = (played * 10 ** (-RETURN_LOSS_DB / 20)).astype(np.int16)
        self.echo.append(echo)
        self.cleaned.append(self.stage.clean(echo))
        if not stalls:
            said = self._dice.normal(0, 3000, FRAME).astype(np.int16)
            self._buffer.extend(said)
            self.stage.wrote(said)

    def erle_db(self) -> float:
        """Return by how much the last half second's echo is lower than it came."""
        return level_of(np.concatenate(self.echo[-25:])) - level_of(np.concatenate(self.cleaned[-25:]))


def test_the_echo_is_found_behind_the_devices_buffer() -> None:
    line = Line()
    for _ in range(200):
        line.tick()
    assert line.stage.delay is not None
    assert abs(line.stage.delay - BEHIND) < 80
    assert line.erle_db() > 25


def test_a_stall_that_has_used_up_the_buffer_costs_three_seconds_of_echo_and_no_more() -> None:
    line = Line()
    for _ in range(200):
        line.tick()
    for _ in range(5):
        line.tick(stalls=True)
    for _ in range(150):
        line.tick()
    assert line.stage.delay is not None
    assert abs(line.stage.delay - (BEHIND - 5 * FRAME)) < 80
    assert line.erle_db() > 25


def test_a_call_of_minutes_takes_no_more_memory_than_one_of_seconds() -> None:
    stage = EchoStage()
    frame = np.random.default_rng(1).normal(0, 20, FRAME).astype(np.int16)
    tracemalloc.start()
    try:
        for tick in range(25 * 50):
            stage.wrote(frame)
            stage.clean(frame)
            if tick == 5 * 50:
                before, _ = tracemalloc.get_traced_memory()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 2 * KEPT
    assert KEPT <= RATE
