"""Calls on one GSM line: the commands around `LineCall`, as procedures. What becomes of a second call beside
it stands in two_calls.py.

One picture, an incoming call (time runs down; `◄` from the modem, `►` to it):

    ◄ RING / +CLIP               wait up to CALLER_ID_WAIT, then ask CLCC once ─► IncomingCall
    ► ATA                                                                     ─► AudioExpected
    ◄ OK
    ◄ VOICE CALL: BEGIN                                                       ─► CallConnected
    ► audio on, again while refused                                           ─► AudioReady
    ► CLCC every POLL            (a missing end line is found here)
    ◄ VOICE CALL: END, NO CARRIER                                             ─► CallEnded
    ► audio off
"""

from __future__ import annotations

import logging
import re

from hal.at.calls import CallStat, ListedCall
from hal.at.channel import Command
from hal.at.errors import FailureKind
from hal.at.procedures import Procedure, ask, pause
from hal.line import AudioExpected, DigitReceived, EndReason
from hal.modems.call import LineCall, Phase
from hal.modems.call_audio import CallAudio
from hal.modems.call_host import Host
from hal.modems.call_list import LIST, CallList, entries_of
from hal.modems.doctor import AudioFinding
from hal.modems.errands import Errands
from hal.modems.holding import Holding, ending
from hal.modems.model import Model
from hal.modems.two_calls import HANG_UP_ROUNDS, TwoCalls
from hal.modems.waiting import Waiting

logger = logging.getLogger(__name__)

CALLER_ID_WAIT = 3.0
"""Seconds. CLIP comes with the first or the second RING, which are about 5 s apart at most, mostly at once.
"""
SECOND_LINE_WAIT = 0.3
"""Seconds the second of two end lines may take."""
END_LINE_WAIT = 1.0
"""Seconds between a hang-up's OK and the end line, before we ask."""
ANSWER_TIMEOUT = 15.0
"""Seconds for ATA's OK and then again for the connection; a network that takes longer has lost the call."""
DIAL_TIMEOUT = 20.0
"""Seconds for ATD's OK (it comes at once unless the network is asked first)."""
NO_AUDIO = "it refuses to switch the audio on"
HANG_UP_TIMEOUT = 10.0
DIGIT_TIMEOUT = 5.0

_DIALLABLE = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)
_KEYS = re.compile(r"[0-9*#A-D]{1,64}", re.ASCII)
_STANDING = frozenset({CallStat.ACTIVE, CallStat.HELD, CallStat.DIALLING, CallStat.ALERTING})


class LineCalls:
    """The line's call, if any, with its procedures."""

    def __init__(self, model: Model, audio_device: str, host: Host) -> None:
        self.audio = CallAudio(model, audio_device, host)
        self.call: LineCall | None = None
        self.for_help = False
        """Whether the line's last call was made for help: then the modem isn't to be begun anew in it."""
        self.index: int | None = None
        """Of our call in the modem's list; only known, and only needed, beside another."""
        self._model = model
        self._host = host
        self._errands = Errands(host)
        self._holding = Holding(host.emit, lambda: host.now)
        self._waiting = Waiting(host.emit, host.start, self._refuses_waiting)
        self._list = CallList(self, self._waiting, self._holding, host)
        self.two = TwoCalls(
            self, model, self._waiting, self._holding, self._list, self.audio, self._errands, host
        )
        self._answer_ticket: int | None = None
        self._hang_up_tickets: list[int] = []
        self._stands_since: float | None = None
        """When the other side was connected, as far as the modem tells: with ATA's OK, or by its word."""

    @property
    def busy(self) -> bool:
        return self.call is not None

    @property
    def unsettled(self) -> bool:
        """Whether a call is between its beginning and its connection, or ending: the port must be free."""
        return self.call is not None and self.call.phase is not Phase.CONNECTED

    @property
    def phase_in_words(self) -> str:
        if self.call is None:
            return ""
        return f"{self.call.phase.value}{self.two.in_words}"

    # What the modem says

    def rings(self) -> None:
        if self.call is None:
            self._begin(incoming=True)
            self._errands.run(self._identify())

    def identified(self, number: str | None, *, withheld: bool) -> None:
        # A number that can't be shown for another reason may still come by CLCC.
        if self.call is not None and (number is not None or withheld):
            self.call.identified(number, withheld=withheld)
            self._host.call_changed()

    def waits(self, number: str | None, *, withheld: bool) -> None:
        """Somebody calls while the line has a call."""
        if self.call is None:
            # Our call was over before we were told; then this one simply rings.
            self.rings()
            self.identified(number, withheld=withheld)
        else:
            self._waiting.announced(number, withheld=withheld)
            self._host.call_changed()

    def listed(self, entry: ListedCall) -> None:
        """A CLCC notification."""
        self._list.told(entry)

    def connected(self) -> None:
        if self.call is None:
            return
        before = self.call.phase
        self.call.connected()
        if self.call.phase is Phase.CONNECTED and before is not Phase.CONNECTED:
            self._settle_answer(None)
            if self._stands_since is None:
                self._stands_since = self._host.now
            self._errands.run(self._switch_audio_on())
        self._host.call_changed()

    def ends(self, said: str) -> None:
        if self.call is None:
            return
        if said.startswith("MISSED_CALL") and self.call.phase is Phase.CONNECTED:
            # Said of a second caller who gave up.
            return
        if self.two.unclear_who_ended:
            self._errands.run(self._list.look_who_is_left())
            return
        began = not self.call.over
        self.call.ends(said)
        if not said.startswith(("VOICE CALL", "released", "MISSED_CALL")):
            self._finish()
        elif began:
            self._errands.run(self._wait_for_second_line())

    def key_heard(self, key: str) -> None:
        if self.call is not None and self.call.phase is Phase.CONNECTED:
            self._host.emit(DigitReceived(key))

    def abandon(self, reason: EndReason, detail: str) -> None:
        """The device is gone: end the call without a word to it."""
        self._waiting.over(reason, detail)
        self._holding.over(reason, detail)
        if self.call is not None:
            self._finish(reason, detail)

    # What we are told to do

    def answer(self, ticket: int) -> None:
        if self.call is not None and self.call.phase is Phase.CONNECTED and self.index is not None:
            # The other call ended while the network connected this one.
            self._host.settle(ticket, None)
            return
        if self.call is None or self.call.phase is not Phase.OFFERED:
            self._host.settle(ticket, "nothing rings")
            return
        self.call.answering()
        self._answer_ticket = ticket
        self._errands.owe(ticket)
        self._errands.run(self._answer())

    def dial(self, ticket: int, number: str, *, ready: bool, emergency: bool = False) -> None:
        if not _DIALLABLE.fullmatch(number):
            self._host.settle(ticket, "the number holds other characters than +0-9*#")
        elif not ready or self.call is not None:
            self._host.settle(ticket, "the line isn't ready")
        else:
            self._begin(incoming=False, for_help=emergency)
            self._errands.owe(ticket)
            self._errands.run(self._dial(ticket, number, emergency=emergency))

    def hang_up(self, ticket: int) -> None:
        if self.call is None:
            self._host.settle(ticket, None)
            return
        self._errands.owe(ticket, None)
        self._hang_up_tickets.append(ticket)
        self.begin_hang_up(self.call)

    def send_digits(self, ticket: int, digits: str) -> None:
        if not _KEYS.fullmatch(digits):
            self._host.settle(ticket, "a character isn't a key")
        elif self.call is None or self.call.phase is not Phase.CONNECTED:
            self._host.settle(ticket, "no call stands")
        else:
            self._errands.owe(ticket)
            self._errands.run(self._send_digits(ticket, digits))

    # What the list of calls (`CallList`) and a second call (`TwoCalls`) need of us

    def gone(self) -> None:
        """The list of calls has it no more."""
        self._finish()

    def begin_hang_up(self, call: LineCall) -> None:
        """Hang a call of the line up, unless that is under way."""
        if not call.hung_up_by_us:
            call.hung_up_by_us = True
            self._errands.run(self._hang_up(call))

    def keep_audio(self, said: str | None) -> Procedure:
        """Give up a call whose audio doesn't come, with what the modem said; None: it came."""
        if said is None:
            return
        for text in self._model.call.hang_up:
            if (yield from ask(Command(text, timeout=HANG_UP_TIMEOUT))).ok:
                break
        self._host.restart_modem(NO_AUDIO)
        self._finish(EndReason.DEVICE_FAULT, f"no audio: {said}")

    # Procedures

    def clear_leftovers(self) -> Procedure:
        """Hang up a call that stood before we came (the firmware was restarted); nobody owns it."""
        orphans = [e for e in entries_of((yield from ask(LIST))) if e.stat in _STANDING]
        # One that came in while we were setting up is ours.
        if orphans and self.call is None:
            logger.warning("the modem stands in a call nobody owns; hanging up")
            if any(e.stat is CallStat.HELD for e in orphans) and self._model.call.hold:
                yield from ask(Command("+CHLD=0", timeout=HANG_UP_TIMEOUT))
            for text in self._model.call.hang_up:
                if (yield from ask(Command(text, timeout=HANG_UP_TIMEOUT))).ok:
                    break
            yield from self.audio.switch_off()

    def _identify(self) -> Procedure:
        yield from pause(CALLER_ID_WAIT)
        yield from self._list.look()
        if self.call is not None:
            self.call.identified(None, withheld=False)

    def _answer(self) -> Procedure:
        refusal = yield from self.audio.prepare()
        if refusal is not None:
            if self.call is not None:
                self.call.answer_refused()
            self._settle_answer(refusal)
            return
        self._host.emit(AudioExpected(self.audio.place))
        outcome = yield from ask(Command("A", timeout=ANSWER_TIMEOUT, places_call=True))
        if outcome.ok:
            if self._stands_since is None:
                self._stands_since = self._host.now
            # Connected by notification or by a poll of `_watch`; if neither comes, the network lost the call.
            yield from pause(ANSWER_TIMEOUT)
            if self.call is not None and self.call.phase is Phase.ANSWERING:
                self._settle_answer("the network didn't connect the call")
                self.begin_hang_up(self.call)
        elif outcome.failure is not None and outcome.failure.kind is FailureKind.CALL_OVER:
            self.ends(outcome.failure.said)
        elif self.call is not None:
            self.call.answer_refused()
            self._settle_answer(str(outcome.failure))

    def _dial(self, ticket: int, number: str, *, emergency: bool) -> Procedure:
        refusal = yield from self.audio.prepare()
        if refusal is not None and not emergency:
            self._errands.settle(ticket, refusal)
            self._forget()
            return
        outcome = yield from ask(Command(f"D{number};", timeout=DIAL_TIMEOUT, places_call=True))
        failure = outcome.failure
        lost = failure is not None and failure.kind is FailureKind.NO_ANSWER
        # Where the answer got lost, the call needn't be.
        if failure is None or (lost and (yield from self._list.has_dialled())):
            self._errands.settle(ticket, None)
            self._errands.run(self._list.watch())
        elif failure.kind is FailureKind.CALL_OVER:
            self._errands.settle(ticket, None)
            self.ends(failure.said)
        else:
            # Refused, so there never was a call: the caller learns it by the ticket alone.
            self._errands.settle(ticket, str(failure))
            self._forget()

    def _hang_up(self, call: LineCall) -> Procedure:
        for _ in range(HANG_UP_ROUNDS):
            index = self.two.index_to_end(call)
            if index is not None:
                yield from ask(ending(index))
            else:
                for text in self._model.call.hang_up:
                    if (yield from ask(Command(text, timeout=HANG_UP_TIMEOUT))).ok:
                        break
            yield from pause(END_LINE_WAIT)
            yield from self._list.look()
            yield from self._list.look()
            if call.over:
                # It had changed places with the other, and ended on hold.
                for ticket in self._hang_up_tickets:
                    self._errands.settle(ticket, None)
                return
        self._host.restart_modem("it doesn't hang up")
        self._finish(EndReason.DEVICE_FAULT, "the modem doesn't hang up")

    def _switch_audio_on(self) -> Procedure:
        yield from self.keep_audio((yield from self.audio.switch_on(self._stands_since)))

    def _send_digits(self, ticket: int, digits: str) -> Procedure:
        for key in digits:
            outcome = yield from ask(Command(self._model.call.digit.format(key=key), timeout=DIGIT_TIMEOUT))
            if outcome.failure is not None:
                self._errands.settle(ticket, str(outcome.failure))
                return
        self._errands.settle(ticket, None)

    def _wait_for_second_line(self) -> Procedure:
        yield from pause(SECOND_LINE_WAIT)
        self._finish()

    # Inside

    def _refuses_waiting(self) -> bool:
        return self._model.call.waiting == "busy" or self._holding.held is not None

    def _begin(self, *, incoming: bool, for_help: bool = False) -> None:
        self.call = LineCall(self._host.emit, incoming=incoming)
        self.for_help = for_help
        self.audio.begin(for_help=for_help)
        self.index = None
        self._stands_since = None
        self._host.call_changed()
        if incoming:
            self._errands.run(self._list.watch())

    def _settle_answer(self, error: str | None) -> None:
        if self._answer_ticket is not None:
            self._errands.settle(self._answer_ticket, error)
            self._answer_ticket = None

    def _finish(self, reason: EndReason | None = None, detail: str = "") -> None:
        """Tell the end of the call and clear up after it."""
        call = self.call
        if call is None:
            return
        held = self._holding.take()
        call.finish(reason, detail)
        if held is not None:
            self._drop_errands()
            self._stands_since = None
            self.two.go_on_with(held)
            return
        after = self.audio.call_over()
        self._forget()
        if reason is EndReason.DEVICE_LOST:
            return
        waiter = self._waiting.take()
        if waiter is not None:
            if after is not None:
                self._host.start(after)
            self._begin(incoming=True)
            self.index = waiter.index
            self.identified(waiter.number, withheld=waiter.withheld)
            if waiter.number is None and self.call is not None:
                self.call.identified(None, withheld=waiter.withheld)
        elif self.audio.finding is AudioFinding.LATE:
            # Its audio decays from call to call, and a restart is the only cure known (reference H1).
            self.audio.finding = AudioFinding.UNTRIED
            self._host.restart_modem("its audio came late")
        elif self.audio.finding is AudioFinding.REFUSED and self.for_help:
            self._host.restart_modem(NO_AUDIO)
        elif after is not None:
            self._host.start(after)

    def _forget(self) -> None:
        self.call = None
        self._drop_errands()
        self._host.call_changed()

    def _drop_errands(self) -> None:
        """The call that was the line's own is over."""
        self.two.own_is_over()
        self._answer_ticket = None
        self._hang_up_tickets.clear()
        self._errands.drop()
