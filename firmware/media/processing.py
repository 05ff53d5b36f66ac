"""What is done to, and listened for in, the input of ports that ask for it.

    linear[row] ─► echo canceller ─► level control ─► gain ─► linear[row] ─► crosspoint
                          └─► DTMF, progress tones, activity, caller id ─► events

Each unit of `dsp` works on all its rows at once; a `_Members` says which port has which of them. A unit
without members costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from firmware.core.media import (
    CallerNoticed,
    DigitHeard,
    FellSilent,
    PortEvent,
    PortOptions,
    ToneNoticed,
)
from firmware.media.dsp.activity import ActivityBank
from firmware.media.dsp.agc import LevelControl
from firmware.media.dsp.callerid import FskCallerId
from firmware.media.dsp.dtmf import DigitStarted, DtmfBank
from firmware.media.dsp.echo import EchoCanceller
from firmware.media.dsp.progress import ProgressBank, ToneHeard
from firmware.media.dsp.progress_data import plan_of
from firmware.media.g711 import I16
from firmware.media.rows import RowAllocator, row_array

MIN_GAIN_DB: Final = -60.0
MAX_GAIN_DB: Final = 24.0
SILENT_ROW: Final = -1
"""The last row of decoded audio; feeds bank rows that nobody has."""
WITHHELD: Final = "P"


class _Members:
    """Which bank row each port has. A row keeps its place while others come and go."""

    def __init__(self, resize: Callable[[int], None], reset: Callable[[int], None]) -> None:
        self.rows = row_array([])
        """Port row of every bank row; `SILENT_ROW` where it is free."""
        self.places: dict[int, int] = {}
        self._free = RowAllocator()
        self._resize = resize
        self._reset = reset

    def __bool__(self) -> bool:
        return bool(self.places)

    def set(self, wanted: set[int]) -> None:
        """Have these port rows, and no others, in the bank."""
        for row in self.places.keys() - wanted:
            place = self.places.pop(row)
            self.rows[place] = SILENT_ROW
            self._free.give_back(place)
        for row in sorted(wanted - self.places.keys()):
            place = self._free.take()
            if place == len(self.rows):
                self.rows = np.append(self.rows, SILENT_ROW)
                self._resize(len(self.rows))
            self.rows[place] = row
            self.places[row] = place
            self._reset(place)


class InputProcessing:
    """The units, and who uses them."""

    def __init__(self) -> None:
        self._options: dict[int, PortOptions] = {}
        self._echo = EchoCanceller()
        self._echo_of = _Members(self._echo.resize, self._echo.reset)
        self._activity = ActivityBank()
        self._level = LevelControl()
        self._activity_of = _Members(self._resize_activity, self._reset_activity)
        self._dtmf = DtmfBank()
        self._dtmf_of = _Members(self._dtmf.resize, self._dtmf.reset)
        self._progress = ProgressBank(0, plan_of("CN"))
        self._progress_of = _Members(self._progress.resize, self._progress.reset)
        self._caller_id: dict[int, FskCallerId] = {}
        self._gains: list[tuple[int, float]] = []
        self.changing: set[int] = set()
        """Rows that are heard otherwise than they came in, and so can't be copied as codewords."""

    def _resize_activity(self, rows: int) -> None:
        self._activity.resize(rows)
        self._level.resize(rows)

    def _reset_activity(self, row: int) -> None:
        self._activity.reset(row)
        self._level.reset(row)

    @property
    def active(self) -> bool:
        """Whether any port's decoded input is wanted."""
        return bool(self._options)

    def arrange(self, options: Mapping[int, PortOptions], devices: set[int]) -> None:
        """Take over who wants what.

        Args:
            options: By row; rows without any are left out.
            devices: Rows that are devices, whose echo can be cancelled.
        """
        before, self._options = self._options, dict(options)
        self._echo_of.set({row for row, one in options.items() if one.echo_canceller and row in devices})
        self._activity_of.set({row for row, one in options.items() if one.silence_ms or one.level_control})
        self._dtmf_of.set({row for row, one in options.items() if one.detect_digits})
        self._progress_of.set({row for row, one in options.items() if one.tones_of is not None})
        for row, one in options.items():
            old = before.get(row, PortOptions())
            if row in self._activity_of.places and old.silence_ms != one.silence_ms:
                self._activity.wait_for_silence(self._activity_of.places[row], one.silence_ms)
            if one.tones_of is not None and one.tones_of != old.tones_of:
                self._progress.set_plan(self._progress_of.places[row], plan_of(one.tones_of))
        self._caller_id = {
            row: self._caller_id.get(row) or FskCallerId() for row, one in options.items() if one.caller_id
        }
        self._gains = [(row, factor(one.gain_db)) for row, one in options.items() if one.gain_db]
        self.changing = {row for row, _ in self._gains} | self._echo_of.places.keys()
        self.changing |= {row for row, one in options.items() if one.level_control}

    def run(self, linear: I16, sent: I16) -> list[tuple[int, PortEvent]]:
        """Work on one frame of every port; return what was noticed, by row.

        Args:
            linear: Decoded input of all rows, shape (rows + 1, 160), the last row silence; changed in place.
            sent: What devices were given in the tick before, shape (rows, 160).
        """
        noticed: list[tuple[int, PortEvent]] = []
        if self._echo_of:
            rows = self._echo_of.rows
            frames = linear[rows]
            self._echo.process(sent[rows], frames, frames)
            for row, place in self._echo_of.places.items():
                linear[row] = frames[place]
        if self._activity_of:
            self._watch_activity(linear, noticed)
        if self._dtmf_of:
            noticed.extend(
                (int(self._dtmf_of.rows[event.row]), DigitHeard(event.digit))
                for event in self._dtmf.feed(linear[self._dtmf_of.rows])
                if isinstance(event, DigitStarted)
            )
        if self._progress_of:
            noticed.extend(
                (int(self._progress_of.rows[tone.row]), ToneNoticed(tone.name, tone.cycles))
                for tone in self._progress.feed(linear[self._progress_of.rows])
                if isinstance(tone, ToneHeard)
            )
        for row, receiver in self._caller_id.items():
            for caller in receiver.feed(linear[row]):
                withheld = caller.number_absent == WITHHELD
                noticed.append((row, CallerNoticed(caller.number, caller.name, withheld)))
        for row, gain in self._gains:
            linear[row] = np.clip(np.rint(linear[row] * gain), -32768, 32767)
        return [(row, event) for row, event in noticed if row in self._options]

    def _watch_activity(self, linear: I16, noticed: list[tuple[int, PortEvent]]) -> None:
        rows = self._activity_of.rows
        frames = linear[rows]
        silences = self._activity.feed(frames)
        noticed.extend((int(rows[silence.row]), FellSilent(silence.silent_ms)) for silence in silences)
        levelled = [row for row in self._activity_of.places if self._options[row].level_control]
        if levelled:
            self._level.process(frames, self._activity, frames)
            for row in levelled:
                linear[row] = frames[self._activity_of.places[row]]


def factor(gain_db: float) -> float:
    """Return a gain as a factor, held within what makes sense; 0 dB is exactly 1."""
    return float(10 ** (min(max(gain_db, MIN_GAIN_DB), MAX_GAIN_DB) / 20))
