"""From 16 kHz to 8 and back, for devices that run at twice our rate (a VoLTE modem's wideband audio).

One linear-phase half-band filter serves both ways: pass band to 3.4 kHz (the telephone's), 60 dB down from
4.6 kHz, where an alias or an image would fall into it. Every second tap but the middle one is zero.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import I16

Floats = npt.NDArray[np.float32]

TAPS: Final = 51
"""4n + 3, so that the outermost taps aren't zero; delay 25 samples of 16 kHz, 1.6 ms."""
_KAISER: Final = 5.65
"""Window for 60 dB (Kaiser 1974: 0.1102 · (60 - 8.7))."""


def _design() -> Floats:
    moments = np.arange(TAPS) - TAPS // 2
    taps = np.sinc(moments / 2) / 2 * np.kaiser(TAPS, _KAISER)
    scaled: Floats = (taps / taps.sum()).astype(np.float32)
    return scaled


_FILTER: Final = _design()


class _Filter:
    """The filter over a stream in pieces."""

    def __init__(self) -> None:
        self._past: Floats = np.zeros(TAPS - 1, np.float32)

    def process(self, samples: Floats) -> Floats:
        """Return as many smoothed samples as are given."""
        line = np.concatenate((self._past, samples))
        self._past = line[len(line) - TAPS + 1 :]
        return np.convolve(line, _FILTER, "valid") if len(samples) else samples


class Decimator:
    """16 kHz in, 8 kHz out, in pieces of any length."""

    def __init__(self) -> None:
        self._filter = _Filter()
        self._odd = False
        """Whether the next sample that comes is one of those left out."""

    def process(self, samples: I16) -> I16:
        """Take samples, shape (n,), 16 kHz; return those of 8 kHz they complete, about n / 2."""
        smooth = self._filter.process(samples.astype(np.float32))[int(self._odd) :: 2]
        self._odd ^= bool(len(samples) % 2)
        return _rounded(smooth)


class Interpolator:
    """8 kHz in, 16 kHz out."""

    def __init__(self) -> None:
        self._filter = _Filter()

    def process(self, samples: I16) -> I16:
        """Take samples, shape (n,), 8 kHz; return (2n,), 16 kHz."""
        spread = np.zeros(2 * len(samples), np.float32)
        spread[::2] = 2 * samples.astype(np.float32)
        return _rounded(self._filter.process(spread))


def _rounded(samples: Floats) -> I16:
    rounded: I16 = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
    return rounded
