"""A small HTTP/1.1 server for configurations: GET only, one request a connection, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter

from extensions.provisioning.desk import ProvisioningDesk, Reply
from extensions.sip.acl import Acl
from extensions.sip.net.listener import Listener, addresses_of
from extensions.sip.sources import Sources

# A phone's request is some 300 bytes and takes milliseconds on a LAN.
_MOST_HEAD = 8192
_WITHIN_S = 5.0
_MOST_AT_ONCE = 50
# One that opens more and sends nothing must not keep the others out.
_MOST_PER_HOST = 10
_PHRASES = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Busy",
}


class ProvisioningServer:
    """The desk's sockets.

    Args:
        desk: Answers.
        host: Address to bind; `::` is every address, IPv4 and IPv6.
        port: 0 lets the system choose.
        acl: Who is served; the LAN's networks unless said otherwise.
        tls: Certificate and key; None serves plain HTTP, which most phones need for the first time.
        sources: How often each host may connect; the standard budgets when None.
    """

    def __init__(
        self,
        desk: ProvisioningDesk,
        host: str,
        port: int,
        *,
        acl: Acl | None = None,
        tls: ssl.SSLContext | None = None,
        sources: Sources | None = None,
    ) -> None:
        self.port = port
        self._desk = desk
        self._host = host
        self._acl = acl or Acl()
        self._tls = tls
        self._listeners: list[Listener] = []
        self._sources = sources or Sources()
        self._at_once: Counter[str] = Counter()
        """Connections by host."""

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The address can't be bound.
        """
        try:
            for host in addresses_of(self._host):
                self._listeners.append(Listener(self._tls, host, self.port, self._may, self._stream))
                self.port = self._listeners[-1].port
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    def _may(self, host: str) -> bool:
        """Tell whether a host may connect, or begin TLS."""
        takes = self._sources.connects if self._tls is None else self._sources.shakes_hands
        if self._acl.allows(host) and takes(host, asyncio.get_running_loop().time()):
            return True
        self._desk.counters["refused"] += 1
        return False

    def _stream(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=_MOST_HEAD), self._serve)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("peername")[0]
        self._at_once[host] += 1
        method = ""
        try:
            reply = Reply(503)
            if self._at_once[host] <= _MOST_PER_HOST and self._at_once.total() <= _MOST_AT_ONCE:
                async with asyncio.timeout(_WITHIN_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                method, reply = self._answer(head)
            writer.write(_encode(reply, head_only=method == "HEAD"))
            async with asyncio.timeout(_WITHIN_S):
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self._desk.counters["refused"] += 1
        finally:
            self._at_once[host] -= 1
            if not self._at_once[host]:
                del self._at_once[host]
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    def _answer(self, head: bytes) -> tuple[str, Reply]:
        fields = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(fields) != 3 or not fields[2].startswith("HTTP/1."):
            return "", Reply(400)
        method, target, _ = fields
        path = target.partition("?")[0]
        if method == "HEAD":
            # Some phones look first: that must not use the ticket up.
            return method, Reply(200)
        if method != "GET":
            return method, Reply(405)
        return method, self._desk.get(path, asyncio.get_running_loop().time())


def _encode(reply: Reply, *, head_only: bool) -> bytes:
    head = (
        f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, 'Error')}\r\n"
        f"Content-Type: {reply.content_type}\r\nContent-Length: {len(reply.body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (b"" if head_only else reply.body)
