"""A GSM line and a fake modem joined by a wire of memory, on virtual time.

The wires, each seeded: `GoodWire`, `OneByteWire` (a byte at a time, at 115,200 baud), `LateWire` (what
the modem says arrives up to 0.7 s late, in order), `NoisyWire` (rubbish between the lines and before them).
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable

from hal.fake.dialects import DIALECTS
from hal.fake.modem import FakeModem
from hal.fake.network import Answering, CallState, FakeCall, FakeMobileNetwork, FarNumber, PartyScript
from hal.fake.quirks import Quirks
from hal.fake.schedule import Schedule
from hal.fake.sim_card import SimCard
from hal.fake.voice_modem import FakeVoiceModem, VoiceQuirks
from hal.line import AudioReady, IncomingCall
from hal.modems.gsm_line import GsmLine
from hal.modems.model import load_model
from hal.modems.voice.line import VoiceLine
from hal.modems.voice.profile import load_voice_model
from hal.serial_line import SerialLine
from tests.contracts.line_contract import FarSide, Heard, Lacks

BYTE_SECONDS = 10 / 115_200


class GoodWire:
    """Carries everything at once."""

    since_last = True
    """Whether a delay counts from the piece before, as octets on a serial line follow each other."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)

    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        """Cut `data` into pieces, each with the seconds after the one before it."""
        return [(0.0, data)]


class OneByteWire(GoodWire):
    """Longer pieces are audio, and come seven octets at a time, which cuts samples and codes just as well."""

    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        size = 1 if len(data) < 150 else 7
        return [(size * BYTE_SECONDS, data[i : i + size]) for i in range(0, len(data), size)]


class LateWire(GoodWire):
    since_last = False

    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(self.random.uniform(0, 0.7), data)]


class LossyWire(GoodWire):
    """Loses one octet in 200. Digits and what shields keys come through: a number that has lost a digit is a
    wrong number to anybody, and a key that is lost is lost.
    """

    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        kept = bytes(o for o in data if o in b"0123456789*#\x10/~" or self.random.random() > 1 / 200)
        return [(0.0, kept)]


class NoisyWire(GoodWire):
    """Rubbish that no line begins with before texts, and rubbish lines of any bytes between them."""

    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        noisy = re.sub(rb"(?<=\n)(?=[^\r\n])", lambda _: self._no_beginning(), data)
        if self.random.random() < 0.3:
            noisy = b"\r" + self.random.randbytes(self.random.randrange(40)) + b"\n" + noisy
        return [(0.0, noisy)]

    def _no_beginning(self) -> bytes:
        return bytes(self.random.choice(range(0x80, 0x100)) for _ in range(self.random.randrange(4)))


WIRES: dict[str, type[GoodWire]] = {
    "good": GoodWire,
    "one byte at a time": OneByteWire,
    "late": LateWire,
    "lossy": LossyWire,
    "noisy": NoisyWire,
}
STREAM_WIRES = {name: wire for name, wire in WIRES.items() if wire is not NoisyWire}
"""For devices whose audio shares the wire: what noise puts between lines would be commands in a stream."""


class _Transport(asyncio.Transport):
    """Our end of the wire."""

    def __init__(self, bench: WireBench, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self._bench = bench
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closed:
            self._bench.to_modem(bytes(data))

    def is_closing(self) -> bool:
        return self._closed

    def abort(self) -> None:
        if not self._closed:
            self._closed = True
            self._bench.port_closed(self)

    def hung_up(self) -> None:
        """The device is gone."""
        if not self._closed:
            self._closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, OSError(5, "I/O error"))


class WireBench:
    """A fake network, a wire, and at its ends the fake modem and line of a subclass; also `FarSide` of the
    line contract.
    """

    modem: FakeModem | FakeVoiceModem
    line: SerialLine
    lacks: frozenset[Lacks] = frozenset()

    def __init__(self, wire: GoodWire | None = None) -> None:
        self.schedule = Schedule()
        self.network = FakeMobileNetwork(self.schedule)
        self.far: FarSide = self
        self.plugged = False
        self.busy_port = False
        self._wire = wire if wire is not None else GoodWire()
        self._transport: _Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._arrives = 0.0
        self._call: FakeCall | None = None

    # The far side

    def call(self, number: str | None, *, withheld: bool = False) -> None:
        self.advance()
        self._call = self.network.call(PartyScript(number, withheld))
        self.flush()

    def hang_up(self) -> None:
        self.advance()
        for call in list(self.network.calls.values()):
            self.network.party_hangs_up(call)
        self.flush()

    def press(self, keys: str) -> None:
        self.advance()
        self.network.party_presses(self._running(), keys, 0.3)
        self.flush()

    def act(self, action: Callable[[], object]) -> None:
        """Do something to modem or network at the present moment."""
        self.advance()
        action()
        self.flush()

    def will_answer(self, number: str) -> None:
        self.network.numbers[number] = FarNumber(Answering.ANSWERS, after=5.0)

    def will_be_busy(self, number: str) -> None:
        self.network.numbers[number] = FarNumber(Answering.BUSY)

    def will_not_answer(self, number: str) -> None:
        self.network.numbers[number] = FarNumber(Answering.NO_ANSWER)

    def will_refuse(self, number: str) -> None:
        self.network.numbers[number] = FarNumber(Answering.REFUSES)

    def is_talking(self) -> bool:
        return any(call.state is CallState.ANSWERED for call in self.network.calls.values())

    def is_free(self) -> bool:
        return not self.network.calls

    def keys_heard(self) -> str:
        return "".join(h.detail for h in self.network.history if h.word == "heard key")

    def vanish(self) -> None:
        self.advance()
        self.plugged = False
        self.modem.power_off()
        self.flush()
        if self._transport is not None:
            self._transport.hung_up()
            self._transport = None

    def come_back(self) -> None:
        self.advance()
        self.plugged = True
        self.modem.power_on()
        self.flush()

    # The wire

    def commands(self, beginning: str = "AT") -> list[str]:
        """Return the command lines the modem got, of those that begin so."""
        return [text for _, text in self.modem.history if text.startswith(beginning)]

    def to_modem(self, data: bytes) -> None:
        self.advance()
        self.modem.receive_data(data)
        self.flush()

    def port_closed(self, transport: _Transport) -> None:
        if self._transport is transport:
            self._transport = None

    def advance(self) -> None:
        self.schedule.handle_timer(asyncio.get_running_loop().time())

    def flush(self) -> None:
        if data := self.modem.data_to_send():
            self._to_line(data)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (when := self.schedule.get_timer()) is not None:
            self._timer = asyncio.get_running_loop().call_at(when, self._wake)

    async def begin(self) -> None:
        self.come_back()
        await self.line.start()

    async def end(self) -> None:
        await self.line.stop()
        if self._timer is not None:
            self._timer.cancel()

    async def settle(self) -> None:
        """Nothing: what we send arrives at once."""

    def _wake(self) -> None:
        self._timer = None
        self.advance()
        self.flush()

    def _to_line(self, data: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        self._arrives = max(self._arrives, asyncio.get_running_loop().time())
        for delay, piece in self._wire.carry(data):
            if self._wire.since_last:
                self._arrives += delay
            else:
                # Never at the same moment: a loop doesn't keep the order of equal ones.
                self._arrives = max(self._arrives + 1e-6, asyncio.get_running_loop().time() + delay)
            asyncio.get_running_loop().call_at(self._arrives, self._deliver, transport, piece)

    def _deliver(self, transport: _Transport, piece: bytes) -> None:
        if transport is self._transport:
            transport.protocol.data_received(piece)

    async def _open(self, device: str, protocol: asyncio.Protocol) -> asyncio.Transport:
        if not self.plugged:
            raise FileNotFoundError(2, "No such file or directory", device)
        if self.busy_port:
            raise OSError(11, "the port is locked by somebody else")
        self._transport = _Transport(self, protocol)
        asyncio.get_running_loop().call_soon(protocol.connection_made, self._transport)
        return self._transport

    def _restarts(self) -> None:
        asyncio.get_running_loop().call_soon(self.vanish)
        asyncio.get_running_loop().call_later(2.0, self.come_back)

    def _running(self) -> FakeCall:
        return next(iter(self.network.calls.values()))


class Bench(WireBench):
    """The whole arrangement with a GSM modem."""

    def __init__(
        self,
        wire: GoodWire | None = None,
        *,
        quirks: Quirks | None = None,
        sim: SimCard | None = None,
        pin: str | None = None,
        model: str = "sim7600",
    ) -> None:
        super().__init__(wire)
        self.modem: FakeModem = FakeModem(self.network, sim, quirks, DIALECTS[model])
        self.modem.on_restart = self._restarts
        self.line: GsmLine = GsmLine("gsm1", "/at", "/pcm", load_model(model), pin, self._open)

    def text(self, number: str, text: str) -> None:
        """Somebody sends the modem a message."""
        self.act(lambda: self.network.texts.text(number, text))


class MemoryPipe:
    """The PCM device of a line that decodes its audio itself, as lists."""

    device = "/dev/pts/memory"

    def __init__(self) -> None:
        self.heard = bytearray()
        self.say: Callable[[bytes], None] = lambda _: None

    def start(self, said: Callable[[bytes], None]) -> None:
        self.say = said

    def hear(self, samples: bytes) -> None:
        self.heard += samples

    def clear(self) -> None:
        self.heard.clear()

    def close(self) -> None:
        return


class VoiceBench(WireBench):
    """The whole arrangement with a PSTN voice modem."""

    def __init__(
        self,
        wire: GoodWire | None = None,
        *,
        quirks: VoiceQuirks | None = None,
        model: str = "cx93010",
        name: str = "pstn1",
    ) -> None:
        super().__init__(wire)
        self.modem: FakeVoiceModem = FakeVoiceModem(self.network, quirks)
        self.pipe = MemoryPipe()
        self.line: VoiceLine = VoiceLine(
            name, "/tty", load_voice_model(model), "CN", self._open, lambda: self.pipe
        )


async def talk(bench: WireBench, heard: Heard, count: int = 1) -> None:
    """Have somebody call, answer, and wait for the audio of the `count`th call."""
    bench.call("13800138000")
    await heard.next(IncomingCall, count)
    await bench.line.answer()
    await heard.next(AudioReady, count)
