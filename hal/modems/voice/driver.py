"""The voice modem driver's core: one PSTN line through one V.253 modem, without sockets or clocks.

Theory of operation
-------------------
    (closed) ──opened──► wake, set up (bringup.py) ──► READY ◄──► IN_CALL (calls.py)
        ▲                    ▲                            │
        └──── lost ──────────┴──── AT+FCLASS? isn't 8: the modem was reset and has forgotten caller id ──┘

The one port carries commands and, in a call, the audio stream. In COMMAND mode bytes go to the AT channel,
octet by octet while a CONNECT is awaited, since what follows it is audio; in a stream they go to
`VoiceStream`, until DLE ETX. Codes shielded by DLE may come in either mode.

A modem that answers nothing `MAX_UNANSWERED` times in a row, or whose stream dries up, is taken for dead:
`Reopen`. In and out: see `hal.serial_line.Driver`; besides, `say` takes samples for the other side and
`take_heard` gives those from it.
"""

from __future__ import annotations

import collections
import logging

from hal.at.calls import CallOver, Ring
from hal.at.channel import AtChannel, Command
from hal.at.procedures import Procedure, Procedures, ask, pause
from hal.line import EndReason, LineEvent, LineState, StateChanged, Verdict
from hal.modems.voice.bringup import find_format, set_up, wake
from hal.modems.voice.calls import VoiceCalls
from hal.modems.voice.doctor import VoiceFindings, examine
from hal.modems.voice.profile import VoiceModel
from hal.modems.voice.stream import Mode, VoiceStream
from hal.modems.voice.words import CallerLine
from hal.serial_line import DriverEvent, Reopen, Settled

logger = logging.getLogger(__name__)

STATUS_POLL = 10.0
"""Seconds between looks at whether the modem still is as we set it up; also finds one that hangs."""
MAX_UNANSWERED = 4
"""Commands in a row without any answer before the port is reopened."""
_CLASS = Command("+FCLASS?", bare=True, prefix="+FCLASS:")
_DLE = 0x10


class VoiceDriver:
    """The sans-IO core of one PSTN line.

    Args:
        name: The line's name, for the log.
        model: The modem's profile.
        country: ISO 3166 code; the modem then knows the exchange's tones.
    """

    def __init__(self, name: str, model: VoiceModel, country: str) -> None:
        self.name = name
        self.state = LineState.DOWN
        self.detail = "not started"
        self.audio_device = ""
        """Where the call's audio is to be had, set by the adapter."""
        self.stream = VoiceStream()
        self._model = model
        self._country = country
        self._events: collections.deque[DriverEvent] = collections.deque()
        self._now = 0.0
        self._open = self._brought_up = False
        self._saying = ""
        self._refused_before = 0
        self._shielded = False
        self._channel = AtChannel()
        self._procedures = Procedures(self._channel)
        self._calls = VoiceCalls(model, self)

    @property
    def refused_lines(self) -> int:
        """Lines too long to be a modem's, since the start."""
        return self._refused_before + self._channel.refused

    def checkup(self) -> tuple[Verdict, ...]:
        """Return the doctor's verdicts on what is known now."""
        answers = self._open and self._channel.last_heard is not None
        return examine(VoiceFindings(self._open, answers, self._brought_up, self._saying, self._calls.seen))

    # In

    def opened(self, now: float) -> None:
        self._now = now
        self._open = True
        self._begin_life("the port was opened anew")

    def absent(self, reason: str, now: float) -> None:
        self._now = now
        self._saying = reason
        self.refresh()

    def lost(self, reason: str, now: float) -> None:
        self._now = now
        self._open = self._brought_up = False
        self._saying = reason
        self._drop_everything(reason)
        self.refresh()

    def receive_data(self, data: bytes, now: float) -> None:
        self._now = now
        while data:
            # While it only plays, a modem sends codes and, in the end, a result: no audio.
            if self.stream.mode in (Mode.DUPLEX, Mode.RECEIVING):
                told, data, ended = self.stream.receive(data, now)
                for word in told:
                    self._calls.heard(word)
                if ended:
                    self._calls.stream_ended()
            else:
                take = 1 if self._calls.stream.connecting else len(data)
                self._procedures.receive_data(self._without_codes(data[:take]), now)
                self._run()
                data = data[take:]
        self._run()
        self.refresh()

    def handle_timer(self, now: float) -> None:
        self._now = now
        self._procedures.handle_timer(now)
        self._run()
        self.refresh()
        if self._procedures.unanswered >= MAX_UNANSWERED and self._open:
            self._procedures.unanswered = 0
            self.reopen("the modem doesn't answer")

    def answer(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.answer(ticket)
        self.refresh()

    def dial(self, ticket: int, number: str, now: float, *, emergency: bool = False) -> None:
        self._now = now
        # An exchange takes an emergency call like any other; the line must stand up first all the same.
        self._calls.dial(ticket, number, ready=self._brought_up, emergency=emergency)
        self.refresh()

    @property
    def expects_dial_tone(self) -> bool:
        """See `hal.line.DialToneLine`."""
        return self._calls.expects_dial_tone

    @expects_dial_tone.setter
    def expects_dial_tone(self, expects: bool) -> None:
        self._calls.expects_dial_tone = expects

    def hang_up(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.hang_up(ticket)
        self.refresh()

    def send_digits(self, ticket: int, digits: str, now: float) -> None:
        self._now = now
        self._calls.send_digits(ticket, digits)

    def say(self, samples: bytes, now: float) -> None:
        """Take S16LE samples, 8000 Hz, for the other side; they are dropped without a call."""
        if self._calls.talking:
            self.stream.say(samples, now)

    # Out

    def take_heard(self) -> bytes:
        """Return what the other side said, S16LE, 8000 Hz, once."""
        return self.stream.take_heard()

    def data_to_send(self) -> bytes:
        # What ends a stream follows all of its audio.
        return self.stream.data_to_send() + self._channel.data_to_send() + self._calls.interrupt()

    def get_timer(self) -> float | None:
        return self._procedures.get_timer() if self._open else None

    def next_event(self) -> DriverEvent | None:
        return self._events.popleft() if self._events else None

    # What VoiceCalls needs of us (its `Host`)

    @property
    def now(self) -> float:
        """Seconds, monotonic: when what is being handled came in."""
        return self._now

    def emit(self, event: LineEvent) -> None:
        self._events.append(event)

    def settle(self, ticket: int, error: str | None) -> None:
        self._events.append(Settled(ticket, error))

    def start(self, procedure: Procedure) -> Procedure:
        return self._procedures.start(procedure, self._now)

    def cancel(self, procedure: Procedure | None) -> None:
        self._procedures.cancel(procedure)

    def reopen(self, reason: str) -> None:
        logger.warning("%s: opening the port anew: %s", self.name, reason)
        self._events.append(Reopen(reason))

    def refresh(self) -> None:
        """Compute state and detail from the parts, and tell when they are other ones."""
        state, detail = self._state_and_detail()
        if (state, detail) == (self.state, self.detail):
            return
        if state is not self.state:
            logger.info("%s: %s → %s: %s", self.name, self.state.value, state.value, detail)
        self.state, self.detail = state, detail
        self.emit(StateChanged(state, detail))

    # Inside

    def _without_codes(self, data: bytes) -> bytes:
        """Take the shielded codes out of what a modem says between commands."""
        text = bytearray()
        for octet in data:
            if self._shielded:
                self._shielded = False
                for word in self.stream.code(chr(octet), self._now):
                    self._calls.heard(word)
            elif octet == _DLE:
                self._shielded = True
            else:
                text.append(octet)
        return bytes(text)

    def _run(self) -> None:
        while (notification := self._procedures.next_notification(self._now)) is not None:
            line = notification.line
            if (ring := Ring.parse(line)) is not None and ring.voice:
                if self._brought_up:
                    self._calls.rings()
            elif (caller := CallerLine.parse(line)) is not None:
                self._calls.caller_line(caller)
            elif line == "RINGING":
                self._calls.alerting()
            elif (over := CallOver.parse(line)) is not None:
                self._calls.ends(over.word)

    def _begin_life(self, reason: str) -> None:
        self._drop_everything(reason)
        self._brought_up = False
        self.start(self._live())
        self.refresh()

    def _drop_everything(self, reason: str) -> None:
        self._calls.abandon(EndReason.DEVICE_LOST, reason)
        self._procedures.cancel_all()
        self._refused_before += self._channel.refused
        self._channel = AtChannel()
        self._procedures = Procedures(self._channel)
        self._shielded = False
        self.stream.forget()

    def _live(self) -> Procedure:
        while True:
            yield from wake(self._say)
            coding = yield from find_format(self._model)
            if coding is None:
                self._say("this modem has no audio format for voice; is it a voice modem?")
                yield from pause(STATUS_POLL)
                continue
            self.stream.coding = coding
            yield from set_up(self._model, self._country)
            yield from ask(Command("H", timeout=5.0))
            self._brought_up = True
            self.refresh()
            while self._brought_up:
                yield from pause(STATUS_POLL)
                if not self._calls.busy:
                    yield from self._look()

    def _look(self) -> Procedure:
        outcome = yield from ask(_CLASS)
        mode = next((line.removeprefix("+FCLASS:").strip() for line in outcome.lines), "")
        if outcome.ok and mode and mode not in ("8", "8.0") and not self._calls.busy:
            logger.warning("%s: the modem was reset and has forgotten its settings", self.name)
            self._brought_up = False
            self._say("initialising the modem")

    def _say(self, detail: str) -> None:
        self._saying = detail
        self.refresh()

    def _state_and_detail(self) -> tuple[LineState, str]:
        if not self._open or self._channel.last_heard is None:
            return LineState.DOWN, self._saying
        if self._calls.busy:
            return LineState.IN_CALL, self._calls.phase_in_words
        if not self._brought_up:
            return LineState.STARTING, self._saying
        return LineState.READY, f"{self._model.name}, {self.stream.coding.name}"
