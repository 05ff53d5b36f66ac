"""Call-progress and fax tones: which tone a network sends, by spectrum and cadence.

Theory of operation. Every 10 ms the last 40 ms of every row are weighed against the shapes of its plan
(tone_shapes.py). A window is *of* a shape when that holds 72 % of its energy (4 dB SNR) above -38 dBm0,
else it is a pause. A change must last 50 ms before it counts (its beginning is dated back to where the
window was half filled), so that clicks, phase reversals of CED and window edges cut no burst in two. A
row's past is a list of segments (shape or pause, length, loudness), and patterns are compared with its end:

    pause ─► burst ─► pause ─► burst ─► pause …   cadenced: all parts of `cycles` rounds to 10 % and 15 ms,
      └────────── segments ─────────────┘         pauses 4.5 dB quieter than bursts, bursts equally loud
    burst that goes on                            continuous: longer than any burst of that shape in the plan
    burst a ─► burst b ─► burst c                 in turn (SIT)

A comparison is made only when a segment reaches an age at which some pattern is complete, so that a row
costs one matrix product a hop and a silent row nothing.

What it can't do: tell tones of equal spectrum and cadence (busy and congestion of JP, MY, AU) from each
other; hear a tone under speech. Sources: ITU-T E.180, Q.35, T.30 (CNG, CED), reference C1 and D.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.media.dsp.progress_data import TonePattern, TonePlan
from firmware.media.dsp.tone_shapes import WINDOW, ShapeBank, shapes_of
from firmware.media.dsp.units import FRAME, I16, mean_square, resized

HOP: Final = 80
HOP_MS: Final = 10
GATE_DBM0: Final = -38.0
"""A tone at -35 dBm0 fills a window; the first and last of a burst fill less."""
PURITY: Final = 0.72
STEADY_HOPS: Final = 5
"""Until a change counts; half the shortest part of any cadence (100 ms)."""
EDGE_SHARE: Final = 0.5
"""A burst begins and ends where a window is half as strong as within it, that is, half filled."""
CADENCE_TOLERANCE: Final = 0.10
RESOLUTION_MS: Final = 15
"""On top of the tolerance: a hop and a half, as far as an edge may be seen off."""
TURN_TOLERANCE: Final = 0.35
"""For tones in turn: North America's come in lengths of 274 and 380 ms."""
PAUSE_SHARE: Final = 0.35
"""Loudest pause relative to its burst, in energy."""
LOUDNESS_RATIO: Final = 12.0
"""Bursts of one tone differ by less, in energy: Australia's congestion alternates by 10 dB."""
CONTINUOUS_MS: Final = 1200
REMEMBERED: Final = 24
"""Segments; three rounds of the longest cadence, eight bursts of busy tone and more."""
NEVER: Final = 2**31 - 1
_PAUSE: Final = -1


class ToneHeard(msgspec.Struct, frozen=True):
    """A tone is sure enough. A cadenced one is told again with every further round."""

    row: int
    name: str
    cycles: int
    """Rounds heard in succession, 11 at most; 1 for a continuous tone."""


class ToneEnded(msgspec.Struct, frozen=True):
    """A continuous tone told before is over."""

    row: int
    name: str
    duration_ms: int


ProgressEvent = ToneHeard | ToneEnded


class Segment(NamedTuple):
    """A stretch of one shape, or a pause."""

    shape: int
    length_ms: float
    energy: float
    """Mean of its windows."""


class _Compiled:
    """A plan as its rows share it."""

    def __init__(self, plan: TonePlan) -> None:
        self.plan = plan
        self.shapes = ShapeBank(plan.patterns)
        self.due: dict[tuple[bool, int], list[TonePattern]] = {}
        """What may be complete when a segment (tone or pause) reaches so many hops."""
        for pattern in plan.patterns:
            ends_in_pause = bool(pattern.cadence_ms) and not pattern.in_turn
            hops = max(STEADY_HOPS + 1, round(self._settle_ms(pattern) / HOP_MS))
            self.due.setdefault((ends_in_pause, hops), []).append(pattern)
        self.ages = [*sorted({hops for _, hops in self.due}), NEVER]

    def indices(self, pattern: TonePattern) -> list[int]:
        return [self.shapes.index(shape) for shape in shapes_of(pattern)]

    def _settle_ms(self, pattern: TonePattern) -> float:
        if pattern.settle_ms is not None:
            return pattern.settle_ms
        if pattern.cadence_ms:
            return (1 - CADENCE_TOLERANCE) * pattern.cadence_ms[-1]
        own = self.indices(pattern)
        bursts = [
            max(other.cadence_ms[0::2], default=0)
            for other in self.plan.patterns
            if self.indices(other) == own
        ]
        return max(CONTINUOUS_MS, 1.2 * max(bursts))


class ProgressBank:
    """Detectors of so many rows, each listening for the tones of its plan."""

    def __init__(self, rows: int, plan: TonePlan) -> None:
        self._gate = mean_square(GATE_DBM0) * WINDOW
        self._default = plan
        self._compiled: dict[TonePlan, _Compiled] = {}
        self._plans: list[_Compiled] = []
        self._groups: list[tuple[_Compiled, npt.NDArray[np.intp]]] = []
        self._samples = np.zeros((0, WINDOW + FRAME), np.float32)
        self.shape = np.zeros(0, np.int16)
        """What a row is in the middle of: a shape's number, or -1 for no tone of its plan. Shape (rows,)."""
        self._next = np.zeros(0, np.int16)
        self._age = np.zeros(0, np.int32)
        self._next_age = np.zeros(0, np.int32)
        self._energy = np.zeros(0, np.float64)
        self._next_energy = np.zeros(0, np.float64)
        self._due = np.zeros(0, np.int32)
        """Age of the segment at which to compare next."""
        self._recent = np.zeros((0, STEADY_HOPS), np.float32)
        """Energies of the last windows, the newest last."""
        self._past: list[deque[Segment]] = []
        self._told: list[str | None] = []
        self.resize(rows)

    def resize(self, rows: int) -> None:
        """Have so many rows; new ones listen for the bank's plan."""
        self._samples = resized(self._samples, rows)
        self.shape = resized(self.shape, rows, _PAUSE)
        self._next = resized(self._next, rows, _PAUSE)
        self._age = resized(self._age, rows)
        self._next_age = resized(self._next_age, rows)
        self._energy = resized(self._energy, rows)
        self._next_energy = resized(self._next_energy, rows)
        self._recent = resized(self._recent, rows)
        self._due = resized(self._due, rows, NEVER)
        del self._plans[rows:], self._past[rows:], self._told[rows:]
        while len(self._plans) < rows:
            self._plans.append(self._compile(self._default))
            self._past.append(deque(maxlen=REMEMBERED))
            self._told.append(None)
        self._regroup()

    def reset(self, row: int) -> None:
        """Forget what a row heard."""
        self._samples[row] = 0
        self.shape[row] = self._next[row] = _PAUSE
        self._age[row] = self._next_age[row] = 0
        self._due[row] = NEVER
        self._energy[row] = self._next_energy[row] = 0
        self._past[row].clear()
        self._told[row] = None

    def set_plan(self, row: int, plan: TonePlan) -> None:
        """Have a row listen for other tones: another country's, or with the line's learned busy tone."""
        self._plans[row] = self._compile(plan)
        self.reset(row)
        self._regroup()

    def _compile(self, plan: TonePlan) -> _Compiled:
        if plan not in self._compiled:
            self._compiled[plan] = _Compiled(plan)
        return self._compiled[plan]

    def _regroup(self) -> None:
        self._groups = []
        for compiled in {id(one): one for one in self._plans}.values():
            rows = [row for row, one in enumerate(self._plans) if one is compiled]
            self._groups.append((compiled, np.array(rows, np.intp)))
        self._compiled = {compiled.plan: compiled for compiled, _ in self._groups}

    def feed(self, frames: I16) -> list[ProgressEvent]:
        """Listen to one frame of every row.

        Args:
            frames: Shape (rows, 160).
        """
        events: list[ProgressEvent] = []
        samples = self._samples
        samples[:, :WINDOW] = samples[:, FRAME:]
        samples[:, WINDOW:] = frames
        for begin in (HOP, 2 * HOP):
            windows = samples[:, begin : begin + WINDOW]
            energies = np.einsum("ij,ij->i", windows, windows)
            self._hop(self._shapes(windows, energies), energies, events)
        return events

    def _shapes(
        self, windows: npt.NDArray[np.float32], energies: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.int16]:
        """Return each window's shape, or -1."""
        found = np.full(len(windows), _PAUSE, np.int16)
        loud = energies > self._gate
        if not loud.any():
            return found
        for compiled, members in self._groups:
            rows = members[loud[members]]
            if len(rows):
                purities = compiled.shapes.purities(windows[rows], energies[rows])
                best = purities.argmax(axis=1)
                pure = purities[np.arange(len(rows)), best] > PURITY
                found[rows[pure]] = best[pure]
        return found

    def _hop(
        self, found: npt.NDArray[np.int16], energies: npt.NDArray[np.float32], events: list[ProgressEvent]
    ) -> None:
        self._recent[:, :-1] = self._recent[:, 1:]
        self._recent[:, -1] = energies
        fading = (
            (found != _PAUSE) & (found == self.shape) & (energies * self._age < EDGE_SHARE * self._energy)
        )
        found[fading] = _PAUSE
        same = found == self.shape
        fresh = ~same & (found != self._next)
        # What was only a flicker belongs to the segment it flickered in.
        over = (same | fresh) & (self._next_age > 0)
        self._age[over] += self._next_age[over]
        self._energy[over] += self._next_energy[over]
        self._next_age[over] = 0
        self._next_energy[over] = 0
        self._next[:] = found
        self._age += same
        self._energy += np.where(same, energies, 0)
        self._next_age += ~same
        self._next_energy += np.where(same, 0, energies)
        for row in np.flatnonzero(self._next_age >= STEADY_HOPS):
            self._begin_segment(int(row), events)
        # A flicker that is over adds several hops at once, so an age may be leaped over.
        for row in np.flatnonzero(self._age >= self._due):
            self._compare(int(row), events)

    def _begin_segment(self, row: int, events: list[ProgressEvent]) -> None:
        if self._next[row] != _PAUSE:
            recent = self._recent[row]
            faint = int(np.argmax(recent >= EDGE_SHARE * recent.max()))
            energy = float(recent[:faint].sum())
            self._age[row] += faint
            self._energy[row] += energy
            self._next_age[row] -= faint
            self._next_energy[row] -= energy
        segment = self._segment(row)
        told = self._told[row]
        if told is not None:
            events.append(ToneEnded(row, told, round(segment.length_ms)))
            self._told[row] = None
        self._past[row].append(segment)
        self.shape[row] = self._next[row]
        self._age[row], self._energy[row] = self._next_age[row], self._next_energy[row]
        self._due[row] = self._plans[row].ages[0]
        self._next_age[row] = 0
        self._next_energy[row] = 0

    def _segment(self, row: int) -> Segment:
        """Return the segment a row is in the middle of."""
        shape, age = int(self.shape[row]), int(self._age[row])
        return Segment(shape, age * HOP_MS, float(self._energy[row]) / max(age, 1))

    def _compare(self, row: int, events: list[ProgressEvent]) -> None:
        """Look whether what a row heard ends in a pattern that is complete at the age just reached."""
        compiled, age = self._plans[row], int(self._due[row])
        self._due[row] = compiled.ages[compiled.ages.index(age) + 1]
        pausing = bool(self.shape[row] == _PAUSE)
        for pattern in compiled.due.get((pausing, age), ()):
            indices = compiled.indices(pattern)
            if pattern.in_turn:
                cycles = int(_in_turn([*self._past[row], self._segment(row)], pattern, indices))
            elif pattern.cadence_ms:
                cycles = _rounds(list(self._past[row]), pattern.cadence_ms, indices[0])
            else:
                cycles = int(self.shape[row] == indices[0])
            if cycles >= (pattern.cycles if pattern.cadence_ms else 1):
                if not pattern.cadence_ms:
                    self._told[row] = pattern.name
                events.append(ToneHeard(row, pattern.name, cycles))
                return


def _in_turn(segments: list[Segment], pattern: TonePattern, indices: list[int]) -> bool:
    """Return whether segments end in tones one after the other, the last still sounding."""
    last = segments[-len(indices) :]
    if [segment.shape for segment in last] != indices:
        return False
    return all(
        abs(segment.length_ms - length) <= TURN_TOLERANCE * length
        for segment, length in zip(last[:-1], pattern.cadence_ms, strict=False)
    )


def _rounds(past: list[Segment], cadence_ms: tuple[int, ...], shape: int) -> int:
    """Return how many rounds of a cadence the past ends in; the pause still going on is not part of it."""
    backwards = past[::-1]
    first_burst = backwards[0] if backwards else None
    if first_burst is None:
        return 0
    lengths = cadence_ms[::-1]
    matched = 1
    """Parts of the cadence; the pause in progress has already lasted long enough."""
    for position, segment in enumerate(backwards):
        length = lengths[(position + 1) % len(lengths)]
        if abs(segment.length_ms - length) > CADENCE_TOLERANCE * length + RESOLUTION_MS:
            break
        if position % 2 == 0:
            ratio = segment.energy / first_burst.energy
            if segment.shape != shape or not 1 / LOUDNESS_RATIO < ratio < LOUDNESS_RATIO:
                break
        elif segment.shape != _PAUSE or segment.energy > PAUSE_SHARE * backwards[position - 1].energy:
            break
        matched += 1
    return matched // len(lengths)
