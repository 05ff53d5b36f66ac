"""A mobile network of one office that reaches nothing real: callers dial its modem, its modem dials numbers.

Theory of operation
-------------------
A `FakeCall` is one call between a modem and a simulated party, whose `PartyScript` says what it does:

    dialled in    RINGING ──modem answers──► ANSWERED ──► ENDED      (or ENDED: gave up, refused, unreachable)
    dialled out   DIALLING ──► RINGING ──party answers──► ANSWERED ──► ENDED   (or ENDED: busy, no answer)

The network tells the modem by the `Handset` methods, the party's doings by `on_event`, and keeps all of it in
`history`. Sans-IO: everything runs on a `Schedule`.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import itertools
from collections.abc import Callable
from typing import Protocol

from hal.fake.audio import AudioError, Ear, Voice
from hal.fake.message_centre import MessageCentre
from hal.fake.schedule import Cancel, Schedule

ALERT_SECONDS = 0.5
"""From dialling to the first ring at the far end."""
CAN_CALL = (1, 5)
"""Registrations with which calls are possible: home and roaming."""
NETWORK_RING_LIMIT = 60.0
"""Seconds after which a network gives up a call that nobody answers."""


class CallState(enum.StrEnum):
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Answering(enum.StrEnum):
    """How a number of the fake network behaves when a modem dials it."""

    ANSWERS = "answers"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    REFUSES = "refuses"


@dataclasses.dataclass(frozen=True)
class PartyScript:
    """What a simulated party does. Times in seconds."""

    number: str | None = None
    """Its own number; None when the network doesn't know it."""
    withheld: bool = False
    """It asked the network not to show the number."""
    play: tuple[str, ...] = ()
    """What it says from the answer on: WAV paths, `tone:HERTZ[:DBM0]`, `silence:SECONDS`."""
    loop: bool = False
    play_after: float = 0.0
    hear: str | None = None
    """Path of the WAV file with what it hears from answer to end."""
    digits: str = ""
    """Keys it presses; a comma is a pause of one second."""
    digits_after: float = 1.0
    digit_gap: float = 0.3
    hang_up_after: float | None = None
    """Since the answer; None: never by itself."""
    give_up_after: float = NETWORK_RING_LIMIT
    """How long it lets ring."""


@dataclasses.dataclass(frozen=True)
class FarNumber:
    """A number of the fake network that modems can dial."""

    answering: Answering = Answering.ANSWERS
    after: float = 1.0
    """Seconds of ringing before it answers."""
    script: PartyScript = PartyScript()


@dataclasses.dataclass(frozen=True)
class Happening:
    """One entry of the history."""

    at: float
    """Seconds, on the schedule's clock."""
    call: str
    """The call's id; empty for what concerns the network as a whole."""
    word: str
    """ringing, answered, ended, pressed, heard key …"""
    detail: str = ""


class Handset(Protocol):
    """What the network needs of a modem."""

    @property
    def reachable(self) -> bool: ...

    @property
    def lets_wait(self) -> bool:
        """Whether a second caller may wait while its call stands."""

    def network_rings(self, call: FakeCall) -> None: ...

    def network_waits(self, call: FakeCall) -> None: ...

    def network_alerts(self, call: FakeCall) -> None: ...

    def network_connects(self, call: FakeCall) -> None: ...

    def network_ends(self, call: FakeCall, word: str) -> None: ...

    def network_key(self, key: str) -> None: ...

    def network_message(self, pdu: str) -> bool: ...

    def network_report(self, pdu: str) -> bool: ...

    def network_ussd(self, state: int, text: str) -> None: ...


class FakeCall:
    """One call; see the module's theory of operation."""

    def __init__(self, ident: str, script: PartyScript, *, to_modem: bool, number: str | None) -> None:
        self.id = ident
        self.script = script
        self.to_modem = to_modem
        self.number = number
        """The party's number, as the modem may know it: the caller's or the dialled one."""
        self.index = 1
        """In the modem's list of calls."""
        self.state = CallState.RINGING if to_modem else CallState.DIALLING
        self.voice = Voice(script.play, loop=script.loop, delay_s=script.play_after)
        self.ear: Ear | None = Ear(script.hear) if script.hear is not None else None
        self.answered_at: float | None = None
        self.pending: list[Cancel] = []
        """What its end calls off."""


class FakeMobileNetwork:
    """Calls between simulated parties and one modem."""

    def __init__(self, schedule: Schedule, on_event: Callable[[Happening], None] | None = None) -> None:
        self.schedule = schedule
        self.on_event = on_event
        self.registration = 1
        """The stat the modem is given (27.007, 7.2): 1 home."""
        self.operator = "ZONGJI TEST NET"
        self.rssi = 23
        """As in +CSQ: 23 is -67 dBm."""
        self.numbers: dict[str, FarNumber] = {}
        self.history: list[Happening] = []
        self.calls: dict[str, FakeCall] = {}
        """Those that haven't ended."""
        self.texts = MessageCentre(self)
        self._modem: Handset | None = None
        self._ids = itertools.count(1)

    def attach(self, modem: Handset) -> None:
        self._modem = modem

    @property
    def modem(self) -> Handset | None:
        """The modem the network serves."""
        return self._modem

    # What parties do

    def call(self, script: PartyScript) -> FakeCall:
        """Dial the modem.

        Raises:
            AudioError: Something of the script can't be played or written.
        """
        call = FakeCall(self._new_id(), script, to_modem=True, number=script.number)
        self.calls[call.id] = call
        self.note(call, "dialled")
        modem = self._modem
        if modem is not None and modem.lets_wait:
            self.note(call, "waiting")
            self._later(call, script.give_up_after, lambda: self._give_up(call))
            modem.network_waits(call)
        elif modem is None or not modem.reachable:
            self._end(call, "not reachable")
        elif len(self.calls) > 1:
            self._end(call, "busy")
        else:
            self.note(call, "ringing")
            self._later(call, script.give_up_after, lambda: self._give_up(call))
            modem.network_rings(call)
        return call

    def party_hangs_up(self, call: FakeCall) -> None:
        if call.state is CallState.ENDED:
            return
        word = "VOICE END" if call.state is CallState.ANSWERED else "MISSED"
        self._end(call, "party hung up")
        if self._modem is not None:
            self._modem.network_ends(call, word)

    def party_answers(self, call: FakeCall) -> None:
        """Answer the modem's call."""
        if call.state not in (CallState.DIALLING, CallState.RINGING):
            return
        self._answered(call)
        if self._modem is not None:
            self._modem.network_connects(call)

    def refuse(self, call: FakeCall, word: str) -> None:
        """Refuse the modem's call, with the word its modem will say: BUSY, NO CARRIER, NO ANSWER."""
        if call.state not in (CallState.DIALLING, CallState.RINGING):
            return
        self._end(call, word.lower())
        if self._modem is not None:
            self._modem.network_ends(call, word)

    def party_presses(self, call: FakeCall, keys: str, gap: float) -> None:
        """Press keys one after the other; a comma is a pause of one second."""
        moment = 0.0
        for key in keys:
            if key == ",":
                moment += 1.0
                continue
            self._later(call, moment, functools.partial(self._press, call, key))
            moment += gap

    def set_registration(self, stat: int) -> None:
        self.registration = stat

    # What the modem does

    def modem_answers(self, call: FakeCall) -> None:
        if call.state is CallState.RINGING:
            self._answered(call)

    def modem_hangs_up(self, call: FakeCall) -> None:
        self._end(call, "modem hung up")

    def modem_tells_busy(self, call: FakeCall) -> None:
        """Refuse a waiting call (CHLD=0, 22.030's user-determined user busy)."""
        self._end(call, "busy")

    def modem_vanishes(self, call: FakeCall) -> None:
        self._end(call, "modem vanished")

    def modem_presses(self, call: FakeCall, key: str) -> None:
        self.note(call, "heard key", key)

    def modem_dials(self, number: str) -> FakeCall:
        """Place the modem's call; a number that isn't ours is refused by the network."""
        far = self.numbers.get(number, FarNumber(Answering.REFUSES))
        try:
            call = FakeCall(self._new_id(), far.script, to_modem=False, number=number)
        except AudioError as error:
            far = FarNumber(Answering.REFUSES)
            call = FakeCall(self._new_id(), far.script, to_modem=False, number=number)
            self.note(call, "script unusable", str(error))
        self.calls[call.id] = call
        self.note(call, "dialling", number)
        match far.answering:
            case Answering.BUSY:
                self._later(call, ALERT_SECONDS, lambda: self.refuse(call, "BUSY"))
            case Answering.REFUSES:
                self._later(call, ALERT_SECONDS, lambda: self.refuse(call, "NO CARRIER"))
            case Answering.NO_ANSWER:
                self._later(call, ALERT_SECONDS, lambda: self._alert(call))
                limit = min(NETWORK_RING_LIMIT, far.script.give_up_after)
                self._later(call, ALERT_SECONDS + limit, lambda: self.refuse(call, "NO ANSWER"))
            case Answering.ANSWERS:
                self._later(call, ALERT_SECONDS, lambda: self._alert(call))
                self._later(call, ALERT_SECONDS + far.after, lambda: self.party_answers(call))
        return call

    def note(self, call: FakeCall | None, word: str, detail: str = "") -> None:
        happening = Happening(self.schedule.now, call.id if call is not None else "", word, detail)
        self.history.append(happening)
        if self.on_event is not None:
            self.on_event(happening)

    # Inside

    def _new_id(self) -> str:
        return f"call{next(self._ids)}"

    def _later(self, call: FakeCall, seconds: float, action: Callable[[], None]) -> None:
        call.pending.append(self.schedule.after(seconds, action))

    def _answered(self, call: FakeCall) -> None:
        call.state = CallState.ANSWERED
        call.answered_at = self.schedule.now
        self.note(call, "answered")
        script = call.script
        if script.digits:
            self._later(
                call, script.digits_after, lambda: self.party_presses(call, script.digits, script.digit_gap)
            )
        if script.hang_up_after is not None:
            self._later(call, script.hang_up_after, lambda: self.party_hangs_up(call))

    def _give_up(self, call: FakeCall) -> None:
        if call.state is CallState.RINGING:
            self.party_hangs_up(call)

    def _press(self, call: FakeCall, key: str) -> None:
        if call.state is CallState.ANSWERED and self._modem is not None:
            call.voice.press(key)
            self.note(call, "pressed", key)
            self._modem.network_key(key)

    def _alert(self, call: FakeCall) -> None:
        if call.state is not CallState.DIALLING:
            return
        call.state = CallState.RINGING
        self.note(call, "ringing")
        if self._modem is not None:
            self._modem.network_alerts(call)

    def _end(self, call: FakeCall, why: str) -> None:
        if call.state is CallState.ENDED:
            return
        call.state = CallState.ENDED
        self.calls.pop(call.id, None)
        for cancel in call.pending:
            cancel()
        self.note(call, "ended", why)
