"""The control socket's server: reads request lines, asks whoever answers, writes reply lines.

Every bound is here: connections, bytes a line, seconds of silence, seconds a client may take to read. A
client that oversteps one is told in a reply and let go; the others and the switch don't notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
import time
from pathlib import Path

import msgspec

from firmware.control.answers import Answers
from firmware.control.base import VERSION, BaseReply, BaseRequest, ErrorReply, RequestHead
from firmware.control.picture import HEARTBEAT_S
from firmware.control.schema import MAX_REQUEST_BYTES
from firmware.core.errors import DeviceError, UserError

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
"""Web page, console, some commands: several times what a box ever sees."""

_IDLE_S = 300.0
"""A client that says nothing for so long has been forgotten by its owner."""

_READING_S = 10.0
"""A client that doesn't read its reply within this is stuck."""

_SOCKET_MODE = 0o660
"""For the firmware's user and group; replies hold SIP passwords."""

_BACKLOG = 16

_WATCH_PERIOD_S = 0.25
"""How often a watched picture is looked at: a person doesn't notice less."""

_MAX_WATCHING = 4
"""The web process watches once for all its viewers; a console and a test beside it are plenty."""

_SETTING = re.compile(r"Setting ([\w.\[\]]+):")
"""How a `UserError` names a field of the settings."""

_HEADS = msgspec.json.Decoder(RequestHead)


class ControlServer:
    """Serves `answers` on the Unix socket at `path`, from `start` to `close`."""

    def __init__(self, path: Path, answers: Answers) -> None:
        self._path = path
        self._answers = answers
        self._requests = answers.decoder()
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._watching = 0
        self.refused = 0
        """Requests and connections refused since the start."""

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            UserError: Another switch serves this socket, or the path is too long for a Unix socket.
            DeviceError: The socket can't be made.
        """
        listener = _listen(self._path)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=MAX_REQUEST_BYTES)

    async def close(self) -> None:
        """Stop listening and let go of every client. Repeating it does nothing."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await server.wait_closed()
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        try:
            if len(self._clients) >= MAX_CONNECTIONS:
                self.refused += 1
                message = f"The switch already serves {MAX_CONNECTIONS} clients; close one and try again."
                await _send(writer, ErrorReply(kind="protocol", message=message))
                return
            self._clients.add(task)
            await self._serve(reader, writer)
        except (TimeoutError, ConnectionError):
            logger.debug("a control client fell silent or went away")
        except asyncio.CancelledError:
            # Ours, from close(); a stream's task that ends cancelled is reported as an error by asyncio.
            logger.debug("letting go of a control client")
        finally:
            self._clients.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await asyncio.wait_for(reader.readline(), _IDLE_S)
            except ValueError:
                # What is left of the line can't be told from the next one, so this is the end.
                self.refused += 1
                message = f"A request is longer than {MAX_REQUEST_BYTES} bytes."
                await _send(writer, ErrorReply(kind="protocol", message=message))
                return
            if not line.endswith(b"\n"):
                return
            request = self._parsed(line)
            if isinstance(request, ErrorReply):
                await _send(writer, request)
            elif type(request) in self._answers.pictures:
                await self._watch(request, reader, writer)
                return
            elif type(request) in self._answers.files:
                await self._open_file(request, writer)
            else:
                await _send(writer, await self._reply_to(request))

    async def _watch(
        self, request: BaseRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Send the picture whenever it changes, until the client goes."""
        if self._watching >= _MAX_WATCHING:
            self.refused += 1
            message = f"{_MAX_WATCHING} clients watch already; close one and try again."
            await _send(writer, ErrorReply(id=request.id, kind="protocol", message=message))
            return
        self._watching += 1
        answer = self._answers.pictures[type(request)]
        try:
            shown, shown_at = b"", 0.0
            while True:
                try:
                    picture = msgspec.structs.replace(await answer(request), id=request.id)
                except Exception as error:
                    await _send(writer, _refusal(request.id, error))
                    return
                # The time of asking is no change.
                timeless = {"at_wall_ms": 0} if hasattr(picture, "at_wall_ms") else {}
                face = msgspec.json.encode(msgspec.structs.replace(picture, **timeless))
                if face != shown or time.monotonic() - shown_at >= HEARTBEAT_S:
                    shown, shown_at = face, time.monotonic()
                    await _send(writer, picture)
                with contextlib.suppress(TimeoutError):
                    # A watching client has nothing more to say: whatever comes, even its end, ends this.
                    await asyncio.wait_for(reader.read(1), _WATCH_PERIOD_S)
                    return
        finally:
            self._watching -= 1

    async def _open_file(self, request: BaseRequest, writer: asyncio.StreamWriter) -> None:
        try:
            opened = await self._answers.files[type(request)](request)
        except Exception as error:
            await _send(writer, _refusal(request.id, error))
            return
        try:
            await _send_descriptor(
                writer, msgspec.structs.replace(opened.reply, id=request.id), opened.descriptor
            )
        finally:
            os.close(opened.descriptor)

    def _parsed(self, line: bytes) -> BaseRequest | ErrorReply:
        head = RequestHead()
        try:
            head = _HEADS.decode(line)
            if head.v != VERSION:
                self.refused += 1
                return ErrorReply(
                    id=head.id,
                    kind="protocol",
                    message=f"This switch speaks version {VERSION} of the control language, not {head.v}; "
                    "use the command and the switch of one installation.",
                )
            return self._requests.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.refused += 1
            return ErrorReply(
                id=head.id, kind="protocol", message=f"The request can't be understood: {error}."
            )

    async def _reply_to(self, request: BaseRequest) -> BaseReply:
        try:
            reply = await self._answers.replies[type(request)](request)
            return msgspec.structs.replace(reply, id=request.id)
        except Exception as error:
            return _refusal(request.id, error)


def _refusal(request_id: int, error: Exception) -> ErrorReply:
    """Return what a client is told of an error: a person's own words back, else nothing of our insides."""
    if isinstance(error, UserError):
        named = _SETTING.match(str(error))
        return ErrorReply(id=request_id, kind="user", message=str(error), field=named[1] if named else "")
    logger.error("a control request failed", exc_info=error)
    return ErrorReply(
        id=request_id, kind="fault", message="The switch could not answer that; its log says why."
    )


async def _send(writer: asyncio.StreamWriter, reply: BaseReply) -> None:
    writer.write(msgspec.json.encode(reply) + b"\n")
    await asyncio.wait_for(writer.drain(), _READING_S)


async def _send_descriptor(writer: asyncio.StreamWriter, reply: BaseReply, descriptor: int) -> None:
    """Send a reply with an open file attached (SCM_RIGHTS), past the stream's buffer, which must be empty."""
    transport = writer.transport
    if transport.get_write_buffer_size():
        message = "Read the replies before asking for a file."
        refusal = ErrorReply(id=reply.id, kind="protocol", message=message)
        await _send(writer, refusal)
        return
    # A duplicate, because asyncio keeps its own socket object to itself.
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as wire:
        try:
            socket.send_fds(wire, [msgspec.json.encode(reply) + b"\n"], [descriptor])
        except BlockingIOError:
            raise ConnectionError("the client doesn't read") from None


def _listen(path: Path) -> socket.socket:
    """Return a listening socket at `path` that only its user and group may open.

    Raises:
        UserError: Another switch serves it, or the path is too long.
        DeviceError: It can't be made.
    """
    if _is_served(path):
        raise UserError(f"Another switch already runs here ({path}); stop it first.")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        # Nobody can connect before listen(), so the mode is right from the first moment.
        path.chmod(_SOCKET_MODE)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if "too long" in str(error):
            raise UserError(
                f"The state folder's path is too long for a Unix socket ({path}); use a shorter one."
            ) from None
        raise DeviceError(f"the control socket {path} can't be made: {error.strerror}") from error
    return listener


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
