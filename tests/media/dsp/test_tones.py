"""Tones are as loud, as long and as clean as asked."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.dsp.tones import ToneGenerator, dtmf, noise, tone
from firmware.media.dsp.units import FRAME, I16, level_of
from tests.media.dsp.signals import tone_fit


def rendered(generator: ToneGenerator, count: int) -> I16:
    out = np.zeros((count, FRAME), np.int16)
    for frame in out:
        generator.fill(frame)
    return out.ravel()


@pytest.mark.parametrize("level", [-3.0, -15.0, -40.0])
@pytest.mark.parametrize("hertz", [350.0, 450.0, 2100.0])
def test_a_tone_has_its_level_and_nothing_else(hertz: float, level: float) -> None:
    middle = tone((hertz,), 1000, level)[800:-800]
    fitted, snr = tone_fit(middle, hertz)
    assert fitted == pytest.approx(level, abs=0.05)
    assert snr > 40 if level > -40 else snr > 25


def test_two_frequencies_have_the_level_each() -> None:
    assert level_of(tone((350, 440), 1000, -16)) == pytest.approx(-13, abs=0.1)


def test_a_tone_begins_and_ends_without_a_click() -> None:
    samples = tone((437,), 101, -10).astype(int)
    assert len(samples) == 808
    assert abs(samples[0]) < 100
    assert abs(samples[-1]) < 100
    bends = np.abs(np.diff(samples, 2))
    assert bends.max() <= 1.3 * bends[200:400].max()


def test_a_cadence_is_kept_to_the_sample_across_frames() -> None:
    samples = rendered(ToneGenerator((450,), (350, 350), -15), 105)
    loud = np.abs(samples.astype(int)) > 300
    for cycle in range(3):
        begin = cycle * 5600
        assert loud[begin : begin + 2800].mean() > 0.9
        assert not samples[begin + 2800 : begin + 5600].any()


def test_a_cadence_played_once_ends() -> None:
    generator = ToneGenerator((1000,), (30, 10), -10, repeat=False)
    out = np.zeros(FRAME, np.int16)
    assert generator.fill(out)
    assert not generator.fill(out)
    assert not generator.fill(out)
    assert not out.any()


def test_phase_runs_on_from_frame_to_frame() -> None:
    _, snr = tone_fit(rendered(ToneGenerator((425,), (), -15), 50)[160:], 425)
    assert snr > 50


def test_a_modulated_tone_has_the_level_of_its_carrier_in_total() -> None:
    samples = rendered(ToneGenerator((400,), (), -15, modulated_by=25), 200)
    assert level_of(samples) == pytest.approx(-15, abs=0.1)


def test_dtmf_pairs_are_sent_at_their_levels_with_the_high_group_above() -> None:
    samples = dtmf("5", on_ms=100, off_ms=50)
    assert len(samples) == 1200
    assert tone_fit(samples[100:700], 770)[0] == pytest.approx(-8, abs=0.4)
    assert tone_fit(samples[100:700], 1336)[0] == pytest.approx(-6, abs=0.4)
    assert not dtmf("").size
    with pytest.raises(ValueError, match="substring"):
        dtmf("x")


def test_a_cadence_without_time_is_refused() -> None:
    with pytest.raises(ValueError, match="cadence"):
        ToneGenerator((450,), (0, 0))


def test_noise_has_its_level_and_repeats_with_its_seed() -> None:
    assert level_of(noise(-30, 8000, 1)) == pytest.approx(-30, abs=0.2)
    assert np.array_equal(noise(-30, 100, 7), noise(-30, 100, 7))
