"""The judge of what was heard must itself be right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware.sim.listening import find_speech, find_tone, read_wav, silent, write_tone


def _tone(tmp_path: Path, hertz: float, seconds: float, level: float) -> np.ndarray:
    write_tone(tmp_path / "tone.wav", hertz, seconds, level)
    rate, samples = read_wav(tmp_path / "tone.wav")
    assert rate == 8000
    return samples[:, 0]


def test_a_tone_is_found_with_its_frequency_level_and_length(tmp_path: Path) -> None:
    samples = np.concatenate([np.zeros(4000), _tone(tmp_path, 440, 3, -20), np.zeros(8000)])
    heard = find_tone(samples, 8000, 440)
    assert heard is not None
    assert heard.hertz == pytest.approx(440, abs=0.5)
    assert heard.level_dbfs == pytest.approx(-20, abs=0.2)
    assert heard.began_seconds == pytest.approx(0.5, abs=0.03)
    assert heard.lasted_seconds == pytest.approx(3, abs=0.05)
    assert heard.longest_gap_ms == 0


@pytest.mark.parametrize("gap_ms", [30, 60, 500])
def test_a_gap_is_measured(tmp_path: Path, gap_ms: int) -> None:
    samples = _tone(tmp_path, 1000, 2, -20)
    samples[8000 : 8000 + gap_ms * 8] = 0
    heard = find_tone(samples, 8000, 1000)
    assert heard is not None
    assert heard.longest_gap_ms == pytest.approx(gap_ms, abs=20)


def test_noise_and_other_tones_are_not_taken_for_it(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 16000)
    assert find_tone(noise, 8000, 440) is None
    assert find_tone(_tone(tmp_path, 1000, 2, -20), 8000, 440) is None
    assert find_tone(np.zeros(16000), 8000, 440) is None


def test_silence_is_told_from_a_faint_tone(tmp_path: Path) -> None:
    assert silent(np.zeros(8000))
    assert not silent(_tone(tmp_path, 440, 1, -55))


def test_an_utterance_is_found_where_it_begins_and_not_where_it_is_not() -> None:
    noise = np.random.default_rng(2)
    spoken, other = noise.normal(0, 0.1, (2, 16000))
    heard = np.concatenate([np.zeros(4000), 0.5 * spoken, np.zeros(4000)]) + noise.normal(0, 0.01, 24000)
    assert find_speech(heard, spoken) == pytest.approx(0.5, abs=0.001)
    assert find_speech(heard, other) is None
    assert find_speech(heard[:1000], spoken) is None
