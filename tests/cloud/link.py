"""A link between a box and a server on the loopback that can be cut, and that can lose what comes back."""

from __future__ import annotations

import asyncio
import contextlib


class Link:
    """Listens on a port of its own and passes everything on, while it stands.

    Args:
        port: The server's.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.up = True
        self.loses_answers = False
        """What the server says is swallowed: what was sent arrives, and nobody hears of it."""
        self.connections = 0

    @property
    def port(self) -> int:
        """The port the box connects to."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Link:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection there is."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if not self.up:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            self._writers.add(far_writer)
            self.connections += 1
            there = asyncio.create_task(self._pass(reader, far_writer, back=False))
            back = asyncio.create_task(self._pass(far_reader, writer, back=True))
            self._tasks |= {there, back}
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            far_writer.transport.abort()
            self._writers.discard(far_writer)
            self._tasks -= {there, back}
        except OSError:
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, back: bool) -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(65536):
                if back and self.loses_answers:
                    continue
                writer.write(block)
                await writer.drain()
