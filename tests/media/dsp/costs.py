"""What each unit costs: `python -m tests.media.dsp.costs` prints microseconds per port and 20 ms frame.

Medians over some seconds of speech, for one row and for many, wall clock of one thread. "quiet" rows hear
digital silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from firmware.media.dsp.activity import ActivityBank
from firmware.media.dsp.agc import LevelControl
from firmware.media.dsp.callerid import FskCallerId
from firmware.media.dsp.comfort import ComfortNoise
from firmware.media.dsp.conference import Conference
from firmware.media.dsp.dtmf import DtmfBank
from firmware.media.dsp.echo import EchoCanceller
from firmware.media.dsp.g722 import WIDE_FRAME, G722Decoder, G722Encoder
from firmware.media.dsp.plc import Concealer
from firmware.media.dsp.progress import ProgressBank
from firmware.media.dsp.progress_data import plan_of
from firmware.media.dsp.resampler import AsyncResampler
from firmware.media.dsp.spandsp import available
from firmware.media.dsp.units import FRAME, I16
from tests.media.dsp.signals import speech

FRAMES = 400
Unit = Callable[[I16, int], object]


def measured(unit: Unit, rows: int, *, quiet: bool = False) -> float:
    """Return the median microseconds per row and frame."""
    said = speech(20.0, seed=77)
    starts = np.random.default_rng(1).integers(0, len(said) - FRAMES * FRAME, rows)
    blocks = np.stack([said[start : start + FRAMES * FRAME] for start in starts])
    if quiet:
        blocks[:] = 0
    times = []
    for index in range(FRAMES):
        block = np.ascontiguousarray(blocks[:, index * FRAME : (index + 1) * FRAME])
        begun = time.perf_counter()
        unit(block, index)
        times.append(time.perf_counter() - begun)
    return float(np.median(times)) * 1e6 / rows


def dtmf(rows: int) -> Unit:
    bank = DtmfBank(rows)
    return lambda block, _: bank.feed(block)


def progress(rows: int) -> Unit:
    bank = ProgressBank(rows, plan_of("CN"))
    return lambda block, _: bank.feed(block)


def activity(rows: int) -> Unit:
    bank = ActivityBank(rows)
    return lambda block, _: bank.feed(block)


def level_control(rows: int) -> Unit:
    meter, control = ActivityBank(rows), LevelControl(rows)

    def run(block: I16, _: int) -> None:
        meter.feed(block)
        control.process(block, meter, block)

    return run


def echo(rows: int) -> Unit:
    bank = EchoCanceller(rows)
    return lambda block, _: bank.process(block, block, np.empty_like(block))


def concealment(share: float) -> Callable[[int], Unit]:
    def made(rows: int) -> Unit:
        bank, dice = Concealer(rows), np.random.default_rng(2)
        return lambda block, _: bank.process(block, dice.random(rows) < share)

    return made


def conference(rows: int) -> Unit:
    room = Conference(rows)
    return lambda block, _: room.mix(block, np.empty_like(block))


def resampling(rows: int) -> Unit:
    lines = [AsyncResampler() for _ in range(rows)]
    out = np.zeros(FRAME, np.int16)

    def run(block: I16, index: int) -> None:
        for line, frame in zip(lines, block, strict=True):
            line.push(frame, index * 0.02)
            line.pull(FRAME, index * 0.02, out)

    return run


def caller_id(rows: int) -> Unit:
    ears = [FskCallerId() for _ in range(rows)]
    return lambda block, _: [ear.feed(frame) for ear, frame in zip(ears, block, strict=True)]


def comfort(rows: int) -> Unit:
    noises = [ComfortNoise(row) for row in range(rows)]
    for noise in noises:
        noise.describe(bytes((50, 140, 120)))

    def run(block: I16, _: int) -> None:
        for noise, frame in zip(noises, block, strict=True):
            noise.fill(frame)

    return run


def wideband(rows: int) -> Unit:
    encoder, decoder = G722Encoder(), G722Decoder()
    words, wide = np.zeros(WIDE_FRAME // 2, np.uint8), np.zeros(WIDE_FRAME, np.int16)

    def run(block: I16, _: int) -> None:
        for frame in block:
            encoder.encode(np.repeat(frame, 2), words)
            decoder.decode(words, wide)

    return run


UNITS: list[tuple[str, Callable[[int], Unit]]] = [
    ("DTMF detector", dtmf),
    ("call-progress and fax tones", progress),
    ("level, activity, silence", activity),
    ("level control (with activity)", level_control),
    ("line echo canceller", echo),
    ("concealment, nothing lost", concealment(0.0)),
    ("concealment, 5 % lost", concealment(0.05)),
    ("conference", conference),
    ("asynchronous resampler", resampling),
    ("FSK caller id receiver", caller_id),
    ("comfort noise", comfort),
]


def main() -> None:
    print("µs per port and frame".ljust(32), *(f"{head:>9}" for head in ("1 row", "8", "30", "30 quiet")))
    units = [*UNITS, ("G.722 encode and decode", wideband)] if available() else UNITS
    for name, make in units:
        figures = [measured(make(rows), rows) for rows in (1, 8, 30)]
        figures.append(measured(make(30), 30, quiet=True))
        print(name.ljust(32), *(f"{figure:9.1f}" for figure in figures))


if __name__ == "__main__":
    main()
