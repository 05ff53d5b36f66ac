"""What is listened for in the input of ports that ask for it.

    linear[row] ─┬─► activity ──► silence, level ─┐
                 ├─► progress ──► tones ──────────┴─► answer
                 ├─► DTMF ──┬──► digits
                 │          └──► caller id
                 └─► FSK ───────► caller id                        all ─► events, by row

Each unit of `dsp` works on all its rows at once; a unit without rows costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from firmware.core.media import (
    AnswerNoticed,
    AnswerSign,
    CallerNoticed,
    DigitHeard,
    FellSilent,
    PortEvent,
    PortOptions,
    ToneNoticed,
)
from firmware.media.dsp.activity import ActivityBank
from firmware.media.dsp.answer import Answer, AnswerDetector, Sound
from firmware.media.dsp.callerid import DtmfCallerId, FskCallerId
from firmware.media.dsp.callerid_message import CallerId
from firmware.media.dsp.dtmf import DigitStarted, DtmfBank
from firmware.media.dsp.progress import ProgressBank, ToneHeard
from firmware.media.dsp.progress_data import TonePattern, TonePlan, plan_of
from firmware.media.g711 import I16
from firmware.media.members import Members

WITHHELD: Final = "P"
DEFAULT_COUNTRY: Final = "CN"
INFORMATION_TONE: Final = "sit"
LONGEST_PAUSE_MS: Final = 4000
"""Of a ringback nothing is known about."""
_SIGNS: Final = {
    Answer.VOICE_HEARD: AnswerSign.VOICE_HEARD,
    Answer.RINGING_STOPPED: AnswerSign.RINGING_STOPPED,
    Answer.SEEMS_PERSON: AnswerSign.SEEMS_PERSON,
    Answer.SEEMS_RECORDING: AnswerSign.SEEMS_RECORDING,
}


def plan_for(options: PortOptions) -> TonePlan:
    """Return the tones a port listens for: its country's, its own in place of those of their names."""
    plan = plan_of(options.tones_of or DEFAULT_COUNTRY)
    for learned in options.learned_tones:
        plan = plan.with_pattern(TonePattern(learned.name, learned.frequencies, learned.cadence_ms))
    return plan


class _CallerIdPort:
    """One port's receivers of caller id."""

    def __init__(self) -> None:
        self.fsk = FskCallerId()
        self.dtmf = DtmfCallerId()


class Listening:
    """The detectors, and who uses them.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.activity = ActivityBank()
        self._clock = clock
        self._options: Mapping[int, PortOptions] = {}
        self.activity_of = Members(self._resize_activity, self._reset_activity)
        self.on_activity_rows: Callable[[int], None] = lambda rows: None
        self.on_activity_reset: Callable[[int], None] = lambda row: None
        self._dtmf = DtmfBank()
        self._dtmf_of = Members(self._dtmf.resize, self._dtmf.reset)
        self._progress = ProgressBank(0, plan_of(DEFAULT_COUNTRY))
        self._progress_of = Members(self._progress.resize, self._progress.reset)
        self._caller_id: dict[int, _CallerIdPort] = {}
        self._answers: dict[int, AnswerDetector] = {}

    def _resize_activity(self, rows: int) -> None:
        self.activity.resize(rows)
        self.on_activity_rows(rows)

    def _reset_activity(self, row: int) -> None:
        self.activity.reset(row)
        self.on_activity_reset(row)

    def arrange(self, options: Mapping[int, PortOptions]) -> None:
        """Take over who wants what, by row; rows without any wish are left out."""
        before, self._options = self._options, dict(options)
        answering = {row for row, one in options.items() if one.detect_answer}
        self.activity_of.set(
            answering | {row for row, one in options.items() if one.silence_ms or one.level_control}
        )
        self._dtmf_of.set({row for row, one in options.items() if one.detect_digits or one.caller_id})
        self._progress_of.set(
            answering | {row for row, one in options.items() if one.tones_of is not None or one.learned_tones}
        )
        for row, one in options.items():
            old = before.get(row, PortOptions())
            if row in self.activity_of.places and old.silence_ms != one.silence_ms:
                self.activity.wait_for_silence(self.activity_of.places[row], one.silence_ms)
            place = self._progress_of.places.get(row)
            asked = (one.tones_of, one.learned_tones, one.detect_answer)
            if place is not None and asked != (old.tones_of, old.learned_tones, old.detect_answer):
                self._progress.set_plan(place, plan_for(one))
        self._caller_id = {
            row: self._caller_id.get(row) or _CallerIdPort() for row, one in options.items() if one.caller_id
        }
        self._answers = {
            row: self._answers.get(row) or AnswerDetector(_longest_pause(plan_for(options[row])))
            for row in answering
        }

    def forget(self, row: int) -> None:
        """Forget a row's port: the next one begins afresh."""
        self._options = {other: one for other, one in self._options.items() if other != row}
        for members in (self.activity_of, self._dtmf_of, self._progress_of):
            members.forget(row)
        self._caller_id.pop(row, None)
        self._answers.pop(row, None)

    def watch(self, linear: I16, noticed: list[tuple[int, PortEvent]]) -> None:
        """Measure activity, before levels are changed."""
        rows = self.activity_of.rows
        noticed.extend(
            (int(rows[silence.row]), FellSilent(silence.silent_ms))
            for silence in self.activity.feed(linear[rows])
        )

    def run(self, linear: I16, noticed: list[tuple[int, PortEvent]]) -> None:
        """Listen to one frame of every port, shape (rows + 1, 160)."""
        if self._dtmf_of:
            self._hear_digits(linear, noticed)
        if self._progress_of:
            self._hear_tones(linear, noticed)
        for row, port in self._caller_id.items():
            found = port.fsk.feed(linear[row])
            late = port.dtmf.poll(self._clock())
            noticed.extend((row, _caller(caller)) for caller in [*found, *([late] if late else [])])
        for row, detector in self._answers.items():
            sign = detector.feed(self._sound(row))
            if sign is not None:
                noticed.append((row, AnswerNoticed(_SIGNS[sign])))

    def _hear_digits(self, linear: I16, noticed: list[tuple[int, PortEvent]]) -> None:
        rows = self._dtmf_of.rows
        for event in self._dtmf.feed(linear[rows]):
            row = int(rows[event.row])
            if not isinstance(event, DigitStarted) or row not in self._options:
                continue
            if self._options[row].detect_digits:
                noticed.append((row, DigitHeard(event.digit)))
            if row in self._caller_id:
                caller = self._caller_id[row].dtmf.digit(event.digit, self._clock())
                if caller is not None:
                    noticed.append((row, _caller(caller)))

    def _hear_tones(self, linear: I16, noticed: list[tuple[int, PortEvent]]) -> None:
        rows = self._progress_of.rows
        for tone in self._progress.feed(linear[rows]):
            row = int(rows[tone.row])
            if not isinstance(tone, ToneHeard) or row not in self._options:
                continue
            if tone.name == INFORMATION_TONE and row in self._answers:
                self._answers[row].information_tone()
            noticed.append((row, ToneNoticed(tone.name, tone.cycles)))

    def _sound(self, row: int) -> Sound:
        """Return what a row is in this frame."""
        if self._progress.shape[self._progress_of.places[row]] >= 0:
            return Sound.TONE
        place = self.activity_of.places[row]
        loud = self.activity.active[place] and self.activity.silent_ms[place] == 0
        return Sound.OTHER if loud else Sound.QUIET


def _caller(caller: CallerId) -> CallerNoticed:
    return CallerNoticed(caller.number, caller.name, caller.number_absent == WITHHELD)


def _longest_pause(plan: TonePlan) -> int:
    pauses = [max(one.cadence_ms[1::2]) for one in plan.patterns if one.name == "ringback" and one.cadence_ms]
    return max(pauses, default=LONGEST_PAUSE_MS)
