"""A network in memory and in virtual time: good, lossy, late, and one byte at a time; seeded.

net = Net(LOSSY, seed=1)
box = NetDriver(agent, on_event, net, "10.0.0.1")
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import msgspec

from extensions.sip.agent import Agent
from extensions.sip.events import Event
from extensions.sip.flow import TCP, UDP, Flow
from extensions.sip.framing import StreamFramer
from extensions.sip.net.driver import Driver


class Line(msgspec.Struct, frozen=True):
    """How packets fare."""

    name: str
    transport: str = UDP
    loss: float = 0.0
    """Share of packets that never arrive."""
    delay_s: tuple[float, float] = (0.005, 0.005)
    """Least and most; packets of UDP overtake each other when these differ."""
    duplicates: float = 0.0
    """Share of packets that arrive twice."""
    chunk: int | None = None
    """TCP arrives in pieces of this many bytes."""
    settle_s: float = 1.0
    """How long until everything that was under way has surely been dealt with."""


GOOD = Line("good")
LOSSY = Line("lossy", loss=0.2, duplicates=0.1, settle_s=100.0)
LATE = Line("late", delay_s=(0.01, 0.9), settle_s=100.0)
ONE_BYTE = Line("one-byte", transport=TCP, chunk=1)
LINES = (GOOD, LOSSY, LATE, ONE_BYTE)


class Net:
    """Carries packets between the drivers attached to it."""

    def __init__(self, line: Line = GOOD, seed: int = 1) -> None:
        self.line = line
        self.carried: list[bytes] = []
        """Everything that was sent, lost or not."""
        self.without_tcp: set[str] = set()
        """Hosts that refuse connections."""
        self._random = random.Random(seed)
        self._drivers: dict[tuple[str, int], NetDriver] = {}
        self._serial = 0
        self._free_at: dict[tuple[NetDriver, int], float] = {}

    def attach(self, driver: NetDriver) -> None:
        self._drivers[driver.host, driver.port] = driver

    def detach(self, driver: NetDriver) -> None:
        self._drivers.pop((driver.host, driver.port), None)

    def takes_streams(self, where: tuple[str, int]) -> bool:
        return where in self._drivers and where[0] not in self.without_tcp

    def new_connection(self) -> int:
        self._serial += 1
        return self._serial

    def carry(self, sender: NetDriver, data: bytes, flow: Flow) -> None:
        self.carried.append(data)
        receiver = self._drivers.get((flow.host, flow.port))
        if receiver is None:
            return
        seen = Flow(flow.transport, sender.host, sender.port, receiver.host, receiver.port, flow.connection)
        loop = asyncio.get_running_loop()
        if flow.transport == TCP:
            # In order, however long each piece takes.
            key = (receiver, flow.connection)
            at = max(self._free_at.get(key, 0.0), loop.time() + self._delay())
            self._free_at[key] = at
            loop.call_at(at, receiver.stream_received, data, seen, self.line.chunk or len(data))
            return
        copies = 1 + (self._random.random() < self.line.duplicates)
        for _ in range(copies):
            if self._random.random() >= self.line.loss:
                loop.call_later(self._delay(), receiver.packet_received, data, seen)

    def _delay(self) -> float:
        return self._random.uniform(*self.line.delay_s)


class NetDriver(Driver):
    """An agent attached to a `Net`."""

    def __init__(
        self,
        agent: Agent,
        on_event: Callable[[Event], None],
        net: Net,
        host: str,
        port: int = 5060,
        on_flow_closed: Callable[[Flow], None] | None = None,
    ) -> None:
        super().__init__(agent, on_event)
        self.host = host
        self.port = port
        self._net = net
        self._on_flow_closed = on_flow_closed
        self._framers: dict[int, StreamFramer] = {}
        self._dialled: dict[tuple[str, int], int] = {}
        agent.streams = True

    async def start(self) -> None:
        self._net.attach(self)

    async def close(self) -> None:
        self._disarm()
        self._net.detach(self)

    async def connect(self, host: str, port: int, transport: str) -> Flow:
        connection = self._net.new_connection() if transport == TCP else 0
        return Flow(transport, host, port, self.host, self.port, connection)

    def send(self, data: bytes, flow: Flow) -> None:
        if flow.dialled:
            where = flow.host, flow.port
            if not self._net.takes_streams(where):
                asyncio.get_running_loop().call_soon(self.connection_lost, flow)
                return
            serial = self._dialled.setdefault(where, self._net.new_connection())
            flow = Flow(flow.transport, flow.host, flow.port, flow.local_host, flow.local_port, serial)
        self._net.carry(self, data, flow)

    def packet_received(self, data: bytes, flow: Flow) -> None:
        with self.turn() as now:
            self.agent.receive(data, flow, now)

    def stream_received(self, data: bytes, flow: Flow, chunk: int) -> None:
        framer = self._framers.setdefault(flow.connection, StreamFramer())
        for start in range(0, len(data), chunk):
            for frame in framer.feed(data[start : start + chunk]):
                self.packet_received(frame, flow)

    def connection_lost(self, flow: Flow) -> None:
        with self.turn() as now:
            self.agent.flow_closed(flow, now)
            if self._on_flow_closed is not None:
                self._on_flow_closed(flow)
