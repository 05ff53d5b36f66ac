"""One TCP or TLS connection: cut into messages, bounded in time and in what it may leave unread."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from extensions.sip.errors import MalformedMessage, TooLarge
from extensions.sip.flow import Flow
from extensions.sip.framing import PING, StreamFramer

# A message must be complete this many seconds after its first byte, and a new connection must have sent
# one: longer than any phone needs, short enough that idle sockets can't be hoarded.
_MESSAGE_WITHIN_S = 10.0
# Most bytes waiting to be taken by a peer that doesn't read; it is cut off then.
_MOST_UNSENT = 262_144


class Owner(Protocol):
    """What a connection needs of the endpoint."""

    def opened(self, connection: Connection, host: str, port: int, local_host: str) -> Flow | None:
        """Take a connection into the books; None when it is not wanted."""

    def frames(self, frames: list[bytes], flow: Flow) -> None: ...
    def closed(self, flow: Flow) -> None: ...
    def count(self, counter: str) -> None: ...


class Connection(asyncio.Protocol):
    """Made by the endpoint, one per connection.

    Args:
        owner: The endpoint.
        transport: `tcp` or `tls`.
        trusted: We opened it: it need not speak first.
    """

    flow: Flow

    def __init__(self, owner: Owner, transport: str, *, trusted: bool = False) -> None:
        self.transport = transport
        self.trusted = trusted
        self._owner = owner
        self._framer = StreamFramer()
        self._stream: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._stream = stream = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        flow = self._owner.opened(self, host, port, transport.get_extra_info("sockname")[0])
        if flow is None:
            stream.abort()
            return
        self.admitted = True
        self.flow = flow
        if not self.trusted:
            self._watch()

    def data_received(self, data: bytes) -> None:
        if not self.admitted:
            return
        try:
            frames = self._framer.feed(data)
        except TooLarge:
            self._refuse("oversize")
            return
        except MalformedMessage:
            self._refuse("malformed")
            return
        for _ in range(frames.count(PING)):
            self.write(b"\r\n")
        messages = [frame for frame in frames if frame != PING]
        if messages:
            self._owner.frames(messages, self.flow)
        if frames:
            self._unwatch()
        if self._framer.partial and self._deadline is None:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        if self.admitted:
            self._owner.closed(self.flow)

    def write(self, data: bytes) -> None:
        if self._stream is None or self._stream.is_closing():
            return
        self._stream.write(data)
        if self._stream.get_write_buffer_size() > _MOST_UNSENT:
            self._refuse("refused")

    def drop(self) -> None:
        self._unwatch()
        if self._stream is not None:
            self._stream.abort()

    def _refuse(self, counter: str) -> None:
        self._owner.count(counter)
        self.drop()

    def _watch(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(_MESSAGE_WITHIN_S, self._refuse, "refused")

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
