"""SIP over UDP, TCP and TLS on one address (RFC 3261 §18): the stack's sockets.

UDP ─── datagrams ──────────────────┐                    ┌─► agent.receive(bytes, flow, now)
                                    ├─► acl ─► one turn ─┤
TCP, TLS ─── listener ─► connection ┘                    └─◄ packets, to the flow they name
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable

from extensions.sip.acl import Acl
from extensions.sip.agent import Agent
from extensions.sip.events import Event
from extensions.sip.flow import TCP, TLS, UDP, Flow, is_unspecified
from extensions.sip.net.connection import Connection
from extensions.sip.net.datagrams import UdpSocket
from extensions.sip.net.driver import Driver
from extensions.sip.net.listener import Listener, addresses_of

# Most connections, in all and of one host: an office's phones several times over.
_MOST_CONNECTIONS = 500
_MOST_PER_HOST = 50
_CONNECT_WITHIN_S = 5.0
# For a request that can still go over UDP: a host of the LAN answers or refuses at once.
_DIAL_WITHIN_S = 2.0
# Ports tried, where the system is to choose one, until it is free for TCP, too.
_ATTEMPTS = 5
# Large requests that wait for one connection.
_MOST_WAITING = 50


class Endpoint(Driver):
    """The agent's sockets.

    Args:
        agent: The core.
        on_event: Told every event.
        host: Address to bind; `::` is every address, IPv4 and IPv6.
        port: Port for UDP and TCP both; 0 lets the system choose one.
        listen_tcp: Whether to accept TCP connections.
        tls: Certificate and key to accept TLS with; None accepts none.
        tls_port: Port for TLS; 0 lets the system choose one.
        trust: Whom to believe when we connect over TLS; None connects to nobody so.
        acl: Who is heard; everybody when None.
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
        tls: ssl.SSLContext | None = None,
        tls_port: int = 0,
        trust: ssl.SSLContext | None = None,
        acl: Acl | None = None,
    ) -> None:
        super().__init__(agent, on_event)
        self.host = host
        self.port = port
        self.tls_port = tls_port
        self._listen_tcp = listen_tcp
        self._on_flow_closed = on_flow_closed
        self._tls = tls
        self._trust = trust
        self._acl = acl
        self._udp: UdpSocket | None = None
        self._listeners: list[Listener] = []
        self._connections: dict[int, Connection] = {}
        self._per_host: Counter[str] = Counter()
        self._serial = 0
        self._local_hosts: dict[str, str] = {}
        self._dialled: dict[tuple[str, int], tuple[Connection, Flow]] = {}
        """Connections we opened for large requests, with the flow those name."""
        self._dialling: dict[tuple[str, int], list[bytes]] = {}
        """What waits for a connection that is being opened."""
        self._tasks: set[asyncio.Task[None]] = set()

    def serve_tls(self, context: ssl.SSLContext, port: int) -> None:
        """Accept TLS connections, too; before `start`."""
        self._tls, self.tls_port = context, port

    async def start(self) -> None:
        for left in reversed(range(1 if self.port else _ATTEMPTS)):
            try:
                await self._open(self.port)
            except OSError:
                await self.close()
                # The system chose a port for UDP which somebody has for TCP.
                if not left:
                    raise
            else:
                return

    async def _open(self, port: int) -> None:
        self._udp = UdpSocket(self.host, port, self._datagrams)
        self.agent.streams = True
        for host in addresses_of(self.host):
            if self._listen_tcp:
                self._listen(None, host, self._udp.port, self._may_connect, TCP)
            if self._tls is not None:
                self.tls_port = self._listen(self._tls, host, self.tls_port, self._may_shake_hands, TLS)
        self.port = self._udp.port

    def _listen(
        self, tls: ssl.SSLContext | None, host: str, port: int, may: Callable[[str], bool], transport: str
    ) -> int:
        """Accept connections at an address; return its port."""
        listener = Listener(tls, host, port, may, lambda: Connection(self, transport))
        self._listeners.append(listener)
        return listener.port

    async def close(self) -> None:
        self._disarm()
        if self._udp is not None:
            self._udp.close()
            self._udp = None
        for task in self._tasks:
            task.cancel()
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for connection in list(self._connections.values()):
            connection.drop()
        # Let the transports run their closing callbacks before the loop may go away.
        await asyncio.sleep(0)

    def send(self, data: bytes, flow: Flow) -> None:
        if flow.transport == UDP:
            if self._udp is not None:
                self._udp.send(data, flow.host, flow.port)
            return
        if flow.dialled:
            self._send_dialled(data, flow)
            return
        connection = self._connections.get(flow.connection)
        if connection is not None:
            connection.write(data)
            return
        self.agent.counters["unsent"] += 1
        # What waits for an answer on a connection that is gone is told at once, not by a timer.
        asyncio.get_running_loop().call_soon(self._flow_closed, flow)

    async def connect(self, host: str, port: int, transport: str) -> Flow:
        loop = asyncio.get_running_loop()
        family = {"": 0, "::": 0}.get(self.host, socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_DGRAM)
        address = str(found[0][4][0])
        if transport == UDP:
            return Flow(UDP, address, port, self.local_host(address), self.port)
        context = self._trust if transport == TLS else None
        if transport == TLS and context is None:
            raise OSError("nobody is trusted for TLS")
        local = None if is_unspecified(self.host) else (self.host, 0)
        async with asyncio.timeout(_CONNECT_WITHIN_S):
            _, connection = await loop.create_connection(
                lambda: Connection(self, transport, trusted=True), address, port, local_addr=local,
                ssl=context, server_hostname=host if context is not None else None,
            )  # fmt: skip
        if not connection.admitted:
            raise OSError("too many connections")
        return connection.flow

    def _send_dialled(self, data: bytes, flow: Flow) -> None:
        """Send over the connection to a host that there is, or open one."""
        where = flow.host, flow.port
        if where in self._dialled:
            self._dialled[where][0].write(data)
        elif where in self._dialling:
            if len(self._dialling[where]) < _MOST_WAITING:
                self._dialling[where].append(data)
        else:
            self._dialling[where] = [data]
            task = asyncio.get_running_loop().create_task(self._dial(flow))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _dial(self, flow: Flow) -> None:
        where = flow.host, flow.port
        try:
            async with asyncio.timeout(_DIAL_WITHIN_S):
                found = await self.connect(flow.host, flow.port, TCP)
        except (OSError, TimeoutError):
            del self._dialling[where]
            self._flow_closed(flow)
            return
        connection = self._connections[found.connection]
        self._dialled[where] = (connection, flow)
        for data in self._dialling.pop(where):
            connection.write(data)

    def local_host(self, peer: str) -> str:
        """Return our address as `peer` reaches it."""
        if not is_unspecified(self.host):
            return self.host
        # What a peer can reach must be found per peer.
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

    # What connections report (Owner)

    def opened(self, connection: Connection, host: str, port: int, local_host: str) -> Flow | None:
        if not (connection.trusted or self._allows(host)) or not self._has_room_for(host):
            return None
        self._serial += 1
        self._connections[self._serial] = connection
        self._per_host[host] += 1
        listening = self.tls_port if connection.transport == TLS else self.port
        return Flow(connection.transport, host, port, local_host, listening, self._serial)

    def frames(self, frames: list[bytes], flow: Flow) -> None:
        with self.turn() as now:
            for frame in frames:
                self.agent.receive(frame, flow, now)

    def closed(self, flow: Flow) -> None:
        if self._connections.pop(flow.connection, None) is None:
            return
        self._per_host[flow.host] -= 1
        if not self._per_host[flow.host]:
            del self._per_host[flow.host]
        self._flow_closed(flow)
        dialled = self._dialled.get((flow.host, flow.port))
        if dialled is not None and dialled[0].flow == flow:
            del self._dialled[flow.host, flow.port]
            self._flow_closed(dialled[1])

    def count(self, counter: str) -> None:
        self.agent.counters[counter] += 1

    def _datagrams(self, gulp: list[tuple[bytes, str, int]]) -> None:
        with self.turn() as now:
            receive = self.agent.receive
            for data, host, port in gulp:
                if self._acl is None or self._allows(host):
                    receive(data, Flow(UDP, host, port, self.local_host(host), self.port), now)

    def _allows(self, host: str) -> bool:
        if self._acl is None or self._acl.allows(host):
            return True
        self.agent.counters["outsiders"] += 1
        return False

    def _flow_closed(self, flow: Flow) -> None:
        with self.turn() as now:
            self.agent.flow_closed(flow, now)
            if self._on_flow_closed is not None:
                self._on_flow_closed(flow)

    def _may_connect(self, host: str) -> bool:
        """Tell whether `host` may open a TCP connection: what is refused costs next to nothing."""
        return self._may(host, self.agent.sources.connects)

    def _may_shake_hands(self, host: str) -> bool:
        """Tell whether `host` may begin a TLS handshake."""
        return self._may(host, self.agent.sources.shakes_hands)

    def _may(self, host: str, takes: Callable[[str, float], bool]) -> bool:
        if not self._allows(host) or not self._has_room_for(host):
            return False
        if takes(host, self._loop_time()):
            return True
        self.agent.counters["flooded"] += 1
        return False

    def _has_room_for(self, host: str) -> bool:
        """Tell whether one more connection, and one more of `host`, fits in."""
        if len(self._connections) < _MOST_CONNECTIONS and self._per_host[host] < _MOST_PER_HOST:
            return True
        self.agent.counters["refused"] += 1
        return False
