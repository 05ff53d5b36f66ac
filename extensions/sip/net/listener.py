"""TCP and TLS connections that come in: who may connect is asked before anything is made or computed of it.

accept ──► may this host? ──► TLS: handshake, within some seconds ──► Connection
               └─ no: reset

asyncio's own server makes a transport of every connection, and shakes hands with everybody, before it tells
of one: whoever can reach the port could keep the switch busy. To reset one costs 16 us instead of 42 us, and
instead of some 5 ms with TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

# Listen for connections with a queue this long.
BACKLOG = 64
# Taken per wake: enough for an office that comes back, few enough that others are served meanwhile.
_GULP = 32
# A peer that begins TLS and doesn't go on holds a descriptor for so long, and not for asyncio's minute.
_WITHIN_S = 5.0
# Connections that are being made at once, over all hosts: two for each phone of a large office.
_MOST_AT_ONCE = 100
# Out of descriptors: others must end before another connection can be taken.
_AGAIN_AFTER_S = 0.1
# SO_LINGER for nothing: a connection that isn't wanted is reset, and leaves the kernel nothing to remember.
_RESET = struct.pack("ii", 1, 0)
_EVERY_IPV4 = str(IPv4Address(socket.INADDR_ANY))


def addresses_of(host: str) -> tuple[str, ...]:
    """Return where to listen for `host`: `::` is every address, IPv4 and IPv6."""
    return (_EVERY_IPV4, host) if host == "::" else (host,)


class Listener:
    """One listening socket on the running loop; accepts until closed.

    Args:
        context: Certificate and key; None for plain TCP.
        host: Address to bind.
        port: 0 lets the system choose.
        may: Tells whether a host may connect.
        make: Makes the protocol of a connection, after the handshake if there is one.

    Raises:
        OSError: The address can't be bound.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None,
        host: str,
        port: int,
        may: Callable[[str], bool],
        make: Callable[[], asyncio.Protocol],
    ) -> None:
        self._context = context
        self._may = may
        self._make = make
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._under_way: set[asyncio.Task[None]] = set()
        self._unbegun: set[socket.socket] = set()
        """Taken by no transport yet, which would close them."""
        self._again: asyncio.TimerHandle | None = None
        self._listen()

    def close(self) -> None:
        if self._again is not None:
            self._again.cancel()
        self._loop.remove_reader(self._socket)
        for task in self._under_way:
            task.cancel()
        for peer in self._unbegun:
            peer.close()
        self._socket.close()

    def _listen(self) -> None:
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_GULP):
            try:
                peer, address = self._socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                # Gone before it was taken.
                continue
            except OSError:
                self._loop.remove_reader(self._socket)
                self._again = self._loop.call_later(_AGAIN_AFTER_S, self._listen)
                return
            if len(self._under_way) >= _MOST_AT_ONCE or not self._may(address[0]):
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                peer.close()
                continue
            peer.setblocking(False)
            self._unbegun.add(peer)
            task = self._loop.create_task(self._begin(peer))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _begin(self, peer: socket.socket) -> None:
        self._unbegun.discard(peer)
        within_s = None if self._context is None else _WITHIN_S
        # It fails with no TLS, no common version, when they are gone or too slow: nobody is to be told.
        with contextlib.suppress(OSError):
            await self._loop.connect_accepted_socket(
                self._make, peer, ssl=self._context, ssl_handshake_timeout=within_s
            )
