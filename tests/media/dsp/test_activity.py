"""Levels, speech and silence on several rows at once."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.dsp.activity import ActivityBank, WentSilent
from firmware.media.dsp.tones import tone
from firmware.media.dsp.units import FRAME, I16
from tests.media.dsp.signals import frames, noisy, seconds, silence, speech, utterance, white


def activity(samples: I16) -> np.ndarray:
    bank = ActivityBank(1)
    found = []
    for frame in frames(samples):
        bank.feed(frame)
        found.append(bool(bank.active[0]))
    return np.array(found)


@pytest.mark.parametrize("level", [0.0, -15.0, -40.0])
def test_the_meter_reads_dbm0(level: float) -> None:
    bank = ActivityBank(2)
    bank.feed(np.stack((tone((1000,), 20, level, ramp_ms=0), np.zeros(FRAME, np.int16))))
    assert bank.level_dbm0.tolist() == pytest.approx([level, -96], abs=0.1)
    assert bank.peak[0] == pytest.approx(22301 * 10 ** (level / 20), rel=0.02)


def test_the_loudest_negative_sample_has_a_peak() -> None:
    bank = ActivityBank(1)
    bank.feed(np.full((1, FRAME), -32768, np.int16))
    assert bank.peak[0] == 32768


@pytest.mark.parametrize("noise_dbm0", [-70.0, -50.0, -38.0])
def test_speech_is_active_and_line_noise_is_not(noise_dbm0: float) -> None:
    words = speech(3.0, seed=11, level_dbm0=-20)
    found = activity(noisy(np.concatenate((silence(10), words, silence(3))), noise_dbm0))
    assert found[320:500].mean() < 0.05
    assert found[505:645].mean() > 0.85
    assert found[-60:].mean() < 0.05


def test_silence_is_told_once_when_it_is_long_enough_and_again_after_speech() -> None:
    bank = ActivityBank(2)
    bank.wait_for_silence(1, 2000)
    word = speech(1.0, seed=12, level_dbm0=-20)
    line = np.concatenate((word, silence(5), word, silence(1), word, silence(3)))
    told = []
    for index, frame in enumerate(frames(noisy(line, -60))):
        told += [(index * 20, event) for event in bank.feed(np.repeat(frame, 2, axis=0))]
    assert [event for _, event in told] == [WentSilent(1, 2000)] * 2
    assert [when for when, _ in told] == pytest.approx([3000, 11000], abs=250)


def test_a_line_that_is_only_noisy_goes_silent_too() -> None:
    bank = ActivityBank(1)
    bank.wait_for_silence(0, 3000)
    told = [event for frame in frames(white(-36, 12).astype(np.int16)) for event in bank.feed(frame)]
    assert told


def test_rows_come_go_and_are_reset() -> None:
    bank = ActivityBank(0)
    assert bank.feed(np.zeros((0, FRAME), np.int16)) == []
    bank.resize(2)
    loud = np.full((2, FRAME), 3000, np.int16)
    bank.feed(loud)
    assert bank.active.tolist() == [True, True]
    bank.reset(1)
    assert bank.active.tolist() == [True, False]
    assert bank.level_dbm0[1] == -96


def test_a_spoken_sentence_is_mostly_one_stretch() -> None:
    words = utterance("en-us", "please hold the line while we connect you")
    found = activity(noisy(np.concatenate((silence(1), words, silence(1))), -65))
    assert np.count_nonzero(np.diff(found.astype(int)) == 1) <= 2
    assert found[: seconds(0.9) // FRAME].sum() == 0
