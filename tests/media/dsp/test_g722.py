"""Wideband speech survives its codec."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from firmware.media.dsp import spandsp
from firmware.media.dsp.g722 import WIDE_FRAME, WIDE_RATE, G722Decoder, G722Encoder
from firmware.media.dsp.spandsp import G722Unavailable
from firmware.media.dsp.units import I16

needs_library = pytest.mark.skipif(not spandsp.available(), reason="libspandsp2 is not installed")


def round_trip(samples: I16) -> I16:
    """Return what arrives, frame by frame."""
    encoder, decoder = G722Encoder(), G722Decoder()
    out = np.zeros_like(samples)
    words = np.zeros(WIDE_FRAME // 2, np.uint8)
    for begin in range(0, len(samples), WIDE_FRAME):
        encoder.encode(samples[begin : begin + WIDE_FRAME], words)
        decoder.decode(words, out[begin : begin + WIDE_FRAME])
    return out


@needs_library
@pytest.mark.parametrize(
    ("hertz", "snr_db"),
    [(300, 45), (1000, 40), (3000, 35), (5000, 20), (6500, 20)],
    ids=lambda value: str(value),
)
def test_tones_up_to_7_khz_come_through(hertz: float, snr_db: float) -> None:
    moments = np.arange(WIDE_FRAME * 50)
    sent = np.rint(8000 * np.sin(2 * np.pi * hertz / WIDE_RATE * moments)).astype(np.int16)
    heard = round_trip(sent)[WIDE_RATE // 10 :].astype(float)
    angles = 2 * np.pi * hertz / WIDE_RATE * np.arange(len(heard))
    model = np.stack((np.sin(angles), np.cos(angles)), 1)
    fit = model @ np.linalg.lstsq(model, heard, rcond=None)[0]
    assert 10 * np.log10(np.mean(fit**2) / np.mean((heard - fit) ** 2)) > snr_db
    assert 20 * np.log10(np.sqrt(2 * np.mean(fit**2)) / 8000) == pytest.approx(0, abs=0.1)


@needs_library
def test_silence_stays_silent() -> None:
    assert np.abs(round_trip(np.zeros(WIDE_FRAME * 10, np.int16)).astype(int)).max() <= 4


@needs_library
def test_what_does_not_fit_is_refused_before_the_library_sees_it() -> None:
    encoder, decoder = G722Encoder(), G722Decoder()
    with pytest.raises(ValueError, match="two int16"):
        encoder.encode(np.zeros(320, np.int16), np.zeros(100, np.uint8))
    with pytest.raises(ValueError, match="two int16"):
        decoder.decode(np.zeros(160, np.uint8), np.zeros(100, np.int16))
    with pytest.raises(ValueError, match="contiguous"):
        encoder.encode(np.zeros(640, np.int16)[::2], np.zeros(160, np.uint8))
    encoder.close()
    encoder.close()
    with pytest.raises(ValueError, match="closed"):
        encoder.encode(np.zeros(320, np.int16), np.zeros(160, np.uint8))


def test_a_machine_without_the_library_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ctypes.CDLL:
        raise OSError(name)

    spandsp.spandsp.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not spandsp.available()
    with pytest.raises(G722Unavailable, match="libspandsp"):
        G722Encoder()
    monkeypatch.undo()
    spandsp.spandsp.cache_clear()
