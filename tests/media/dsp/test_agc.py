"""Quiet callers become as loud as others, so slowly that nobody notices."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.dsp.activity import ActivityBank
from firmware.media.dsp.agc import LevelControl
from firmware.media.dsp.limiter import Limiter
from firmware.media.dsp.units import FRAME, I16, level_of, to_int16
from tests.media.dsp.signals import F64, active_level, frames, noisy, seconds, silence, speech


def controlled(samples: I16) -> tuple[I16, F64]:
    """Return what comes out, and the gain in dB after every frame."""
    activity, control = ActivityBank(1), LevelControl(1)
    out, gains = [], []
    for frame in frames(samples):
        mine = frame.copy()
        activity.feed(mine)
        control.process(mine, activity, mine)
        out.append(mine[0])
        gains.append(float(control.gain_db[0]))
    return np.concatenate(out), np.array(gains)


@pytest.mark.parametrize("level", [-30.0, -26.0, -14.0])
def test_speech_comes_to_the_nominal_level(level: float) -> None:
    said = speech(30.0, seed=41, level_dbm0=level)
    out, gains = controlled(noisy(said, -65))
    assert active_level(out[seconds(20) :]) == pytest.approx(-18, abs=2.5)
    assert -6 <= gains[-1] <= 12


def test_a_whisper_is_lifted_by_12_db_and_no_more() -> None:
    _, gains = controlled(speech(30.0, seed=41, level_dbm0=-38.0))
    assert 10.9 <= gains[-1] == gains.max() <= 12


def test_the_gain_never_moves_faster_than_1_5_db_a_second_nor_in_pauses() -> None:
    pause = silence(4)
    line = noisy(np.concatenate((speech(5.0, seed=41, level_dbm0=-28.0), pause) * 3), -60)
    _, gains = controlled(line)
    assert np.abs(np.diff(gains)).max() <= 0.03 + 1e-9
    for cycle in range(3):
        begin = (cycle * 9 + 6) * 50
        assert np.ptp(gains[begin : begin + 140]) == 0


def test_a_row_in_its_pause_does_not_move_because_another_talks() -> None:
    activity, control = ActivityBank(2), LevelControl(2)
    quiet = speech(6.0, seed=41, level_dbm0=-32.0)
    pausing = np.concatenate((quiet[: seconds(3)], silence(3)))
    gains = []
    for one, two in zip(frames(quiet), frames(pausing), strict=True):
        block = np.concatenate((one, two))
        activity.feed(block)
        control.process(block, activity, block)
        gains.append(control.gain_db.copy())
    assert gains[-1][0] > gains[170][0] + 1
    assert gains[-1][1] == gains[170][1] > 1


def test_settled_speech_is_not_pumped() -> None:
    _, gains = controlled(noisy(speech(60.0, seed=41, level_dbm0=-28.0), -60))
    assert np.ptp(gains[30 * 50 :]) < 2.5


def test_noise_and_silence_are_not_amplified() -> None:
    line = noisy(silence(20), -45)
    out, gains = controlled(line)
    assert gains.max() < 0.5
    assert level_of(out) == pytest.approx(-45, abs=0.5)


def test_speech_of_the_right_level_passes_bit_for_bit() -> None:
    said = speech(3.0, seed=41, level_dbm0=-18.0)
    out, gains = controlled(said)
    if not gains.any():
        assert np.array_equal(out, said[: len(out)])
    assert np.abs(gains).max() < 2


def test_a_shout_after_a_whisper_does_not_clip() -> None:
    whisper = speech(20.0, seed=41, level_dbm0=-34.0)
    shout = to_int16(speech(1.0, seed=42, level_dbm0=-34.0).astype(float) * 12)
    out, _ = controlled(np.concatenate((whisper, shout)))
    assert np.count_nonzero(np.abs(out[seconds(20) :].astype(int)) >= 32767) < 20


def test_rows_are_apart_and_can_begin_again() -> None:
    activity, control = ActivityBank(0), LevelControl(0)
    activity.resize(2)
    control.resize(2)
    quiet = speech(10.0, seed=41, level_dbm0=-30.0)
    for frame in frames(quiet):
        block = np.concatenate((frame, np.zeros((1, FRAME), np.int16)))
        activity.feed(block)
        out = np.zeros_like(block)
        control.process(block, activity, out)
    assert control.gain_db[0] > 3
    assert control.gain_db[1] == 0
    control.reset(0)
    assert control.gain_db[0] == 0


def test_the_limiter_keeps_peaks_under_the_ceiling_and_lets_go_slowly() -> None:
    limiter = Limiter(1)
    moments = np.arange(FRAME * 100).reshape(-1, 1, FRAME)
    loud = (60000 * np.sin(2 * np.pi * 440 / 8000 * moments)).astype(np.float32)
    loud[50:] *= 0.1
    gains, out = [], np.zeros((1, FRAME), np.int16)
    for index, frame in enumerate(loud):
        limiter.process(frame.copy(), out)
        gains.append(float(limiter.gain[0]))
        if index:
            assert np.abs(out.astype(int)).max() <= 30001
    steps = 20 * np.log10(np.array(gains[50:]) / np.array(gains[49:-1]))
    assert steps.max() <= 0.41
    assert gains[-1] == 1
