"""A silent line sounds like itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.media.dsp.comfort import ComfortNoise, build_payload
from firmware.media.dsp.units import FRAME, I16, level_of, to_int16
from tests.media.dsp.signals import white


def filled(noise: ComfortNoise, count: int) -> I16:
    out = np.zeros((count, FRAME), np.int16)
    for frame in out:
        noise.fill(frame)
    return out.ravel()


def test_before_any_description_there_is_silence() -> None:
    noise = ComfortNoise()
    noise.describe(b"")
    assert not filled(noise, 3).any()


@pytest.mark.parametrize("level", [-30.0, -45.0, -60.0])
def test_level_and_colour_of_a_background_come_through(level: float) -> None:
    hum = np.convolve(white(0, 2, seed=4), np.hanning(12), "same")
    background = to_int16(hum * 10 ** ((level - level_of(hum)) / 20))
    payload = build_payload(background[:1600])
    assert len(payload) == 9
    noise = ComfortNoise(seed=9)
    noise.describe(payload)
    heard = filled(noise, 150)[FRAME:]
    assert level_of(heard) == pytest.approx(level, abs=1.0)
    for low, high in ((0, 1000), (1000, 2000)):
        assert share(heard, low, high) == pytest.approx(share(background, low, high), abs=0.08)


def share(samples: I16, low_hz: int, high_hz: int) -> float:
    power = np.square(np.abs(np.fft.rfft(samples.astype(float))))
    hertz = np.fft.rfftfreq(len(samples), 1 / 8000)
    return float(power[(hertz >= low_hz) & (hertz < high_hz)].sum() / power.sum())


def test_the_loop_closes_without_a_seam_and_changes_without_a_click() -> None:
    noise = ComfortNoise()
    noise.describe(bytes((40,)))
    steady = filled(noise, 320)[FRAME:].astype(int)
    assert np.abs(np.diff(steady)).max() < 9 * np.abs(np.diff(steady)).std()
    noise.describe(bytes((70,)))
    changing = filled(noise, 1).astype(int)
    assert level_of(changing[:40]) > level_of(changing[-40:]) + 6


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_no_payload_is_louder_than_it_says(payload: bytes) -> None:
    noise = ComfortNoise()
    noise.describe(payload)
    heard = filled(noise, 120)[FRAME:]
    limit = 6.18 - (payload[0] & 0x7F) if payload else -96.0
    assert level_of(heard) < max(limit, -70) + 2
