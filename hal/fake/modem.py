"""A modem that lives in memory: its commands, its notifications, its oddities. Sans-IO.

Theory of operation
-------------------
`power_on` boots it: deaf at first, then `RDY`, `+CPIN: READY`, `SMS DONE`, `PB DONE`. Bytes go in by
`receive_data`, and come out by `data_to_send`; what happens later is on the network's `Schedule`. Settings
are lost at every boot, the SIM's tries are not. `Quirks` switches on what real ones do wrong
(telephony-reference, sections A and H).
"""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Callable

from hal.fake.call_words import RELEASED, end_lines, is_on, state_line
from hal.fake.commands import CELL, COMMANDS, LAC, LTE
from hal.fake.dialects import SIM7600, AudioWay, Dialect
from hal.fake.network import CAN_CALL, CallState, FakeCall, FakeMobileNetwork
from hal.fake.sim_card import SimCard, SimState
from hal.fake.texting import TEXT_COMMANDS, Texting

RING_PERIOD = 4.0
"""Seconds from one RING to the next; networks differ, 3 to 6."""
KEY_DELAY = 0.12
"""Seconds from a key's beginning to +RXDTMF: the modem's own detector needs two blocks and a decision."""
MAX_COMMAND = 560
"""Characters of a command line the modem takes (SIMCom: 559 and CR)."""
MAX_HISTORY = 10_000
HELP_NUMBERS = frozenset({"112", "911"})
NO_SIM_HELP_NUMBERS = frozenset({"000", "08", "110", "118", "119", "999"})
"""Emergency numbers every phone knows, and those it knows without a SIM (TS 22.101, 10.1.1). None leaves
here."""


@dataclasses.dataclass
class Quirks:
    """What this specimen does wrong or late. Seconds."""

    boot_seconds: float = 0.3
    sim_seconds: float = 0.2
    """How long after the boot the SIM is still starting (CME 14)."""
    answer_seconds: float = 0.0
    """How long it thinks about a command."""
    caller_id_seconds: float = 0.05
    """How long after the ring the caller's number is known; a negative one: never."""
    end_line: bool = True
    """Whether it says that a call has ended."""
    audio_refused_seconds: float = 0.2
    """How long after the connection it still refuses CPCMREG=1. Real ones are reported to refuse before the
    connection and to clip about the first 200 ms; that the refusal lasts just as long is assumed: no
    measurement of it is known.
    """
    audio_broken: bool = False
    """It refuses CPCMREG=1 for good, until restarted by AT+CRESET."""
    ignores_chup: bool = False
    tells_tries: bool = True
    """Whether it knows AT+SPIC."""
    sms_seconds: float = 0.5
    """How long sending a message takes."""
    prompts_on_cnma: bool = False
    """AT+CNMA leaves it waiting for a text, as a SIM800C does."""
    deaf: bool = False
    """It answers nothing at all any more."""


class FakeModem:
    """One modem in a fake network."""

    def __init__(
        self,
        network: FakeMobileNetwork,
        sim: SimCard | None = None,
        quirks: Quirks | None = None,
        dialect: Dialect = SIM7600,
    ) -> None:
        self.network = network
        self.dialect = dialect
        self.sim = sim if sim is not None else SimCard()
        self.quirks = quirks if quirks is not None else Quirks()
        self.history: collections.deque[tuple[float, str]] = collections.deque(maxlen=MAX_HISTORY)
        """Every command line received, with its moment; PINs left out."""
        self.call: FakeCall | None = None
        self.waiting: FakeCall | None = None
        """A further caller's, while `call` stands."""
        self.held: FakeCall | None = None
        """On hold with the network, or joined to `call`."""
        self.joined = False
        """Whether `call` and `held` are in one conversation, which has the PCM port."""
        self.imei = "860000000000001"
        self.audio_on = False
        self.settings: dict[str, str] = {}
        self.powered = False
        self.refused_lines = 0
        self.on_restart: Callable[[], None] | None = None
        """Called when AT+CRESET takes the USB device away."""
        self._boots = 0
        self._listening = False
        self.sim_started = False
        self.echo = True
        self.texting = Texting(self)
        self._partial = bytearray()
        self._overlong = False
        self._out = bytearray()
        self._slipped_in: list[str] = []
        self._id_known = False
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
        self._listening = self.sim_started = self.audio_on = False
        self.echo = True
        self.settings = dict.fromkeys(("+CLIP", "+CRC", "+CREG", "+CEREG", "+CMEE", "+CCWA"), "0")
        self.settings["+CVHU"] = "1"
        self._audio_armed = False
        self._partial.clear()
        self._out.clear()
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

    def _booted(self, boot: int) -> None:
        if boot == self._boots and self.powered:
            self._listening = True
            if self.dialect.boot:
                self.say(self.dialect.boot)

    def _sim_up(self, boot: int) -> None:
        if boot != self._boots or not self.powered:
            return
        self.sim_started = True
        state = self.sim.state
        if state is SimState.ABSENT:
            return
        self.say(f"+CPIN: {state.value}")
        if state is SimState.READY:
            self.say("SMS DONE")
            self.say("PB DONE")
            self.network.texts.modem_is_back()

    # The wire

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the AT port."""
        if not self._listening or self.quirks.deaf:
            return
        for byte in data:
            if self.texting.prompting:
                self.texting.take(byte)
                continue
            if self.echo and not self._overlong:
                self._out.append(byte)
            if byte == 0x0D:
                line = self._partial.decode("ascii", "replace").strip()
                self._partial.clear()
                if self._overlong:
                    self._overlong = False
                    self.refused_lines += 1
                    self.answer("ERROR")
                elif line:
                    self._command(line)
            elif len(self._partial) < MAX_COMMAND:
                self._partial.append(byte)
            else:
                self._overlong = True

    def data_to_send(self) -> bytes:
        data, self._out = bytes(self._out), bytearray()
        return data

    def slip_in(self, *lines: str) -> None:
        """Put notifications between the next command's arrival and its result."""
        self._slipped_in.extend(lines)

    def say_raw(self, data: bytes) -> None:
        """Put bytes on the wire as they are: noise, or a line of 10,000 bytes."""
        self._out += data

    def prompt(self) -> None:
        """Ask for a message's text."""
        self._out += b"\r\n> "

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
        self.say(f'+CCWA: "{number}",{kind},1,"",{validity}')

    def free_for_waiting(self) -> None:
        """The call is over: the one that waited rings now."""
        if self.waiting is not None and self.call is None and self.held is None:
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
                    self.say(line)
            return
        if call not in (self.call, self.held):
            return
        self._remove(call)
        if self.quirks.end_line:
            self.tell_call(call, RELEASED, word)
            for line in end_lines(self.dialect, call, word, self.seconds_of(call)):
                self.say(line)
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
                self.say(f'{domain}: {stat},"{LAC}","{CELL}",{LTE}')
            elif self.settings[domain] == "1":
                self.say(f"{domain}: {stat}")

    # What commands (commands.py) use

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self.network.schedule.after(seconds, action)

    def say(self, text: str, odd: bool = False) -> None:
        """Send a line; `odd` in SIMCom's CR CR LF wrapping."""
        if self.powered and not self.quirks.deaf:
            end = "\r\r\n" if odd else "\r\n"
            self._out += f"{end}{text}{end}".encode()

    def answer(self, text: str) -> None:
        """Give a command its final result."""
        for line in self._slipped_in:
            self.say(line)
        self._slipped_in.clear()
        if self.quirks.answer_seconds > 0:
            self.after(self.quirks.answer_seconds, lambda: self.say(text))
        else:
            self.say(text)

    def refuse(self, code: int) -> None:
        """Give a command a CME error, numeric only when asked to (CMEE)."""
        self.answer(f"+CME ERROR: {code}" if self.settings["+CMEE"] != "0" else "ERROR")

    def refuse_message(self, code: int) -> None:
        """Give a command about messages a CMS error."""
        self.answer(f"+CMS ERROR: {code}" if self.settings["+CMEE"] != "0" else "ERROR")

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
                self.say(f"VOICE CALL: END: {self.seconds_of(call):06d}")
        self.free_for_waiting()

    def connected(self, call: FakeCall, *, answered: bool) -> None:
        """The call stands; who answered decides in which order a SIM7600 says it."""
        self.audio_on = self.audio_on or self._audio_armed
        lines = ["VOICE CALL: BEGIN"] if self.dialect.voice_lines else []
        if answered:
            for line in lines:
                self.say(line)
        self.tell_call(call, 0)
        if not answered:
            for line in lines:
                self.say(line)

    def tell_call(self, call: FakeCall, stat: int, word: str = "") -> None:
        """Notify of a call's state, if that was switched on."""
        if is_on(self.dialect, self.settings):
            number, kind = self._shown(call)
            line = state_line(self.dialect, call, stat, number, kind, self.seconds_of(call), word)
            if line:
                self.say(line)

    def listing(self, call: FakeCall, stat: int) -> str:
        """Return a call's line in the list of calls."""
        number, kind = self._shown(call)
        multiparty = int(self.joined and call is not self.waiting)
        return f'+CLCC: {call.index},{int(call.to_modem)},{stat},0,{multiparty},"{number}",{kind}'

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
            self.say("+CRING: VOICE", odd=self.dialect.odd_ends)
        else:
            self.say("RING")
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
            self.say('+CLIP: "",128,"",0,"",1')
        elif call.number is None:
            self.say('+CLIP: "",128,"",0,"",2')
        else:
            kind = 145 if call.number.startswith("+") else 129
            self.say(f'+CLIP: "{call.number}",{kind},"",0,"",0')

    def _report_key(self, key: str) -> None:
        setting, value = self.dialect.key_setting
        if self.call is not None and self.settings.get(setting) == value:
            self.say(self.dialect.key_line.format(key=key, code=ord(key)), odd=self.dialect.odd_ends)

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
