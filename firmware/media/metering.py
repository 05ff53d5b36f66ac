"""How loud ports are, for whoever turns their gain: five times a second, in and out."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from firmware.core.media import LevelMetered
from firmware.media.dsp.units import FRAME_MS, QUIETEST_DBM0, SINE_PEAK, level_of
from firmware.media.g711 import I16

PERIOD_MS: Final = 200


class _Meter(msgspec.Struct):
    heard: list[I16]
    sent: list[I16]


class Metering:
    """The meters, by row."""

    def __init__(self) -> None:
        self._meters: dict[int, _Meter] = {}

    def __bool__(self) -> bool:
        return bool(self._meters)

    @property
    def rows(self) -> set[int]:
        return set(self._meters)

    def set(self, wanted: set[int]) -> None:
        """Have these rows, and no others, metered."""
        self._meters = {row: self._meters.get(row) or _Meter([], []) for row in wanted}

    def forget(self, row: int) -> None:
        """Forget what a row's port has said and heard."""
        self._meters.pop(row, None)

    def run(self, linear: I16, sent: I16) -> list[tuple[int, LevelMetered]]:
        """Take one frame of every row; return the levels of those whose period is over.

        Args:
            linear: What comes in, after everything done to it, shape (rows + 1, 160).
            sent: What was sent in the tick before, decoded, shape (rows, 160).
        """
        told = []
        for row, meter in self._meters.items():
            meter.heard.append(linear[row].copy())
            meter.sent.append(sent[row].copy())
            if len(meter.heard) * FRAME_MS < PERIOD_MS:
                continue
            heard, played = np.concatenate(meter.heard), np.concatenate(meter.sent)
            meter.heard.clear()
            meter.sent.clear()
            peak = float(np.abs(heard.astype(np.int32)).max())
            peak_dbm0 = 20 * float(np.log10(peak / SINE_PEAK)) if peak else QUIETEST_DBM0
            told.append((row, LevelMetered(level_of(heard), max(peak_dbm0, QUIETEST_DBM0), level_of(played))))
        return told
