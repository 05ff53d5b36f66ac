"""Calls on one GSM line: the commands around `LineCall`, as procedures. One of them has the line's audio;
another may wait (waiting.py) or be on hold (holding.py).

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
from collections.abc import Callable

from hal.at.calls import CallStat, ListedCall
from hal.at.channel import Command, Outcome
from hal.at.errors import FailureKind
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.line import AudioExpected, CallsSwapped, DigitReceived, EndReason, WaiterTaken
from hal.modems.call import POLLS_TO_BELIEVE_GONE, LineCall, Phase
from hal.modems.call_audio import CallAudio
from hal.modems.call_host import Host
from hal.modems.doctor import AudioFinding
from hal.modems.holding import CHECK_PAUSE, CHECK_ROUNDS, JOIN, SWAP, Held, Holding, alone, ending
from hal.modems.model import Model
from hal.modems.waiting import Waiting

logger = logging.getLogger(__name__)

CALLER_ID_WAIT = 3.0
"""Seconds. CLIP comes with the first or the second RING, which are about 5 s apart at most, mostly at once.
"""
POLL = 2.0
"""Seconds between CLCC queries in a call (ModemManager's figure)."""
HURRIED_POLL = 0.5
"""Seconds between CLCC queries once the last one found no call, or while we wait to be connected (oFono's
figure).
"""
SECOND_LINE_WAIT = 0.3
"""Seconds the second of two end lines may take."""
HANG_UP_ROUNDS = 3
RETRIEVE_ROUNDS = 8
"""How often a call on hold is asked back before it is given up."""
END_LINE_WAIT = 1.0
"""Seconds between a hang-up's OK and the end line, before we ask."""
ANSWER_TIMEOUT = 15.0
"""Seconds for ATA's OK and then again for the connection; a network that takes longer has lost the call."""
DIAL_TIMEOUT = 20.0
"""Seconds for ATD's OK (it comes at once unless the network is asked first)."""
HANG_UP_TIMEOUT = 10.0
DIGIT_TIMEOUT = 5.0

_DIALLABLE = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)
_KEYS = re.compile(r"[0-9*#A-D]{1,64}", re.ASCII)
_CALL_OVER = "the call is over"
_LIST = Command("+CLCC", prefix="+CLCC:")


class LineCalls:
    """The line's call, if any, with its procedures."""

    def __init__(self, model: Model, audio_device: str, host: Host) -> None:
        self._model = model
        self.audio = CallAudio(model, audio_device, host)
        self._host = host
        self._call: LineCall | None = None
        self._index: int | None = None
        """Of our call in the modem's list; only known, and only needed, beside another."""
        self._stats: dict[int, CallStat] = {}
        """What the last list said, by index."""
        self._holding = Holding(host.emit, lambda: host.now)
        self._waiting = Waiting(host.emit, host.start, self._refuses_waiting)
        self._moving = False
        """Whether a swap or a join is under way."""
        self._refused_while_moving = False
        """Whether the waiting one was given up while being taken."""
        self._running: list[Procedure] = []
        self._tickets: dict[int, str | None] = {}
        """Commands not settled yet, and what to tell when the call ends before they are."""
        self._answer_ticket: int | None = None
        self._audio_asked = False
        self._stands_since: float | None = None
        """When the other side was connected, as far as the modem tells: with ATA's OK, or by its word."""
        self.audio_finding = AudioFinding.UNTRIED
        """How the audio of the last call came."""

    @property
    def busy(self) -> bool:
        return self._call is not None

    @property
    def unsettled(self) -> bool:
        """Whether a call is between its beginning and its connection, or ending: the port must be free."""
        return self._call is not None and self._call.phase is not Phase.CONNECTED

    @property
    def phase_in_words(self) -> str:
        if self._call is None:
            return ""
        waits = ", another caller waits" if self._waiting.waiter is not None else ""
        return f"{self._call.phase.value}{self._holding.in_words}{waits}"

    # What the modem says

    def rings(self) -> None:
        if self._call is None:
            self._begin(incoming=True)
            self._run(self._identify())

    def identified(self, number: str | None, *, withheld: bool) -> None:
        # A number that can't be shown for another reason may still come by CLCC.
        if self._call is not None and (number is not None or withheld):
            self._call.identified(number, withheld=withheld)
            self._host.call_changed()

    def waits(self, number: str | None, *, withheld: bool) -> None:
        """Somebody calls while the line has a call."""
        if self._call is None:
            # Our call was over before we were told; then this one simply rings.
            self.rings()
            self.identified(number, withheld=withheld)
        else:
            self._waiting.announced(number, withheld=withheld)
            self._host.call_changed()

    def listed(self, entry: ListedCall) -> None:
        """A CLCC notification."""
        if not entry.voice:
            return
        if self._call is not None and self._waiting.concerns(entry, self._index, asked=False):
            self._host.call_changed()
            return
        if self._holding.concerns(entry):
            self._host.call_changed()
            return
        if self._call is None and entry.incoming and entry.stat.name == "INCOMING":
            self.rings()
        if self._is_ours(entry):
            self._tell(entry)

    def connected(self) -> None:
        if self._call is None:
            return
        before = self._call.phase
        self._call.connected()
        if self._call.phase is Phase.CONNECTED and before is not Phase.CONNECTED:
            self._settle_answer(None)
            if self._stands_since is None:
                self._stands_since = self._host.now
            self._run(self._switch_audio_on())
        self._host.call_changed()

    def ends(self, said: str) -> None:
        if self._call is None:
            return
        if said.startswith("MISSED_CALL") and self._call.phase is Phase.CONNECTED:
            # Said of a second caller who gave up.
            return
        if self._waiting.waiter is not None or self._holding.may_be_meant:
            self._run(self._look_who_is_left())
            return
        began = not self._call.over
        self._call.ends(said)
        if not said.startswith(("VOICE CALL", "released", "MISSED_CALL")):
            self._finish()
        elif began:
            self._run(self._wait_for_second_line())

    def key_heard(self, key: str) -> None:
        if self._call is not None and self._call.phase is Phase.CONNECTED:
            self._host.emit(DigitReceived(key))

    def abandon(self, reason: EndReason, detail: str) -> None:
        """The device is gone: end the call without a word to it."""
        self._waiting.over(reason, detail)
        self._holding.over(reason, detail)
        if self._call is not None:
            self._finish(reason, detail)

    # What we are told to do

    def answer(self, ticket: int) -> None:
        if self._call is not None and self._call.phase is Phase.CONNECTED and self._index is not None:
            # The other call ended while the network connected this one.
            self._host.settle(ticket, None)
            return
        if self._call is None or self._call.phase is not Phase.OFFERED:
            self._host.settle(ticket, "nothing rings")
            return
        self._call.answering()
        self._answer_ticket = ticket
        self._tickets[ticket] = _CALL_OVER
        self._run(self._answer())

    def dial(self, ticket: int, number: str, *, ready: bool, emergency: bool = False) -> None:
        if not _DIALLABLE.fullmatch(number):
            self._host.settle(ticket, "the number holds other characters than +0-9*#")
        elif not ready or self._call is not None:
            self._host.settle(ticket, "the line isn't ready")
        else:
            self._begin(incoming=False)
            self._tickets[ticket] = _CALL_OVER
            self._run(self._dial(ticket, number, emergency=emergency))

    def hang_up(self, ticket: int) -> None:
        if self._call is None:
            self._host.settle(ticket, None)
            return
        self._tickets[ticket] = None
        self._begin_hang_up(self._call)

    def refuse_waiting(self, ticket: int) -> None:
        if self._moving:
            # Once the waiting one is taken, CHLD=0 would end the call that is on hold.
            self._refused_while_moving = True
        else:
            self._waiting.refuse()
        self._host.settle(ticket, None)

    def hang_up_held(self, ticket: int) -> None:
        held = self._holding.held
        if held is None:
            self._host.settle(ticket, None)
            return
        self._tickets[ticket] = None
        held.call.hung_up_by_us = True
        self._run(self._hang_held_up(held.call, ticket))

    def swap(self, ticket: int) -> None:
        waiter = self._waiting.waiter
        if not self._model.call.hold:
            self._host.settle(ticket, "this model isn't known to hold calls")
        elif self._call is None or self._call.phase is not Phase.CONNECTED or self._moving:
            self._host.settle(ticket, "no call stands that could be held now")
        elif self._holding.joined or (self._holding.held is None and (waiter is None or waiter.told_busy)):
            self._host.settle(ticket, "there is no other call to take")
        else:
            self._tickets[ticket] = _CALL_OVER
            self._moving = True
            self._run(self._swap(ticket))

    def join(self, ticket: int) -> None:
        if self._holding.joined:
            self._host.settle(ticket, None)
        elif not self._model.call.multiparty:
            self._host.settle(ticket, "this model isn't known to join calls")
        elif self._call is None or self._holding.held is None or self._moving:
            self._host.settle(ticket, "there are no two calls to join now")
        else:
            self._begin_joining(ticket, JOIN, joined=True)

    def split(self, ticket: int) -> None:
        if not self._holding.joined or self._index is None:
            self._host.settle(ticket, None)
        elif self._moving:
            self._host.settle(ticket, "the calls are being moved")
        else:
            self._begin_joining(ticket, alone(self._index), joined=False)

    def send_digits(self, ticket: int, digits: str) -> None:
        if not _KEYS.fullmatch(digits):
            self._host.settle(ticket, "a character isn't a key")
        elif self._call is None or self._call.phase is not Phase.CONNECTED:
            self._host.settle(ticket, "no call stands")
        else:
            self._tickets[ticket] = _CALL_OVER
            self._run(self._send_digits(ticket, digits))

    # Procedures

    def clear_leftovers(self) -> Procedure:
        """Hang up a call that stood before we came (the firmware was restarted); nobody owns it."""
        outcome = yield from ask(_LIST)
        orphans = [e for e in _entries(outcome) if e.stat.name in ("ACTIVE", "HELD", "DIALLING", "ALERTING")]
        # One that came in while we were setting up is ours.
        if orphans and self._call is None:
            logger.warning("the modem stands in a call nobody owns; hanging up")
            if any(e.stat is CallStat.HELD for e in orphans) and self._model.call.hold:
                yield from ask(Command("+CHLD=0", timeout=HANG_UP_TIMEOUT))
            for text in self._model.call.hang_up:
                if (yield from ask(Command(text, timeout=HANG_UP_TIMEOUT))).ok:
                    break
            yield from self.audio.switch_off()

    def _identify(self) -> Procedure:
        yield from pause(CALLER_ID_WAIT)
        yield from self._poll_once()
        if self._call is not None:
            self._call.identified(None, withheld=False)

    def _watch(self) -> Procedure:
        """Ask for the call again and again, in case a notification gets lost."""
        found = True
        while True:
            impatient = self._call is not None and self._call.phase is Phase.ANSWERING
            yield from pause(POLL if found and not impatient else HURRIED_POLL)
            found = yield from self._poll_once()

    def _poll_once(self) -> Steps[bool]:
        """Ask which calls there are; return whether ours was among them (or there was no answer)."""
        outcome = yield from ask(_LIST)
        call = self._call
        if call is None or not outcome.ok:
            return True
        entries = _entries(outcome)
        others = [e for e in entries if e.voice and self._waiting.concerns(e, self._index, asked=True)]
        held = [e for e in entries if e.voice and self._holding.concerns(e)]
        ours = [e for e in entries if e not in others and e not in held]
        self._stats = {e.index: e.stat for e in entries if e.voice}
        # An entry noise made unreadable still is an entry.
        unreadable = len(outcome.lines) > len(entries)
        self._waiting.listed(found=bool(others) or unreadable)
        self._holding.listed(found=bool(held) or unreadable)
        self._host.call_changed()
        for entry in ours:
            if entry.voice and self._is_ours(entry):
                if self._index is None and entry.stat is CallStat.ACTIVE:
                    self._index = entry.index
                self._tell(entry)
        if ours or unreadable:
            return True
        began = not call.over
        call.not_listed()
        if began and call.over:
            self._finish()
        return False

    def _look_who_is_left(self) -> Procedure:
        """A call is over, and the line that told it may have meant either."""
        for _ in range(POLLS_TO_BELIEVE_GONE):
            yield from self._poll_once()

    def _is_listed(self) -> Steps[bool]:
        outcome = yield from ask(_LIST)
        for entry in _entries(outcome):
            if entry.voice and not entry.incoming:
                self._tell(entry)
                return True
        return False

    def _answer(self) -> Procedure:
        refusal = yield from self.audio.prepare()
        if refusal is not None:
            if self._call is not None:
                self._call.answer_refused()
            self._settle_answer(refusal)
            return
        self._host.emit(AudioExpected(self.audio.place))
        outcome = yield from ask(Command("A", timeout=ANSWER_TIMEOUT, places_call=True))
        if outcome.ok:
            if self._stands_since is None:
                self._stands_since = self._host.now
            # Connected by notification or by a poll of `_watch`; if neither comes, the network lost the call.
            yield from pause(ANSWER_TIMEOUT)
            if self._call is not None and self._call.phase is Phase.ANSWERING:
                self._settle_answer("the network didn't connect the call")
                self._begin_hang_up(self._call)
        elif outcome.failure is not None and outcome.failure.kind is FailureKind.CALL_OVER:
            self.ends(outcome.failure.said)
        elif self._call is not None:
            self._call.answer_refused()
            self._settle_answer(str(outcome.failure))

    def _dial(self, ticket: int, number: str, *, emergency: bool) -> Procedure:
        refusal = yield from self.audio.prepare()
        if refusal is not None and not emergency:
            self._settle(ticket, refusal)
            self._forget()
            return
        outcome = yield from ask(Command(f"D{number};", timeout=DIAL_TIMEOUT, places_call=True))
        failure = outcome.failure
        if failure is not None and failure.kind is FailureKind.NO_ANSWER and (yield from self._is_listed()):
            # The answer got lost, the call didn't.
            failure = None
        if failure is None:
            self._settle(ticket, None)
            self._run(self._watch())
        elif failure.kind is FailureKind.CALL_OVER:
            self._settle(ticket, None)
            self.ends(failure.said)
        else:
            # Refused, so there never was a call: the caller learns it by the ticket alone.
            self._settle(ticket, str(failure))
            self._forget()

    def _swap(self, ticket: int) -> Procedure:
        yield from self._poll_once()
        outcome = yield from self._move(SWAP, self._has_swapped)
        refused, self._moving, self._refused_while_moving = self._refused_while_moving, False, False
        if outcome is None:
            self._exchange()
            self.audio.goes_on()
        self._settle(ticket, outcome)
        if refused and outcome is None and self._call is not None:
            self._begin_hang_up(self._call)
        elif refused:
            self._waiting.refuse()

    def _join(self, ticket: int, command: Command, *, joined: bool) -> Procedure:
        """Join the two, or have them apart."""
        outcome = yield from self._move(command, self._has_joined if joined else self._has_split)
        self._moving = False
        if outcome is None:
            self._holding.be_joined(joined)
            self._host.call_changed()
        self._settle(ticket, outcome)

    def _move(self, command: Command, is_done: Callable[[], bool]) -> Steps[str | None]:
        """Move calls; return why the network didn't, or None."""
        outcome = yield from ask(command)
        # A lost answer isn't a refusal: the list tells. After a refusal once is enough.
        lost = outcome.failure is not None and outcome.failure.kind is FailureKind.NO_ANSWER
        for _ in range(CHECK_ROUNDS if outcome.ok or lost else 1):
            yield from self._poll_once()
            if is_done():
                return None
            yield from pause(CHECK_PAUSE)
        return str(outcome.failure) if outcome.failure is not None else "the network didn't do it"

    def _retrieve(self) -> Procedure:
        """Take the call that was on hold, after the other is over."""
        for _ in range(RETRIEVE_ROUNDS):
            yield from self._poll_once()
            # With somebody waiting (who is being told busy) it would be that one who is taken.
            if self._stat is CallStat.HELD and self._waiting.waiter is None:
                yield from self._move(SWAP, lambda: self._stat is CallStat.ACTIVE)
            if self._stat is CallStat.ACTIVE:
                yield from self._retrieved()
                return
            yield from pause(CHECK_PAUSE)
        if self._call is not None:
            logger.warning("the network doesn't give back the call on hold; hanging up")
            self._begin_hang_up(self._call)

    def _retrieved(self) -> Procedure:
        self._host.emit(CallsSwapped())
        yield from self._keep_audio((yield from self.audio.switch_on_again()))

    def _hang_held_up(self, call: LineCall, ticket: int) -> Procedure:
        """End a call on hold; by the time it may have changed places with the line's own."""
        for _ in range(HANG_UP_ROUNDS):
            held = self._holding.held
            if held is None or held.call is not call:
                break
            yield from ask(ending(held.index))
            yield from self._poll_once()
            yield from self._poll_once()
        if call is self._call:
            call.hung_up_by_us = False
            self._begin_hang_up(call)
        else:
            self._settle(ticket, None if call.over else "the network doesn't end the call on hold")

    def _hang_up(self, call: LineCall) -> Procedure:
        for _ in range(HANG_UP_ROUNDS):
            held = self._holding.held
            if held is not None and held.call is call:
                # They have just changed places.
                yield from ask(ending(held.index))
            elif self._index is not None and (held is not None or self._stat is CallStat.HELD):
                # +CHUP may end both, or neither.
                yield from ask(ending(self._index))
            else:
                for text in self._model.call.hang_up:
                    if (yield from ask(Command(text, timeout=HANG_UP_TIMEOUT))).ok:
                        break
            yield from pause(END_LINE_WAIT)
            yield from self._poll_once()
            yield from self._poll_once()
        self._host.restart_modem("it doesn't hang up")
        self._finish(EndReason.DEVICE_FAULT, "the modem doesn't hang up")

    def _switch_audio_on(self) -> Procedure:
        yield from self._keep_audio((yield from self.audio.switch_on(self._stands_since)))

    def _keep_audio(self, said: str | None) -> Procedure:
        """Give up a call whose audio doesn't come, with what the modem said; None: it came."""
        if said is None:
            return
        for text in self._model.call.hang_up:
            if (yield from ask(Command(text, timeout=HANG_UP_TIMEOUT))).ok:
                break
        self._host.restart_modem("it refuses to switch the audio on")
        self._finish(EndReason.DEVICE_FAULT, f"no audio: {said}")

    def _send_digits(self, ticket: int, digits: str) -> Procedure:
        for key in digits:
            outcome = yield from ask(Command(self._model.call.digit.format(key=key), timeout=DIGIT_TIMEOUT))
            if outcome.failure is not None:
                self._settle(ticket, str(outcome.failure))
                return
        self._settle(ticket, None)

    def _wait_for_second_line(self) -> Procedure:
        yield from pause(SECOND_LINE_WAIT)
        self._finish()

    # Inside

    @property
    def _stat(self) -> CallStat | None:
        """How the last list showed the line's own call, where its index is known."""
        return self._stats.get(self._index) if self._index is not None else None

    def _refuses_waiting(self) -> bool:
        return self._model.call.waiting == "busy" or self._holding.held is not None

    def _is_ours(self, entry: ListedCall) -> bool:
        """Whether a listed call that nobody else claims is the line's own."""
        if self._call is None or self._call.incoming != entry.incoming:
            return False
        return self._holding.held is None or self._index in (None, entry.index)

    def _other_index(self) -> int | None:
        """Return the index of the call that isn't the line's own: on hold, or waiting."""
        other = self._holding.held or self._waiting.waiter
        return other.index if other is not None else None

    def _has_swapped(self) -> bool:
        other = self._other_index()
        return other is not None and self._stats.get(other) is CallStat.ACTIVE and self._stat is CallStat.HELD

    def _has_joined(self) -> bool:
        other = self._other_index()
        return other is not None and self._stats.get(other) is self._stat is CallStat.ACTIVE

    def _has_split(self) -> bool:
        other = self._other_index()
        return other is not None and self._stats.get(other) is CallStat.HELD and self._stat is CallStat.ACTIVE

    def _begin_joining(self, ticket: int, command: Command, *, joined: bool) -> None:
        self._tickets[ticket] = _CALL_OVER
        self._moving = True
        self._run(self._join(ticket, command, joined=joined))

    def _exchange(self) -> None:
        """The network has put the line's call on hold and connected the other."""
        own, index, other = self._call, self._index, self._other_index()
        if own is None or index is None:
            return
        held = self._holding.take()
        if held is not None:
            call = held.call
        else:
            self._waiting.take()
            call = LineCall(self._host.emit, incoming=True)
            call.stands()
        self._call, self._index = call, other
        self._holding.held = Held(own, index)
        self._host.emit(WaiterTaken() if held is None else CallsSwapped())
        self._host.call_changed()

    def _goes_on_with(self, held: Held, *, joined: bool) -> None:
        """The line's call is over; the one on hold is it now."""
        self._call, self._index = held.call, held.index
        self._stands_since = None
        self._run(self._watch())
        self._host.call_changed()
        if held.call.hung_up_by_us:
            held.call.hung_up_by_us = False
            self._host.emit(CallsSwapped())
            self._begin_hang_up(held.call)
        else:
            self._run(self._retrieved() if joined else self._retrieve())

    def _begin(self, *, incoming: bool) -> None:
        self._call = LineCall(self._host.emit, incoming=incoming)
        self._index = None
        self._audio_asked = False
        self._stands_since = None
        self._host.call_changed()
        if incoming:
            self._run(self._watch())

    def _run(self, procedure: Procedure) -> None:
        """Start a procedure that ends with the call."""
        self._running.append(procedure)
        self._host.start(procedure)

    def _tell(self, entry: ListedCall) -> None:
        """Give a listed call to the machine, and draw the consequences."""
        if self._call is None:
            return
        match entry.stat.name:
            case "ACTIVE":
                self.connected()
            case "RELEASED":
                self.ends("released")
                return
            case _:
                pass
        self._call.listed(entry)
        self._host.call_changed()

    def _begin_hang_up(self, call: LineCall) -> None:
        if not call.hung_up_by_us:
            call.hung_up_by_us = True
            self._run(self._hang_up(call))

    def _settle(self, ticket: int, error: str | None) -> None:
        if ticket in self._tickets:
            del self._tickets[ticket]
            self._host.settle(ticket, error)

    def _settle_answer(self, error: str | None) -> None:
        if self._answer_ticket is not None:
            self._settle(self._answer_ticket, error)
            self._answer_ticket = None

    def _finish(self, reason: EndReason | None = None, detail: str = "") -> None:
        """Tell the end of the call and clear up after it."""
        call = self._call
        if call is None:
            return
        joined, held = self._holding.joined, self._holding.take()
        call.finish(reason, detail)
        if held is not None:
            self._drop_procedures()
            self._goes_on_with(held, joined=joined)
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
            self._index = waiter.index
            self.identified(waiter.number, withheld=waiter.withheld)
            if waiter.number is None and self._call is not None:
                self._call.identified(None, withheld=waiter.withheld)
        elif self.audio.finding is AudioFinding.LATE:
            # Its audio decays from call to call, and a restart is the only cure known (reference H1).
            self.audio.finding = AudioFinding.UNTRIED
            self._host.restart_modem("its audio came late")
        elif after is not None:
            self._host.start(after)

    def _forget(self) -> None:
        self._call = None
        self._drop_procedures()
        self._host.call_changed()

    def _drop_procedures(self) -> None:
        """The call that was the line's own is over."""
        self._moving = self._refused_while_moving = False
        self._answer_ticket = None
        for ticket, error in list(self._tickets.items()):
            self._settle(ticket, error)
        running, self._running = self._running, []
        for procedure in running:
            self._host.cancel(procedure)


def _entries(outcome: Outcome) -> list[ListedCall]:
    return [entry for entry in map(ListedCall.parse, outcome.lines) if entry is not None]
