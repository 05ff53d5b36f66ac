"""The UDP socket: read in gulps, so that a busy moment costs one turn of the agent and not hundreds."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

# Datagrams taken per wake: enough to catch up with any burst of a small office, few enough that timers and
# other sockets of the loop are served every some milliseconds in a flood.
_GULP = 32
_LARGEST = 65_535
# Datagrams that follow each other this closely, in seconds, are taken by the gulp.
_BUSY_S = 0.0005
# What the kernel keeps while the loop is busy elsewhere: half a second of 300 calls a second.
_BUFFER = 1_048_576
_MAPPED = "::ffff:"

Received = Callable[[list[tuple[bytes, str, int]]], None]


class UdpSocket:
    """One bound socket on the running loop; `::` serves IPv4, too.

    Args:
        host: Address to bind.
        port: 0 lets the system choose.
        received: Told what arrived: datagrams with their source.

    Raises:
        OSError: The address can't be bound.
    """

    def __init__(self, host: str, port: int, received: Received) -> None:
        self._received = received
        self._v6 = ":" in host
        self._socket = socket.socket(socket.AF_INET6 if self._v6 else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if self._v6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._read_at = 0.0
        self._loop.add_reader(self._socket, self._readable)

    def send(self, data: bytes, host: str, port: int) -> None:
        """Send, or lose it as the network might."""
        if self._v6 and ":" not in host:
            host = _MAPPED + host
        try:
            self._socket.sendto(data, (host, port))
        except OSError:
            # Lost, as any datagram may be: the transaction sends it again.
            return

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()

    def _readable(self) -> None:
        gulp: list[tuple[bytes, str, int]] = []
        # A second look that finds nothing costs as much as the first: take it in a busy moment only.
        now = self._loop.time()
        most = _GULP if now - self._read_at < _BUSY_S else 1
        for _ in range(most):
            try:
                data, address = self._socket.recvfrom(_LARGEST)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # An ICMP error of an earlier packet: the transaction's timer finds out what was lost.
                continue
            host = address[0]
            gulp.append((data, host[7:] if host.startswith(_MAPPED) else host, address[1]))
        if gulp:
            self._received(gulp)
        self._read_at = self._loop.time()
