"""Spectra to look for: which of a plan's tones a window of 40 ms holds.

A *shape* is a set of frequencies. The cosines and sines of all frequencies within its tolerance span a
small space (6 to 14 of 320 dimensions, by singular values); the share of a window's energy that falls into
that space is its purity: 1 for the tone however its parts are tuned, phased or modulated, the space's share
of dimensions (0.04 at most) for noise. Two shapes of which one lies within 30 Hz of the other can't be told
apart in 40 ms, so the wider one stands for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from firmware.media.dsp.progress_data import TonePattern
from firmware.media.dsp.units import F32, RATE

WINDOW: Final = 320
"""Samples; 40 ms resolve 25 Hz."""
TOLERANCE: Final = 0.03
"""Share of a frequency that a network may be off."""
WIDE_TOLERANCE: Final = 0.04
"""For tones in turn: North America's special information tones come in two tunings around E.180's."""
STEP_HZ: Final = 10.0
"""Spacing of the frequencies tried within the tolerance: under half the window's resolution."""
KEPT: Final = 0.08
"""Directions with less than this share of the largest singular value are left out."""
ALIKE_HZ: Final = 30.0
LONE_SHARE: Final = 0.9
"""One of two frequencies with more than this share of their energy is alone."""
APART_HZ: Final = 60.0
"""Frequencies nearer than this beat within a window and can't be weighed against each other."""

Shape = tuple[float, ...]


def shapes_of(pattern: TonePattern) -> list[Shape]:
    """Return the spectra a pattern is made of, in the order of its parts."""
    return [(hertz,) for hertz in pattern.frequencies] if pattern.in_turn else [pattern.frequencies]


def _covers(wide: Shape, narrow: Shape) -> bool:
    return all(min(abs(hertz - other) for other in wide) <= ALIKE_HZ for hertz in narrow)


def _width(shape: Shape) -> tuple[int, float]:
    return len(shape), max(shape) - min(shape)


class ShapeBank:
    """The distinct shapes of some patterns, and one matrix that weighs them all."""

    def __init__(self, patterns: Iterable[TonePattern]) -> None:
        tolerances: dict[Shape, float] = {}
        for pattern in patterns:
            for shape in shapes_of(pattern):
                tolerances[shape] = WIDE_TOLERANCE if pattern.in_turn else TOLERANCE
        widest_first = sorted(tolerances, key=_width, reverse=True)
        self._stand_in: dict[Shape, int] = {}
        chosen: list[Shape] = []
        for shape in widest_first:
            for index, wide in enumerate(chosen):
                if _covers(wide, shape):
                    self._stand_in[shape] = index
                    break
            else:
                self._stand_in[shape] = len(chosen)
                chosen.append(shape)
        self.count = len(chosen)
        bases = [_basis(shape, tolerances[shape]) for shape in chosen]
        lone: list[int] = []
        for index, shape in enumerate(chosen):
            if len(shape) == 2 and abs(shape[0] - shape[1]) >= APART_HZ:
                bases += [_basis((hertz,), TOLERANCE) for hertz in shape]
                lone += [index, index]
        self._lone = np.array(lone, np.intp)
        self._matrix = np.ascontiguousarray(np.concatenate(bases, axis=1))
        self._starts = np.cumsum([0] + [basis.shape[1] for basis in bases[:-1]])

    def index(self, shape: Shape) -> int:
        """Return which shape stands for one of the patterns' shapes."""
        return self._stand_in[shape]

    def purities(self, windows: F32, energies: F32) -> F32:
        """Return the share of each window's energy in each shape, shape (windows, count).

        It is 0 where only one of a shape's two tones is there.

        Args:
            windows: Shape (windows, 320).
            energies: The windows' sums of squares, not 0.
        """
        parts = np.add.reduceat(np.square(windows @ self._matrix), self._starts, axis=1)
        shares: F32 = np.divide(parts, energies[:, None], dtype=np.float32)
        found = shares[:, : self.count]
        if len(self._lone):
            alone = shares[:, self.count :] > LONE_SHARE * found[:, self._lone]
            rows, which = np.nonzero(alone)
            found[rows, self._lone[which]] = 0
        return found


def _basis(shape: Shape, tolerance: float) -> F32:
    """Return orthonormal columns that span a shape's tones, shape (320, few)."""
    near = []
    for hertz in shape:
        count = 1 + 2 * int(np.ceil(tolerance * hertz / STEP_HZ))
        near.append(np.linspace(hertz * (1 - tolerance), hertz * (1 + tolerance), count))
    angles = 2 * np.pi / RATE * np.outer(np.arange(WINDOW), np.concatenate(near))
    columns = np.concatenate((np.cos(angles), np.sin(angles)), axis=1)
    left, strengths, _ = np.linalg.svd(columns, full_matrices=False)
    return np.ascontiguousarray(left[:, strengths > KEPT * strengths[0]], dtype=np.float32)
