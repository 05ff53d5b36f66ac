"""Line echo canceller for two-wire ports (FXO, handset), all rows at once.

Theory of operation. The hybrid of a two-wire line sends part of what we play back to us. An adaptive filter
models that path and subtracts its estimate. The filter works in the frequency domain in four partitions of
80 samples, and its step size is that of a Kalman filter: every tap of the spectrum carries the variance of
its own error, which grows a little with every block (paths drift) and shrinks with what is learned; the
error signal's power is taken as the disturbance. So the filter runs fast at first, and nearly stands still
when the near end talks, without a double-talk detector that has to decide. Weights fade within ten
seconds if nothing confirms them. The part of a weight that would wrap around is taken out of one partition a
block in turn, which costs a quarter and does the same.

    sent ──► delay line ──► spectra of 4 blocks ──► × weights ──► estimate
                                   │                                 │ −
    received ───────────────────────────────────────────────────────►○──► error ──► × gain ──► cleaned
                                   └──► weights += Kalman gain × error ◄─┘

The residual suppressor is mild: a gain for the whole band of at least -10 dB, following the share of the
error that the filter's own variance explains as echo; the near end's voice opens it within the block.

Reach: 40 ms behind the line's own buffering, which `find_delay` measures and `set_delay` takes out (USB
sound adds 20 to 100 ms). It doesn't reach a mobile network's echo at 200 ms. Frames (rows, 160) int16 at
8000 Hz.

Sources: ITU-T G.168 (what is asked of cancellers), G.131; G. Enzner and P. Vary, "Frequency-domain adaptive
Kalman filter for acoustic echo control", Signal Processing 86, 2006; reference G (hybrid tails of 0 to 16
ms, design for 32).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.media.dsp.units import F32, FRAME, I16, Rows, mean_square, resized

BLOCK: Final = 80
"""Samples a filter step: 100 steps a second converge within two seconds."""
PARTITIONS: Final = 4
BINS: Final = BLOCK + 1
TAIL: Final = BLOCK * PARTITIONS
"""Samples of echo path covered: 40 ms."""
LONGEST_DELAY: Final = 1600
"""Samples; 200 ms of buffering."""

DRIFT: Final = np.float32(0.9998**2)
"""How much of a weight is taken to persist for a block; 1 would never follow a changed path."""
FORGETTING: Final = np.float32(0.999)
"""Share of each weight kept from block to block. A voice leaves some bands unexcited for minutes; what noise
teaches the filter there would be heard as echo when another voice excites them (16 dB were lost)."""
FIRST_VARIANCE: Final = 0.2
"""Of a weight that nothing is known about: a return loss of 6 dB within one partition."""
CONFIDENCE: Final = np.float32(0.25)
"""Share believed of what a block teaches. The theory has 0.5, for bins independent of each other; but
windows leak, and voices of few harmonics took 5 s instead of 2 to reach 25 dB."""
DISTURBANCE_MEMORY: Final = np.float32(0.5)
"""Of the error's spectrum from block to block; short: the near end's voice stops the filter at once."""
FLOOR_DBM0: Final = -65.0
"""Disturbance is never taken to be less: G.711's own noise."""
SILENT_DBM0: Final = -60.0
"""What is sent more quietly than this makes no echo worth a computation."""
SUPPRESSION_FLOOR: Final = np.float32(0.32)
RESIDUAL_WEIGHT: Final = np.float32(2.0)
CLOSING: Final = np.float32(0.25)
"""Share of the way to a lower gain taken in a block; to a higher one it is all of it."""

MARGIN: Final = 40
"""Samples left before the echo that was found: it rises slowly, and the transform smears it."""
_SLOPE: Final = np.linspace(0, 1, BLOCK, endpoint=False, dtype=np.float32)

Complex = npt.NDArray[np.complex64]


class EchoCanceller:
    """Cancellers of so many rows."""

    def __init__(self, rows: int = 0) -> None:
        self._sent = np.zeros((rows, LONGEST_DELAY + BLOCK + FRAME), np.float32)
        """What went to the lines, newest last."""
        self._delay = np.zeros(rows, np.intp)
        self._spectra: Complex = np.zeros((rows, PARTITIONS, BINS), np.complex64)
        self._weights: Complex = np.zeros((rows, PARTITIONS, BINS), np.complex64)
        self._variance = np.full((rows, PARTITIONS, BINS), FIRST_VARIANCE, np.float32)
        self._disturbance = np.zeros((rows, BINS), np.float32)
        self._gain = np.ones(rows, np.float32)
        self._floor = np.float32(mean_square(FLOOR_DBM0) * BLOCK)
        self._silent = mean_square(SILENT_DBM0) * FRAME
        self._quiet_frames = np.zeros(rows, np.int32)
        self._turn = 0
        """Partition that was constrained last."""

    def resize(self, rows: int) -> None:
        """Have so many rows; new ones know nothing of their line."""
        self._sent = resized(self._sent, rows)
        self._delay = resized(self._delay, rows)
        self._spectra = resized(self._spectra, rows)
        self._weights = resized(self._weights, rows)
        self._variance = resized(self._variance, rows, FIRST_VARIANCE)
        self._disturbance = resized(self._disturbance, rows)
        self._gain = resized(self._gain, rows, 1)
        self._quiet_frames = resized(self._quiet_frames, rows)

    def reset(self, row: int) -> None:
        """Forget a line's echo path: another call, another line. Its delay stays."""
        self._sent[row] = 0
        self._spectra[row] = self._weights[row] = 0
        self._variance[row] = FIRST_VARIANCE
        self._disturbance[row] = 0
        self._gain[row] = 1

    def set_delay(self, row: int, samples: int) -> None:
        """Say after how many samples the echo of what is sent begins; a little less is better than more.

        Raises:
            ValueError: Out of reach.
        """
        if not 0 <= samples <= LONGEST_DELAY:
            raise ValueError(f"echo delay of {samples} samples")
        self._delay[row] = samples

    def process(self, sent: I16, received: I16, out: I16) -> None:
        """Take the echo of `sent` out of `received`.

        Args:
            sent: What goes to the lines in this tick, shape (rows, 160).
            received: What came from them in this tick, shape (rows, 160).
            out: Written with the cleaned frames; may be `received` itself.
        """
        self._sent[:, :-FRAME] = self._sent[:, FRAME:]
        self._sent[:, -FRAME:] = sent
        fresh = self._sent[:, -FRAME:]
        quiet = np.einsum("ij,ij->i", fresh, fresh) < self._silent
        self._quiet_frames = np.where(quiet, self._quiet_frames + 1, 0)
        # A row that was sent nothing for as long as delay and tail has no echo, and nothing to learn from.
        rows = np.flatnonzero(self._quiet_frames * FRAME <= self._delay + TAIL + FRAME)
        if out is not received:
            out[:] = received
        if not len(rows):
            return
        everything = len(rows) == len(self._delay)
        pick = slice(None) if everything else rows
        heard = received[pick].astype(np.float32)
        for begin in (0, BLOCK):
            block = heard[:, begin : begin + BLOCK]
            block[:] = self._step(rows, pick, self._delayed(rows, begin), block)
        np.rint(heard, out=heard)
        out[pick] = np.clip(heard, -32768, 32767, out=heard)

    def _delayed(self, rows: Rows, begin: int) -> F32:
        """Return the two blocks sent that end where this block's echo can begin, shape (rows, 160)."""
        first = LONGEST_DELAY + begin - self._delay[rows]
        if len(rows) == 1:
            return self._sent[rows[0], first[0] : first[0] + 2 * BLOCK][None]
        blocks: F32 = self._sent[rows[:, None], first[:, None] + np.arange(2 * BLOCK)]
        return blocks

    def _step(self, rows: Rows, pick: Rows | slice, sent: F32, heard: F32) -> F32:
        """Filter and learn one block of `rows`; return it without its echo, shape (rows, 80)."""
        # A slice gives views; picking rows copies, and is written back at the end.
        spectra, weights, variance = self._spectra[pick], self._weights[pick], self._variance[pick]
        spectra[:, 1:] = spectra[:, :-1]
        spectra[:, 0] = np.fft.rfft(sent, axis=1)
        estimate = np.fft.irfft((spectra * weights).sum(axis=1), 2 * BLOCK, axis=1)
        padded = np.zeros((len(heard), 2 * BLOCK), np.float32)
        error = np.subtract(heard, estimate[:, BLOCK:], out=padded[:, BLOCK:])
        error_spectrum = np.fft.rfft(padded, axis=1).astype(np.complex64)
        error_power = (error_spectrum * error_spectrum.conj()).real
        disturbance = self._disturbance[pick]
        disturbance += (1 - DISTURBANCE_MEMORY) * (error_power - disturbance)
        power = (spectra * spectra.conj()).real
        # Half, as each block of error is padded by a block of zeros.
        explained = np.float32(0.5) * (variance * power).sum(axis=1)
        step = variance / (explained + disturbance + self._floor)[:, None]
        weights *= FORGETTING
        weights += step * spectra.conj() * error_spectrum[:, None]
        self._constrain(weights)
        variance *= DRIFT * (1 - CONFIDENCE * step * power)
        variance += (1 - DRIFT) * (weights * weights.conj()).real

        residual = RESIDUAL_WEIGHT * explained.sum(axis=1) / (error_power.sum(axis=1) + self._floor)
        wanted = np.maximum(1 - residual, SUPPRESSION_FLOOR)
        gain = self._gain[pick]
        following = np.where(wanted > gain, wanted, gain + CLOSING * (wanted - gain))
        cleaned: F32 = error * (gain[:, None] + (following - gain)[:, None] * _SLOPE)
        if not isinstance(pick, slice):
            self._spectra[rows], self._weights[rows], self._variance[rows] = spectra, weights, variance
            self._disturbance[rows] = disturbance
        self._gain[pick] = following
        return cleaned

    def _constrain(self, weights: Complex) -> None:
        """Take the part that wraps around out of one partition, the next one with every block."""
        self._turn = (self._turn + 1) % PARTITIONS
        response = np.fft.irfft(weights[:, self._turn], 2 * BLOCK, axis=1)
        response[:, BLOCK:] = 0
        weights[:, self._turn] = np.fft.rfft(response, axis=1)


def find_delay(sent: I16, received: I16, longest: int = LONGEST_DELAY) -> int | None:
    """Return after how many samples the echo of `sent` begins in `received`, or None when it isn't clear.

    A generalised cross-correlation with phase transform over the whole stretch; a second or two of speech
    will do.

    Args:
        sent: Shape (n,), from the same moment as `received`.
        received: Shape (n,).
        longest: Delay looked for at most, in samples.
    """
    count = min(len(sent), len(received))
    if count <= longest or not sent[:count].any() or not received[:count].any():
        return None
    size = 1 << (count + longest).bit_length()
    cross = np.fft.rfft(received[:count].astype(np.float64), size)
    cross *= np.fft.rfft(sent[:count].astype(np.float64), size).conj()
    magnitude = np.abs(cross)
    # Bins that carry little of the speech would only add noise.
    magnitude[magnitude < 1e-4 * magnitude.max(initial=0)] = np.inf
    correlation = np.abs(np.fft.irfft(cross / magnitude, size)[: longest + TAIL])
    strongest = float(correlation.max(initial=0))
    if strongest < 8 * float(np.median(correlation)) or strongest == 0:
        return None
    beginning = int(np.argmax(correlation > strongest / 3))
    return max(0, min(longest, beginning - MARGIN))
