"""The coprocessor's real board code, an exchange and a telephone, joined to the box's lines on virtual time.

The board runs in CPython at a step every 10 ms; the wire between it and the box is one of `tests.hal.bench`.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from typing import Any

from hal.coprocessor.board import Coprocessor
from hal.coprocessor.fxo_line import FxoLine
from hal.coprocessor.handset_line import HandsetLine
from hal.coprocessor.line_base import BoardLine
from hal.fake.analog import RING_HERTZ, DialTone, ExchangeHabits, FakeExchange, FakeTelephone
from hal.fake.network import Answering, CallState, FakeMobileNetwork, FarNumber, PartyScript
from hal.fake.schedule import Schedule
from hal.line import CallEnded, CallerIdExpected, EndReason, KeysWanted, LineEvent
from tests.board.conftest import REPOSITORY
from tests.contracts.line_contract import FarSide, Lacks
from tests.hal.bench import WIRES, GoodWire

STEP = 0.01
"""Seconds between the board's steps (a real one thinks every millisecond); ringing at 25 Hz has a period of
40.
"""


class LateUart(GoodWire):
    """Up to 0.1 s late, as behind a busy USB bridge; a link that is later is down by design."""

    since_last = False

    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(self.random.uniform(0, 0.1), data)]


UARTS: dict[str, type[GoodWire]] = {**WIRES, "late": LateUart}


def board_module(name: str) -> Any:
    """Import one of the board's files, as they lie on the board."""
    folder = str(REPOSITORY / "board" / "coprocessor")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


class _Transport(asyncio.Transport):
    def __init__(self, bench: BoardBench, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.closed = False
        self._bench = bench

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closed:
            self._bench.carry(bytes(data), self._bench.to_board)

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True


class BoardBench:
    """Everything around the board; `line` is the exchange line or the handset."""

    line: BoardLine
    lacks: frozenset[Lacks] = frozenset()

    def __init__(self, wire: GoodWire | None = None) -> None:
        self.schedule = Schedule()
        self.network = FakeMobileNetwork(self.schedule)
        self.coprocessor = Coprocessor("/uart", self._open)
        self.plugged = False
        self.stands_still = False
        """The board does nothing for a while; what it is told waits in its buffer."""
        self._waiting = b""
        self.board: Any = None
        self.inputs: Any = None
        self.starts = 0
        self._wire = wire if wire is not None else GoodWire()
        self._transport: _Transport | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._arrives = 0.0
        self._boot = 0.0

    async def begin(self) -> None:
        self.come_back()
        self.line.subscribe(self.on_line)
        await self.line.start()
        self._tick()

    async def end(self) -> None:
        await self.line.stop()
        if self._ticker is not None:
            self._ticker.cancel()

    async def settle(self) -> None:
        """Nothing: the board and the exchange know within milliseconds."""

    def vanish(self) -> None:
        self.plugged = False
        transport, self._transport = self._transport, None
        if transport is not None and not transport.closed:
            transport.closed = True
            asyncio.get_running_loop().call_soon(transport.protocol.connection_lost, OSError(5, "I/O error"))

    def come_back(self) -> None:
        self.starts += 1
        self._boot = asyncio.get_running_loop().time()
        switchboard = board_module("switchboard")
        self.board = switchboard.Switchboard(self.starts)
        self.inputs = switchboard.Inputs()
        self.plugged = True

    def levels(self) -> None:
        """Set the board's inputs from the world, and the world from its outputs."""

    def on_line(self, event: LineEvent) -> None:
        """Be the ears and the tone generator that the media process is in the box."""

    def carry(self, data: bytes, deliver: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._arrives = max(self._arrives, loop.time())
        for delay, piece in self._wire.carry(data):
            self._arrives = (
                self._arrives + delay
                if self._wire.since_last
                else max(self._arrives + 1e-6, loop.time() + delay)
            )
            loop.call_at(self._arrives, deliver, piece)

    def to_board(self, data: bytes) -> None:
        if self.plugged:
            self._waiting += data
            self._read()

    def _read(self) -> None:
        if not self.stands_still:
            waiting, self._waiting = self._waiting, b""
            self.board.link.receive_data(waiting, self._milliseconds())

    def _from_board(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.protocol.data_received(data)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self.schedule.handle_timer(loop.time())
        if self.plugged and not self.stands_still:
            self._read()
            self.levels()
            self.board.step(self.inputs, self._milliseconds())
            data = self.board.link.data_to_send()
            if data:
                self.carry(data, self._from_board)
        self._ticker = loop.call_later(STEP, self._tick)

    def _milliseconds(self) -> int:
        return round((asyncio.get_running_loop().time() - self._boot) * 1000)

    async def _open(self, device: str, protocol: asyncio.Protocol) -> asyncio.Transport:
        if not self.plugged:
            raise FileNotFoundError(2, "No such file or directory", device)
        self._transport = _Transport(self, protocol)
        return self._transport


class ExchangeBench(BoardBench):
    """The exchange line; also the `FarSide` of the line contract."""

    line: FxoLine

    def __init__(
        self,
        wire: GoodWire | None = None,
        *,
        opens_loop: bool = True,
        turns_polarity: bool = True,
        caller_id: bool = True,
        pulse: bool = False,
        dial_tone: DialTone = DialTone.STEADY,
        dial_tone_after: float = 0.3,
    ) -> None:
        super().__init__(wire)
        self.far: FarSide = self
        habits = ExchangeHabits(opens_loop, turns_polarity, caller_id, dial_tone, dial_tone_after)
        self.exchange = FakeExchange(self.network, self._sounds, habits)
        self.line = FxoLine(
            "pstn1",
            self.coprocessor,
            "alsa:codec",
            pulse=pulse,
            answers_by_reversal=turns_polarity,
        )
        self._rounds: dict[str, int] = {}
        self._listening = False
        self._edge = False

    def levels(self) -> None:
        exchange, inputs = self.exchange, self.inputs
        exchange.hook(closed=self.board.line.closed)
        inputs.battery, inputs.loop_current = exchange.battery, exchange.loop_current
        inputs.reversed = exchange.reversed
        phase = asyncio.get_running_loop().time() * RING_HERTZ % 1 < 0.5
        if exchange.ringing and phase and not self._edge:
            inputs.ring_edges += 1
        self._edge = phase

    def on_line(self, event: LineEvent) -> None:
        match event:
            case CallerIdExpected():
                self._listening = True
            case KeysWanted(digits):
                self._rounds.clear()
                self.exchange.keyed(digits)
            case _:
                pass

    def _sounds(self, kind: str, what: str) -> None:
        match kind:
            case "tone":
                self._rounds[what] = self._rounds.get(what, 0) + 1
                self.line.tone_heard(what, self._rounds[what])
            case "key":
                self.line.key_heard(what)
            case _ if self._listening:
                self.line.caller_heard(what or None, withheld=kind == "withheld")
            case _:
                pass

    # The far side

    def call(self, number: str | None, *, withheld: bool = False) -> None:
        self._rounds.clear()
        self.network.call(PartyScript(number, withheld))

    def hang_up(self) -> None:
        self._rounds.clear()
        for call in list(self.network.calls.values()):
            self.network.party_hangs_up(call)

    def press(self, keys: str) -> None:
        self.network.party_presses(next(iter(self.network.calls.values())), keys, 0.3)

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
        return not self.network.calls or not self.board.line.closed

    def keys_heard(self) -> str:
        return "".join(h.detail for h in self.network.history if h.word == "heard key")

    def vanish(self) -> None:
        super().vanish()
        self.exchange.vanish()


class HandsetBench(BoardBench):
    """The analog handset; the `FarSide` is whoever holds it."""

    lacks = frozenset({Lacks.NUMBERS})

    def __init__(self, wire: GoodWire | None = None) -> None:
        super().__init__(wire)
        self.far: FarSide = self
        self.telephone = FakeTelephone(self.network)
        self.line: HandsetLine = HandsetLine("handset", self.coprocessor, "alsa:codec")
        self.keys = ""
        self._answers_after: float | None = None
        self._rung = 0.0

    def levels(self) -> None:
        self.inputs.battery = True
        self.inputs.handset_closed = self.telephone.closed
        ringing = self.board.ringer.active
        self._rung = self._rung + STEP if ringing else 0.0
        if ringing and self._answers_after is not None and self._rung >= self._answers_after:
            self.telephone.lift()

    def on_line(self, event: LineEvent) -> None:
        match event:
            case KeysWanted(digits):
                self.keys += digits
            case CallEnded(EndReason.LOCAL):
                # Whoever hears the busy tone puts the handset back.
                asyncio.get_running_loop().call_later(2.0, self.telephone.put_back)
            case _:
                pass

    def call(self, number: str | None, *, withheld: bool = False) -> None:
        self.telephone.lift()

    def hang_up(self) -> None:
        self.telephone.put_back()

    def press(self, keys: str) -> None:
        for at, key in enumerate(keys):
            asyncio.get_running_loop().call_later(0.3 * at, self.line.key_heard, key)

    def will_answer(self, number: str) -> None:
        self._answers_after = 3.0

    def will_be_busy(self, number: str) -> None:
        self.telephone.lift()

    def will_not_answer(self, number: str) -> None:
        self._answers_after = None

    def will_refuse(self, number: str) -> None:
        self.telephone.lift()

    def is_talking(self) -> bool:
        return self.telephone.lifted

    def is_free(self) -> bool:
        return not self.board.ringer.active

    def keys_heard(self) -> str:
        return self.keys

    def vanish(self) -> None:
        super().vanish()
        self.telephone.put_back()
