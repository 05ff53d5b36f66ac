"""Levels mean what G.711 says they mean."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.dsp.units import dbm0, level_of, mean_square, resized, to_int16
from firmware.media.g711 import ALAW, ULAW

MILLIWATT_ULAW = bytes.fromhex("1E0B0B1E9E8B8B9E")
MILLIWATT_ALAW = bytes.fromhex("34212134B4A1A1B4")


def test_the_digital_milliwatt_is_0_dbm0() -> None:
    ulaw = ULAW.decoded[np.frombuffer(MILLIWATT_ULAW, np.uint8)]
    alaw = ALAW.decoded[np.frombuffer(MILLIWATT_ALAW, np.uint8)]
    assert level_of(ulaw) == pytest.approx(0, abs=0.15)
    assert level_of(alaw) == pytest.approx(0, abs=0.25)


def test_levels_and_powers_are_inverse_and_silence_has_a_floor() -> None:
    assert dbm0(np.array([mean_square(-20.0), 0.0])).tolist() == pytest.approx([-20, -96])
    assert level_of(np.zeros(160)) == level_of(np.zeros(0)) == -96


def test_clipping_does_not_wrap() -> None:
    assert to_int16(np.array([1e6, -1e6, 0.6])).tolist() == [32767, -32768, 1]


def test_resizing_keeps_what_was_there() -> None:
    assert resized(np.array([[1], [2]]), 3, 9).tolist() == [[1], [2], [9]]
    assert resized(np.array([1, 2, 3]), 1).tolist() == [1]
