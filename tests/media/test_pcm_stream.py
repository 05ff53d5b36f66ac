"""A device's two streams: delay that isn't needed is given back, and as much goes out as comes in."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.g711 import FRAME, I16, RATE
from firmware.media.pcm_stream import FIRST_TARGET, MAX_OWED, PcmInput, PcmOutput

TICK = FRAME / RATE
SILENCE: I16 = np.zeros(FRAME, np.int16)


def test_the_reserve_for_lumps_is_given_back_when_they_are_over() -> None:
    line, out, now = PcmInput(), np.empty(FRAME, np.int16), 0.0

    def lasts(seconds: float, lump: int) -> None:
        nonlocal now
        for tick in range(round(seconds / TICK)):
            now += TICK
            if tick % lump == lump - 1:
                line.push(np.zeros(lump * FRAME, np.int16), now)
            line.pull(now, out)

    lasts(5, lump=1)
    assert line.resampler.fill < FIRST_TARGET + FRAME
    lasts(15, lump=6)
    assert line.resampler.target > FIRST_TARGET + 2 * FRAME
    lasts(100, lump=1)
    assert line.resampler.target == pytest.approx(FIRST_TARGET, abs=FRAME)
    assert line.resampler.fill < FIRST_TARGET + 2 * FRAME


@pytest.mark.parametrize("error_ppm", [-60, 60])
def test_a_pace_measured_wrong_is_made_up_for(error_ppm: float) -> None:
    line = PcmOutput(FRAME)
    given = 0
    for tick in range(15 * 60 * 50):
        now = tick * TICK
        line.push(SILENCE, now)
        given += sum(map(len, line.due(RATE * (1 + error_ppm * 1e-6), (tick + 1) * FRAME, now)))
    # Of 15 minutes' 432 samples there are as many left as call for the correction.
    assert abs(given - 15 * 60 * RATE) < 432 / 2


def test_a_device_is_not_given_at_once_what_a_stall_has_kept_from_it() -> None:
    line = PcmOutput(FRAME)
    for tick in range(100):
        line.push(SILENCE, tick * TICK)
        line.due(RATE, 0, tick * TICK)
    line.push(SILENCE, 12.0)
    assert sum(map(len, line.due(RATE, 0, 12.0))) <= MAX_OWED + FRAME
