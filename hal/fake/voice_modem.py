"""A PSTN voice modem that lives in memory (ITU-T V.253), on the exchange's side of the fake network. Sans-IO.

Theory of operation
-------------------
    COMMAND ──+VTR──► DUPLEX ──DLE ^──► COMMAND        +VRX ──► RECEIVING ──DLE !──► COMMAND
                                                       +VTX ──► TRANSMITTING ──DLE ETX──► COMMAND

The line is on hook or off hook (+VLS, ATDT); going off hook answers a ringing call. In a stream that hears, a
frame of the party's voice goes out every 20 ms; codes go out in every mode while the line is off hook. When
the party hangs up the exchange plays busy tone, and the modem says DLE b, again and again.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterator

from hal.at.shielded import Audio, Code, StreamEnded, Unshielder, shield
from hal.fake.analog import DialTone
from hal.fake.audio import SILENT_FRAME
from hal.fake.line_sounds import tone
from hal.fake.network import CallState, FakeCall, FakeMobileNetwork
from hal.fake.voice_commands import COMMANDS, FORMATS, FakeMode
from hal.modems.voice.codec import ULAW, Format, decode, encode

RING_PERIOD = 5.0
"""China's cadence: 1 s of ringing, 4 s of pause."""
CALLER_ID_DELAY = 1.5
FRAME = 0.02
BUSY_PERIOD = 0.7
"""China's busy tone: 350 ms on, 350 off; the modem says it once a round."""
KEY_REPEAT = 0.07
RINGBACK_PERIOD = 5.0
LISTENS_FOR = 5.0
"""Seconds in which it must hear dial tone."""
ANSWER_AWAITED = 50.0
"""Seconds: S7 as delivered."""
MAX_COMMAND = 256
MAX_HISTORY = 10_000


@dataclasses.dataclass
class VoiceQuirks:
    """What this specimen is or does wrong."""

    maker: str = "Conexant"
    formats: tuple[tuple[int, str, int], ...] = FORMATS["cx93010"]
    """What AT+VSM=? tells: id, name, bits."""
    duplex: bool = True
    """It has AT+VTR."""
    caller_id_command: str = "+VCID=1"
    """What switches caller id on; forgotten at every reset."""
    caller_id: bool = True
    """The exchange sends it."""
    end_dles: int = 1
    """DLEs it wants before the code that ends a stream (Zoom: 3)."""
    deaf_after_tone: bool = False
    """It hears no keys after a tone of its own until told AT+VLS (US Robotics)."""
    brackets: bool = True
    """Keys come between DLE / and DLE ~."""
    says_busy: bool = True
    """It knows the exchange's busy tone."""
    busy_tone: str = "busy"
    """What the exchange plays when the far side has hung up (`line_sounds.CADENCES`)."""
    says_loop_break: bool = False
    answer_seconds: float = 0.0
    dial_tone: DialTone = DialTone.STEADY
    """What the exchange gives."""
    no_dial_tone: str = "NO DIALTONE"
    """Its word for none."""
    deaf: bool = False
    """It answers nothing at all any more."""


SPECIMENS: dict[str, Callable[[], VoiceQuirks]] = {
    "cx93010": VoiceQuirks,
    "zoom3095": lambda: VoiceQuirks(end_dles=3),
    "usr5637": lambda: VoiceQuirks(
        maker="U.S. Robotics",
        formats=FORMATS["usr5637"],
        duplex=False,
        deaf_after_tone=True,
        brackets=False,
        no_dial_tone="NO DIAL TONE",
    ),
    "generic": lambda: VoiceQuirks(
        maker="V.253", formats=FORMATS["generic"], says_loop_break=True, says_busy=False
    ),
}
"""A typical one by profile of hal/modems/voice."""


class FakeVoiceModem:
    """One voice modem on a line of the fake network; its `Handset`."""

    def __init__(self, network: FakeMobileNetwork, quirks: VoiceQuirks | None = None) -> None:
        self.network = network
        self.quirks = quirks if quirks is not None else VoiceQuirks()
        self.history: collections.deque[tuple[float, str]] = collections.deque(maxlen=MAX_HISTORY)
        self.call: FakeCall | None = None
        self.powered = False
        self.off_hook = False
        self.mode = FakeMode.COMMAND
        self.dialling = False
        self.refused_lines = 0
        self.coding: Format = ULAW
        self.settings: dict[str, str] = {}
        self.on_restart: Callable[[], None] | None = None
        self.echo = True
        self.listens = True
        """It waits for dial tone before it dials."""
        self.hears_keys = True
        self._partial = bytearray()
        self._out = bytearray()
        self._unshielder = Unshielder()
        self._dles = 0
        self._ticking = False
        self._busy = 0
        """Counts hang-ups, so that an old busy tone ends with its call."""
        self._tone: Iterator[bytes] | None = None
        """What the exchange plays after a call."""
        self._heard_by: FakeCall | None = None
        """Whose party writes down what it hears."""
        network.attach(self)

    # Power

    def power_on(self) -> None:
        self.powered = True
        self.off_hook = self.dialling = False
        self.mode = FakeMode.COMMAND
        self._partial.clear()
        self._out.clear()
        self.reset()

    def power_off(self) -> None:
        """Vanish, in the middle of whatever it is doing."""
        self.powered = self.off_hook = False
        self._busy += 1
        if self.call is not None:
            call, self.call = self.call, None
            self.network.modem_vanishes(call)

    def reset(self) -> None:
        """Forget every setting, as ATZ and a brown-out do."""
        self.echo = self.listens = True
        self.settings = {"+FCLASS": "0"}
        self.coding = ULAW

    # The wire

    def receive_data(self, data: bytes) -> None:
        if not self.powered or self.quirks.deaf:
            return
        while data:
            take = self._commanded if self.mode is FakeMode.COMMAND else self._streamed
            data = take(data)

    def data_to_send(self) -> bytes:
        data, self._out = bytes(self._out), bytearray()
        return data

    def say(self, text: str) -> None:
        """Send a line."""
        if self.powered and not self.quirks.deaf:
            self._out += f"\r\n{text}\r\n".encode()

    def say_raw(self, data: bytes) -> None:
        """Put bytes on the wire as they are."""
        self._out += data

    def answer(self, text: str) -> None:
        """Give a command its final result."""
        if self.quirks.answer_seconds > 0:
            self.after(self.quirks.answer_seconds, lambda: self.say(text))
        else:
            self.say(text)

    def code(self, letter: str) -> None:
        """Send a shielded code, while the line is off hook."""
        if self.powered and self.off_hook and not self.quirks.deaf:
            self._out += b"\x10" + letter.encode("ascii")

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.network.schedule.after(seconds, action)

    def settle(self) -> None:
        """Complete what the party of an ended call heard."""
        call = self._heard_by
        if call is not None and call.ear is not None and call.state is CallState.ENDED:
            call.ear.close()
            self._heard_by = None

    # What commands (voice_commands.py) do

    def begin_stream(self, mode: FakeMode) -> None:
        self.say("CONNECT")
        self.mode = mode
        self._unshielder = Unshielder()
        self._dles = 0
        if not self._ticking:
            self._ticking = True
            self._tick()

    def take_off_hook(self) -> None:
        """Answer what rings, or just listen to the line."""
        self.off_hook = True
        self.hears_keys = True
        if self.call is not None and self.call.state is CallState.RINGING and self.call.to_modem:
            self.network.modem_answers(self.call)

    def put_on_hook(self) -> None:
        self.off_hook = self.dialling = False
        self._tone = None
        self._busy += 1
        call, self.call = self.call, None
        if call is not None and call.state is not CallState.ENDED:
            if call.to_modem and call.state is CallState.RINGING:
                # A line on hook already goes on ringing.
                self.call = call
                return
            self.network.modem_hangs_up(call)

    def dial(self, number: str) -> None:
        self.off_hook = self.dialling = True
        tone = self.quirks.dial_tone
        if self.listens and tone in (DialTone.UNHEARD, DialTone.DEAD):
            self.after(LISTENS_FOR, self._no_dial_tone)
        elif tone is DialTone.DEAD:
            self.after(ANSWER_AWAITED, self._nobody_answers)
        else:
            self.call = self.network.modem_dials(number)

    def _no_dial_tone(self) -> None:
        if self.dialling:
            self.put_on_hook()
            self.answer(self.quirks.no_dial_tone)

    def _nobody_answers(self) -> None:
        if self.dialling and self.call is None:
            self.put_on_hook()
            self.answer("NO CARRIER")

    # The network's side (its `Handset`)

    @property
    def reachable(self) -> bool:
        return self.powered and not self.off_hook and self.call is None

    @property
    def lets_wait(self) -> bool:
        return False

    def network_waits(self, call: FakeCall) -> None:
        """Never called: an exchange line without the service gives a second caller busy tone."""

    def network_rings(self, call: FakeCall) -> None:
        self.call = call
        self._ring(call)
        if self.quirks.caller_id:
            self.after(CALLER_ID_DELAY, lambda: self._tell_caller(call))

    def network_alerts(self, call: FakeCall) -> None:
        if self.call is call and call.state is CallState.RINGING:
            self.code("r")
            self.after(RINGBACK_PERIOD, lambda: self.network_alerts(call))

    def network_connects(self, call: FakeCall) -> None:
        if self.dialling:
            self.dialling = False
            self.answer("VCON")

    def network_ends(self, call: FakeCall, word: str) -> None:
        if self.call is not call:
            return
        self.call = None
        if self.dialling:
            self.dialling = False
            self.answer(word if word != "MISSED" else "NO CARRIER")
        elif self.off_hook:
            if self.quirks.says_loop_break:
                self.code("l")
            self._busy += 1
            self._tone = tone(self.quirks.busy_tone)
            self._say_busy(self._busy)

    def network_key(self, key: str) -> None:
        if not self.hears_keys:
            return
        if self.quirks.brackets:
            self.code("/")
        self.code(key)

        def again() -> None:
            self.code(key)
            if self.quirks.brackets:
                self.code("~")

        self.after(KEY_REPEAT, again)

    def network_message(self, pdu: str) -> bool:
        return False

    def network_report(self, pdu: str) -> bool:
        return True

    def network_ussd(self, state: int, text: str) -> None:
        return

    # Inside

    def _ring(self, call: FakeCall) -> None:
        if self.call is call and call.state is CallState.RINGING and not self.off_hook:
            self.say("RING")
            self.after(RING_PERIOD, lambda: self._ring(call))

    def _tell_caller(self, call: FakeCall) -> None:
        wanted = self.settings.get(self.quirks.caller_id_command.partition("=")[0])
        if self.call is not call or self.off_hook or wanted != "1":
            return
        number = "P" if call.script.withheld else call.number or "O"
        now = self.network.texts.now
        for line in (f"DATE = {now:%m%d}", f"TIME = {now:%H%M}", f"NMBR = {number}"):
            self.say(line)

    def _say_busy(self, which: int) -> None:
        if which == self._busy and self.off_hook:
            if self.quirks.says_busy:
                self.code("b")
            self.after(BUSY_PERIOD, lambda: self._say_busy(which))

    def _tick(self) -> None:
        """A frame of audio, every 20 ms while there is a stream."""
        if self.mode is FakeMode.COMMAND or not self.powered:
            self._ticking = False
            return
        call = self.call
        said = SILENT_FRAME
        if call is not None and call.state is CallState.ANSWERED:
            said = call.voice.frame()
        elif call is None and self._tone is not None:
            said = next(self._tone)
        if self.mode is not FakeMode.TRANSMITTING and not self.quirks.deaf:
            self._out += shield(encode(self.coding, said))
        self.after(FRAME, self._tick)

    def _commanded(self, data: bytes) -> bytes:
        for at, octet in enumerate(data):
            if self.dialling:
                # Any character breaks off dialling (V.250, 6.3.1).
                call, self.call = self.call, None
                self.dialling = False
                if call is not None:
                    self.network.modem_hangs_up(call)
                self.put_on_hook()
                self.answer("NO CARRIER")
                continue
            if self.echo:
                self._out.append(octet)
            if octet == 0x0D:
                line = self._partial.decode("ascii", "replace").strip("\x00\x10 \n")
                self._partial.clear()
                self._command(line)
                if self.mode is not FakeMode.COMMAND:
                    return data[at + 1 :]
            elif len(self._partial) < MAX_COMMAND:
                self._partial.append(octet)
            else:
                self.refused_lines += 1
                self._partial.clear()
        return b""

    def _command(self, line: str) -> None:
        at = line.upper().find("AT")
        if at < 0:
            return
        body = line[at + 2 :]
        self.history.append((self.network.schedule.now, f"AT{body}"))
        for pattern, method in COMMANDS:
            if (match := pattern.fullmatch(body)) is not None:
                method(self, match)
                return
        self.answer("ERROR")

    def _streamed(self, data: bytes) -> bytes:
        pieces, rest = self._unshielder.feed(data)
        for piece in pieces:
            match piece:
                case Audio(samples):
                    # Shielded DLEs just before a code are how some want a stream's end announced.
                    self._dles = len(samples) - len(samples.rstrip(b"\x10"))
                    self._hear(samples)
                case Code("!") if self.mode is FakeMode.RECEIVING:
                    self._end_stream()
                case Code("^") if self.mode is FakeMode.DUPLEX:
                    self._end_stream()
                case StreamEnded() if self.mode is not FakeMode.RECEIVING:
                    self._end_stream()
                case _:
                    pass
            if self.mode is FakeMode.COMMAND:
                return rest
        return rest

    def _hear(self, samples: bytes) -> None:
        if self.call is not None and self.call.ear is not None and self.mode is not FakeMode.RECEIVING:
            self._heard_by = self.call
            self.call.ear.hear(decode(self.coding, samples))

    def _end_stream(self) -> None:
        if 2 * self._dles + 1 < self.quirks.end_dles:
            return
        if self.mode is not FakeMode.TRANSMITTING:
            self._out += b"\x10\x03"
        self.mode = FakeMode.COMMAND
        self.answer("OK")
