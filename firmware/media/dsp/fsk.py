"""The modem of caller id: 1200 bit/s FSK, bytes to samples and samples to bytes.

Theory of operation, sending. A bit is 6.67 samples; phase runs on through the bits, taken exactly from the
piecewise straight line of phase over time. Bytes are framed 8N1, least significant bit first.

Theory of operation, receiving. Bell 202 (1200/2200 Hz) and V.23 (1300/2100 Hz) are received alike: a
band-pass keeps 800 to 2600 Hz, two quadrature correlators one bit long at 1250 and 2150 Hz give the
strength of mark and space, and the sign of their difference over their sum is the line's state. Then a
UART, which looks at soft values between samples:

    hunting ── 25 bits of mark ──► waiting ── start bit, its middle sure ──► byte ── stop bit ──► waiting
       ▲                              │ carrier lost                           │ no stop bit: torn
       └──────────────────────────────┴────────────────────────────────────────┘

    12 bits of mark within a message end it as torn, and wait for the next.

The seizure (0101…) never makes 25 bits of mark, so it is passed over; each start bit's edge sets the bit
clock anew.

Levels dBm0, samples int16 at 8000 Hz. Sources: ITU-T V.23; Bellcore GR-30-CORE (Bell 202, 8N1, -13.5
dBm sent, received down to -32); ETSI EN 300 659-1 (300 bits of seizure, 180 of mark).
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from firmware.media.dsp.units import F32, F64, I16, RATE, Bool, mean_square, sine_peak, to_int16

BAUD: Final = 1200
BIT: Final = RATE / BAUD
"""Samples."""


class Standard(msgspec.Struct, frozen=True):
    """A pair of frequencies."""

    mark_hz: float
    space_hz: float


BELL_202: Final = Standard(1200.0, 2200.0)
V23: Final = Standard(1300.0, 2100.0)
SEND_DBM0: Final = -13.5

_CORRELATE_HZ: Final = (1250.0, 2150.0)
_SPAN: Final = 8
"""Taps of a correlator: one bit, its outer samples weighted by what of them lies inside."""
_BAND_TAPS: Final = 31
_GATE_DBM0: Final = -45.0
"""Signal in the band below this is no carrier; GR-30-CORE asks for -32 dBm, lossy lines give less."""
_ARMING_BITS: Final = 25
_LONGEST_GAP_BITS: Final = 12
"""Mark bits allowed between two bytes of a message (GR-30-CORE allows 10)."""
_UNDECIDED: Final = 0.03
"""A start bit whose middle is this near to 0 is a glitch."""


def modulate(
    message: bytes, standard: Standard, *, seizure_bits: int, mark_bits: int, level_dbm0: float
) -> I16:
    """Return a whole transmission: seizure, mark, bytes, and ten bits of mark to end on."""
    bits = [index % 2 for index in range(seizure_bits)] + [1] * mark_bits
    for byte in message:
        bits += [0, *((byte >> place) & 1 for place in range(8)), 1]
    bits += [1] * 10
    return _sent(bits, standard, level_dbm0)


def _sent(bits: list[int], standard: Standard, level_dbm0: float) -> I16:
    hertz = np.where(np.array(bits) == 1, standard.mark_hz, standard.space_hz)
    turns = np.concatenate(([0.0], np.cumsum(hertz / BAUD)))
    edges = np.arange(len(bits) + 1) * BIT
    moments = np.arange(int(len(bits) * BIT))
    return to_int16(sine_peak(level_dbm0) * np.sin(2 * np.pi * np.interp(moments, edges, turns)))


def _band_pass() -> F64:
    """Return a linear-phase filter for 800 to 2600 Hz."""
    moments = np.arange(_BAND_TAPS) - (_BAND_TAPS - 1) / 2
    taps = 2600 / 4000 * np.sinc(2600 / 4000 * moments) - 800 / 4000 * np.sinc(800 / 4000 * moments)
    return np.asarray(taps * np.hamming(_BAND_TAPS))


def _correlators() -> F64:
    """Return cosine and sine rows of mark and space, band-pass included, shape (4, 38)."""
    moments = np.arange(_SPAN) - (_SPAN - 1) / 2
    weights = np.clip(BIT / 2 + 0.5 - np.abs(moments), 0, 1)
    band = _band_pass()
    rows = []
    for hertz in _CORRELATE_HZ:
        angles = 2 * np.pi * hertz / RATE * moments
        rows += [np.convolve(weights * np.cos(angles), band), np.convolve(weights * np.sin(angles), band)]
    return np.array(rows)


_KERNELS: Final = np.ascontiguousarray(_correlators()[:, ::-1].T, dtype=np.float32)
_TAPS: Final = len(_KERNELS)
_UNITY: Final = 2 / _SPAN**2
"""Brings a correlator's energy for a sine near to the sine's mean square."""


class FskReceiver:
    """One line's demodulator and UART; bytes come out, each with whether a message begins with it."""

    def __init__(self) -> None:
        self._tail = np.zeros(_TAPS - 1, np.float32)
        self._gate = mean_square(_GATE_DBM0)
        self._soft = np.zeros(0, np.float32)
        """Soft values not yet used up, 1 for mark, -1 for space."""
        self._present = np.zeros(0, np.bool_)
        self._position = 0
        """Of the UART within `_soft`."""
        self._marks = 0
        """Samples of mark in a row."""
        self._armed = False
        self._inside = False
        self._was_mark = True
        self.torn = 0
        """Framing errors and lost carriers within messages."""

    def feed(self, samples: I16) -> list[int | None]:
        """Demodulate samples, shape (n,); return bytes, and None where a message was torn or ended."""
        joined = np.concatenate((self._tail, samples.astype(np.float32)))
        self._tail = joined[-(_TAPS - 1) :]
        soft, present = _demodulated(joined, self._gate)
        if not present.any() and not self._armed:
            self._soft, self._present, self._position, self._marks = soft[:0], present[:0], 0, 0
            return []
        self._soft = np.concatenate((self._soft, soft))
        self._present = np.concatenate((self._present, present))
        heard: list[int | None] = []
        while self._advance(heard):
            pass
        keep = max(0, self._position - 2)
        self._soft, self._present = self._soft[keep:], self._present[keep:]
        self._position -= keep
        return heard

    def _advance(self, heard: list[int | None]) -> bool:
        """Take one step of the UART; return False when it needs more samples."""
        if not self._armed:
            return self._hunt()
        while self._position < len(self._soft):
            if not self._present[self._position]:
                self._tear(heard)
                return True
            if self._soft[self._position] < 0:
                break
            self._position += 1
            self._marks += 1
            if self._inside and self._marks > _LONGEST_GAP_BITS * BIT:
                self._inside = False
                heard.append(None)
        if self._position + int(10 * BIT) + 2 > len(self._soft):
            return False
        return self._byte(heard)

    def _hunt(self) -> bool:
        """Wait for a stretch of mark."""
        ahead = (self._soft[self._position :] > 0) & self._present[self._position :]
        for is_mark in ahead.tolist():
            self._position += 1
            self._marks = self._marks + 1 if is_mark else 0
            if self._marks >= _ARMING_BITS * BIT:
                self._armed = True
                return True
        return False

    def _byte(self, heard: list[int | None]) -> bool:
        """Read the byte whose start bit begins at the position."""
        at = self._position
        before = float(self._soft[at - 1]) if at else 1.0
        after = float(self._soft[at])
        edge = at - 1 + before / (before - after) if before > 0 else float(at)
        middles = edge + BIT * (0.5 + np.arange(10))
        values = np.interp(middles, np.arange(len(self._soft)), self._soft)
        if values[0] > -_UNDECIDED:
            # A glitch, not a start bit.
            self._position += 1
            return True
        if values[9] < 0:
            self._tear(heard)
            return True
        heard.append(int(sum(1 << place for place in range(8) if values[1 + place] > 0)))
        self._inside = True
        self._marks = 0
        self._position = int(edge + 9.5 * BIT)
        return True

    def _tear(self, heard: list[int | None]) -> None:
        if self._inside:
            self.torn += 1
            heard.append(None)
        self._armed = self._inside = False
        self._marks = 0
        self._position += 1


def _demodulated(joined: F32, gate: float) -> tuple[F32, Bool]:
    """Return soft values and whether there is a carrier, one for each new sample."""
    windows = np.lib.stride_tricks.sliding_window_view(joined, _TAPS)
    if float(np.mean(np.square(joined))) < gate / 4:
        return np.zeros(len(windows), np.float32), np.zeros(len(windows), np.bool_)
    parts = np.square(windows @ _KERNELS)
    mark, space = np.sqrt(parts[:, 0] + parts[:, 1]), np.sqrt(parts[:, 2] + parts[:, 3])
    total = mark + space
    soft = (mark - space) / np.maximum(total, 1e-6)
    return soft.astype(np.float32), np.square(total) * _UNITY > gate
