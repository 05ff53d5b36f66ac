"""What is done to the input of ports that ask for it.

    linear[row] ─┬─► level control ─► gain ─► linear[row] ─► crosspoint
                 └─► `listening.py` ─► events         └─► `metering.py` ─► events

Echo is taken out before, where a device's own time runs (`echo_stage.py`).

Each unit of `dsp` works on all its rows at once. A unit without rows costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from firmware.core.media import PortEvent, PortOptions
from firmware.media.dsp.agc import LevelControl
from firmware.media.g711 import I16, RATE
from firmware.media.listening import Listening
from firmware.media.metering import Metering

MIN_GAIN_DB: Final = -60.0
MAX_GAIN_DB: Final = 24.0
MAX_SILENCE_MS: Final = 24 * 3_600_000
MAX_CADENCE_MS: Final = 60_000
"""Longer than any part of a tone's round, and than anybody would wait for one."""


class InputProcessing:
    """The units, and who uses them.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._options: dict[int, PortOptions] = {}
        self._listening = Listening(clock)
        self._level = LevelControl()
        # The level control lives in the rows of the activity bank, which tells it who speaks.
        self._listening.on_activity_rows = self._level.resize
        self._listening.on_activity_reset = self._level.reset
        self._levelled: list[int] = []
        self._metering = Metering()
        self._gains: list[tuple[int, float]] = []
        self.changing: set[int] = set()
        """Rows that are heard otherwise than they came in, and so can't be copied as codewords."""

    @property
    def active(self) -> bool:
        """Whether any port's decoded input is wanted."""
        return bool(self._options)

    @property
    def metered(self) -> set[int]:
        """Rows of which what is sent to them is wanted decoded, too."""
        return self._metering.rows

    def arrange(self, options: Mapping[int, PortOptions]) -> None:
        """Take over who wants what, by row; rows without any wish are left out."""
        self._options = dict(options)
        self._listening.arrange(options)
        self._metering.set({row for row, one in options.items() if one.meter})
        self._levelled = [row for row, one in options.items() if one.level_control]
        self._gains = [(row, factor(one.gain_db)) for row, one in options.items() if one.gain_db]
        self.changing = {row for row, _ in self._gains} | set(self._levelled)

    def forget(self, row: int) -> None:
        """Forget a row's port: the next one begins afresh; `arrange` must follow."""
        self._options.pop(row, None)
        self._listening.forget(row)
        self._metering.forget(row)

    def run(self, linear: I16, sent: I16) -> list[tuple[int, PortEvent]]:
        """Work on one frame of every port; return what was noticed, by row.

        Args:
            linear: Decoded input of all rows, shape (rows + 1, 160), the last row silence; changed in place.
            sent: What ports were given in the tick before, shape (rows, 160); of metered rows only.
        """
        noticed: list[tuple[int, PortEvent]] = []
        if self._listening.activity_of:
            self._listening.watch(linear, noticed)
            if self._levelled:
                self._level_out(linear)
        self._listening.run(linear, noticed)
        for row, gain in self._gains:
            linear[row] = np.clip(np.rint(linear[row] * gain), -32768, 32767)
        if self._metering:
            noticed.extend(self._metering.run(linear, sent))
        return [(row, event) for row, event in noticed if row in self._options]

    def _level_out(self, linear: I16) -> None:
        members = self._listening.activity_of
        frames = linear[members.rows]
        self._level.process(frames, self._listening.activity, frames)
        for row in self._levelled:
            linear[row] = frames[members.places[row]]


def are_usable(options: PortOptions) -> bool:
    """Tell whether options can be followed. What can't is refused when it is said; in a tick it would end the
    process, and be told to the next one again."""
    return (
        math.isfinite(options.gain_db)
        and 0 <= options.silence_ms <= MAX_SILENCE_MS
        and all(
            tone.frequencies
            and all(0 < hertz < RATE / 2 for hertz in tone.frequencies)
            and all(0 <= part <= MAX_CADENCE_MS for part in tone.cadence_ms)
            for tone in options.learned_tones
        )
    )


def factor(gain_db: float) -> float:
    """Return a gain as a factor, held within what makes sense; 0 dB is exactly 1."""
    return float(10 ** (min(max(gain_db, MIN_GAIN_DB), MAX_GAIN_DB) / 20))
