"""The line echo of one device, taken out in the device's own time.

    bytes in ─► samples r … ───────────────► canceller ─► cleaned samples ─► resampler
    chunks written ─► samples w … ─► r + C ──┘ ▲
                                               └── delay, measured from both

What is read and what is written run by one clock, the device's; after the resamplers the echo path would
stretch and shrink, which no canceller follows. A device delivers and takes in lumps, so the two streams are
laid side by side by counting: received sample r belongs to written sample r + C, where C is the most that has
always been written in time.

The canceller (`dsp/echo.py`) reaches 40 ms; what the device's buffers add before that is measured from both
streams: roughly after half a second of sound, then better, and again as long as it isn't found.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from firmware.media.dsp.echo import EchoCanceller, find_delay
from firmware.media.dsp.units import mean_square
from firmware.media.g711 import FRAME, I16, RATE

WARM_UP_FRAMES: Final = 10
"""Frames (200 ms) during which C is found, and echo is left as it is."""
LOOKS: Final = (25, 50, 100)
"""Frames of sound sent after which the delay is looked for: half a second, one, two."""
AGAIN: Final = 100
"""Frames of sound between two more looks, where it was not found."""
HISTORY: Final = 100
"""Frames looked at."""
LOUD_DBM0: Final = -40.0
"""What is sent more quietly teaches nothing."""
NEAR: Final = 60
"""Samples; a delay that differs by less is the same, and the filter stays."""
KEPT: Final = RATE
"""Samples written that are kept for the echo to come."""


class EchoStage:
    """One device's canceller."""

    def __init__(self) -> None:
        self._canceller = EchoCanceller(1)
        self._written: I16 = np.zeros(0, np.int16)
        """The last samples written."""
        self._count = 0
        """Samples written, ever."""
        self._taken = 0
        """Samples received and worked on, ever."""
        self._lead: int | None = None
        """C; see the module's head."""
        self._frames = 0
        self._rest: I16 = np.zeros(0, np.int16)
        self._sent: deque[I16] = deque(maxlen=HISTORY)
        self._received: deque[I16] = deque(maxlen=HISTORY)
        self._loud_frames = 0
        self._loud = mean_square(LOUD_DBM0) * FRAME
        self.delay: int | None = None
        """Samples after which the echo begins; None while that isn't known."""

    def wrote(self, samples: I16) -> None:
        """Note what was given to the device."""
        self._written = np.concatenate((self._written, samples))[-KEPT:]
        self._count += len(samples)

    def clean(self, samples: I16) -> I16:
        """Take what the device gave; return what is complete, without its echo."""
        samples = np.concatenate((self._rest, samples))
        whole = len(samples) // FRAME * FRAME
        self._rest = samples[whole:]
        out = samples[:whole].copy()
        for at in range(0, whole, FRAME):
            self._clean_frame(out[at : at + FRAME])
        return out

    def _clean_frame(self, frame: I16) -> None:
        lead = self._count - (self._taken + FRAME)
        if self._lead is None or lead < self._lead:
            moved = self._lead is not None and self._frames > WARM_UP_FRAMES
            self._lead = lead
            if moved:
                self._begin_again()
        self._frames += 1
        first = self._taken + self._lead
        self._taken += FRAME
        # `_written` ends with sample `_count`.
        position = len(self._written) - (self._count - first)
        if self._frames <= WARM_UP_FRAMES or position < 0:
            return
        sent = self._written[position : position + FRAME]
        self._learn(sent, frame)
        cleaned = frame[None]
        self._canceller.process(sent[None], cleaned, cleaned)

    def _begin_again(self) -> None:
        """Forget the delay: the two streams lie otherwise now."""
        self._sent.clear()
        self._received.clear()
        self._loud_frames = 0
        self.delay = None
        self._canceller.reset(0)
        self._canceller.set_delay(0, 0)

    def _learn(self, sent: I16, received: I16) -> None:
        self._sent.append(sent.copy())
        self._received.append(received.copy())
        if float(np.square(sent, dtype=np.float32).sum()) < self._loud:
            return
        self._loud_frames += 1
        due = self._loud_frames in LOOKS
        due |= self.delay is None and self._loud_frames > LOOKS[-1] and self._loud_frames % AGAIN == 0
        if not due:
            return
        delay = find_delay(np.concatenate(self._sent), np.concatenate(self._received))
        if delay is None or (self.delay is not None and abs(delay - self.delay) <= NEAR):
            return
        self.delay = delay
        self._canceller.reset(0)
        self._canceller.set_delay(0, delay)
