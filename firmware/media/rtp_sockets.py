"""The RTP sockets of all ports: the one place where RTP meets the kernel.

Theory of operation
-------------------
A port binds its socket exclusively and ignores everything until it is aimed. Then the socket is connected
to the signalled address, so that the kernel itself sorts out strangers, for nothing per packet. What comes
from elsewhere goes to a sibling: a second socket, unconnected, bound to the same port. (Both are given
SO_REUSEPORT just for that bind and lose it again, so no other process can join.) A packet at the sibling is

    from the signalled host, and the connected address is silent   the peer's real port (NAT, or an SDP that
                                                                    lied): connect to it, take the packet
    anything else                                                   a stranger: counted, dropped

Every drain is bounded: a flood makes the kernel's buffer overflow, not the tick late.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from firmware.core.media import MediaError
from firmware.media.g711 import U8
from firmware.media.rtp import MAX_PACKET

STRIDE: Final = MAX_PACKET + 64
"""Bytes between two packets of a batch: room to see that one is too long, and no power of two, which
would put all headers into the same cache lines."""
MAX_ROUNDS: Final = 8
"""Packets taken from one socket in one tick; 10 ms packets need two."""
MAX_DOOR: Final = 64
"""Packets taken from siblings in one tick, in all."""
MAX_PURGE: Final = 512
"""Packets thrown away from a socket that is aimed: more than its buffer holds."""


class Batch:
    """The packets of one tick: `count` of them in the first rows of the arrays."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.data: U8 = np.zeros((capacity, STRIDE), np.uint8)
        self.views = [memoryview(row)[: MAX_PACKET + 1] for row in self.data]
        self.lengths: list[int] = []
        self.rows: list[int] = []

    @property
    def count(self) -> int:
        return len(self.rows)

    def clear(self) -> None:
        self.lengths.clear()
        self.rows.clear()

    def add(self, row: int, packet: bytes) -> None:
        """Take one packet that is already in memory; dropped when the batch is full."""
        if self.count < self.capacity:
            size = min(len(packet), MAX_PACKET + 1)
            self.views[self.count][:size] = packet[:size]
            self.lengths.append(size)
            self.rows.append(row)


class RtpNetwork(Protocol):
    """What the engine needs of the network; `RtpSockets`, or a test's."""

    strangers: int
    send_failures: int

    def open(self, row: int, host: str, port: int) -> tuple[str, int]:
        """Bind a port (0: any of the range) and return its address.

        Raises:
            MediaError: None could be bound.
        """

    def aim(self, row: int, host: str, port: int) -> None:
        """Send to, and believe, this address from now on.

        Raises:
            MediaError: It is no IP address, or can't be reached.
        """

    def close(self, row: int) -> None:
        """Give the port back."""

    def receive(self, batch: Batch, is_quiet: Callable[[int], bool]) -> None:
        """Add what has arrived to the batch. `is_quiet` tells whether a row's stream has fallen silent."""

    def sending(self, rows: dict[int, memoryview]) -> None:
        """From now on, `transmit` sends these rows' packets."""

    def transmit(self) -> None:
        """Send every row's packet."""


class _Port:
    """One port's sockets."""

    def __init__(self, row: int, sock: socket.socket) -> None:
        self.row = row
        self.sock = sock
        self.address: tuple[str, int] = sock.getsockname()[:2]
        self.sibling: socket.socket | None = None
        self.signalled: tuple[str, int] | None = None


class RtpSockets:
    """Real sockets on `low` ≤ port ≤ `high`, even ports only (RFC 3550 section 11)."""

    def __init__(self, low: int, high: int) -> None:
        self.strangers = 0
        self.send_failures = 0
        self._choices = range(low + low % 2, high + 1, 2)
        self._next = 0
        self._ports: dict[int, _Port] = {}
        self._calls = select.epoll()
        self._door = select.epoll()
        self._receivers: dict[int, tuple[Callable[[memoryview], int], int]] = {}
        self._siblings: dict[int, _Port] = {}
        self._senders: list[tuple[Callable[[memoryview], int], memoryview]] = []

    def open(self, row: int, host: str, port: int) -> tuple[str, int]:
        host = _canonical(host)
        sock = self._bind_at(host, port) if port else self._bind_any(host)
        opened = _Port(row, sock)
        self._ports[row] = opened
        return opened.address

    def _bind_any(self, host: str) -> socket.socket:
        """Bind the next free port of the range, in turn, so that a stray packet of an old call finds
        nobody."""
        for _ in self._choices:
            port = self._choices[self._next % len(self._choices)]
            self._next += 1
            with contextlib.suppress(MediaError):
                return self._bind_at(host, port)
        raise MediaError(f"no RTP port of {self._choices.start}-{self._choices.stop - 1} is free on {host}")

    @staticmethod
    def _bind_at(host: str, port: int) -> socket.socket:
        sock = socket.socket(_family(host), socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.bind((host, port))
        except (OSError, OverflowError) as error:
            sock.close()
            raise MediaError(f"{host}:{port}: {getattr(error, 'strerror', None) or error}") from error
        return sock

    def aim(self, row: int, host: str, port: int) -> None:
        own = self._ports[row]
        target = (_canonical(host), port)
        if own.signalled == target:
            return
        try:
            own.sock.connect(target)
            if own.sibling is None:
                own.sibling = _sibling_of(own.sock)
                self._door.register(own.sibling.fileno(), select.EPOLLIN)
                self._siblings[own.sibling.fileno()] = own
        except OSError as error:
            raise MediaError(f"RTP to {host}:{port}: {error.strerror}") from error
        _purge(own.sock)
        own.signalled = target
        if own.sock.fileno() not in self._receivers:
            self._calls.register(own.sock.fileno(), select.EPOLLIN)
            self._receivers[own.sock.fileno()] = (own.sock.recv_into, row)

    def close(self, row: int) -> None:
        own = self._ports.pop(row)
        if self._receivers.pop(own.sock.fileno(), None) is not None:
            self._calls.unregister(own.sock.fileno())
        own.sock.close()
        if own.sibling is not None:
            del self._siblings[own.sibling.fileno()]
            self._door.unregister(own.sibling.fileno())
            own.sibling.close()

    def receive(self, batch: Batch, is_quiet: Callable[[int], bool]) -> None:
        lengths, rows, views = batch.lengths, batch.rows, batch.views
        receivers = self._receivers
        index = batch.count
        for _ in range(MAX_ROUNDS):
            ready = self._calls.poll(0, max(1, len(receivers)))
            if not ready or index + len(ready) > batch.capacity:
                break
            for descriptor, _events in ready:
                receive, row = receivers[descriptor]
                try:
                    lengths.append(receive(views[index]))
                except OSError:
                    # An ICMP "port unreachable" of an earlier send; the peer may open its port yet.
                    continue
                rows.append(row)
                index += 1
        self._watch_door(batch, is_quiet)

    def _watch_door(self, batch: Batch, is_quiet: Callable[[int], bool]) -> None:
        left = MAX_DOOR
        for descriptor, _events in self._door.poll(0, MAX_DOOR):
            own = self._siblings[descriptor]
            for _ in range(MAX_ROUNDS):
                if left == 0 or own.sibling is None:
                    return
                try:
                    packet, source = own.sibling.recvfrom(MAX_PACKET + 1)
                except OSError:
                    break
                left -= 1
                if own.signalled and source[0] == own.signalled[0] and is_quiet(own.row):
                    with contextlib.suppress(OSError):
                        own.sock.connect(source)
                        batch.add(own.row, packet)
                    continue
                self.strangers += 1

    def sending(self, rows: dict[int, memoryview]) -> None:
        self._senders = [(self._ports[row].sock.send, view) for row, view in rows.items()]

    def transmit(self) -> None:
        for send, packet in self._senders:
            try:
                send(packet)
            except OSError:
                self.send_failures += 1

    def close_all(self) -> None:
        """Close everything."""
        for row in list(self._ports):
            self.close(row)
        self._calls.close()
        self._door.close()


def _canonical(host: str) -> str:
    """Return an address the way the kernel writes it.

    Raises:
        MediaError: It is a name or nonsense; names are the signalling's business.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError as error:
        raise MediaError(f"{host!r} is not an IP address") from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _sibling_of(sock: socket.socket) -> socket.socket:
    """Return an unconnected socket on the same port, which gets what the connected one doesn't."""
    sibling = socket.socket(sock.family, socket.SOCK_DGRAM)
    try:
        sibling.setblocking(False)
        for one in (sock, sibling):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sibling.bind(sock.getsockname())
    except OSError:
        sibling.close()
        raise
    finally:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
    sibling.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
    return sibling


def _purge(sock: socket.socket) -> None:
    """Throw away what came before anybody was to be believed."""
    for _ in range(MAX_PURGE):
        try:
            sock.recv(1)
        except BlockingIOError:
            return
        except OSError:
            # The error of an earlier send, told once; the next call goes on.
            continue
