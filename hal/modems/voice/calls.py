"""Calls on one PSTN line: the commands around `LineCall`, as procedures.

    ◄ RING, NMBR = …             caller id between the first and the second ring ─► IncomingCall
    ► AT+VLS=1                   off hook                                        ─► CallConnected
    ► AT+VTR ◄ CONNECT           the stream begins                               ─► AudioReady
    ◄ DLE 5                      a key                                           ─► DigitReceived
    ◄ DLE b                      the exchange's busy tone: the other side hung up
    ► DLE ^ ◄ DLE ETX, OK ► ATH                                                  ─► CallEnded

Outgoing: ► ATDT… ◄ VCON, BUSY, NO CARRIER, or NO DIALTONE: the modem listens before it dials (ATX4; V.250,
6.2.7). It dials without (ATX3) where the line has no dial tone, and for help after it has heard none.

Without AT+VTR sending and receiving take turns: call_stream.py.
"""

from __future__ import annotations

import logging
import re

from hal.at.channel import Command
from hal.at.errors import Failure, FailureKind
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.at.shielded import Event
from hal.line import DigitReceived, EndReason
from hal.modems.call import LineCall, Phase
from hal.modems.errands import Errands
from hal.modems.voice.call_host import Host
from hal.modems.voice.call_stream import COMMAND_TIMEOUT, CallStream
from hal.modems.voice.doctor import Seen
from hal.modems.voice.profile import VoiceModel
from hal.modems.voice.words import CallerLine

logger = logging.getLogger(__name__)

CALLER_ID_WAIT = 6.5
"""Seconds from the first ring: the second comes after 5 (China) or 6 (US), the id before it."""
RINGING_OVER = 11.0
"""Seconds without a RING after which the caller has given up: two of China's periods, one may get lost."""
DIAL_TIMEOUT = 75.0
"""Seconds; a modem gives up ringing after 60 by itself."""
DIAL_REFUSAL = 0.3
"""Seconds within which a modem that refuses to dial says so."""
REFUSAL = 0.5
"""Seconds off hook that refuse a ringing call: what an exchange surely takes for an answer."""
_HANG_UP_ROUNDS = 3
NO_DIAL_TONE = "NO DIALTONE"
LISTENING, BLIND = "X4", "X3"
"""Commands: wait for dial tone before dialling, or don't; busy tone is heard with either."""

_DIALLABLE = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)
_KEYS = re.compile(r"[0-9*#A-D]{1,64}", re.ASCII)
_FAR_ENDS = {
    Event.BUSY: "busy tone",
    Event.FAST_BUSY: "congestion tone",
    Event.DIAL_TONE: "dial tone",
    Event.LOOP_BREAK: "the loop broke",
    Event.SILENCE: "silence",
}


class VoiceCalls:
    """The line's call, if any, with its procedures."""

    def __init__(self, model: VoiceModel, host: Host) -> None:
        self.seen = Seen()
        self.expects_dial_tone = True
        """See `hal.line.DialToneLine`."""
        self._model = model
        self._host = host
        self._call: LineCall | None = None
        self._errands = Errands(host)
        self.stream = CallStream(model, host, self._errands, self.seen, self._fails)
        self._answer_ticket: int | None = None
        self._last_ring = 0.0
        self._talked = self._hanging_up = self._interrupt = False
        self._dialling: Procedure | None = None
        """While ATDT is outstanding, or about to be."""

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
            self._errands.run(self._await_ring_end())
            self._errands.run(self._identify())

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
        if self.talking and not self.stream.ending:
            logger.warning("the modem ended its audio stream by itself")
            self._errands.run(self.stream.open())

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
        self._errands.owe(ticket)
        self._errands.run(self._answer())

    def dial(self, ticket: int, number: str, *, ready: bool, emergency: bool = False) -> None:
        if not _DIALLABLE.fullmatch(number):
            self._host.settle(ticket, "the number holds other characters than +0-9*#")
        elif not ready or self._call is not None:
            self._host.settle(ticket, "the line isn't ready")
        else:
            self._begin(incoming=False)
            self._errands.owe(ticket)
            self._dialling = self._dial(ticket, number.replace("+", "00"), emergency=emergency)
            self._errands.run(self._dialling)

    def hang_up(self, ticket: int) -> None:
        if self._call is None:
            self._host.settle(ticket, None)
            return
        self._errands.owe(ticket, None)
        self._call.hung_up_by_us = True
        self._begin_hang_up()

    def send_digits(self, ticket: int, digits: str) -> None:
        if not _KEYS.fullmatch(digits):
            self._host.settle(ticket, "not a key among 0-9, *, #, A-D")
        elif not self.talking:
            self._host.settle(ticket, "no call stands")
        else:
            self._errands.owe(ticket)
            self._errands.run(self._send_digits(ticket, digits))

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
        yield from self.stream.open()

    def _dial(self, ticket: int, number: str, *, emergency: bool) -> Procedure:
        yield from ask(Command("+FCLASS=8", timeout=COMMAND_TIMEOUT))
        self._errands.run(self._accept_dial(ticket))
        failure = yield from self._dial_once(number, LISTENING if self.expects_dial_tone else BLIND)
        if emergency and failure is not None and failure.said == NO_DIAL_TONE:
            logger.warning("no dial tone: a call for help is dialled all the same")
            failure = yield from self._dial_once(number, BLIND)
        self._dialling = None
        if self._call is None or self._call.over or self._call.hung_up_by_us:
            return
        if failure is None:
            self._connected()
            self._errands.settle(ticket, None)
            yield from self.stream.open()
        elif failure.kind is FailureKind.CALL_OVER:
            self._errands.settle(ticket, None)
            self._call.ends(failure.said)
            self._begin_hang_up()
        else:
            self._errands.settle(ticket, str(failure))
            self._forget()

    def _dial_once(self, number: str, how: str) -> Steps[Failure | None]:
        """Return why it failed; None when it is answered, or was hung up before the number went out."""
        yield from ask(Command(how, timeout=COMMAND_TIMEOUT))
        if self._call is None or self._call.hung_up_by_us:
            return None
        call = Command(f"DT{number}", timeout=DIAL_TIMEOUT, places_call=True, connects=True)
        return (yield from ask(call)).failure

    def _accept_dial(self, ticket: int) -> Procedure:
        """The result of dialling comes with the answer; that the number was taken shows by no refusal."""
        yield from pause(DIAL_REFUSAL)
        self._errands.settle(ticket, None)

    def _send_digits(self, ticket: int, digits: str) -> Procedure:
        yield from self.stream.suspend()
        error = None
        for key in digits:
            outcome = yield from ask(Command(f"+VTS={key}", timeout=COMMAND_TIMEOUT))
            if outcome.failure is not None:
                error = str(outcome.failure)
                break
        if self._model.line_again_after_tone:
            yield from ask(Command("+VLS=1", timeout=COMMAND_TIMEOUT))
        self._errands.settle(ticket, error)
        yield from self.stream.open()

    def _hang_up(self) -> Procedure:
        if self._dialling is not None:
            self._interrupt = True
            yield from pause(DIAL_REFUSAL)
        yield from self.stream.end()
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
        self._talked = False
        self._host.refresh()

    def _connected(self) -> None:
        if self._call is not None:
            self._talked = True
            self._call.connected()
            self._host.refresh()

    def _fails(self, why: str) -> None:
        if self._call is not None and not self._call.over:
            self._call.ends(why)
            self._begin_hang_up()

    def _begin_hang_up(self) -> None:
        if not self._hanging_up:
            self._hanging_up = True
            # The answer to a broken-off dialling is still to come.
            self._errands.stop(but=self._dialling)
            self._errands.run(self._hang_up())

    def _settle_answer(self, error: str | None) -> None:
        if self._answer_ticket is not None:
            self._errands.settle(self._answer_ticket, error)
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
        self._hanging_up = False
        self._dialling = None
        self._errands.drop()
        self.stream.call_over()
        self._host.refresh()
