"""A device's byte stream, without framing or clock of ours, as 20 ms frames and back.

Theory of operation
-------------------
A device has its own clock, and USB delivers in lumps. Each direction goes through a resampler
(`dsp/resampler.py`) that measures both clocks and steers the delay, so that a call of hours at ±300 ppm has
neither clicks nor growing delay. On the way out our pace of giving is known, and only the fill is steered:

    bytes ─► SampleAligner ─► resampler ─► a frame a tick                        (PcmInput)
    a frame a tick ─► resampler ─► chunks, as the device's own clock wants them   (PcmOutput)

What the device plays it takes by the clock it records with; so the pace of writing is that at which samples
come in, measured, and our own clock until that is known.

The input begins with a small delay. When it runs dry the gap is concealed, and playing goes on with the next
samples. When that happens again within `AGAIN_TICKS`, `STEP` more is kept in reserve each time, so that a
device which delivers in lumps (EC2x: every 100 ms) is soon played smoothly; what was not needed for
`CALM_TICKS` is steered away again, inaudibly.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.plc import Concealer
from firmware.media.dsp.resampler import FADE, AsyncResampler
from firmware.media.g711 import FRAME, I16, RATE

FIRST_TARGET: Final = 240
"""Samples (30 ms) in reserve: a lump of 20 ms at any phase of the tick, and 10 ms of unevenness."""
STEP: Final = 120
"""Samples (15 ms) more after each time it ran dry."""
AGAIN_TICKS: Final = 100
"""Two seconds; one late lump is an accident."""
RESUME: Final = 40
"""Samples beyond a frame that suffice to play on after an accident."""
MAX_TARGET: Final = 2000
"""Samples (250 ms); what comes in longer lumps is no telephone line."""
CALM_TICKS: Final = 1500
"""Half a minute."""
SPARE: Final = 80
"""Samples that are left in reserve when delay is given back."""
OUT_TARGET: Final = 120
"""Samples (15 ms) kept between our frames and what a device wants: as much as a tick may be late."""
OUT_RESERVE: Final = 40
"""Samples that are left there when a tick is late: the filter's reach, and a little."""
CATCH_UP: Final = 0.02
"""Of what was given too little, a second: a time constant of 50 s."""
MAX_CATCH_UP: Final = RATE * 400e-6
"""Samples a second; the resampler follows that unheard."""
MAX_LAG: Final = 1200
"""Samples (150 ms) between what came in and what was given that are no matter of pace any more."""
BEGIN_SLACK: Final = 8
"""Samples beyond the target that are pushed before the beginning, as the pace isn't the nominal one."""
MAX_OWED: Final = 4 * FRAME
"""Samples a device is owed at most; what a stalled process owes beyond that is forgotten."""
ALIGN_EVERY: Final = 5 * 2 * FRAME
"""Bytes (100 ms) between two looks at whether samples are torn."""
TORN_LOOKS: Final = 2
TORN_RATIO: Final = 4
"""How much smoother the audio must be a byte further on."""


class SampleAligner:
    """Puts bytes together to samples; finds out when the device has lost one byte.

    Audio is smooth; torn samples jump by the low byte times 256. One look may be wrong on a strange sound,
    `TORN_LOOKS` in a row are not.
    """

    def __init__(self) -> None:
        self.shifted = 0
        """Bytes left out because the device had lost one."""
        self._odd = b""
        self._recent = bytearray()
        self._torn = 0

    def feed(self, data: bytes) -> I16:
        """Take bytes, cut anywhere; return the whole samples."""
        data = self._odd + data
        even = len(data) & ~1
        self._odd = data[even:]
        self._recent += data[:even]
        if len(self._recent) >= ALIGN_EVERY:
            self._look(bytes(self._recent[-2 * FRAME - 2 :]))
            self._recent.clear()
            if self._torn >= TORN_LOOKS:
                self._torn = 0
                self.shifted += 1
                data, even = self._leave_out_a_byte(data)
        return np.frombuffer(data, "<i2", even // 2)

    def _leave_out_a_byte(self, data: bytes) -> tuple[bytes, int]:
        data = data[1:]
        even = len(data) & ~1
        self._odd = data[even:]
        return data, even

    def _look(self, recent: bytes) -> None:
        steps = [
            np.abs(np.diff(np.frombuffer(recent, "<i2", FRAME, offset).astype(np.int32))).sum()
            for offset in (0, 1)
        ]
        self._torn = self._torn + 1 if steps[1] * TORN_RATIO < steps[0] else 0


class PcmInput:
    """One device's samples on their way in."""

    def __init__(self) -> None:
        self.resampler = AsyncResampler(FIRST_TARGET)
        self.resampler.keeps_rest = True
        self.count = 0
        """Samples that came in, ever."""
        self._concealer = Concealer(1)
        self._lost = np.zeros(1, np.bool_)
        self._since_dry = AGAIN_TICKS
        self._least = float(MAX_TARGET)
        self._calm = 0

    @property
    def rate(self) -> float:
        """Samples a second of the device's clock."""
        return self.resampler.rate_in or RATE

    def push(self, samples: I16, now: float) -> None:
        """Take samples, shape (n,), that were there at monotonic second `now`."""
        if len(samples):
            self.count += len(samples)
            self.resampler.push(samples, now)

    def pull(self, now: float, out: I16) -> None:
        """Write the frame of this tick, shape (160,); a gap is concealed, then silent."""
        resampler = self.resampler
        underruns = resampler.underruns
        resampler.pull(FRAME, now, out)
        self._lost[0] = resampler.dry
        self._concealer.process(out[None], self._lost)
        self._since_dry += 1
        if resampler.underruns > underruns:
            again = self._since_dry < AGAIN_TICKS
            self._since_dry = 0
            resampler.resume = float("inf") if again else RESUME
            if again:
                resampler.target = min(resampler.target + STEP, MAX_TARGET)
            self._begin_calm()
        elif not resampler.dry:
            self._least = min(self._least, resampler.fill)
            self._calm += 1
            if self._calm >= CALM_TICKS:
                spare = self._least - SPARE
                if spare > 0:
                    resampler.target = max(resampler.target - spare, FIRST_TARGET)
                self._begin_calm()

    def _begin_calm(self) -> None:
        self._calm = 0
        self._least = float(MAX_TARGET)


class PcmOutput:
    """One device's samples on their way out.

    Args:
        chunk: Samples the device wants at once.
    """

    def __init__(self, chunk: int) -> None:
        self.resampler = AsyncResampler(OUT_TARGET)
        self._chunk = chunk
        self._pending: I16 = np.zeros(0, np.int16)
        """Less than a chunk."""
        self._owed = 0.0
        """Samples that the device wants by now, beyond those it was given."""
        self._then: float | None = None
        self._given = 0
        """Samples given, ever."""
        self._lead: float | None = None
        """Samples given before as many had come in, when the pace was first known."""

    def push(self, frame: I16, now: float) -> None:
        """Take this tick's frame, shape (160,)."""
        self.resampler.push(frame, now)

    def begin(self, ahead: int) -> None:
        """Have so many samples be due at once; before the first `due`, with frames enough pushed for it."""
        self._owed = float(ahead)

    @staticmethod
    def frames_before(ahead: int) -> int:
        """Return how many frames must be pushed for `ahead` samples to be due at once."""
        return -(-(ahead + OUT_TARGET + BEGIN_SLACK) // FRAME)

    def hush(self) -> None:
        """Fade out at once what was pushed and is not due yet."""
        faded = len(self._pending) >= FADE
        if faded:
            pending = np.zeros_like(self._pending)
            pending[:FADE] = self._pending[:FADE] * np.linspace(1, 0, FADE, dtype=np.float32)
            self._pending = pending
        self.resampler.hush(faded=faded)

    def due(self, rate: float, count: int, now: float) -> list[I16]:
        """Return the chunks a device wants by now.

        Args:
            rate: Samples a second of its clock, as far as that is known.
            count: Samples that came in from it, ever.
            now: Monotonic seconds.
        """
        elapsed = 0.0 if self._then is None else now - self._then
        self._then = now
        pace = rate + self._catch_up(count)
        self._owed = min(self._owed + pace * elapsed, MAX_OWED)
        wanted = int(self._owed)
        # After a late tick more is owed than has come in yet; that is made up for in the next.
        if not self.resampler.dry and self._owed < MAX_OWED:
            wanted = min(wanted, int(self.resampler.fill) - OUT_RESERVE)
        if wanted > 0:
            out = np.empty(wanted, np.int16)
            self.resampler.pull_at(wanted, RATE / pace, out)
            self._pending = np.concatenate((self._pending, out))
            self._owed -= wanted
            self._given += wanted
        whole = len(self._pending) // self._chunk
        ends = range(self._chunk, whole * self._chunk + 1, self._chunk)
        chunks = [self._pending[end - self._chunk : end] for end in ends]
        self._pending = self._pending[whole * self._chunk :]
        return chunks

    def _catch_up(self, count: int) -> float:
        """Return how many samples a second more are to be given, so that as many go out as come in."""
        if not count:
            return 0.0
        behind = count - self._given - self._owed
        if self._lead is None or abs(behind - self._lead) > MAX_LAG:
            # The beginning, or one side has lost what will not come back.
            self._lead = behind
        return min(max(CATCH_UP * (behind - self._lead), -MAX_CATCH_UP), MAX_CATCH_UP)
