"""TLS connections that come in: who may shake hands is asked before the first byte is computed on.

accept ──► may this host? ──► handshake, within some seconds ──► Connection
               └─ no: closed

asyncio's own server shakes hands with everybody before it tells of a connection, which costs a hundred times
as much as to close it: whoever can reach the port could keep the switch busy.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

# Listen for connections with a queue this long.
BACKLOG = 64
# A peer that begins TLS and doesn't go on holds a descriptor for so long, and not for asyncio's minute.
_WITHIN_S = 5.0
# Handshakes under way at once, over all hosts: two for each phone of a large office.
_MOST_AT_ONCE = 100
# Out of descriptors: others must end before another connection can be taken.
_AGAIN_AFTER_S = 0.1


class Handshakes:
    """One listening socket on the running loop; accepts until closed.

    Args:
        context: Certificate and key.
        host: Address to bind.
        port: 0 lets the system choose.
        may: Tells whether a host may shake hands.
        make: Makes the protocol of a connection whose handshake has succeeded.

    Raises:
        OSError: The address can't be bound.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
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
        self._accepting = self._loop.create_task(self._accept())

    def close(self) -> None:
        self._accepting.cancel()
        for task in self._under_way:
            task.cancel()
        for peer in self._unbegun:
            peer.close()
        self._socket.close()

    async def _accept(self) -> None:
        while True:
            try:
                peer, address = await self._loop.sock_accept(self._socket)
            except OSError:
                await asyncio.sleep(_AGAIN_AFTER_S)
                continue
            if len(self._under_way) >= _MOST_AT_ONCE or not self._may(address[0]):
                peer.close()
                continue
            self._unbegun.add(peer)
            task = self._loop.create_task(self._shake(peer))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _shake(self, peer: socket.socket) -> None:
        self._unbegun.discard(peer)
        # It fails with no TLS, no common version, when they are gone or too slow: nobody is to be told.
        with contextlib.suppress(OSError):
            await self._loop.connect_accepted_socket(
                self._make, peer, ssl=self._context, ssl_handshake_timeout=_WITHIN_S
            )
