"""The GSM driver's core: one modem, its registration and its one call, without sockets, clocks or threads.

Theory of operation
-------------------
    (closed) ──opened──► bring-up (bringup.py) ──► registered? ──► READY ◄──► IN_CALL (calls.py)
        ▲                    ▲                                        │
        └──── lost ──────────┼───────── the modem says it restarted ──┘

Everything that takes more than one command is a procedure (hal.at.procedures). `_live` runs from the opening
of the port: bring-up, then it watches registration and signal. Beside it `_keep_alive` asks `AT` after ten
idle seconds. A call has procedures of its own (`LineCalls`), cancelled with it. Notifications go to whom they
concern at once.

A modem that answers nothing `MAX_UNANSWERED` times in a row is taken for dead: the core emits `Reopen`, and
the adapter closes the port and opens it again. State and detail are computed from the parts by `_refresh`,
never set.

In: `opened`, `lost`, `absent`, `receive_data`, `handle_timer` and the commands `answer`, `dial`, `hang_up`,
`send_digits`, all with `now` in seconds. Out: `data_to_send`, `get_timer`, `next_event`. Each command has a
ticket; `Settled` carries it back.
"""

from __future__ import annotations

import collections
import logging

from hal.at.calls import (
    CallerId,
    CallOver,
    CallWaits,
    KeyHeard,
    ListedCall,
    MissedCall,
    Ring,
    VoiceBegin,
    VoiceEnd,
)
from hal.at.channel import AtChannel, Command, Notification
from hal.at.network import PinState, Registration
from hal.at.procedures import Procedure, Procedures, ask, pause
from hal.at.texts import MessageArrived, Ussd
from hal.at.unsolicited import parse_unsolicited
from hal.line import EndReason, LineEvent, LineState, StateChanged, Verdict
from hal.modems.bringup import SimPin, open_sim, set_up, wake
from hal.modems.calls import LineCalls
from hal.modems.doctor import Findings, SimFinding, examine
from hal.modems.inbox import Inbox
from hal.modems.model import Model
from hal.modems.network_watch import NetworkWatch
from hal.modems.outbox import Outbox
from hal.modems.ussd import UssdExchange
from hal.modems.wording import end_in_words
from hal.seen import SeenCalls
from hal.serial_line import DriverEvent, Reopen, Settled

logger = logging.getLogger(__name__)

KEEP_ALIVE = 10.0
"""Seconds of silence after which the modem is asked whether it still lives."""
MAX_UNANSWERED = 4
"""Commands in a row without any answer before the port is reopened: about 10 s with recovery times."""
_CLOSE_ENOUGH = 0.001
_SIM_WENT = "the SIM card went away"
RESTART_PATIENCE = 40.0
"""Seconds a told restart may take to show; a SIM7600 is away within 10."""


class GsmDriver:
    """The sans-IO core of one GSM line.

    Args:
        name: The line's name, for the log.
        model: The modem's profile.
        audio_device: The serial device that carries the call's audio.
        pin: The SIM's PIN, or None.
        imei: Of the one modem that is this line's; empty for whichever is there.
    """

    def __init__(
        self, name: str, model: Model, audio_device: str, pin: str | None = None, imei: str = ""
    ) -> None:
        self.name = name
        self.state = LineState.DOWN
        self.detail = "not started"
        self._model = model
        self._pin = SimPin(pin)
        self._imei = imei
        self.wrong_modem = False
        """Whether the port opened last is another modem's."""
        self._events: collections.deque[DriverEvent] = collections.deque()
        self._now = 0.0
        self._open = False
        self._brought_up = False
        self._saying = ""
        self._lookalike = ""
        """What the modem calls itself, where the profile is another's."""
        self._sim_went = False
        """In a call for help, which goes on without it."""
        self._seen = SeenCalls()
        self._quiet_since: int | None = None
        """Echoes counted when the modem had been told not to echo; None for one that does all the same."""
        self._refused_before = 0
        self._channel = AtChannel()
        self._procedures = Procedures(self._channel)
        self._network = NetworkWatch(self)
        self._calls = LineCalls(model, audio_device, self)
        self._inbox = Inbox(self.emit, self.start, lambda: self._now)
        self._outbox = Outbox(self.emit, self.start, self._can_text)
        self._ussd = UssdExchange(self.emit, self.start, self.settle, packed=model.ussd_packed)

    @property
    def refused_lines(self) -> int:
        """Lines too long to be a modem's, since the start."""
        return self._refused_before + self._channel.refused

    def checkup(self) -> tuple[Verdict, ...]:
        """Return the doctor's verdicts on what is known now."""
        return examine(
            Findings(
                port_open=self._open,
                answers=self._open and self._channel.last_heard is not None,
                lookalike=self._lookalike,
                profile=self._model.name,
                sim=self._pin.finding,
                signal_dbm=self._network.dbm,
                registrations=self._network.stats,
                operator=self._network.operator,
                audio=self._calls.audio.finding,
                seen=self._seen,
            )
        )

    # In

    def audio_is_at(self, device: str) -> None:
        """The port to be opened belongs to a modem whose audio is there."""
        self._calls.audio.is_at(device)

    def opened(self, now: float) -> None:
        """The port is open; nothing is known about what is behind it."""
        self._now = now
        self.wrong_modem = False
        self._open = True
        self._begin_life("the port was opened anew")

    def absent(self, reason: str, now: float) -> None:
        """The port couldn't be opened."""
        self._now = now
        self._saying = reason
        self._refresh()

    def lost(self, reason: str, now: float) -> None:
        """The port is gone, or we gave it up."""
        self._now = now
        self._open = self._brought_up = False
        self._saying = reason
        self._drop_everything(reason)
        self._refresh()

    def receive_data(self, data: bytes, now: float) -> None:
        self._now = now
        self._procedures.receive_data(data, now)
        self._run()

    def handle_timer(self, now: float) -> None:
        self._now = now
        self._procedures.handle_timer(now)
        self._run()
        if self._procedures.unanswered >= MAX_UNANSWERED and self._open:
            self._procedures.unanswered = 0
            self._events.append(Reopen("the modem doesn't answer"))

    def give_pin(self, pin: str) -> None:
        """Have the SIM's PIN be this one; if the SIM asks, it is tried within `bringup.SIM_RECHECK`."""
        self._pin.give(pin)

    def answer(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.answer(ticket)
        self._run()

    def dial(self, ticket: int, number: str, now: float, *, emergency: bool = False) -> None:
        self._now = now
        # Without a SIM, a PIN or a registration a network still takes emergency calls (TS 22.101, 10.1).
        ready = self.state is LineState.READY or (emergency and self.state is LineState.STARTING)
        self._calls.dial(ticket, number, ready=ready, emergency=emergency)
        self._run()

    def hang_up(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.hang_up(ticket)
        self._run()

    def restart(self, ticket: int, reason: str, now: float) -> None:
        self._now = now
        if self._calls.busy or not self._open:
            self.settle(ticket, "a call stands" if self._calls.busy else "there is no modem")
            return
        self.settle(ticket, None)
        self.restart_modem(reason)
        self._run()

    def refuse_waiting(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.two.refuse_waiting(ticket)
        self._run()

    def swap(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.two.swap(ticket)
        self._run()

    def join(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.two.join(ticket)
        self._run()

    def split(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.two.split(ticket)
        self._run()

    def hang_up_held(self, ticket: int, now: float) -> None:
        self._now = now
        self._calls.two.hang_up_held(ticket)
        self._run()

    def send_digits(self, ticket: int, digits: str, now: float) -> None:
        self._now = now
        self._calls.send_digits(ticket, digits)
        self._run()

    def send_sms(self, ticket: int, key: str, number: str, text: str, parts_done: int, now: float) -> None:
        self._now = now
        self.settle(ticket, self._outbox.add(key, number, text, parts_done))
        self._run()

    def sms_stored(self, ticket: int, ident: str, now: float) -> None:
        self._now = now
        self._inbox.stored(ident)
        self.settle(ticket, None)
        self._run()

    def send_ussd(self, ticket: int, text: str, now: float) -> None:
        self._now = now
        self._ussd.send(ticket, text, ready=self._brought_up and self._network.can_call)
        self._run()

    def cancel_ussd(self, ticket: int, now: float) -> None:
        self._now = now
        self._ussd.cancel(ticket)
        self._run()

    # Out

    def data_to_send(self) -> bytes:
        return self._channel.data_to_send()

    def get_timer(self) -> float | None:
        return self._procedures.get_timer() if self._open else None

    def next_event(self) -> DriverEvent | None:
        return self._events.popleft() if self._events else None

    # What LineCalls needs of us (its `Host`)

    @property
    def now(self) -> float:
        """Seconds, monotonic: when what is being handled came in."""
        return self._now

    def emit(self, event: LineEvent) -> None:
        self._seen.heard(event)
        self._events.append(event)

    def settle(self, ticket: int, error: str | None) -> None:
        self._events.append(Settled(ticket, error))

    def start(self, procedure: Procedure) -> Procedure:
        return self._procedures.start(procedure, self._now)

    def cancel(self, procedure: Procedure | None) -> None:
        self._procedures.cancel(procedure)

    def call_changed(self) -> None:
        self._refresh()

    def restart_modem(self, reason: str) -> None:
        """Ask the modem to restart; when it can't even do that, reopen the port."""
        logger.warning("%s: restarting the modem: %s", self.name, reason)
        self._brought_up = False
        self._saying = "restarting the modem"
        self.start(self._restart())

    # Inside

    def _run(self) -> None:
        if self._brought_up and self._quiet_since is not None and self._channel.echoes > self._quiet_since:
            # Its notifications may go to another port now, so its own word of it needn't reach us.
            logger.warning("%s: the modem echoes again: it restarted unsaid", self.name)
            self._begin_life("the modem restarted")
        while (notification := self._procedures.next_notification(self._now)) is not None:
            line = notification.line
            if line in self._model.boot_lines:
                if self._brought_up or self._calls.busy:
                    logger.warning("%s: the modem restarted by itself", self.name)
                self._begin_life("the modem restarted")
            elif not self._notice_text(notification):
                self._notice(line)
        if self._sim_went and not self._calls.busy:
            self._begin_life(_SIM_WENT, modem_restarted=False)
        self._refresh()

    def _notice_text(self, notification: Notification) -> bool:
        """Take what concerns messages; return whether it did."""
        line, pdu = notification.line, notification.pdu
        if MessageArrived.parse(line) is not None:
            if self._brought_up:
                self._inbox.look()
        elif line.startswith("+CMT:"):
            self._inbox.delivered(pdu)
        elif line.startswith("+CDS:"):
            self._inbox.reported(pdu)
        elif (ussd := Ussd.parse(line)) is not None:
            self._ussd.heard(ussd)
        else:
            return False
        return True

    def _notice(self, line: str) -> None:
        match parse_unsolicited(line):
            case Registration() as registration:
                self._network.told(registration)
            case Ring(voice=True):
                self._calls.rings()
            case CallerId(number, withheld):
                self._calls.identified(number, withheld=withheld)
            case CallWaits(number, withheld):
                self._calls.waits(number, withheld=withheld)
            case ListedCall() as entry:
                self._calls.listed(entry)
            case VoiceBegin():
                self._calls.connected()
            case VoiceEnd() | MissedCall() | CallOver():
                self._calls.ends(end_in_words(line))
            case KeyHeard(key):
                self._calls.key_heard(key)
            case PinState(word) if self._brought_up and word != "READY":
                if self._calls.busy and self._calls.for_help:
                    # The network needs no SIM for it (TS 22.101, 10.1).
                    self._sim_went = True
                else:
                    self._begin_life(_SIM_WENT, modem_restarted=False)
            case PinState() | Ring() | None:
                pass

    def _begin_life(self, reason: str, *, modem_restarted: bool = True) -> None:
        """Bring the modem up from the beginning.

        Args:
            reason: Why a running call ends by it.
            modem_restarted: It has forgotten the outstanding command; else its answer is still to come.
        """
        self._drop_everything(reason, fresh_channel=modem_restarted)
        self._brought_up = self._sim_went = False
        self.start(self._live())
        self.start(self._keep_alive())
        self._refresh()

    def _drop_everything(self, reason: str, *, fresh_channel: bool = True) -> None:
        """End the call and every procedure; with a fresh channel forget the outstanding command too."""
        self._calls.abandon(EndReason.DEVICE_LOST, reason)
        self._procedures.cancel_all()
        self._inbox.forget()
        self._outbox.forget(body_sent=self._channel.body_sent)
        self._ussd.forget()
        if fresh_channel:
            self._refused_before += self._channel.refused
            self._channel = AtChannel()
            self._procedures = Procedures(self._channel)
        self._network.forget()
        self._pin.finding = SimFinding.UNKNOWN

    def _live(self) -> Procedure:
        identity = yield from wake(self._say)
        imei = identity.imei
        self._lookalike = "" if self._model.is_called(identity.name) else identity.name
        if self._lookalike:
            logger.warning("%s: the profile is for %s", self.name, self._model.name)
        if self._imei and imei != self._imei:
            # Nobody's PIN goes into a strange SIM, and no call over somebody else's number.
            self.wrong_modem = True
            shown = f"its IMEI ends in {imei[-4:]}" if imei else "it doesn't tell its IMEI"
            self._events.append(Reopen(f"another modem is plugged in there: {shown}"))
            return
        echoes = self._channel.echoes
        yield from open_sim(self._model, self._pin, self._say)
        yield from set_up(self._model, self._say)
        yield from self._calls.clear_leftovers()
        self._quiet_since = echoes if echoes == self._channel.echoes else None
        self._brought_up = True
        self.start(self._inbox.patrol())
        self._outbox.modem_is_up()
        yield from self._network.watch()

    def _can_text(self) -> bool:
        return self._network.can_text and not self._calls.unsettled

    def _keep_alive(self) -> Procedure:
        while True:
            heard = [t for t in (self._channel.last_heard, self._channel.last_sent) if t is not None]
            idle = self._now - max(heard, default=self._now)
            # A remainder too small to change a float's `now` would be slept for ever.
            if idle < KEEP_ALIVE - _CLOSE_ENOUGH:
                yield from pause(KEEP_ALIVE - idle)
            else:
                yield from ask(Command(""))

    def _restart(self) -> Procedure:
        outcome = yield from ask(Command(self._model.restart))
        if outcome.ok:
            # Its port goes away or it says that it restarted; both end this procedure.
            yield from pause(RESTART_PATIENCE)
        self._events.append(Reopen("the modem doesn't restart"))

    def _say(self, detail: str) -> None:
        self._saying = detail
        self._refresh()

    def _refresh(self) -> None:
        """Compute state and detail from the parts, and tell when they are other ones."""
        state, detail = self._state_and_detail()
        if (state, detail) == (self.state, self.detail):
            return
        if state is not self.state:
            logger.info("%s: %s → %s: %s", self.name, self.state.value, state.value, detail)
        self.state, self.detail = state, detail
        self.emit(StateChanged(state, detail))

    def _state_and_detail(self) -> tuple[LineState, str]:
        if not self._open or self._channel.last_heard is None:
            return LineState.DOWN, self._saying
        if self._calls.busy:
            return LineState.IN_CALL, self._calls.phase_in_words
        if not self._brought_up:
            return LineState.STARTING, self._saying
        state = LineState.READY if self._network.can_call else LineState.STARTING
        return state, self._network.in_words
