"""The audio of many RTP ports sent by one system call: `sendmmsg(2)` on a raw socket.

Theory of operation
-------------------
A UDP socket sends from its own port only, so every port has one, and a tick would call the kernel once for
each: for 500 ports a third of all it costs. A raw socket (raw(7), IP_HDRINCL) sends whatever header it is
given:

    row's own socket, connected ─► header (28 octets, kept) ─┐
    packets of the tick, in the transmitter's array ─────────┼─► messages ─► sendmmsg ─► what it refused
    checksums of the tick (RFC 768), by numpy ───────────────┘

The header has the addresses, the time to live and the type of service that the row's own socket would put
there. Routes and nftables' output rules see such a packet like any other; only policy routes that go by the
source address (`ip rule … from`) don't. RTP has the checksum that RFC 1122 section 4.1.3.4 has be sent unless
somebody turns it off: all of them together cost less than a single packet's way through the kernel.

To open such a socket takes CAP_NET_RAW; see `raw_right`. The socket receives nothing: raw(7), IPPROTO_RAW.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import U8

_IP_HEADER: Final = struct.Struct("!BBHHHBBH4s4s")
"""RFC 791 section 3.1."""
_UDP_HEADER: Final = struct.Struct("!HHHH")
"""RFC 768."""
HEADERS: Final = _IP_HEADER.size + _UDP_HEADER.size
"""Octets."""
_VERSION_4: Final = 0x45
"""With a header of five words."""
_WHOLE: Final = 0x4000
"""Not to be cut into fragments, as Linux sends all UDP."""
_SOURCE: Final = 12
_DESTINATION: Final = slice(16, 20)
_LENGTH: Final = slice(24, 26)
_CHECKSUM: Final = slice(26, 28)
"""Where UDP's length and checksum, and the addresses, are in the two headers."""
_NAME: Final = np.dtype([("family", np.uint16), ("port", ">u2"), ("host", "u1", 4), ("zero", "u1", 8)])
"""sockaddr_in, ip(7)."""
_VECTOR: Final = np.dtype([("base", np.uintp), ("length", np.uintp)])
"""iovec, readv(2)."""
_MESSAGE: Final = np.dtype(
    [
        ("name", np.uintp),
        ("name_length", np.uint32),
        ("vectors", np.uintp),
        ("vector_count", np.uintp),
        ("control", np.uintp),
        ("control_length", np.uintp),
        ("flags", np.int32),
    ],
    align=True,
)
"""msghdr, sendmsg(2)."""
_MESSAGES: Final = np.dtype([("message", _MESSAGE), ("sent", np.uint32)], align=True)
"""mmsghdr, sendmmsg(2)."""
_ONES: Final = np.uint32(0xFFFF)
_BUFFER: Final = 1 << 20
"""Octets on their way to a network card at once, as the kernel counts them (about 800 for a packet)."""

# With the interpreter held: nothing in it waits, and a thread that took it meanwhile would have us wait.
_sendmmsg = ctypes.PyDLL(None).sendmmsg


class RawSender:
    """Sends rows of an array of packets.

    Args:
        sock: An IPv4 raw socket of IPPROTO_RAW; closed by `close`.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.arrange(np.zeros((0, 0), np.uint8), [], [])

    def arrange(self, packets: U8, rows: Sequence[int], headers: Sequence[bytes]) -> None:
        """Say what `transmit` sends.

        Args:
            packets: Shape (any number of rows, octets of a packet, even); kept, and sent as it then is.
            rows: Which of them to send.
            headers: Of each, as `header_of` makes them.
        """
        count, size = len(rows), packets.shape[1]
        self._packets = packets
        self._rows = np.array(rows, np.intp)
        self._headers = np.frombuffer(b"".join(headers), np.uint8).reshape(count, HEADERS).copy()
        length = socket.htons(_UDP_HEADER.size + size)
        self._field(_LENGTH)[:] = length
        # RFC 768 sums up both addresses, the protocol and UDP's length as well.
        self._sums = self._headers[:, _SOURCE:].view(np.uint16).sum(axis=1, dtype=np.uint32)
        self._sums += socket.htons(socket.IPPROTO_UDP) + length
        self._names = np.zeros(count, _NAME)
        self._names["family"] = socket.AF_INET
        self._names["host"] = self._headers[:, _DESTINATION]
        self._vectors = np.zeros((count, 2), _VECTOR)
        self._vectors["base"][:, 0] = _addresses(self._headers)
        self._vectors["length"][:, 0] = HEADERS
        self._vectors["base"][:, 1] = _addresses(packets)[self._rows]
        self._vectors["length"][:, 1] = size
        self._messages = np.zeros(count, _MESSAGES)
        message = self._messages["message"]
        message["name"] = _addresses(self._names)
        message["name_length"] = _NAME.itemsize
        message["vectors"] = _addresses(self._vectors)
        message["vector_count"] = 2

    def transmit(self) -> list[int]:
        """Send every row's packet; return the rows whose packets the kernel would not take."""
        count = len(self._rows)
        if not count:
            return []
        self._stamp_checksums()
        refused: list[int] = []
        sent, address = 0, self._messages.ctypes.data
        while sent < count:
            taken = _sendmmsg(
                self._socket.fileno(),
                ctypes.c_void_p(address + sent * _MESSAGES.itemsize),
                count - sent,
                socket.MSG_DONTWAIT,
            )
            if taken <= 0:
                refused.append(int(self._rows[sent]))
            sent += max(1, taken)
        return refused

    def _stamp_checksums(self) -> None:
        sums = self._packets.view(np.uint16).sum(axis=1, dtype=np.uint32)[self._rows]
        sums += self._sums
        # A sum in ones' complement is one modulo 65535. The result is never 0, which would mean that there is
        # no checksum.
        sums %= _ONES
        np.subtract(_ONES, sums, out=self._field(_CHECKSUM), casting="unsafe")

    def _field(self, octets: slice) -> npt.NDArray[np.uint16]:
        """Return two octets of every header, as numbers in the order of the network."""
        field: npt.NDArray[np.uint16] = self._headers[:, octets].view(np.uint16)[:, 0]
        return field

    def close(self) -> None:
        self._socket.close()


def header_of(sock: socket.socket) -> bytes:
    """Return the IP and UDP headers that a connected IPv4 socket sends, without lengths and checksums.

    The kernel fills in the length, identification and checksum of the IP header.
    """
    (host, port), (far_host, far_port) = sock.getsockname(), sock.getpeername()
    service = sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)
    hops = sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL)
    return _IP_HEADER.pack(
        _VERSION_4,
        service,
        0,
        0,
        _WHOLE,
        hops,
        socket.IPPROTO_UDP,
        0,
        socket.inet_aton(host),
        socket.inet_aton(far_host),
    ) + _UDP_HEADER.pack(port, far_port, 0, 0)


def _addresses(array: npt.NDArray[np.generic]) -> npt.NDArray[np.uintp]:
    """Return where each row of an array lies in memory."""
    return np.uintp(array.ctypes.data) + np.arange(len(array), dtype=np.uintp) * np.uintp(array.strides[0])
