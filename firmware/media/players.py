"""Players: prompts and tones as a stream of samples, cut into frames without gaps.

A player holds a list of items and a position. `render` fills one frame, crossing from item to item at the
very sample; a file that is not loaded yet is waited for in silence, which happens only at the beginning, as
all files of a list are asked for at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np

from firmware.core.media import MediaError, PlayFile, PlayItem, PlaySilence, PlayTone
from firmware.media.g711 import FRAME, I16, RATE
from firmware.media.loader import Loading

FULL_SCALE_DBM0: Final = 3.14
"""Level of a full-scale sine (G.711: the overload point of A-law)."""
MAX_CADENCE_MS: Final = 3_600_000
MIN_CADENCE_MS: Final = 10
"""A shorter period of a cadence is no tone; one of zero would never end."""


class Rendered(Protocol):
    """An item that can be played from any position."""

    def fill(self, position: int, out: I16) -> int:
        """Write samples from `position` on; return how many, fewer than asked only at the end."""


class SampleItem:
    """A file's samples, from `start_ms` on."""

    def __init__(self, samples: I16, start_ms: int = 0) -> None:
        self._samples = samples[max(0, start_ms) * RATE // 1000 :]

    def fill(self, position: int, out: I16) -> int:
        part = self._samples[position : position + len(out)]
        out[: len(part)] = part
        return len(part)


class SilenceItem:
    def __init__(self, duration_ms: int) -> None:
        self._length = max(0, duration_ms) * RATE // 1000

    def fill(self, position: int, out: I16) -> int:
        count = max(0, min(len(out), self._length - position))
        out[:count] = 0
        return count


class ToneItem:
    """A sum of sines, switched on and off by the cadence; phase runs on through the pauses."""

    def __init__(self, tone: PlayTone) -> None:
        if not all(0 < frequency < RATE / 2 for frequency in tone.frequencies):
            raise MediaError(f"tone of {tone.frequencies} Hz")
        if not -90 <= tone.level_dbm0 <= FULL_SCALE_DBM0:
            raise MediaError(f"tone at {tone.level_dbm0} dBm0")
        total_ms = sum(tone.cadence_ms)
        if tone.cadence_ms and (min(tone.cadence_ms) < 0 or not MIN_CADENCE_MS <= total_ms <= MAX_CADENCE_MS):
            raise MediaError(f"cadence {tone.cadence_ms}")
        self._omegas = [2 * math.pi * frequency / RATE for frequency in tone.frequencies]
        self._amplitude = 32767 * 10 ** ((tone.level_dbm0 - FULL_SCALE_DBM0) / 20)
        self._length = None if tone.duration_ms is None else max(0, tone.duration_ms) * RATE // 1000
        edges = [0]
        # A cadence of odd length is meant to alternate through its repetition.
        cadence = tone.cadence_ms * (1 + len(tone.cadence_ms) % 2)
        for period_ms in cadence:
            edges.append(edges[-1] + period_ms * RATE // 1000)
        self._edges = np.array(edges)

    def fill(self, position: int, out: I16) -> int:
        count = len(out) if self._length is None else max(0, min(len(out), self._length - position))
        moments = np.arange(position, position + count, dtype=np.float64)
        total = np.zeros(count)
        for omega in self._omegas:
            total += np.sin(omega * moments)
        total *= self._amplitude
        if len(self._edges) > 1:
            within = np.arange(position, position + count) % self._edges[-1]
            period = np.searchsorted(self._edges, within, side="right") - 1
            total[period % 2 == 1] = 0
        out[:count] = np.clip(np.rint(total), -32768, 32767)
        return count


class Player:
    """One list of items on its way to one port.

    Args:
        items: What to play, in order.
        repeat: Begin again after the last.
        request: Asks for a file.
    """

    def __init__(self, items: Sequence[PlayItem], *, repeat: bool, request: Callable[[str], Loading]) -> None:
        self._items = list(items)
        self._repeat = repeat
        self._files = [request(item.path) if isinstance(item, PlayFile) else None for item in self._items]
        self._rendered: list[Rendered | None] = [None] * len(self._items)
        self._index = 0
        self._position = 0
        self._round_samples = 0
        self.error: str | None = None
        """Why it ended before its last item."""

    def render(self, out: I16) -> bool:
        """Fill one frame; return whether there is more. The rest of a last frame is silence.

        Args:
            out: Shape (160,).
        """
        filled = 0
        out[:] = 0
        while filled < FRAME:
            if self._index >= len(self._items):
                # A list without any sound would be begun again for ever within this frame.
                if not self._repeat or self._round_samples == 0:
                    return False
                self._index = self._position = self._round_samples = 0
            try:
                item = self._item()
            except MediaError as error:
                self.error = str(error)
                return False
            if item is None:
                return True
            count = item.fill(self._position, out[filled:])
            self._position += count
            self._round_samples += count
            filled += count
            if filled < FRAME:
                self._index += 1
                self._position = 0
        return True

    def _item(self) -> Rendered | None:
        """Return the present item, or None while its file is being loaded."""
        ready = self._rendered[self._index]
        if ready is not None:
            return ready
        item = self._items[self._index]
        file = self._files[self._index]
        if isinstance(item, PlaySilence):
            ready = SilenceItem(item.duration_ms)
        elif isinstance(item, PlayTone):
            ready = ToneItem(item)
        elif file is None or file.error is not None:
            raise MediaError(file.error if file and file.error else item.path)
        elif file.samples is None:
            return None
        else:
            ready = SampleItem(file.samples, item.start_ms)
        self._rendered[self._index] = ready
        return ready
