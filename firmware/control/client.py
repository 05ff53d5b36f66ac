"""Clients of the control socket: for a program with an event loop, and for a command that asks once."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import os
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, Union

import msgspec

from firmware.control.base import BaseReply, BaseRequest, ErrorReply, OpenedFile
from firmware.control.editing import (
    ChangedReply,
    ChangeSettings,
    Edit,
    GetHistory,
    GetSettings,
    HistoryEntry,
    HistoryReply,
    RestoreSettings,
    SettingsReply,
)
from firmware.control.picture import HEARTBEAT_S, NowReply, WatchNow
from firmware.control.schema import (
    MAX_REPLY_BYTES,
    CallReply,
    CallsReply,
    GetCall,
    GetStatus,
    ListCalls,
    ListPhones,
    PhoneAccount,
    PhonesReply,
    StatusReply,
)
from firmware.control.search import CallFilter, Cursor, FindCalls, FoundReply, OpenRecording, RecordingReply
from firmware.core.errors import DeviceError, PeerError, UserError, ZongjiError
from firmware.core.records import Journey

_ANSWER_S = 15.0
"""A switch that doesn't answer within this won't."""

_FILE_REPLY_BYTES = 4096
"""Longest reply that carries a file, or refuses it."""

_Answer = TypeVar("_Answer")
_Reply = TypeVar("_Reply", bound=BaseReply)


class NoSwitch(ZongjiError):
    """Nothing serves the control socket: no switch runs on this state folder."""


class SettingError(UserError):
    """A setting can't be used; `field` names it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class ControlClient:
    """One connection to a running switch. Requests may be made from several tasks; they take turns.

    Use as `async with ControlClient(path) as switch: …`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._turn = asyncio.Lock()
        self._ids = itertools.count(1)

    async def __aenter__(self) -> ControlClient:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connect.

        Raises:
            NoSwitch: Nothing serves the socket.
            DeviceError: This user may not.
        """
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(
                str(self._path), limit=MAX_REPLY_BYTES
            )
        except PermissionError as error:
            raise DeviceError(
                f"this user may not ask the switch at {self._path}; use sudo, or join the group that owns it"
            ) from error
        except OSError as error:
            raise NoSwitch(f"no switch runs here: nothing answers at {self._path}") from error

    async def close(self) -> None:
        """Let go of the connection. Repeating it does nothing."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._reader = self._writer = None

    async def status(self) -> StatusReply:
        """Return how the box is doing.

        Raises (this and every question):
            UserError: The switch's words about what was asked.
            NoSwitch: It went away.
            PeerError: It didn't answer sensibly.
        """
        return await self.ask(GetStatus(), StatusReply)

    async def phones(self) -> list[PhoneAccount]:
        """Return the SIP accounts with their secrets."""
        return (await self.ask(ListPhones(), PhonesReply)).phones

    async def calls(self, limit: int = 20) -> list[Journey]:
        """Return the newest journeys, running ones first."""
        return (await self.ask(ListCalls(limit=limit), CallsReply)).journeys

    async def call(self, call_id: str) -> Journey:
        """Return the journey whose id begins with `call_id`."""
        return (await self.ask(GetCall(call=call_id), CallReply)).journey

    async def find(self, wanted: CallFilter, limit: int = 50, after: Cursor | None = None) -> FoundReply:
        """Return closed calls, the newest first."""
        request = FindCalls(filter=wanted, limit=limit, after=after)
        return await self.ask(request, FoundReply)

    async def settings(self) -> SettingsReply:
        """Return the settings and their description."""
        return await self.ask(GetSettings(), SettingsReply)

    async def change_settings(
        self, edits: list[Edit], by: str, revision: int | None = None, *, dry_run: bool = False
    ) -> ChangedReply:
        """Change settings, or tell what would change.

        Raises:
            SettingError: A field can't be used.
        """
        request = ChangeSettings(edits=edits, by=by, revision=revision, dry_run=dry_run)
        return await self.ask(request, ChangedReply)

    async def restore_settings(self, to: int, by: str, *, dry_run: bool = False) -> ChangedReply:
        """Make the settings what they were at a revision, or tell what would change."""
        request = RestoreSettings(to=to, by=by, dry_run=dry_run)
        return await self.ask(request, ChangedReply)

    async def history(self, limit: int = 50) -> list[HistoryEntry]:
        """Return the newest changes of the settings, the newest first."""
        return (await self.ask(GetHistory(limit=limit), HistoryReply)).entries

    async def watch(self) -> AsyncGenerator[NowReply, None]:
        """Yield the switchboard now and whenever it changes. The connection serves for nothing else then.

        Raises:
            As `follow`.
        """
        async for picture in self.follow(WatchNow(), NowReply):
            yield picture

    async def follow(self, request: BaseRequest, wanted: type[_Reply]) -> AsyncGenerator[_Reply, None]:
        """Yield a picture now and whenever it changes. The connection serves for nothing else then.

        Raises:
            NoSwitch: It went away, or has been silent for longer than a living one can be.
            PeerError, UserError: It refuses.
        """
        async with self._turn:
            if self._reader is None or self._writer is None:
                raise NoSwitch("not connected to the switch")
            request = msgspec.structs.replace(request, id=next(self._ids))
            self._writer.write(msgspec.json.encode(request) + b"\n")
            while True:
                try:
                    line = await asyncio.wait_for(self._reader.readline(), 3 * HEARTBEAT_S)
                except (OSError, ValueError) as error:
                    raise NoSwitch("the switch went away") from error
                if not line.endswith(b"\n"):
                    raise NoSwitch("the switch went away")
                yield _expect(line, request, wanted)

    async def ask(self, request: BaseRequest, wanted: type[_Reply]) -> _Reply:
        """Ask anything; the request's id is chosen here.

        Args:
            request: One that the switch answers with one reply.
            wanted: The kind of that reply.

        Raises:
            As `status`.
        """
        request = msgspec.structs.replace(request, id=next(self._ids))
        async with self._turn:
            if self._reader is None or self._writer is None:
                raise NoSwitch("not connected to the switch")
            try:
                self._writer.write(msgspec.json.encode(request) + b"\n")
                await self._writer.drain()
                line = await asyncio.wait_for(self._reader.readline(), _ANSWER_S)
            except TimeoutError:
                await self.close()
                raise PeerError(f"the switch did not answer within {_ANSWER_S:.0f} s") from None
            except ValueError:
                await self.close()
                raise PeerError(f"the switch's reply is longer than {MAX_REPLY_BYTES} bytes") from None
            except OSError as error:
                await self.close()
                raise NoSwitch("the switch went away") from error
            except asyncio.CancelledError:
                # The reply would come when the next question expects its own.
                await self.close()
                raise
            if not line.endswith(b"\n"):
                await self.close()
                raise NoSwitch("the switch went away")
        return _expect(line, request, wanted)


@functools.cache
def _decoder(wanted: type[BaseReply]) -> msgspec.json.Decoder[BaseReply]:
    return msgspec.json.Decoder(Union[wanted, ErrorReply])  # noqa: UP007 - known at run time only


def _expect(line: bytes, request: BaseRequest, wanted: type[_Reply]) -> _Reply:
    try:
        reply = _decoder(wanted).decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PeerError(f"the switch's reply can't be understood: {error}") from error
    if isinstance(reply, ErrorReply):
        if reply.kind == "user":
            raise SettingError(reply.message, reply.field) if reply.field else UserError(reply.message)
        raise PeerError(reply.message)
    if reply.id != request.id or not isinstance(reply, wanted):
        raise PeerError("the switch answered another question")
    return reply


def open_recording(path: Path, call: str, piece: int = 0) -> OpenedFile[RecordingReply]:
    """Have the switch open a recording; blocks for some milliseconds.

    Args:
        path: The control socket.
        call: The call's whole id.
        piece: Which of its recordings, from 0.

    Raises:
        As `ControlClient.status`.
    """
    return open_file(path, OpenRecording(call=call, piece=piece), RecordingReply)


def open_file(path: Path, request: BaseRequest, wanted: type[_Reply]) -> OpenedFile[_Reply]:
    """Have the switch open a file; blocks for some milliseconds.

    Args:
        path: The control socket.
        request: One that is answered with a file.
        wanted: The kind of reply that brings it.

    Raises:
        As `ControlClient.status`.
    """
    request = msgspec.structs.replace(request, id=1)
    descriptors: list[int] = []
    line = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(_ANSWER_S)
        try:
            wire.connect(str(path))
            wire.sendall(msgspec.json.encode(request) + b"\n")
            while not line.endswith(b"\n"):
                data, received, _, _ = socket.recv_fds(wire, _FILE_REPLY_BYTES, 1)
                descriptors += received
                line += data
                if not data or len(line) > _FILE_REPLY_BYTES:
                    break
        except OSError as error:
            _close(descriptors)
            raise NoSwitch(f"no switch runs here: nothing answers at {path}") from error
    try:
        reply = _expect(line, request, wanted)
        if len(descriptors) != 1:
            raise PeerError("the switch sent no file")
    except ZongjiError:
        _close(descriptors)
        raise
    return OpenedFile(reply, descriptors[0])


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


class BlockingClient:
    """For commands: every question makes a connection of its own and waits for the answer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def status(self) -> StatusReply:
        """See `ControlClient.status`, also for what every question raises."""
        return self._once(ControlClient.status)

    def phones(self) -> list[PhoneAccount]:
        """See `ControlClient.phones`."""
        return self._once(ControlClient.phones)

    def calls(self, limit: int = 20) -> list[Journey]:
        """See `ControlClient.calls`."""
        return self._once(lambda client: client.calls(limit))

    def call(self, call_id: str) -> Journey:
        """See `ControlClient.call`."""
        return self._once(lambda client: client.call(call_id))

    def ask(self, request: BaseRequest, wanted: type[_Reply]) -> _Reply:
        """See `ControlClient.ask`."""
        return self._once(lambda client: client.ask(request, wanted))

    def _once(self, question: Callable[[ControlClient], Coroutine[Any, Any, _Answer]]) -> _Answer:
        async def ask() -> _Answer:
            async with ControlClient(self._path) as client:
                return await question(client)

        return asyncio.run(ask())
