"""A device of 16 kHz in a plane of 8: speech comes through, what lies above it does no harm."""

from __future__ import annotations

import os
import pty
import random
import tty

import numpy as np
import numpy.typing as npt
import pytest

from firmware.core.media import MediaError
from firmware.media.devices import open_device
from firmware.media.dsp.halfband import Decimator, Interpolator
from firmware.media.wide_device import WIDE_RATE

Samples = npt.NDArray[np.int16]


def sine(hertz: float, rate: int, seconds: float = 1.0) -> Samples:
    moments = np.arange(round(rate * seconds))
    return (8000 * np.sin(2 * np.pi * hertz * moments / rate)).astype(np.int16)


def level_db(samples: Samples, reference: Samples) -> float:
    def power(one: Samples) -> float:
        return float((one.astype(np.float64) ** 2).mean()) or 1e-9

    return float(10 * np.log10(power(samples) / power(reference)))


def pieces(samples: Samples, seed: int = 4) -> list[Samples]:
    """Cut into pieces of any length, empty and odd ones among them."""
    chance, cut, at = random.Random(seed), [], 0
    while at < len(samples):
        length = chance.randrange(500)
        cut.append(samples[at : at + length])
        at += length
    return cut


def decimated(samples: Samples) -> Samples:
    decimator = Decimator()
    return np.concatenate([decimator.process(piece) for piece in pieces(samples)])


def interpolated(samples: Samples) -> Samples:
    interpolator = Interpolator()
    return np.concatenate([interpolator.process(piece) for piece in pieces(samples)])


@pytest.mark.parametrize("hertz", [300, 1000, 2500, 3400])
def test_the_telephones_band_comes_through_both_ways(hertz: int) -> None:
    narrow, wide = sine(hertz, 8000), sine(hertz, 16000)
    assert abs(level_db(decimated(wide)[100:], narrow)) < 0.1
    assert abs(level_db(interpolated(narrow)[200:], wide)) < 0.1
    assert len(decimated(wide)) == 8000
    assert len(interpolated(narrow)) == 16000


@pytest.mark.parametrize("hertz", [4600, 5500, 7000, 7900])
def test_what_no_telephone_carries_is_not_folded_into_the_band(hertz: int) -> None:
    wide = sine(hertz, 16000)
    assert level_db(decimated(wide)[100:], wide) < -55


def test_no_image_is_added_above_the_band() -> None:
    there = interpolated(sine(1000, 8000))[200:]
    spectrum = np.abs(np.fft.rfft(there * np.hanning(len(there))))
    images = spectrum[round(4600 / 16000 * len(there)) :]
    assert 20 * np.log10(images.max() / spectrum.max()) < -55


def test_however_it_is_cut_the_same_comes_out() -> None:
    wide = np.random.default_rng(2).normal(0, 4000, 9001).astype(np.int16)
    assert np.array_equal(decimated(wide), Decimator().process(wide))
    assert np.array_equal(interpolated(wide), Interpolator().process(wide))


def test_a_serial_device_of_16_khz_is_read_and_written_at_8() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    device = open_device(os.ttyname(slave), WIDE_RATE)
    try:
        assert (device.chunk, device.ahead) == (128, 256)
        said, heard, come = sine(1000, 16000, 0.5), sine(440, 8000, 0.5), b""
        written = b""
        for at in range(0, 4000, 128):
            os.write(master, said[2 * at : 2 * at + 256].tobytes())
            come += device.read()
            device.write(heard[at : at + 128].astype("<i2").tobytes())
            written += os.read(master, 4096)
    finally:
        device.close()
        os.close(master)
        os.close(slave)
    narrow, wide = np.frombuffer(come, "<i2"), np.frombuffer(written, "<i2")
    assert strongest(narrow[200:], 8000) == pytest.approx(1000, abs=5)
    assert strongest(wide[200:], 16000) == pytest.approx(440, abs=5)
    assert abs(level_db(narrow[200:], sine(1000, 8000))) < 0.2
    assert abs(level_db(wide[200:], sine(440, 16000))) < 0.2


def test_a_byte_that_a_wide_device_loses_is_mended() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    device = open_device(os.ttyname(slave), WIDE_RATE)
    try:
        data = sine(440, 16000, 2.0).tobytes()
        torn, come = data[:16001] + data[16002:], b""
        for at in range(0, len(torn), 640):
            os.write(master, torn[at : at + 640])
            come += device.read()
    finally:
        device.close()
        os.close(master)
        os.close(slave)
    last = np.frombuffer(come, "<i2")[-4000:]
    assert abs(level_db(last, sine(440, 8000))) < 0.2


def test_other_rates_are_refused() -> None:
    for device in ("/dev/null", "alsa:none"):
        with pytest.raises(MediaError, match="44100"):
            open_device(device, 44100)


def strongest(samples: Samples, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)
