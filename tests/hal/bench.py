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
from hal.fake.modem import FakeModem, Quirks
from hal.fake.network import Answering, CallState, FakeCall, FakeMobileNetwork, FarNumber, PartyScript
from hal.fake.schedule import Schedule
from hal.fake.sim_card import SimCard
from hal.modems.gsm_line import GsmLine
from hal.modems.model import load_model
from tests.contracts.line_contract import FarSide

BYTE_SECONDS = 10 / 115_200


class GoodWire:
    """Carries everything at once."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)

    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        """Cut `data` into pieces, each with the seconds after the one before it."""
        return [(0.0, data)]


class OneByteWire(GoodWire):
    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(BYTE_SECONDS, data[i : i + 1]) for i in range(len(data))]


class LateWire(GoodWire):
    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(self.random.uniform(0, 0.7), data)]


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
    "noisy": NoisyWire,
}


class _Transport(asyncio.Transport):
    """Our end of the wire."""

    def __init__(self, bench: Bench, protocol: asyncio.Protocol) -> None:
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


class Bench:
    """The whole arrangement; also the `FarSide` of the line contract."""

    def __init__(
        self,
        wire: GoodWire | None = None,
        *,
        quirks: Quirks | None = None,
        sim: SimCard | None = None,
        pin: str | None = None,
        model: str = "sim7600",
    ) -> None:
        self.schedule = Schedule()
        self.network = FakeMobileNetwork(self.schedule)
        self.modem = FakeModem(self.network, sim, quirks, DIALECTS[model])
        self.modem.on_restart = self._restarts
        self.line = GsmLine("gsm1", "/at", "/pcm", load_model(model), pin, self._open)
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

    def text(self, number: str, text: str) -> None:
        """Somebody sends the modem a message."""
        self.act(lambda: self.network.texts.text(number, text))

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
            self._arrives += delay
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
