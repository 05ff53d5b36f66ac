"""What was lost is heard as a fade."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from firmware.media.dsp.plc import Concealer
from firmware.media.dsp.units import FRAME, I16, RATE, level_of, to_int16
from tests.media.dsp.signals import F64, seconds, speech


def concealed(samples: I16, lost: set[int]) -> I16:
    bank = Concealer(1)
    blocks = samples[: len(samples) // FRAME * FRAME].reshape(-1, 1, FRAME).copy()
    for index, frame in enumerate(blocks):
        if index in lost:
            frame[:] = 9999
        bank.process(frame, np.array([index in lost]))
    return blocks.ravel()


def voice(pitch_hz: float, duration: float = 1.0) -> I16:
    """Return a vowel: harmonics of a pitch under a formant at 700 Hz."""
    moments = np.arange(seconds(duration)) / RATE
    total: F64 = np.zeros(len(moments))
    for order in range(1, int(3400 / pitch_hz)):
        strength = 1 / (1 + ((order * pitch_hz - 700) / 300) ** 2)
        total += strength * np.sin(2 * np.pi * order * pitch_hz * moments + order)
    return to_int16(total / np.abs(total).max() * 9000)


def roughness(samples: I16, begin: int, end: int) -> float:
    """Return the largest second difference: a click is one, a voice is not."""
    return float(np.abs(np.diff(samples[begin:end].astype(float), 2)).max())


def test_nothing_lost_nothing_changed() -> None:
    samples = speech(2.0, seed=1)
    assert np.array_equal(concealed(samples, set()), samples)


@pytest.mark.parametrize("pitch_hz", [80.0, 118.0, 170.0, 240.0])
def test_one_lost_frame_of_a_vowel_is_hardly_there(pitch_hz: float) -> None:
    samples = voice(pitch_hz)
    heard = concealed(samples, {20})
    span = slice(20 * FRAME, 22 * FRAME)
    difference = heard[span].astype(float) - samples[span]
    assert level_of(samples[span]) - level_of(difference) > 12
    assert roughness(heard, 19 * FRAME, 23 * FRAME) < 1.3 * roughness(samples, 10 * FRAME, 30 * FRAME)


@pytest.mark.parametrize("pitch_hz", [80.0, 118.0, 170.0, 240.0])
@pytest.mark.parametrize("burst", [1, 2, 3, 5, 10])
def test_no_step_at_either_edge_of_a_loss(pitch_hz: float, burst: int) -> None:
    samples = voice(pitch_hz)
    heard = concealed(samples, set(range(20, 20 + burst)))
    steepest = np.abs(np.diff(samples.astype(int))).max()
    around = heard[19 * FRAME : (22 + burst) * FRAME].astype(int)
    assert np.abs(np.diff(around)).max() < 1.25 * steepest


@pytest.mark.parametrize(("from_hz", "to_hz"), [(100.0, 150.0), (180.0, 120.0)])
def test_a_voice_that_glides_and_swells_has_no_seams(from_hz: float, to_hz: float) -> None:
    moments = np.arange(RATE) / RATE
    turns = from_hz * moments + (to_hz - from_hz) / 2 * moments**2
    samples = to_int16(
        sum(3000 / order * np.sin(2 * np.pi * order * turns + order) for order in range(1, 9))
        * (0.3 + moments)
    )
    for first in range(10, 40, 3):
        heard = concealed(samples, {first, first + 1})
        around = (first - 2) * FRAME, (first + 4) * FRAME
        assert roughness(heard, *around) < 1.25 * roughness(samples, *around), first


def test_a_long_loss_fades_within_60_ms_and_stays_silent() -> None:
    heard = concealed(voice(118.0), set(range(20, 35)))
    levels = [level_of(heard[index * FRAME : (index + 1) * FRAME]) for index in range(19, 35)]
    assert levels[1] > levels[0] - 2.5
    assert all(later < earlier for earlier, later in itertools.pairwise(levels[1:5]))
    assert levels[3] < levels[0] - 10
    assert not heard[23 * FRAME : 35 * FRAME].any()


def test_the_spectrum_of_a_vowel_keeps_its_lines_through_a_loss() -> None:
    samples = voice(125.0)
    heard = concealed(samples, {20})
    lost = heard[20 * FRAME - 80 : 21 * FRAME + 80].astype(float) * np.hanning(320)
    power = np.square(np.abs(np.fft.rfft(lost)))
    lines = np.zeros(len(power), bool)
    for order in range(1, 27):
        centre = round(order * 125 / 25)
        lines[centre - 1 : centre + 2] = True
    assert power[lines].sum() > 30 * power[~lines].sum()


def test_five_percent_loss_of_speech_makes_no_clicks() -> None:
    samples = speech(20.0, seed=8, level_dbm0=-18.0)
    dice = np.random.default_rng(2)
    lost = set(np.flatnonzero(dice.random(1000) < 0.05).tolist())
    heard = concealed(samples, lost)
    holes = samples.copy()
    for index in lost:
        holes[index * FRAME : (index + 1) * FRAME] = 0
    original = np.abs(np.diff(samples.astype(int), 2))
    assert np.abs(np.diff(heard.astype(int), 2)).max() <= 1.1 * original.max()
    worse_by_holes = level_of(holes.astype(float) - samples)
    assert level_of(heard.astype(float) - samples) < worse_by_holes
    assert abs(level_of(heard) - level_of(samples)) < 0.5


def test_where_speech_was_lost_it_bends_hardly_more_than_it_did_before() -> None:
    """At the seam and where the cycle wraps, relative to the sharpest bends (95 %) of the frame before."""
    samples = speech(60.0, seed=8, level_dbm0=-18.0)
    lost = set(range(5, 2990, 20))
    bends = np.abs(np.diff(concealed(samples, lost).astype(float), 2))
    own = np.abs(np.diff(samples.astype(float), 2))
    at_seam, within = [], []
    for begin in (index * FRAME for index in lost):
        usual = np.percentile(own[begin - FRAME : begin], 95) + 50
        at_seam.append(bends[begin - 3 : begin + 1].max() / usual)
        within.append(bends[begin + 2 : begin + FRAME - 2].max() / usual)
    assert np.percentile(at_seam, 99) < 3.2
    assert np.percentile(within, 99) < 3.2


def test_a_hiss_stays_a_hiss() -> None:
    hiss = to_int16(np.random.default_rng(1).standard_normal(RATE) * 1500)
    heard = concealed(hiss, {20, 21})
    assert level_of(heard[20 * FRAME : 21 * FRAME]) > level_of(hiss) - 2.5


def test_rows_lose_different_frames_and_are_counted() -> None:
    bank = Concealer(1)
    bank.resize(3)
    samples = voice(118.0)
    out = np.zeros((3, len(samples)), np.int16)
    for index, frame in enumerate(samples.reshape(-1, FRAME)):
        block = np.repeat(frame[None], 3, axis=0)
        lost = np.array([index == 20, index in (30, 31), False])
        bank.process(block, lost)
        out[:, index * FRAME : (index + 1) * FRAME] = block
    assert bank.concealed.tolist() == [1, 2, 0]
    assert np.array_equal(out[2], samples)
    assert np.array_equal(out[0], concealed(samples, {20}))
    assert np.array_equal(out[1], concealed(samples, {30, 31}))
    bank.reset(0)
    block = np.repeat(samples[None, :FRAME], 3, axis=0)
    bank.process(block, np.array([True, True, False]))
    assert not block[0].any()
    assert block[1].any()


def test_a_port_that_never_got_a_frame_is_silent() -> None:
    bank = Concealer(2)
    block = np.full((2, FRAME), 7, np.int16)
    bank.process(block, np.array([True, True]))
    assert not block.any()
