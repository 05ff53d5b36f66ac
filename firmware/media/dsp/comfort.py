"""Comfort noise: what a line sounds like while its sender sends nothing.

RFC 3389 describes the background by a level and reflection coefficients of an all-pole filter. Receiving, a
loop of two seconds of noise is shaped once per description, in the frequency domain, where the filter is a
division and the loop closes on itself without a seam; playing it is a copy. Sending, the background is
analysed by autocorrelation and the Levinson recursion.

Payload: byte 0 is the level in -dBov (0 to 127), then one byte N per coefficient, k = 258 (N - 127) /
32768. 0 dBov is a square wave at the overload point: 6.18 dBm0 for µ-law. Source: RFC 3389 sections 3 and
4.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.units import F64, FRAME, I16, level_of, mean_square, to_int16

OVERLOAD_DBM0: Final = 6.18
"""Of 0 dBov."""
LOOP: Final = 16384
"""Samples; two seconds are too long to be heard as a repetition."""
ORDER: Final = 8
"""Coefficients sent; more don't change what is heard."""
MOST_COEFFICIENTS: Final = 20
"""Taken from a peer; the rest of a payload is left unread."""
_STEP: Final = 258 / 32768
_HIGHEST: Final = 0.98
"""Of a coefficient's magnitude: beyond, the filter rings like a tone."""


def build_payload(background: I16) -> bytes:
    """Describe some frames of background, shape (n,), n at least 160."""
    level = min(max(round(OVERLOAD_DBM0 - level_of(background)), 0), 127)
    quantised = np.clip(np.rint(_reflections(background) / _STEP) + 127, 0, 254)
    return bytes((level, *quantised.astype(int).tolist()))


def _reflections(samples: I16) -> F64:
    windowed = samples.astype(np.float64) * np.hanning(len(samples))
    correlation = np.correlate(windowed, windowed, "full")[len(samples) - 1 :][: ORDER + 1]
    # White noise 40 dB down keeps the recursion from dividing by nothing.
    correlation[0] = correlation[0] * 1.0001 + 1.0
    predictor = np.zeros(0)
    error = correlation[0]
    found = np.zeros(ORDER)
    for order in range(ORDER):
        found[order] = (correlation[order + 1] - predictor @ correlation[order:0:-1]) / error
        predictor = np.append(predictor - found[order] * predictor[::-1], found[order])
        error *= 1 - found[order] ** 2
    return found


class ComfortNoise:
    """One row's background.

    Args:
        seed: Of the noise, so that rows don't sound alike.
    """

    def __init__(self, seed: int = 0) -> None:
        self._excitation = np.fft.rfft(np.random.default_rng(seed).standard_normal(LOOP))
        self._loop = np.zeros(LOOP + FRAME)
        self._former: F64 | None = None
        self._position = 0

    def describe(self, payload: bytes) -> None:
        """Take a description; an empty one changes nothing. The sound changes over a frame."""
        if not payload:
            return
        level_dbm0 = OVERLOAD_DBM0 - (payload[0] & 0x7F)
        response = np.array([1.0])
        for byte in payload[1 : 1 + MOST_COEFFICIENTS]:
            reflection = float(np.clip(_STEP * (byte - 127), -_HIGHEST, _HIGHEST))
            longer = np.append(response, 0.0)
            response = longer - reflection * longer[::-1]
        shaped = np.fft.irfft(self._excitation / np.fft.rfft(response, LOOP), LOOP)
        shaped *= np.sqrt(mean_square(level_dbm0) / np.mean(np.square(shaped)))
        self._former = self._loop
        self._loop = np.concatenate((shaped, shaped[:FRAME]))

    def fill(self, out: I16) -> None:
        """Write the next frame, shape (160,)."""
        span = slice(self._position, self._position + FRAME)
        samples = self._loop[span]
        if self._former is not None:
            rise = np.linspace(0, 1, FRAME)
            samples = rise * samples + (1 - rise) * self._former[span]
            self._former = None
        out[:] = to_int16(samples)
        self._position = (self._position + FRAME) % LOOP
