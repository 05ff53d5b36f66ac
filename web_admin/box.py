"""The switch as the pages see it: questions with a bound, and one watch shared by all viewers.

switch ══ watch ══► Box ──► viewer, viewer, viewer …      50 viewers cost the switch what one does
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from firmware.control.base import BaseReply, BaseRequest, OpenedFile
from firmware.control.client import ControlClient, NoSwitch, open_file, open_recording
from firmware.control.picture import NowReply
from firmware.control.search import RecordingReply
from firmware.core.clock import live_by
from firmware.core.errors import ZongjiError

_Reply = TypeVar("_Reply", bound=BaseReply)

logger = logging.getLogger(__name__)

_QUESTIONS = 8
"""Questions on their way at once; the switch serves 32 connections, and others want some."""

_RETRY_S = 0.5
"""Pause before knocking again at a switch that is away."""

_LISTENING_AT_ONCE = 4


class Box:
    """The switch behind the control socket at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._questions = asyncio.Semaphore(_QUESTIONS)
        self._opening = asyncio.Semaphore(_LISTENING_AT_ONCE)
        self._listeners: set[Callable[[], None]] = set()
        self._task: asyncio.Task[None] | None = None
        self.picture: NowReply | None = None
        """The last picture; None before the first one."""
        self.away_since: float | None = time.time()
        """Unix seconds since which the switch hasn't answered; None while it does."""
        self._leave_zone: Callable[[], None] | None = None
        self.version = 0
        """Goes up with every change of the two."""

    async def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch(), name="watch the switch")

    async def stop(self) -> None:
        """End watching."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._leave_zone is not None:
            self._leave_zone()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have `listener` called on every change; the returned function ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @contextlib.asynccontextmanager
    async def ask(self) -> AsyncIterator[ControlClient]:
        """Give a connection for some questions.

        Raises:
            NoSwitch: It is away.
        """
        async with self._questions, ControlClient(self._path) as client:
            yield client

    async def recording(self, call: str, piece: int) -> OpenedFile[RecordingReply]:
        """Return an open recording; whoever asks closes its descriptor.

        Raises:
            UserError: There is none.
            NoSwitch: The switch is away.
        """
        async with self._opening:
            return await asyncio.to_thread(open_recording, self._path, call, piece)

    async def file(self, request: BaseRequest, wanted: type[_Reply]) -> OpenedFile[_Reply]:
        """Return an open file that answers a request; whoever asks closes its descriptor.

        Raises:
            UserError: The switch's words.
            NoSwitch: It is away.
        """
        async with self._opening:
            return await asyncio.to_thread(open_file, self._path, request, wanted)

    async def _watch(self) -> None:
        while True:
            try:
                async with (
                    ControlClient(self._path) as client,
                    contextlib.aclosing(client.watch()) as pictures,
                ):
                    async for picture in pictures:
                        self.picture, self.away_since = picture, None
                        self._live_by(picture.zone)
                        self._changed()
            except (ZongjiError, TimeoutError, OSError) as error:
                if not isinstance(error, NoSwitch):
                    logger.warning("watching the switch: %s", error)
            if self.away_since is None:
                self.away_since = time.time()
                self._changed()
            await asyncio.sleep(_RETRY_S)

    def _live_by(self, zone: str) -> None:
        """Have the pages' local time be the office's."""
        leave = live_by(zone)
        if self._leave_zone is None:
            self._leave_zone = leave

    def _changed(self) -> None:
        self.version += 1
        for listener in tuple(self._listeners):
            listener()


async def maybe(switch: ControlClient, request: BaseRequest, wanted: type[_Reply]) -> _Reply | None:
    """Return an answer, or None where this switch has none."""
    try:
        return await switch.ask(request, wanted)
    except ZongjiError:
        return None
