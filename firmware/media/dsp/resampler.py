"""Asynchronous resampling: audio from one clock played by another, for hours.

Theory of operation.

    push(samples, arrival) ──► ring ──► polyphase filter at position p ──► pull(count, now)
         └► input clock line ─► fill by the lines = in(now) − p ─► ratio ─┘ ▲
                              output clock line ◄──────────────────────────┘

Between the two clock lines (clockline.py) the fill of the ring is a smooth number, whatever jitter single
pushes and pulls have. The ratio is that of the two rates plus a small pull of the fill towards its target,
so neither delay nor emptiness builds up, and as it changes by parts per million from frame to frame there
is never a click. The filter has 32 taps (Kaiser, 75 dB) in 256 phases, linearly interpolated: flat to 3.4
kHz. Each direction of a device is one `AsyncResampler`; for playback the ticks push and the device pulls.

A surplus that is never needed (the puller stood still for a moment) is not steered away for minutes: once
the fill has stayed above the target and `SURPLUS` for `SURPLUS_PULLS`, what is too much is left out, its ends
crossfaded.

If the ring does run dry, silence fades in and playing fades in again once the target is reached: counted,
and heard as a gap, not a click. If it overflows (the puller stood still), the oldest samples are dropped
down to the target: counted too.

Mono int16, any nominal rates near each other; ratios beyond 0.2 % are no clock error but a wrong setting.
Sources: J. O. Smith, "Digital Audio Resampling", CCRMA; reference G; STYLE and DESIGN (never drop single
samples).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.clockline import ClockLine
from firmware.media.dsp.units import F32, F64, I16, RATE, to_int16

TAPS: Final = 32
PHASES: Final = 256
KAISER_BETA: Final = 7.4
"""75 dB over a transition from 3.4 to 4.6 kHz."""
LIMIT: Final = 2e-3
"""Greatest deviation of the ratio from nominal."""
CORRECTION: Final = 5e-6
"""Change of ratio per sample of fill error: a time constant of 25 s."""
CORRECTION_LIMIT: Final = 500e-6
"""More than the rates may differ by while that isn't known: the delay stays bounded meanwhile."""
SLEW: Final = 1e-6
"""Greatest change of the ratio from pull to pull, so that not even a meter hears the steering."""
SETTLED_PPM: Final = 40.0
"""A rate less certain than this isn't used yet."""
EVENNESS: Final = 0.02
"""Share of each pull in the evened fill: a second of ticks."""
FADE: Final = 40
"""Samples; 5 ms."""
SURPLUS: Final = 480
"""Samples (60 ms) above the target; lumps of arrivals swing by less about it."""
SURPLUS_PULLS: Final = 50
"""A second of ticks."""
CAPACITY_FRAMES: Final = 50
"""Ring in units of 160 samples: a second."""


def _filters() -> tuple[F32, F32]:
    """Return the taps of each phase and their differences to the next, shape (256, 32) each."""
    offsets = np.arange(TAPS) - TAPS // 2 + 1
    fractions = np.arange(PHASES + 1) / PHASES
    distance = offsets[None, :] - fractions[:, None]
    inside = np.clip(1 - np.square(distance / (TAPS / 2)), 0, None)
    taps = np.sinc(distance) * np.i0(KAISER_BETA * np.sqrt(inside)) / np.i0(KAISER_BETA)
    taps /= taps.sum(axis=1, keepdims=True)
    return taps[:-1].astype(np.float32), np.diff(taps, axis=0).astype(np.float32)


_FILTER, _SLOPE = _filters()


class AsyncResampler:
    """One direction of one device.

    Args:
        target: Samples between push and pull on average, which is the delay it adds. A block, as it comes at
            any phase of the tick, plus the scatter of arrivals: 320 holds 10 ms of that, 240 a sound card's.
        rate_in: Samples a second pushed, nominal.
        rate_out: Samples a second pulled, nominal.
    """

    def __init__(self, target: int = 320, rate_in: float = RATE, rate_out: float = RATE) -> None:
        self.target = float(target)
        """May be changed at any time: it is reached with the next run dry, or by steering."""
        self.resume = float("inf")
        """Samples at which it plays on after it ran dry, where that is less than the target."""
        self.keeps_rest = False
        """Whether somebody else fills gaps: then what is left when it runs dry is kept, not faded out."""
        self._in = ClockLine(rate_in)
        self._out = ClockLine(rate_out)
        self._ring = np.zeros(CAPACITY_FRAMES * 160, np.float32)
        self._windows: F32 = np.lib.stride_tricks.sliding_window_view(self._ring, TAPS)
        """The ring as the filter sees it, from each of its samples on; made once, as making it takes long."""
        self._written = TAPS
        """Samples written to the ring, ever; some silence stands before the first."""
        self._offset = 0
        """Of the ring's first sample, ever."""
        self._position = float(TAPS)
        """Where the next output sample is taken from, ever."""
        self._pulled = 0
        self._dry = True
        self._nominal_ratio = rate_in / rate_out
        self._ratio = self._nominal_ratio
        self._delay = 0.0
        self._even = self.target
        """The fill, evened out, where no lines are measured."""
        self._least = float("inf")
        """Smallest fill of the pulls since the last look."""
        self._pulls = 0
        self.underruns = 0
        self.overflows = 0
        self.skips = 0
        """Surpluses left out."""

    @property
    def ppm(self) -> float:
        """How much faster the pushing clock runs than the pulling one."""
        return (self._in.rate / self._out.rate / self._nominal_ratio - 1) * 1e6

    @property
    def ratio(self) -> float:
        """Samples taken per sample given, at the last pull."""
        return self._ratio

    @property
    def dry(self) -> bool:
        """Whether nothing plays until the target is reached."""
        return self._dry

    @property
    def rate_in(self) -> float | None:
        """Samples a second pushed, measured; None until that is certain."""
        return self._in.rate if self._in.uncertainty_ppm < SETTLED_PPM else None

    @property
    def fill(self) -> float:
        """Samples between the newest pushed and the last pulled."""
        return self._written - self._position

    @property
    def delay(self) -> float:
        """Samples of delay the ring adds on average, by the two clock lines; steered towards the target."""
        return self._delay

    def push(self, samples: I16, arrival: float) -> None:
        """Take samples, shape (n,), that arrived at monotonic second `arrival`."""
        count = len(samples)
        if count > len(self._ring) // 2:
            self.overflows += 1
            return
        end = self._written - self._offset + count
        if end > len(self._ring):
            self._make_room(end)
        begin = self._written - self._offset
        self._ring[begin : begin + count] = samples
        self._written += count
        self._in.observe(self._written, arrival)

    def hush(self, *, faded: bool) -> None:
        """Make silence of what was pushed and not pulled yet; its delay stays.

        Args:
            faded: What was pulled last has been faded out by somebody else.
        """
        coming = self._ring[int(self._position) - self._offset : self._written - self._offset]
        fade = 0 if faded else min(FADE, len(coming))
        coming[:fade] *= np.linspace(1, 0, fade, dtype=np.float32)
        coming[fade:] = 0

    def _make_room(self, end: int) -> None:
        """Drop what was played; if that isn't enough, what is oldest."""
        surplus = end - len(self._ring)
        played = int(self._position) - TAPS - self._offset
        if played < surplus:
            self.overflows += 1
            self._position = self._written - self.target
            played = int(self._position) - TAPS - self._offset
        keep = self._written - self._offset - played
        self._ring[:keep] = self._ring[played : played + keep]
        self._offset += played

    def pull(self, count: int, now: float, out: I16) -> bool:
        """Write `count` samples for the monotonic second `now`; return False when they are silence.

        Args:
            count: At least 1.
            now: When the samples are wanted.
            out: Shape (count,).
        """
        self._pulled += count
        self._out.observe(self._pulled, now)
        # While nothing plays the lines run on, but there is no fill to steer.
        if self._dry:
            if self.fill < min(self.target, self.resume) + count * self._nominal_ratio:
                out[:] = 0
                return False
            # By the line, as the steering sees it: a start by the last block would be corrected for a minute.
            newest = min(max(self._in.at(now), self._written), self._written + self.target / 2)
            # What was left when it ran dry is still to be played, unless too much has come since.
            self._position = max(self._position, newest - self.target - count * self._nominal_ratio)
        self._steer(now, count)
        return self._play(count, out)

    def pull_at(self, count: int, ratio: float, out: I16) -> bool:
        """Write `count` samples for a puller whose pace is known, and need not be measured.

        Args:
            count: At least 1.
            ratio: Samples pushed for each that is pulled, on average.
            out: Shape (count,).

        Returns:
            False when they are silence.
        """
        if self._dry:
            if self.fill < self.target + count * ratio:
                out[:] = 0
                return False
            self._position = self._written - self.target - count * ratio
            self._even = self.target
            self._ratio = ratio
        fill = self.fill - count * self._ratio
        self._even += EVENNESS * (fill - self._even)
        self._delay = self._even
        self._turn_to(ratio, self._even)
        return self._play(count, out)

    def _play(self, count: int, out: I16) -> bool:
        """Write `count` samples at the present ratio."""
        moments: F64 = self._position + self._ratio * np.arange(count, dtype=np.float64)
        if moments[-1] + TAPS // 2 + 1 >= self._written:
            self.underruns += 1
            self._run_dry(out)
            return False
        samples = self._filtered(moments)
        if self._dry:
            samples[:FADE] *= np.linspace(0, 1, FADE, dtype=np.float32)[:count]
            self._dry = False
        self._position += self._ratio * count
        self._look_for_surplus(moments, samples)
        out[:] = to_int16(samples)
        return True

    def _look_for_surplus(self, moments: F64, samples: F32) -> None:
        """Leave out what has been too much for a while, ending `samples` where playing goes on."""
        self._least = min(self._least, self.fill)
        self._pulls += 1
        if self._pulls < SURPLUS_PULLS:
            return
        surplus = float(int(self._least - self.target))
        self._least, self._pulls = float("inf"), 0
        if surplus <= SURPLUS:
            return
        self.skips += 1
        self._position += surplus
        fade = np.linspace(0, 1, len(samples), dtype=np.float32)
        samples += (self._filtered(moments + surplus) - samples) * fade

    def _filtered(self, moments: F64) -> F32:
        whole = moments.astype(np.int64)
        phase = (moments - whole) * PHASES
        index = phase.astype(np.int64)
        between = (phase - index).astype(np.float32)
        taps = _SLOPE.take(index, axis=0)
        taps *= between[:, None]
        taps += _FILTER.take(index, axis=0)
        first = whole - (self._offset + TAPS // 2 - 1)
        return np.asarray(np.einsum("ij,ij->i", self._windows[first], taps))

    def _steer(self, now: float, count: int) -> None:
        """Set the ratio for this pull."""
        known = self._in.uncertainty_ppm < SETTLED_PPM and self._out.uncertainty_ppm < SETTLED_PPM
        ratio = self._in.rate / self._out.rate if known else self._nominal_ratio
        # Both clocks by their lines, so that neither's jitter reaches the ratio.
        late = (self._pulled - self._out.at(now)) * self._nominal_ratio
        fill = self._in.at(now) - self._position - count * self._nominal_ratio + late
        self._delay = fill
        self._turn_to(ratio, fill)

    def _turn_to(self, ratio: float, fill: float) -> None:
        """Go towards a ratio, with a pull of the fill towards the target."""
        pull = min(max(CORRECTION * (fill - self.target), -CORRECTION_LIMIT), CORRECTION_LIMIT)
        ratio += pull * self._nominal_ratio
        ratio = min(max(ratio, self._ratio - SLEW), self._ratio + SLEW)
        self._ratio = min(max(ratio, self._nominal_ratio * (1 - LIMIT)), self._nominal_ratio * (1 + LIMIT))

    def _run_dry(self, out: I16) -> None:
        """Fade what is left into silence."""
        out[:] = 0
        if self.keeps_rest:
            self._dry = True
            return
        room = self._written - TAPS // 2 - 1 - self._position
        left = min(len(out), max(0, int(room / self._ratio)))
        if left:
            samples = self._filtered(self._position + self._ratio * np.arange(left, dtype=np.float64))
            fade = min(left, FADE)
            samples[left - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
            out[:left] = to_int16(samples)
        self._position += self._ratio * left
        self._dry = True
