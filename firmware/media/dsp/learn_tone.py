"""Learning a line's busy tone from a recording of it.

Exchanges behind a PBX, and whole countries missing from the tables, hang up with tones of their own. Played
some seconds of such a tone (the installer calls a number that hangs up), this measures frequency and
cadence and gives a pattern for `ProgressBank`, or None when the sound has no steady cadence or is no tone,
so that speech is never learned.

Loudness in windows of 20 ms, hopped by 10 ms, is cut at a quarter of its loud level into bursts and pauses;
incomplete ones at the ends are left out. At least three bursts must agree within 10 % and 15 ms, as must
the pauses, and one or two spectral lines must hold most of a burst's energy. Sources: reference C1 (pulses
of 75 to 3100 ms), E.180 (at most two lines).
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

import numpy as np

from firmware.media.dsp.progress_data import TonePattern
from firmware.media.dsp.units import F64, I16, RATE, mean_square

HOP: Final = 80
HOP_MS: Final = 10
LOUD_SHARE: Final = 0.25
"""Of the loud level: a window half over the edge of a burst has a half."""
QUIETEST_DBM0: Final = -42.0
PULSE_MS: Final = (75, 3100)
BURSTS: Final = 3
LINE_SHARE: Final = 0.8
"""Least share of a burst's energy within its lines."""
LINE_WIDTH_HZ: Final = 30.0
SECOND_LINE: Final = 0.1
"""Weakest second line, in energy relative to the first."""
TOLERANCE: Final = 0.10
RESOLUTION_MS: Final = 15


def learn_tone(samples: I16, name: str = "learned") -> TonePattern | None:
    """Return the pattern of a repeated tone, or None when there is none.

    Args:
        samples: Some seconds of the line, shape (n,), at least three bursts.
        name: What the pattern shall be called.
    """
    whole = samples.astype(np.float64)
    hops = len(whole) // HOP
    energies = np.square(whole[: hops * HOP]).reshape(hops, HOP).sum(axis=1)
    windows = energies[:-1] + energies[1:]
    if len(windows) < BURSTS * 2 or np.percentile(windows, 90) < mean_square(QUIETEST_DBM0) * 2 * HOP:
        return None
    loud = windows > LOUD_SHARE * np.percentile(windows, 90)
    runs: list[tuple[bool, int, int]] = []
    position = 0
    for is_loud, group in groupby(loud.tolist()):
        length = len(list(group))
        runs.append((is_loud, position, length))
        position += length
    # Windows reach over an edge into the pause: a burst seems a quarter of a window longer at either end.
    inner = runs[1:-1]
    bursts = [(begin * HOP, length * HOP_MS - HOP_MS // 2) for is_loud, begin, length in inner if is_loud]
    pauses = [length * HOP_MS + HOP_MS // 2 for is_loud, _, length in inner if not is_loud]
    if len(bursts) < BURSTS or not pauses:
        return None
    on_ms, off_ms = _agreed([length for _, length in bursts]), _agreed(pauses)
    if on_ms is None or off_ms is None:
        return None
    lines = _lines([whole[begin : begin + on_ms * RATE // 1000] for begin, _ in bursts])
    return TonePattern(name, lines, (on_ms, off_ms)) if lines else None


def _agreed(lengths_ms: list[int]) -> int | None:
    """Return the length that all agree on."""
    middle = float(np.median(lengths_ms))
    steady = all(abs(length - middle) <= TOLERANCE * middle + RESOLUTION_MS for length in lengths_ms)
    return round(float(np.mean(lengths_ms))) if steady and PULSE_MS[0] <= middle <= PULSE_MS[1] else None


def _lines(bursts: list[F64]) -> tuple[float, ...]:
    """Return the one or two frequencies that bursts of equal length consist of; none when there are more."""
    count = 1 << 15
    """Transform length: bins of 0.24 Hz."""
    power = np.zeros(count // 2 + 1)
    for burst in bursts:
        power += np.square(np.abs(np.fft.rfft(burst * np.hanning(len(burst)), count)))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    total, found, first = float(power.sum()), [], 0.0
    for _ in range(2):
        peak = int(power.argmax())
        near = np.abs(hertz - hertz[peak]) <= LINE_WIDTH_HZ
        energy = float(power[near].sum())
        if energy < SECOND_LINE * first:
            break
        first = first or energy
        found.append((round(float(hertz[peak]), 1), energy))
        power = np.where(near, 0, power)
    if sum(energy for _, energy in found) < LINE_SHARE * total:
        return ()
    return tuple(sorted(line for line, _ in found))
