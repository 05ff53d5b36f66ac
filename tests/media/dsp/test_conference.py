"""Thirty people in one conversation."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.dsp.conference import Conference
from firmware.media.dsp.units import FRAME, I16, level_of, mean_square, to_int16
from tests.media.dsp.signals import F64, seconds, speech

NOISE_DBM0 = -58.0


def room(parties: int, duration: float, talkers: dict[int, I16] | None = None) -> I16:
    """Return what everybody's microphone hears, shape (parties, samples)."""
    dice = np.random.default_rng(parties)
    block = dice.standard_normal((parties, seconds(duration))) * np.sqrt(mean_square(NOISE_DBM0))
    for party, said in (talkers or {}).items():
        block[party, : len(said)] += said
    return to_int16(block)


def held(conference: Conference, block: I16) -> tuple[I16, F64]:
    """Return what everybody hears and the weights after each frame."""
    out = np.zeros_like(block)
    weights = []
    for begin in range(0, block.shape[1] - FRAME + 1, FRAME):
        frame = np.ascontiguousarray(block[:, begin : begin + FRAME])
        mixed = np.zeros_like(frame)
        conference.mix(frame, mixed)
        out[:, begin : begin + FRAME] = mixed
        weights.append(conference.weight.copy())
    return out, np.array(weights, np.float64)


def test_everybody_hears_all_others_and_not_himself() -> None:
    conference = Conference(3)
    frame = np.array([[1000], [200], [30]], np.int16) * np.ones((3, FRAME), np.int16)
    out = np.zeros_like(frame)
    conference.mix(frame, out)
    assert out[:, -1].tolist() == [230, 1030, 1200]


def test_nobody_alone_hears_anything_and_none_is_no_conference() -> None:
    conference = Conference(1)
    out = np.full((1, FRAME), 5, np.int16)
    conference.mix(np.full((1, FRAME), 1000, np.int16), out)
    assert not out.any()
    conference.resize(0)
    conference.mix(np.zeros((0, FRAME), np.int16), np.zeros((0, FRAME), np.int16))


@pytest.mark.parametrize("parties", [5, 10, 30])
def test_thirty_open_microphones_are_hardly_louder_than_one(parties: int) -> None:
    heard, _ = held(Conference(parties), room(parties, 14))
    assert level_of(heard[0, seconds(12) :]) < NOISE_DBM0 + (0.5 if parties <= 16 else 3.3)


def test_a_talker_is_heard_in_full_from_his_first_frame() -> None:
    said = np.concatenate((np.zeros(seconds(8), np.int16), speech(4.0, seed=51, level_dbm0=-18.0)))
    conference = Conference(30)
    heard, weights = held(conference, room(30, 12, {4: said}))
    begin = np.flatnonzero(weights[400:, 4] == 1)[0] + 400
    assert begin <= seconds(8) // FRAME + 8
    listener = heard[0, seconds(9) : seconds(12)].astype(float) - said[seconds(9) : seconds(12)]
    assert level_of(said[seconds(9) :]) - level_of(listener) > 25
    # Himself he hears not at all: only the others' noise.
    assert level_of(heard[4, seconds(9) :]) < NOISE_DBM0 + 4


def test_weights_do_not_pump() -> None:
    said = speech(20.0, seed=52, level_dbm0=-18.0)
    _, weights = held(Conference(12), room(12, 20, {3: said}))
    in_db = 20 * np.log10(weights[100:, 3])
    assert np.count_nonzero(np.diff(in_db) > 1) <= 3
    assert np.diff(in_db).min() >= -0.21
    assert in_db.min() >= -10.9


def test_who_falls_silent_is_turned_down_slowly_after_a_second() -> None:
    said = speech(4.0, seed=53, level_dbm0=-18.0)
    _, weights = held(Conference(12), room(12, 8, {3: said}))
    in_db = 20 * np.log10(weights[seconds(4) // FRAME :, 3])
    steps = np.diff(in_db)
    assert (in_db[:30] == 0).all(), "0.6 s after the last word he is at full level"
    assert steps.min() == pytest.approx(-0.2, abs=0.01), "10 dB a second"
    assert in_db[-1] == pytest.approx(-10.8, abs=0.1), "as much as twelve parties add"


def test_thirty_people_singing_together_are_limited_without_clipping_or_breathing() -> None:
    choir = {party: speech(6.0, seed=60 + party % 6, level_dbm0=-16.0) for party in range(30)}
    conference = Conference(30)
    block = room(30, 6, choir)
    heard, _ = held(conference, block)
    clipped = np.abs(heard[:, seconds(1) :].astype(int)) >= 32767
    assert clipped.mean() < 2e-4
    assert level_of(heard[0, seconds(1) :]) > -10


def test_parties_join_and_leave() -> None:
    conference = Conference(2)
    held(conference, room(2, 5))
    conference.resize(3)
    assert conference.weight[2] == 1
    held(conference, room(3, 5))
    conference.reset(1)
    assert conference.weight[1] == 1
