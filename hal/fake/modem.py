"""A modem that lives in memory: its commands, its notifications, its oddities. Sans-IO.

Theory of operation
-------------------
`power_on` boots it: deaf at first, then `RDY`, `+CPIN: READY`, `SMS DONE`, `PB DONE`. Bytes go in by
`receive_data`, and come out by `data_to_send`; what happens later is on the network's `Schedule`. Settings
are lost at every boot, the SIM's tries are not. `Quirks` switches on what real ones do wrong
(telephony-reference, sections A and H).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from hal.fake.at_end import AtEnd
from hal.fake.call_words import RELEASED, end_lines, is_on, state_line
from hal.fake.commands import CELL, COMMANDS, LAC, LTE
from hal.fake.dialects import SIM7600, AudioWay, Dialect
from hal.fake.network import CAN_CALL, CallState, FakeCall, FakeMobileNetwork
from hal.fake.quirks import Quirks
from hal.fake.sim_card import SimCard, SimState
from hal.fake.texting import TEXT_COMMANDS, Texting

RING_PERIOD = 4.0
"""Seconds from one RING to the next; networks differ, 3 to 6."""
KEY_DELAY = 0.12
"""Seconds from a key's beginning to +RXDTMF: the modem's own detector needs two blocks and a decision."""
HELP_NUMBERS = frozenset({"112", "911"})
NO_SIM_HELP_NUMBERS = frozenset({"000", "08", "110", "118", "119", "999"})
"""Emergency numbers every phone knows, and those it knows without a SIM (TS 22.101, 10.1.1). None leaves
here."""


class FakeModem(AtEnd):
    """One modem in a fake network."""

    def __init__(
        self,
        network: FakeMobileNetwork,
        sim: SimCard | None = None,
        quirks: Quirks | None = None,
        dialect: Dialect = SIM7600,
    ) -> None:
        super().__init__(quirks if quirks is not None else Quirks())
        self.network = network
        self.dialect = dialect
        self.sim = sim if sim is not None else SimCard()
        self.call: FakeCall | None = None
        self.waiting: FakeCall | None = None
        """A further caller's, while `call` stands."""
        self.held: FakeCall | None = None
        """On hold with the network, or joined to `call`."""
        self.joined = False
        """Whether `call` and `held` are in one conversation, which has the PCM port."""
        self.moving = False
        """Whether the network is putting one of two calls in the other's place, or joining them."""
        self.imei = "860000000000001"
        self.audio_on = False
        self.on_restart: Callable[[], None] | None = None
        """Called when AT+CRESET takes the USB device away."""
        self._boots = 0
        self.sim_started = False
        self.texts_started = True
        self.texting = Texting(self)
        self._id_known = False
        self._alone_since = -math.inf
        """Since when one who waited rings."""
        network.attach(self)

    @property
    def wideband(self) -> bool:
        """Whether its PCM port runs at 16 kHz; a restart puts it back to 8 (telephony-reference A5)."""
        return self.settings.get("+CPCMFRM") == "1"

    # Power

    def power_on(self) -> None:
        """Boot. Everything set before is forgotten."""
        self.powered = True
        self._boots += 1
        self._listening = self.sim_started = self.audio_on = self.moving = False
        self.texts_started = True
        self._forget_wire()
        self.settings = dict.fromkeys(("+CLIP", "+CRC", "+CREG", "+CEREG", "+CMEE", "+CCWA"), "0")
        self.settings["+CVHU"] = "1"
        self._audio_armed = False
        self.texting.power_on()
        self.sim.power_cycle()
        boot = self._boots
        self.after(self.quirks.boot_seconds, lambda: self._booted(boot))
        self.after(self.quirks.boot_seconds + self.quirks.sim_seconds, lambda: self._sim_up(boot))

    def power_off(self) -> None:
        """Vanish, in the middle of whatever it is doing."""
        self.powered = self._listening = self.audio_on = False
        calls, self.call, self.waiting = (self.call, self.waiting, self.held), None, None
        self.held, self.joined = None, False
        for call in calls:
            if call is not None:
                self.network.modem_vanishes(call)

    # What `AtEnd` needs

    @property
    def prompting(self) -> bool:
        return self.texting.prompting

    @property
    def notifies(self) -> bool:
        port = self.dialect.notifies_on
        return port is None or self.settings.get(port[0]) == port[1]

    def _text(self, byte: int) -> None:
        self.texting.take(byte)

    def crash(self) -> None:
        """Restart by itself, in the middle of whatever it is doing."""
        if self.on_restart is not None:
            self.on_restart()

    def _booted(self, boot: int) -> None:
        if boot == self._boots and self.powered:
            self._listening = True
            if self.dialect.boot:
                self.notify(self.dialect.boot)

    def _sim_up(self, boot: int) -> None:
        if boot != self._boots or not self.powered:
            return
        self.sim_started = True
        state = self.sim.state
        if state is SimState.ABSENT:
            return
        self.notify(f"+CPIN: {state.value}")
        if state is SimState.READY:
            self.texts_started = False
            self.after(self.quirks.texts_seconds, lambda: self._texts_up(boot))

    def _texts_up(self, boot: int) -> None:
        if boot == self._boots and self.powered:
            self.texts_started = True
            self.notify("SMS DONE")
            self.notify("PB DONE")
            self.network.texts.modem_is_back()

    # The network's side (its `Handset`)

    @property
    def reachable(self) -> bool:
        return self.powered and self.registered and self.call is None and self.held is None

    @property
    def lets_wait(self) -> bool:
        stands = self.call is not None and self.call.state is CallState.ANSWERED
        # By the network's own rule +CCWA's mode 1 subscribes, and one waits at a time.
        return self.powered and stands and self.waiting is None and self.settings["+CCWA"].endswith("1,1")

    def network_waits(self, call: FakeCall) -> None:
        self.waiting = call
        taken = {one.index for one in (self.call, self.held) if one is not None}
        call.index = min({1, 2, 3} - taken)
        self._id_known = True
        self.tell_call(call, 5)
        number, kind = self._shown(call)
        validity = 1 if call.script.withheld else 0 if number else 2
        self.notify(f'+CCWA: "{number}",{kind},1,"",{validity}')

    def free_for_waiting(self) -> None:
        """The call is over: the one that waited rings now."""
        if self.moving and self.quirks.takes_waiter_left_alone:
            return
        if self.waiting is not None and self.call is None and self.held is None:
            self._alone_since = self.network.schedule.now
            self.call, self.waiting = self.waiting, None
            self.tell_call(self.call, 4)
            self._ring(self.call)

    def network_rings(self, call: FakeCall) -> None:
        self.call = call
        self._id_known = False
        self.tell_call(call, 4)
        self._ring(call)
        if self.quirks.caller_id_seconds >= 0:
            self.after(self.quirks.caller_id_seconds, lambda: self._know_caller(call))

    def network_alerts(self, call: FakeCall) -> None:
        self.tell_call(call, 3)

    def network_connects(self, call: FakeCall) -> None:
        self.connected(call, answered=False)

    def network_ends(self, call: FakeCall, word: str) -> None:
        if call is self.waiting:
            self.waiting = None
            self.tell_call(call, RELEASED, word)
            for line in end_lines(self.dialect, call, word, 0):
                # Only the standing call's end is a result.
                if line != "NO CARRIER":
                    self.notify(line)
            return
        if call not in (self.call, self.held):
            return
        self._remove(call)
        if self.quirks.end_line:
            self.tell_call(call, RELEASED, word)
            for line in end_lines(self.dialect, call, word, self.seconds_of(call)):
                self.notify(line)
        self.free_for_waiting()

    def network_key(self, key: str) -> None:
        self.after(KEY_DELAY, lambda: self._report_key(key))

    def network_message(self, pdu: str) -> bool:
        """Take a message; return whether there was room."""
        return self.texting.arrives(pdu)

    def network_report(self, pdu: str) -> bool:
        """Tell of a delivery report; return whether it was taken."""
        return self.texting.report(pdu)

    def network_ussd(self, state: int, text: str) -> None:
        self.texting.ussd(state, text)

    def set_registration(self, stat: int) -> None:
        """Change where the modem stands with the network, and tell."""
        self.network.set_registration(stat)
        for domain in ("+CREG", "+CEREG"):
            if self.settings[domain] == "2":
                self.notify(f'{domain}: {stat},"{LAC}","{CELL}",{LTE}')
            elif self.settings[domain] == "1":
                self.notify(f"{domain}: {stat}")

    # What commands (commands.py) use

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self.network.schedule.after(seconds, action)

    @property
    def registered(self) -> bool:
        """Whether it can place and take calls."""
        ready = self.sim_started and self.sim.state is SimState.READY
        return ready and self.network.registration in CAN_CALL

    def may_call_for_help(self, number: str) -> bool:
        """Whether a network takes this call without SIM or registration (TS 22.101, 10.1)."""
        without_sim = self.sim.state is not SimState.READY
        camped = self.network.registration not in (0, 2, 4)
        return camped and number in (HELP_NUMBERS | NO_SIM_HELP_NUMBERS if without_sim else HELP_NUMBERS)

    def arm_audio(self) -> None:
        """A call is dialled or answered; is this one to have audio?"""
        armed = self.settings.get("+QPCMV", "0").startswith("1,")
        self._audio_armed = self.dialect.audio is AudioWay.ANALOGUE or armed

    def end_call(self, call: FakeCall) -> None:
        """End a call by command; the other, if any, stays as it is."""
        self._remove(call)
        self.network.modem_hangs_up(call)
        if self.quirks.end_line:
            self.tell_call(call, RELEASED)
            if self.dialect.voice_lines:
                self.notify(f"VOICE CALL: END: {self.seconds_of(call):06d}")
        self.free_for_waiting()

    def connected(self, call: FakeCall, *, answered: bool) -> None:
        """The call stands; who answered decides in which order a SIM7600 says it."""
        self.audio_on = self.audio_on or self._audio_armed
        lines = ["VOICE CALL: BEGIN"] if self.dialect.voice_lines else []
        if answered:
            for line in lines:
                self.notify(line)
        self.tell_call(call, 0)
        if not answered:
            for line in lines:
                self.notify(line)

    def tell_call(self, call: FakeCall, stat: int, word: str = "") -> None:
        """Notify of a call's state, if that was switched on."""
        if is_on(self.dialect, self.settings):
            number, kind = self._shown(call)
            line = state_line(self.dialect, call, stat, number, kind, self.seconds_of(call), word)
            if line:
                self.notify(line)

    def listing(self, call: FakeCall, stat: int) -> str:
        """Return a call's line in the list of calls."""
        number, kind = self._shown(call)
        multiparty = int(self.joined and call is not self.waiting)
        return f'+CLCC: {call.index},{int(call.to_modem)},{stat},0,{multiparty},"{number}",{kind}'

    @property
    def ringing_stat(self) -> int:
        """How the list shows a call that rings: 4 incoming, or still 5 waiting."""
        alone = self.network.schedule.now - self._alone_since
        return 5 if alone < self.quirks.lists_waiting_seconds else 4

    def _shown(self, call: FakeCall) -> tuple[str, int]:
        """Return the number as it is shown, and its type."""
        shown = call.number if not call.to_modem or (self._id_known and not call.script.withheld) else None
        kind = 145 if (shown or "").startswith("+") else 129
        return (shown or "").removeprefix("+"), kind

    def seconds_of(self, call: FakeCall) -> int:
        """Return how long a call has stood."""
        return round(self.network.schedule.now - call.answered_at) if call.answered_at is not None else 0

    # Inside

    def _remove(self, call: FakeCall) -> None:
        """Take a call that is over off the list; of two joined the other keeps the PCM port."""
        if call is self.held:
            self.held, self.joined = None, False
        elif self.joined:
            self.call, self.held, self.joined = self.held, None, False
        elif call is self.call:
            self.call, self.audio_on = None, False

    def _ring(self, call: FakeCall) -> None:
        if self.call is not call or call.state is not CallState.RINGING:
            return
        if self.settings["+CRC"] == "1":
            self.notify("+CRING: VOICE", odd=self.dialect.odd_ends)
        else:
            self.notify("RING")
        if self._id_known:
            self._say_clip(call)
        self.after(RING_PERIOD, lambda: self._ring(call))

    def _know_caller(self, call: FakeCall) -> None:
        self._id_known = True
        if self.call is call and call.state is CallState.RINGING:
            self._say_clip(call)

    def _say_clip(self, call: FakeCall) -> None:
        if self.settings["+CLIP"] != "1":
            return
        if call.script.withheld:
            self.notify('+CLIP: "",128,"",0,"",1')
        elif call.number is None:
            self.notify('+CLIP: "",128,"",0,"",2')
        else:
            kind = 145 if call.number.startswith("+") else 129
            self.notify(f'+CLIP: "{call.number}",{kind},"",0,"",0')

    def _report_key(self, key: str) -> None:
        setting, value = self.dialect.key_setting
        if self.call is not None and self.settings.get(setting) == value:
            self.notify(self.dialect.key_line.format(key=key, code=ord(key)), odd=self.dialect.odd_ends)

    def _command(self, line: str) -> None:
        shown = re.sub(r'(\+CPIN=)"?\d+.*', r"\1…", line)
        self.history.append((self.network.schedule.now, shown))
        if not line.upper().startswith("AT"):
            return
        body = line[2:]
        for pattern, method in (*TEXT_COMMANDS, *COMMANDS):
            if (match := pattern.fullmatch(body)) is not None:
                method(self, match)
                return
        self.refuse(4) if body.startswith(("+", "^")) else self.answer("ERROR")
