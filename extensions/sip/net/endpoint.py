"""SIP over UDP and TCP on one address (RFC 3261 §18): the only file of the stack that opens sockets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Callable
from typing import cast

from extensions.sip.agent import Agent
from extensions.sip.errors import MalformedMessage, TooLarge
from extensions.sip.events import Event
from extensions.sip.flow import TCP, UDP, Flow
from extensions.sip.framing import PING, StreamFramer
from extensions.sip.net.driver import Driver

logger = logging.getLogger(__name__)

# A message must be complete this many seconds after its first byte, and a new connection must have sent
# one: longer than any phone needs, short enough that idle sockets can't be hoarded.
_MESSAGE_WITHIN_S = 10.0
# Most TCP connections, in all and of one host: an office's phones several times over.
_MOST_CONNECTIONS = 500
_MOST_PER_HOST = 50
# Most bytes waiting to be taken by a peer that doesn't read; it is cut off then.
_MOST_UNSENT = 262_144
# Listen for connections with a queue this long.
_BACKLOG = 64
_CONNECT_WITHIN_S = 5.0
# Wildcard addresses a socket may be bound to; what a peer can reach must then be found per peer.
_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound


class Endpoint(Driver):
    """The agent's sockets.

    Args:
        agent: The core.
        on_event: Told every event.
        host: Address to bind.
        port: Port for UDP and TCP both; 0 lets the system choose one.
        listen_tcp: Whether to accept TCP connections.
    """

    def __init__(
        self,
        agent: Agent,
        on_event: Callable[[Event], None],
        host: str,
        port: int,
        *,
        listen_tcp: bool = True,
        on_flow_closed: Callable[[Flow], None] | None = None,
    ) -> None:
        super().__init__(agent, on_event)
        self.host = host
        self.port = port
        self._listen_tcp = listen_tcp
        self._on_flow_closed = on_flow_closed
        self._udp: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._connections: dict[int, _Connection] = {}
        self._per_host: Counter[str] = Counter()
        self._serial = 0
        self._local_hosts: dict[str, str] = {}

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=(self.host, self.port)
        )
        self.port = self._udp.get_extra_info("sockname")[1]
        if self._listen_tcp:
            try:
                self._server = await loop.create_server(
                    lambda: _Connection(self), self.host, self.port, backlog=_BACKLOG, reuse_address=True
                )
            except OSError:
                self._udp.close()
                raise

    async def close(self) -> None:
        self._disarm()
        if self._udp is not None:
            self._udp.close()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections.values()):
            connection.drop()
        # Let the transports run their closing callbacks before the loop may go away.
        await asyncio.sleep(0)

    def send(self, data: bytes, flow: Flow) -> None:
        if flow.transport == UDP:
            if self._udp is not None and not self._udp.is_closing():
                with contextlib.suppress(OSError):
                    self._udp.sendto(data, (flow.host, flow.port))
            return
        connection = self._connections.get(flow.connection)
        if connection is None:
            self.agent.counters["unsent"] += 1
        else:
            connection.write(data)

    async def connect(self, host: str, port: int, transport: str) -> Flow:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_DGRAM)
        address = str(found[0][4][0])
        if transport == UDP:
            return Flow(UDP, address, port, self.local_host(address), self.port)
        local = None if self.host in _WILDCARDS else (self.host, 0)
        async with asyncio.timeout(_CONNECT_WITHIN_S):
            _, connection = await loop.create_connection(
                lambda: _Connection(self, trusted=True), address, port, local_addr=local
            )
        return connection.flow

    def local_host(self, peer: str) -> str:
        """Return our address as `peer` reaches it."""
        if self.host not in _WILDCARDS:
            return self.host
        found = self._local_hosts.get(peer)
        if found is None:
            family = socket.AF_INET6 if ":" in peer else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                try:
                    # Connecting a datagram socket sends nothing; it only asks the routing table.
                    probe.connect((peer, 9))
                    found = str(probe.getsockname()[0])
                except OSError:
                    found = "127.0.0.1"
            if len(self._local_hosts) >= _MOST_CONNECTIONS:
                self._local_hosts.clear()
            self._local_hosts[peer] = found
        return found

    def receive_datagram(self, data: bytes, host: str, port: int) -> None:
        flow = Flow(UDP, host, port, self.local_host(host), self.port)
        with self.turn() as now:
            self.agent.receive(data, flow, now)

    def admit(self, connection: _Connection, host: str) -> int | None:
        """Take a connection into the books; None when there are too many."""
        if len(self._connections) >= _MOST_CONNECTIONS or self._per_host[host] >= _MOST_PER_HOST:
            self.agent.counters["refused"] += 1
            return None
        self._serial += 1
        self._connections[self._serial] = connection
        self._per_host[host] += 1
        return self._serial

    def connection_closed(self, flow: Flow) -> None:
        if self._connections.pop(flow.connection, None) is None:
            return
        self._per_host[flow.host] -= 1
        if not self._per_host[flow.host]:
            del self._per_host[flow.host]
        with self.turn() as now:
            self.agent.flow_closed(flow, now)
            if self._on_flow_closed is not None:
                self._on_flow_closed(flow)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._endpoint.receive_datagram(data, addr[0], addr[1])

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: the transaction's timer finds out what was lost."""


class _Connection(asyncio.Protocol):
    """One TCP connection; `trusted` when we opened it."""

    flow: Flow

    def __init__(self, endpoint: Endpoint, *, trusted: bool = False) -> None:
        self._endpoint = endpoint
        self._trusted = trusted
        self._framer = StreamFramer()
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = stream = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        local_host, local_port = transport.get_extra_info("sockname")[:2]
        serial = self._endpoint.admit(self, host)
        if serial is None:
            stream.abort()
            return
        self._admitted = True
        listening = self._endpoint.port if self._endpoint._listen_tcp else local_port
        self.flow = Flow(TCP, host, port, local_host, listening, serial)
        if not self._trusted:
            self._watch()

    def data_received(self, data: bytes) -> None:
        if not self._admitted:
            return
        try:
            frames = self._framer.feed(data)
        except TooLarge:
            self._refuse("oversize")
            return
        except MalformedMessage:
            self._refuse("malformed")
            return
        for frame in frames:
            if frame == PING:
                self.write(b"\r\n")
                continue
            with self._endpoint.turn() as now:
                self._endpoint.agent.receive(frame, self.flow, now)
        if frames:
            self._unwatch()
        if self._framer.partial and self._deadline is None:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        if self._admitted:
            self._endpoint.connection_closed(self.flow)

    def write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _MOST_UNSENT:
            self._refuse("refused")

    def drop(self) -> None:
        self._unwatch()
        if self._transport is not None:
            self._transport.abort()

    def _refuse(self, counter: str) -> None:
        self._endpoint.agent.counters[counter] += 1
        self.drop()

    def _watch(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(_MESSAGE_WITHIN_S, self._refuse, "refused")

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
