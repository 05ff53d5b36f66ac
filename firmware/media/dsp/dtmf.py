"""DTMF detection over all ports at once.

Theory of operation. Every 10 ms a window of 20 ms is looked at: a 40 ms digit fills at least two of them.
One matrix product gives the energy at each of the eight nominal frequencies (Q.23) and at 1.1 % to either
side, so that a tone 1.5 % off loses nothing. A window *names* a digit when

  - it is louder than -40 dBm0 (rows below that cost one sum of squares and nothing else),
  - the strongest low and the strongest high tone hold 80 % of the window's whole energy: 15 dB of SNR
    leaves 97 %, speech with its harmonics and formants rarely has so little beside two sines,
  - the twist lies between -10 and +6 dB, the -8 and +4 dB of Q.24 plus what noise does to them.

Two windows in a row that name the same digit, and whose tones advanced in phase as a tone within 2.5 % does
(1.5 % must be taken, 3.5 % refused), start it. The phase is taken through a Hann window, where the other
tone leaks 50 dB down.

    idle ── two windows agree ──► sounding ── window at a tenth of the energy ──► idle
                                     └────── 60 ms without the digit ──────────► idle

A drop-out of 10 ms never makes a 20 ms window that quiet, so it splits no digit; a 40 ms pause always makes
one.

Levels dBm0, frames (ports, 160) int16 at 8000 Hz. Sources: ITU-T Q.23, Q.24 (annex A, AT&T and NTT
columns); reference D.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.media.dsp.tones import HIGH_HZ, KEYPAD, LOW_HZ
from firmware.media.dsp.units import FRAME, I16, RATE, Rows, mean_square, resized

WINDOW: Final = 160
HOP: Final = 80
HOP_MS: Final = 10
HISTORY: Final = 160
"""Samples kept: a frame's first window begins 80 before it, and is compared with one 80 earlier."""

SPREAD: Final = (-0.011, 0.0, 0.011)
"""Where beside a nominal frequency its energy is looked for."""
GATE_DBM0: Final = -40.0
"""A pair at -36 dBm0 each is -33 dBm0; with one tone 8 dB down -35.4."""
PURITY: Final = 0.80
"""Share of a window's energy that the two tones must hold."""
HIGH_OVER_LOW: Final = 10 ** (6 / 10)
LOW_OVER_HIGH: Final = 10 ** (10 / 10)
DEVIATION: Final = 0.025
"""Half way between what must be accepted and what must be refused (Q.24)."""
QUIET: Final = 0.1
"""A window of this share of the digit's energy ends it."""
LOST_HOPS: Final = 6
"""Without the digit, but not quiet, for so many hops: talked over, then ended."""

_TONES: Final = LOW_HZ + HIGH_HZ
_NONE: Final = -1

Int8 = npt.NDArray[np.int8]


class DigitStarted(msgspec.Struct, frozen=True):
    """A digit has sounded on a row for 30 to 40 ms."""

    row: int
    digit: str


class DigitEnded(msgspec.Struct, frozen=True):
    """A digit reported before is over."""

    row: int
    digit: str
    duration_ms: int
    """To about 10 ms."""


DigitEvent = DigitStarted | DigitEnded


def _kernels(frequencies: list[float], window: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return unit-norm cosine and sine columns of each frequency, shape (160, 2 x frequencies)."""
    moments = np.arange(WINDOW) - (WINDOW - 1) / 2
    angles = 2 * np.pi / RATE * np.outer(moments, frequencies)
    columns = np.stack((np.cos(angles), np.sin(angles)), axis=2) * window[:, None, None]
    columns /= np.sqrt(np.square(columns).sum(0))
    return columns.reshape(WINDOW, -1)


_FINE: Final = [frequency * (1 + offset) for frequency in _TONES for offset in SPREAD]
_ENERGY_KERNELS: Final = np.ascontiguousarray(_kernels(_FINE, np.ones(WINDOW)), dtype=np.float32)
_phase = _kernels(list(_TONES), np.hanning(WINDOW))
_PHASE_KERNELS: Final = (_phase[:, 0::2] - 1j * _phase[:, 1::2]).T.copy()
"""Shape (8, 160), one analytic row a tone."""
_ADVANCE: Final = np.exp(-2j * np.pi * np.array(_TONES) * HOP / RATE)
"""What undoes the phase that a tone of nominal frequency gains in a hop."""


def _deviations(earlier: npt.NDArray[np.float32], later: npt.NDArray[np.float32], digit: int) -> float:
    """Return the larger relative deviation of a digit's two tones, from two windows a hop apart."""
    pair = [digit // 4, 4 + digit % 4]
    kernels = _PHASE_KERNELS[pair]
    turned = (kernels @ later) * np.conj(kernels @ earlier) * _ADVANCE[pair]
    hertz = np.angle(turned) * RATE / (2 * np.pi * HOP)
    return float(np.max(np.abs(hertz) / np.array(_TONES)[pair]))


def _length_ms(hops: int) -> int:
    """Return how long a digit was whose first and last windows are so many hops apart.

    A window that the digit fills to less than 80 % doesn't count, which costs a quarter of a window on
    average.
    """
    return int(hops) * HOP_MS + WINDOW * 1000 // RATE + 5


class DtmfBank:
    """Detectors of so many rows."""

    def __init__(self, rows: int = 0) -> None:
        self._gate = mean_square(GATE_DBM0) * WINDOW
        self._samples = np.zeros((rows, HISTORY + FRAME), np.float32)
        self._last = np.full(rows, _NONE, np.int8)
        """What the window before named."""
        self._current = np.full(rows, _NONE, np.int8)
        self._missed = np.zeros(rows, np.int16)
        self._hops = np.zeros(rows, np.int32)
        """Since the first window of the current digit."""
        self._was_quiet = np.zeros(rows, np.bool_)
        self._energy = np.zeros(rows, np.float32)
        self._idle = True

    def resize(self, rows: int) -> None:
        """Have so many rows; new ones are idle."""
        self._samples = resized(self._samples, rows)
        self._last = resized(self._last, rows, _NONE)
        self._current = resized(self._current, rows, _NONE)
        self._missed = resized(self._missed, rows)
        self._hops = resized(self._hops, rows)
        self._was_quiet = resized(self._was_quiet, rows)
        self._energy = resized(self._energy, rows)

    def reset(self, row: int) -> None:
        """Forget what a row heard: its port was opened anew."""
        self._samples[row] = 0
        self._last[row] = self._current[row] = _NONE

    def feed(self, frames: I16) -> list[DigitEvent]:
        """Listen to one frame of every row.

        Args:
            frames: Shape (rows, 160).
        """
        samples = self._samples
        samples[:, :HISTORY] = samples[:, FRAME:]
        samples[:, HISTORY:] = frames
        events: list[DigitEvent] = []
        fresh = samples[:, HISTORY:]
        # Both windows lie within the last 240 samples; a row whose two frames are quiet can't name a digit.
        loud = np.einsum("ij,ij->i", fresh, fresh) > self._gate / 2
        if not loud.any() and self._idle:
            self._last.fill(_NONE)
            return events
        rows = np.flatnonzero(loud | (self._current != _NONE) | (self._last != _NONE))
        if len(rows):
            self._last[self._outside(rows)] = _NONE
            for begin in (HOP, 2 * HOP):
                self._step(rows, samples[rows, begin : begin + WINDOW], begin, events)
        else:
            self._last.fill(_NONE)
        self._idle = bool((self._current == _NONE).all())
        return events

    def _outside(self, rows: Rows) -> npt.NDArray[np.bool_]:
        quiet = np.ones(len(self._last), np.bool_)
        quiet[rows] = False
        return quiet

    def _named(self, windows: npt.NDArray[np.float32], total: npt.NDArray[np.float32]) -> Int8:
        """Return the digit each window names, or -1."""
        parts = np.square(windows @ _ENERGY_KERNELS)
        energy = (parts[:, 0::2] + parts[:, 1::2]).reshape(-1, len(_TONES), len(SPREAD)).max(axis=2)
        low, high = energy[:, :4].argmax(axis=1), energy[:, 4:].argmax(axis=1)
        each = np.arange(len(windows))
        low_energy, high_energy = energy[each, low], energy[each, 4 + high]
        good = (
            (total > self._gate)
            & (low_energy + high_energy > PURITY * total)
            & (high_energy < HIGH_OVER_LOW * low_energy)
            & (low_energy < LOW_OVER_HIGH * high_energy)
        )
        return np.where(good, low * 4 + high, _NONE).astype(np.int8)

    def _step(
        self, rows: Rows, windows: npt.NDArray[np.float32], begin: int, events: list[DigitEvent]
    ) -> None:
        """Take one hop of the rows that are not idle and quiet."""
        total = np.einsum("ij,ij->i", windows, windows)
        named = self._named(windows, total)
        current = self._current[rows]
        sounding = current != _NONE
        same = sounding & (named == current)
        missed = np.where(same, 0, self._missed[rows] + 1)
        was_quiet = ~same & (self._was_quiet[rows] | (total < QUIET * self._energy[rows]))
        hops = self._hops[rows] + 1
        over = sounding & ((was_quiet & (missed >= 2)) | (missed >= LOST_HOPS))
        for index in np.flatnonzero(over):
            length = _length_ms(hops[index] - missed[index])
            events.append(DigitEnded(int(rows[index]), KEYPAD[current[index]], length))
        current[over] = _NONE
        for index in np.flatnonzero((named != _NONE) & (named == self._last[rows]) & (named != current)):
            row = int(rows[index])
            digit = int(named[index])
            if (
                _deviations(self._samples[row, begin - HOP : begin - HOP + WINDOW], windows[index], digit)
                > DEVIATION
            ):
                continue
            if current[index] != _NONE:
                length = _length_ms(hops[index] - missed[index])
                events.append(DigitEnded(row, KEYPAD[current[index]], length))
            events.append(DigitStarted(row, KEYPAD[digit]))
            current[index], missed[index], was_quiet[index] = digit, 0, False
            hops[index] = 1
            self._energy[row] = total[index]
        self._current[rows] = current
        self._missed[rows] = missed
        self._was_quiet[rows] = was_quiet
        self._hops[rows] = hops
        self._last[rows] = named
