"""Where RTP's sockets come from: the ports of a range, each with its RTCP and its sibling.

pair      RTP on an even port, RTCP on the one above (RFC 3550 section 11)
sibling   unconnected, on the port of a connected one: it gets what comes from elsewhere
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from typing import Final

from firmware.core.media import MediaError
from firmware.media.socket_pool import SocketPool

MAX_PURGE: Final = 512
"""Packets thrown away from a socket that is aimed: more than its buffer holds."""


class PortBinder:
    """The even ports from `low` to `high`."""

    def __init__(self, low: int, high: int) -> None:
        self._choices = range(low + low % 2, high + 1, 2)
        self._next = 0
        self._rtp, self._rtcp, self._siblings = SocketPool(), SocketPool(), SocketPool()

    def pair(self, host: str, port: int) -> tuple[socket.socket, socket.socket]:
        """Return sockets on a port (0: any that is free) and on the one above it.

        Raises:
            MediaError: None could be bound.
        """
        host = canonical(host)
        return self._bind_at(host, port) if port else self._bind_any(host)

    def sibling(self, sock: socket.socket) -> socket.socket:
        """Return an unconnected socket on the same port, which gets what the connected one doesn't.

        Raises:
            OSError: The kernel won't.
        """
        sibling = self._siblings.take(sock.family)
        try:
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

    def close(self) -> None:
        """Close what was made and is not in use."""
        for pool in (self._rtp, self._rtcp, self._siblings):
            pool.close()

    def _bind_any(self, host: str) -> tuple[socket.socket, socket.socket]:
        """Bind the next free pair of the range, in turn, so that a stray packet of an old call finds
        nobody."""
        for _ in self._choices:
            port = self._choices[self._next % len(self._choices)]
            self._next += 1
            with contextlib.suppress(MediaError):
                return self._bind_at(host, port)
        raise MediaError(f"no RTP port of {self._choices.start}-{self._choices.stop - 1} is free on {host}")

    def _bind_at(self, host: str, port: int) -> tuple[socket.socket, socket.socket]:
        """Return sockets on a port and the one above it."""
        bound: list[socket.socket] = []
        try:
            for pool, number in ((self._rtp, port), (self._rtcp, port + 1)):
                sock = pool.take(_family(host))
                try:
                    sock.bind((host, number))
                except (OSError, OverflowError):
                    pool.give_back(sock)
                    raise
                bound.append(sock)
        except (OSError, OverflowError) as error:
            for sock in bound:
                sock.close()
            raise MediaError(f"{host}:{port}: {getattr(error, 'strerror', None) or error}") from error
        return bound[0], bound[1]


def canonical(host: str) -> str:
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


def purge(sock: socket.socket) -> None:
    """Throw away what came before anybody was to be believed."""
    for _ in range(MAX_PURGE):
        try:
            sock.recv(1)
        except BlockingIOError:
            return
        except OSError:
            # The error of an earlier send, told once; the next call goes on.
            continue
