"""Calls on one PSTN line: the commands around `LineCall`, as procedures.

    ◄ RING, NMBR = …             caller id between the first and the second ring ─► IncomingCall
    ► AT+VLS=1                   off hook                                        ─► CallConnected
    ► AT+VTR ◄ CONNECT           the stream begins                               ─► AudioReady
    ◄ DLE 5                      a key                                           ─► DigitReceived
    ◄ DLE b                      the exchange's busy tone: the other side hung up
    ► DLE ^ ◄ DLE ETX, OK ► ATH                                                  ─► CallEnded

Without AT+VTR sending and receiving take turns: `_take_turns`.
"""

from __future__ import annotations

import logging
import re

from hal.at.channel import Command, Outcome
from hal.at.errors import FailureKind
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.at.shielded import END_DUPLEX, END_RECEIVE, END_TRANSMIT, Event
from hal.line import AudioReady, DigitReceived, EndReason, LineAudio
from hal.modems.call import LineCall, Phase
from hal.modems.voice.call_host import Host
from hal.modems.voice.doctor import Seen
from hal.modems.voice.profile import VoiceModel
from hal.modems.voice.stream import Mode
from hal.modems.voice.words import CallerLine

logger = logging.getLogger(__name__)

CALLER_ID_WAIT = 6.5
"""Seconds from the first ring: the second comes after 5 (China) or 6 (US), the id before it."""
RINGING_OVER = 11.0
"""Seconds without a RING after which the caller has given up: two of China's periods, one may get lost."""
COMMAND_TIMEOUT = 5.0
DIAL_TIMEOUT = 75.0
"""Seconds; a modem gives up ringing after 60 by itself."""
DIAL_REFUSAL = 0.3
"""Seconds within which a modem that refuses to dial says so."""
END_TIMEOUT = 1.5
REFUSAL = 0.5
"""Seconds off hook that refuse a ringing call: what an exchange surely takes for an answer."""
TURN_LOOK = 0.02
"""Seconds between looks at whether our side speaks: a frame."""
STREAM_DRY = 4.0
"""Seconds without a sample from a modem that should send 8000 a second."""
_STREAM_LOOK = 1.0
_HANG_UP_ROUNDS = 3
SAMPLE_RATE = 8000

_DIALLABLE = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)
_KEYS = re.compile(r"[0-9*#A-D]{1,64}", re.ASCII)
_CALL_OVER = "the call is over"
_FAR_ENDS = {
    Event.BUSY: "busy tone",
    Event.FAST_BUSY: "congestion tone",
    Event.DIAL_TONE: "dial tone",
    Event.LOOP_BREAK: "the loop broke",
    Event.SILENCE: "silence",
}
_END_OF = {Mode.DUPLEX: END_DUPLEX, Mode.RECEIVING: END_RECEIVE, Mode.TRANSMITTING: END_TRANSMIT}


class VoiceCalls:
    """The line's call, if any, with its procedures."""

    def __init__(self, model: VoiceModel, host: Host) -> None:
        self.connecting = False
        """A CONNECT is awaited: what follows it is audio."""
        self.seen = Seen()
        self._model = model
        self._host = host
        self._call: LineCall | None = None
        self._running: list[Procedure] = []
        self._tickets: dict[int, str | None] = {}
        self._answer_ticket: int | None = None
        self._duplex = model.duplex
        self._last_ring = 0.0
        self._ready = self._talked = False
        self._hanging_up = self._ending_stream = self._interrupt = False
        self._dialling: Procedure | None = None
        """While ATDT is outstanding, or about to be."""
        self._turns: Procedure | None = None

    @property
    def busy(self) -> bool:
        return self._call is not None

    @property
    def talking(self) -> bool:
        return self._call is not None and self._call.phase is Phase.CONNECTED

    @property
    def phase_in_words(self) -> str:
        return self._call.phase.value if self._call is not None else ""

    def interrupt(self) -> bytes:
        """Return what breaks off a dialling modem (V.250, 6.3.1: any character), once."""
        wanted, self._interrupt = self._interrupt, False
        return b"\r" if wanted else b""

    # What the modem says

    def rings(self) -> None:
        self._last_ring = self._host.now
        if self._call is None:
            self._begin(incoming=True)
            self.seen.calls += 1
            self._run(self._await_ring_end())
            self._run(self._identify())

    def caller_line(self, line: CallerLine) -> None:
        if self._call is not None and self._call.incoming and line.key == "NMBR":
            self.seen.caller_ids += line.number is not None
            self._call.identified(line.number, withheld=line.withheld)

    def alerting(self) -> None:
        if self._call is not None and not self._call.incoming:
            self._call.alerting()

    def heard(self, word: Event | str) -> None:
        """A key, or an event on the line."""
        call = self._call
        if call is None or call.over:
            return
        if not isinstance(word, Event):
            if call.phase is Phase.CONNECTED:
                self._host.emit(DigitReceived(word))
        elif word is Event.RINGBACK:
            self.alerting()
        elif call.phase is Phase.CONNECTED and word in _FAR_ENDS:
            self.seen.hang_ups += 1
            call.ends(_FAR_ENDS[word])
            self._begin_hang_up()

    def ends(self, said: str) -> None:
        """A result word outside of a command."""
        if self._call is not None and not self._call.over:
            self._call.ends(said)
            self._begin_hang_up()

    def stream_ended(self) -> None:
        """DLE ETX came; a modem that ends its stream by itself is asked for another."""
        if self.talking and not self._ending_stream:
            logger.warning("the modem ended its audio stream by itself")
            self._run(self._open_audio())

    def abandon(self, reason: EndReason, detail: str) -> None:
        """The device is gone: end the call without a word to it."""
        if self._call is not None:
            self._finish(reason, detail)

    # What we are told to do

    def answer(self, ticket: int) -> None:
        if self._call is None or self._call.phase is not Phase.OFFERED:
            self._host.settle(ticket, "nothing rings")
            return
        self._call.answering()
        self._answer_ticket = ticket
        self._tickets[ticket] = _CALL_OVER
        self._run(self._answer())

    def dial(self, ticket: int, number: str, *, ready: bool) -> None:
        if not _DIALLABLE.fullmatch(number):
            self._host.settle(ticket, "the number holds other characters than +0-9*#")
        elif not ready or self._call is not None:
            self._host.settle(ticket, "the line isn't ready")
        else:
            self._begin(incoming=False)
            self._tickets[ticket] = _CALL_OVER
            self._dialling = self._dial(ticket, number.replace("+", "00"))
            self._run(self._dialling)

    def hang_up(self, ticket: int) -> None:
        if self._call is None:
            self._host.settle(ticket, None)
            return
        self._tickets[ticket] = None
        self._call.hung_up_by_us = True
        self._begin_hang_up()

    def send_digits(self, ticket: int, digits: str) -> None:
        if not _KEYS.fullmatch(digits):
            self._host.settle(ticket, "not a key among 0-9, *, #, A-D")
        elif not self.talking:
            self._host.settle(ticket, "no call stands")
        else:
            self._tickets[ticket] = _CALL_OVER
            self._run(self._send_digits(ticket, digits))

    # Procedures

    def _identify(self) -> Procedure:
        yield from pause(CALLER_ID_WAIT)
        if self._call is not None:
            self._call.identified(None, withheld=False)

    def _await_ring_end(self) -> Procedure:
        while (left := self._last_ring + RINGING_OVER - self._host.now) > 0:
            yield from pause(left)
            if self._call is not None and self._call.phase not in (Phase.RINGING, Phase.OFFERED):
                return
        if self._call is not None:
            self._call.ends("the ringing stopped")
            self._finish()

    def _answer(self) -> Procedure:
        failure = None
        for text in ("+FCLASS=8", "+VLS=1"):
            outcome = yield from ask(Command(text, timeout=COMMAND_TIMEOUT))
            if not outcome.ok:
                outcome = yield from ask(Command(text, timeout=COMMAND_TIMEOUT))
            failure = outcome.failure
        if self._call is None:
            return
        if failure is not None:
            self._call.answer_refused()
            self._settle_answer(str(failure))
            return
        self._connected()
        self._settle_answer(None)
        yield from self._open_audio()

    def _dial(self, ticket: int, number: str) -> Procedure:
        yield from ask(Command("+FCLASS=8", timeout=COMMAND_TIMEOUT))
        self._run(self._accept_dial(ticket))
        outcome = yield from ask(
            Command(f"DT{number}", timeout=DIAL_TIMEOUT, places_call=True, connects=True)
        )
        self._dialling = None
        failure = outcome.failure
        if self._call is None or self._call.over or self._call.hung_up_by_us:
            return
        if failure is None:
            self._connected()
            self._settle(ticket, None)
            yield from self._open_audio()
        elif failure.kind is FailureKind.CALL_OVER:
            self._settle(ticket, None)
            self._call.ends(failure.said)
            self._begin_hang_up()
        else:
            self._settle(ticket, str(failure))
            self._forget()

    def _accept_dial(self, ticket: int) -> Procedure:
        """The result of dialling comes with the answer; that the number was taken shows by no refusal."""
        yield from pause(DIAL_REFUSAL)
        self._settle(ticket, None)

    def _open_audio(self) -> Procedure:
        """Begin the stream, both ways at once where the modem can."""
        if self._duplex:
            outcome = yield from self._connect("+VTR", Mode.DUPLEX)
            if outcome.ok:
                self._audio_is_ready()
                return
            if outcome.failure is not None and outcome.failure.said:
                logger.info("the modem has no full duplex: sending and receiving take turns")
                self._duplex = False
        if self._duplex:
            self._no_audio(outcome)
        else:
            self._turns = self._take_turns()
            self._run(self._turns)

    def _take_turns(self) -> Procedure:
        stream = self._host.stream
        while True:
            outcome = yield from self._connect("+VRX", Mode.RECEIVING)
            if not outcome.ok:
                self._no_audio(outcome)
                return
            self._audio_is_ready()
            while not stream.speaks(self._host.now):
                yield from pause(TURN_LOOK)
            yield from self._end_stream()
            outcome = yield from self._connect("+VTX", Mode.TRANSMITTING)
            if not outcome.ok:
                self._no_audio(outcome)
                return
            while stream.speaks(self._host.now):
                yield from pause(TURN_LOOK)
            yield from self._end_stream()

    def _connect(self, text: str, mode: Mode) -> Steps[Outcome]:
        self.connecting = True
        try:
            outcome = yield from ask(Command(text, timeout=COMMAND_TIMEOUT, connects=True))
            if outcome.ok:
                self._host.stream.begin(mode, self._host.now)
        finally:
            self.connecting = False
        return outcome

    def _end_stream(self) -> Steps[None]:
        """Back to commands, whatever the modem makes of it."""
        end = _END_OF.get(self._host.stream.mode)
        if end is None:
            return
        raw = b"\x10" * (self._model.end_prefix - 1) + end
        self._ending_stream = True
        try:
            outcome = yield from ask(Command("", raw=raw, timeout=END_TIMEOUT))
            if not outcome.ok:
                yield from ask(Command("", raw=raw, timeout=END_TIMEOUT))
        finally:
            self._ending_stream = False
            self._host.stream.end()

    def _send_digits(self, ticket: int, digits: str) -> Procedure:
        turns, self._turns = self._turns, None
        self._host.cancel(turns)
        yield from self._end_stream()
        error = None
        for key in digits:
            outcome = yield from ask(Command(f"+VTS={key}", timeout=COMMAND_TIMEOUT))
            if outcome.failure is not None:
                error = str(outcome.failure)
                break
        if self._model.line_again_after_tone:
            yield from ask(Command("+VLS=1", timeout=COMMAND_TIMEOUT))
        self._settle(ticket, error)
        yield from self._open_audio()

    def _watch_stream(self) -> Procedure:
        stream = self._host.stream
        while True:
            yield from pause(_STREAM_LOOK)
            listening = stream.mode in (Mode.DUPLEX, Mode.RECEIVING)
            if listening and self._host.now - stream.last_audio > STREAM_DRY:
                self._host.reopen("its audio stream has dried up")
                return

    def _hang_up(self) -> Procedure:
        if self._dialling is not None:
            self._interrupt = True
            yield from pause(DIAL_REFUSAL)
        yield from self._end_stream()
        if self._call is not None and self._call.incoming and not self._talked:
            # An exchange can't be told to stop ringing: only an answer ends it.
            yield from ask(Command("+VLS=1", timeout=COMMAND_TIMEOUT))
            yield from pause(REFUSAL)
        hung_up = False
        for _ in range(_HANG_UP_ROUNDS):
            hung_up = (yield from ask(Command("H", timeout=COMMAND_TIMEOUT))).ok
            if hung_up:
                break
        if not hung_up:
            self._host.reopen("the modem doesn't hang up")
        self._finish()

    # Inside

    def _begin(self, *, incoming: bool) -> None:
        self._call = LineCall(self._host.emit, incoming=incoming)
        self._ready = self._talked = False
        self._host.refresh()

    def _run(self, procedure: Procedure) -> None:
        """Start a procedure that ends with the call."""
        self._running.append(procedure)
        self._host.start(procedure)

    def _connected(self) -> None:
        if self._call is not None:
            self._talked = True
            self._call.connected()
            self._host.refresh()

    def _audio_is_ready(self) -> None:
        self.seen.audio = True
        if not self._ready:
            self._ready = True
            self._host.emit(AudioReady(LineAudio(self._host.audio_device, SAMPLE_RATE)))
            self._run(self._watch_stream())

    def _no_audio(self, outcome: Outcome) -> None:
        self.seen.audio = False
        if self._call is not None and not self._call.over:
            self._call.ends(f"no audio: {outcome.failure}")
            self._begin_hang_up()

    def _begin_hang_up(self) -> None:
        if not self._hanging_up:
            self._hanging_up = True
            for procedure in self._running:
                # The answer to a broken-off dialling is still to come.
                if procedure is not self._dialling:
                    self._host.cancel(procedure)
            self._running = [self._dialling] if self._dialling is not None else []
            self._run(self._hang_up())

    def _settle(self, ticket: int, error: str | None) -> None:
        if ticket in self._tickets:
            del self._tickets[ticket]
            self._host.settle(ticket, error)

    def _settle_answer(self, error: str | None) -> None:
        if self._answer_ticket is not None:
            self._settle(self._answer_ticket, error)
            self._answer_ticket = None

    def _finish(self, reason: EndReason | None = None, detail: str = "") -> None:
        call = self._call
        if call is None:
            return
        call.finish(reason, detail)
        self._forget()

    def _forget(self) -> None:
        self._call = None
        self._answer_ticket = None
        self.connecting = self._hanging_up = False
        self._dialling = self._turns = None
        for ticket, error in list(self._tickets.items()):
            self._settle(ticket, error)
        running, self._running = self._running, []
        for procedure in running:
            self._host.cancel(procedure)
        self._host.stream.forget()
        self._host.refresh()
