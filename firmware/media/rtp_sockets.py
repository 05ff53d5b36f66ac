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
import fcntl
import itertools
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.core.media import MediaError
from firmware.media.expected import Expected
from firmware.media.rtp import MAX_PACKET
from firmware.media.rtp_binding import PortBinder, canonical, purge
from firmware.media.rtp_network import EXPECTED_SIZE, MISSED, Batch

_STAMP: Final = 0x8907
"""SIOCGSTAMPNS (linux/sockios.h): when the packet last received from a socket had arrived."""
_STAMP_SIZE: Final = 16
"""Octets of a struct timespec: seconds, nanoseconds."""
PILED_UP: Final = 0.02
"""Seconds that a packet has lain when it is read, from which on another is behind it."""
MAX_AGE: Final = 0.1
"""Seconds."""
UNKNOWN_AGE: Final = 0.0
"""Where the kernel can't tell, a packet counts as just come, which costs a frame of delay and no sound."""
MAX_ROUNDS: Final = 8
"""Packets taken from one socket in one tick; 10 ms packets need two."""
MAX_DOOR: Final = 64
"""Packets taken from siblings in one tick, in all."""


class _Port:
    """One port's sockets."""

    def __init__(self, row: int, sock: socket.socket, control: socket.socket) -> None:
        self.row = row
        self.sock = sock
        self.descriptor = sock.fileno()
        self.control = control
        """RTCP's, on the port above."""
        self.address: tuple[str, int] = sock.getsockname()[:2]
        self.sibling: socket.socket | None = None
        self.signalled: tuple[str, int] | None = None


class RtpSockets:
    """Real sockets on even ports from `low` to `high`, RTCP on the odd ones above (RFC 3550 section 11)."""

    def __init__(self, low: int, high: int) -> None:
        self.strangers = 0
        self.send_failures = 0
        self._binder = PortBinder(low, high)
        self._ports: dict[int, _Port] = {}
        self._calls = select.epoll()
        self._door = select.epoll()
        self._receivers: dict[int, _Port] = {}
        self._expected: list[socket.socket] = []
        self._places: list[memoryview] = []
        self._habits = Expected()
        self._ticks = 0
        self._unwatched: set[int] = set()
        """Descriptors of expected rows that epoll doesn't watch: to look at each again would cost more than
        to read it."""
        self._piled: set[int] = set()
        """Rows that have more than one packet: a faster clock, a copy on the way."""
        self._missed: set[int] = set()
        """Descriptors of expected rows that had no packet in this tick."""
        self._began = 0.0
        self._siblings: dict[int, _Port] = {}
        self._control = select.epoll()
        self._controls: dict[int, _Port] = {}
        self._senders: list[socket.socket] = []
        self._outgoing: list[memoryview] = []

    def open(self, row: int, host: str, port: int) -> tuple[str, int]:
        sock, control = self._binder.pair(host, port)
        opened = _Port(row, sock, control)
        self._ports[row] = opened
        self._controls[control.fileno()] = opened
        self._control.register(control.fileno(), select.EPOLLIN)
        return opened.address

    def aim(self, row: int, host: str, port: int) -> None:
        own = self._ports[row]
        target = (canonical(host), port)
        if own.signalled == target:
            return
        try:
            own.sock.connect(target)
            if own.sibling is None:
                own.sibling = self._binder.sibling(own.sock)
                self._door.register(own.sibling.fileno(), select.EPOLLIN)
                self._siblings[own.sibling.fileno()] = own
        except OSError as error:
            raise MediaError(f"RTP to {host}:{port}: {error.strerror}") from error
        purge(own.sock)
        # The first question has the kernel stamp what comes from now on.
        with contextlib.suppress(OSError):
            fcntl.ioctl(own.sock, _STAMP, bytearray(_STAMP_SIZE))
        own.signalled = target
        if own.descriptor not in self._receivers:
            self._receivers[own.descriptor] = own
            self._calls.register(own.descriptor, select.EPOLLIN)

    def close(self, row: int) -> None:
        own = self._ports.pop(row)
        self._habits.forget(row)
        self._piled.discard(row)
        if self._receivers.pop(own.descriptor, None) is not None:
            if own.descriptor in self._unwatched:
                self._unwatched.discard(own.descriptor)
            else:
                self._calls.unregister(own.descriptor)
        own.sock.close()
        self._control.unregister(own.control.fileno())
        del self._controls[own.control.fileno()]
        own.control.close()
        # Its expected place stays, and has nothing, until the next `expect`.
        if own.sibling is not None:
            del self._siblings[own.sibling.fileno()]
            self._door.unregister(own.sibling.fileno())
            own.sibling.close()

    def expect(self, batch: Batch, rows: Sequence[int]) -> None:
        order = self._habits.order(rows, self._ticks)
        if order is None:
            return
        known = [row for row in order if row in self._ports]
        ports = [self._ports[row] for row in known]
        self._expected = [port.sock for port in ports]
        batch.expect(known)
        self._places = [batch.places[rank] for rank in batch.rank]
        unwatched = {port.descriptor for port in ports}
        for descriptor in self._unwatched - unwatched:
            self._watch(descriptor)
        for descriptor in unwatched - self._unwatched:
            self._calls.unregister(descriptor)
        self._unwatched = unwatched

    def _watch(self, descriptor: int) -> None:
        """Have the kernel tell of packets at a socket that was expected to have one each tick."""
        self._unwatched.discard(descriptor)
        if descriptor in self._receivers:
            self._calls.register(descriptor, select.EPOLLIN)

    def receive(self, batch: Batch, is_quiet: Callable[[int], bool]) -> None:
        self._began = time.time()
        self._ticks += 1
        lengths = batch.lengths
        self._missed.clear()
        sockets, places = iter(self._expected), iter(self._places)
        while True:
            try:
                # The loop over the sockets runs in C; where one raises, what came before it is kept.
                lengths.extend(map(socket.socket.recv_into, sockets, places))
                break
            except OSError:
                # None there, or an ICMP "port unreachable" of an earlier send.
                self._note_missed(int(batch.expected[batch.rank[len(lengths)]]))
                lengths.append(MISSED)
        batch.settle()
        if EXPECTED_SIZE in lengths:
            # A packet that may have been cut off; its stump is left to be counted as malformed.
            for row, length in zip(batch.expected.tolist(), lengths, strict=True):
                if length == EXPECTED_SIZE:
                    self._habits.too_long(row)
        self._receive_rest(batch)
        if self._piled:
            self._drain_piled(batch)
        self._watch_door(batch, is_quiet)

    def _note_missed(self, row: int) -> None:
        """Watch a row whose packets don't come one by one; the next ones may come two at a time."""
        port = self._ports.get(row)
        if port is not None:
            descriptor = port.descriptor
            self._missed.add(descriptor)
            self._habits.missed(row, self._ticks)
            if descriptor in self._unwatched:
                self._watch(descriptor)

    def _drain_piled(self, batch: Batch) -> None:
        """Take what has piled up at expected rows."""
        for row in self._piled:
            port = self._ports.get(row)
            if port is None:
                continue
            with contextlib.suppress(OSError):
                for _ in range(MAX_ROUNDS):
                    batch.add(row, port.sock.recv(MAX_PACKET + 1))
        self._piled.clear()

    def _receive_rest(self, batch: Batch) -> None:
        """Take what the kernel says is there still: of other rows, and second packets."""
        receivers = self._receivers
        for _ in range(MAX_ROUNDS):
            ready = self._calls.poll(0, max(1, len(receivers)))
            if len(ready) <= len(self._missed) and self._missed.issuperset(fd for fd, _ in ready):
                break
            if len(batch.packets) + len(ready) > batch.capacity:
                break
            for descriptor, _events in ready:
                # What comes while the others are read comes too late for this tick. To take it now and then,
                # by the length of this very reading, would make a row's phase uneven.
                if descriptor in self._missed:
                    continue
                own = receivers[descriptor]
                try:
                    packet = own.sock.recv(MAX_PACKET + 1)
                except OSError:
                    continue
                batch.add(own.row, packet)
                if len(packet) >= EXPECTED_SIZE:
                    self._habits.too_long(own.row)

    def ages(self, rows: Sequence[int]) -> npt.NDArray[np.float64]:
        stamps = memoryview(bytearray(_STAMP_SIZE * len(rows)))
        descriptors = iter([self._ports[row].descriptor for row in rows])
        places = iter([stamps[at : at + _STAMP_SIZE] for at in range(0, len(stamps), _STAMP_SIZE)])
        while True:
            try:
                deque(map(fcntl.ioctl, descriptors, itertools.repeat(_STAMP), places), maxlen=0)
                break
            except OSError:
                # The kernel knows of none; the loop goes on with the next.
                continue
        seconds, nanoseconds = np.frombuffer(stamps, np.int64).reshape(-1, 2).T
        ages: npt.NDArray[np.float64] = self._began - seconds - nanoseconds / 1e9
        ages[seconds == 0] = UNKNOWN_AGE
        self._piled.update(row for row, age in zip(rows, ages.tolist(), strict=True) if age > PILED_UP)
        # Beyond that the wall clock was set in between, or the packet is of another age altogether.
        ages[np.abs(ages) >= MAX_AGE] = UNKNOWN_AGE
        return ages

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
        self._senders = [self._ports[row].sock for row in rows]
        self._outgoing = list(rows.values())

    def transmit(self) -> None:
        senders, packets = iter(self._senders), iter(self._outgoing)
        while True:
            try:
                # The loop over the sockets runs in C; after one that raises it goes on with the next.
                deque(map(socket.socket.send, senders, packets), maxlen=0)
                break
            except OSError:
                self.send_failures += 1

    def send(self, row: int, packet: bytes) -> None:
        try:
            self._ports[row].sock.send(packet)
        except OSError:
            self.send_failures += 1

    def send_report(self, row: int, packet: bytes) -> None:
        own = self._ports[row]
        if own.signalled is not None:
            try:
                own.control.sendto(packet, (own.signalled[0], own.signalled[1] + 1))
            except OSError:
                # Worth no alarm: many phones have nobody listening at that port.
                return

    def reports(self) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        for descriptor, _events in self._control.poll(0, MAX_DOOR):
            own = self._controls[descriptor]
            for _ in range(MAX_ROUNDS):
                try:
                    packet, source = own.control.recvfrom(MAX_PACKET)
                except OSError:
                    break
                if own.signalled and source[0] == own.signalled[0]:
                    found.append((own.row, packet))
                else:
                    self.strangers += 1
        return found

    def close_all(self) -> None:
        """Close everything."""
        for row in list(self._ports):
            self.close(row)
        self._binder.close()
        self._calls.close()
        self._door.close()
        self._control.close()
