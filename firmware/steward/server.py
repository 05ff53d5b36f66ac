"""The steward's socket: one request a connection, refused when it is too long, too slow or unknown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import time
from typing import Final

import msgspec

from firmware.control.steward import MAX_LINE, Done, Progress, Refused, Reply, Requests
from firmware.core.errors import UserError
from firmware.steward.steward import Steward

logger = logging.getLogger(__name__)

IDLE_S: Final = 30.0
"""Started by its socket, it ends itself after so long: a box without questions needs no steward in memory."""
_READ_S: Final = 10.0
_MOST: Final = 8
"""Connections at once."""

_REQUESTS = msgspec.json.Decoder(Requests)


class Server:
    """Serves `steward` on a listening Unix socket."""

    def __init__(self, steward: Steward, listener: socket.socket) -> None:
        self._steward = steward
        self._listener = listener
        self._open = 0
        self._last = time.monotonic()

    async def run(self, idle_s: float | None = IDLE_S) -> None:
        """Serve; return after `idle_s` without anything to do, or never when that is None."""
        await self._steward.resume()
        server = await asyncio.start_unix_server(self._accept, sock=self._listener, limit=MAX_LINE)
        async with server:
            while True:
                await asyncio.sleep(1.0)
                quiet = self._open == 0 and not self._steward.busy
                if not quiet:
                    self._last = time.monotonic()
                if idle_s is not None and time.monotonic() - self._last > idle_s:
                    return

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > _MOST:
                await _send(writer, Refused(message="Too many ask at once; try again."))
                return
            with contextlib.suppress(OSError, TimeoutError):
                await self._serve(reader, writer)
        finally:
            self._open -= 1
            self._last = time.monotonic()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), _READ_S)
            request = _REQUESTS.decode(line)
        except (ValueError, msgspec.MsgspecError) as error:
            await _send(writer, Refused(message=f"The request can't be understood: {error}"))
            return
        logger.info("uid %d (%s) asks: %s", _uid(writer), request.by, type(request).__name__)
        loop = asyncio.get_running_loop()

        def tell(text: str) -> None:
            loop.call_soon_threadsafe(writer.write, msgspec.json.encode(Progress(text=text)) + b"\n")

        reply: Reply
        try:
            reply = await self._steward.do(request, tell)
        except UserError as error:
            reply = Refused(message=str(error))
        except Exception:
            logger.exception("%s failed", type(request).__name__)
            reply = Refused(message="That failed; the steward's log says why. / 操作失败，详见日志。")
        await _send(writer, reply if reply is not None else Done())


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    writer.write(msgspec.json.encode(reply) + b"\n")
    await asyncio.wait_for(writer.drain(), _READ_S)


def _uid(writer: asyncio.StreamWriter) -> int:
    wire: socket.socket = writer.get_extra_info("socket")
    return int(struct.unpack("3i", wire.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1])
