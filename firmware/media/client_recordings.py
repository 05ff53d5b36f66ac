"""The recordings of a `MediaClient`: begun, told again after a restart, and closed.

    asked for ──RecordingOpened──► running ──StopRecording──► closing ──RecordingClosed──► ended
        └── refused: ended             └── the media process can't answer: ended, as long as its file is

What the media process was away for is a gap, and is told with the result.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from firmware.core.ids import PortId
from firmware.core.media import MediaError, RecordingResult
from firmware.media import protocol
from firmware.media.handles import ClientRecording
from firmware.media.recording_form import frames_in

ANSWER_SECONDS: Final = 5.0
"""To wait for the media process; a restart takes half a second."""


class ClientRecordings:
    """All that are not over.

    Args:
        tell: Sends a difference, while a media process is attached.
    """

    def __init__(self, tell: Callable[[protocol.Command], None]) -> None:
        self._tell = tell
        self._attached = False
        self._recordings: dict[str, ClientRecording] = {}

    def attached(self) -> list[protocol.Command]:
        """A media process answers; return what it is to be told."""
        self._attached = True
        running = [one for one in self._recordings.values() if not one.closing]
        return [command for one in running for command in (one.command, one.adjustment)]

    def detached(self) -> None:
        """The media process is gone; it may come back."""
        self._attached = False
        for recorder_id, recording in list(self._recordings.items()):
            if recording.opened.done():
                recording.interrupted = True
            if recording.closing:
                self._end_from_file(recorder_id, "the media process died while closing")

    def receive(self, event: protocol.RecordingOpened | protocol.RecordingClosed) -> None:
        """Take what the media process says of one."""
        if isinstance(event, protocol.RecordingOpened):
            opened = self._recordings.get(event.recorder_id)
            if opened is not None and not opened.opened.done():
                opened.opened.set_result(None)
            return
        closed = self._recordings.pop(event.recorder_id, None)
        if closed is not None:
            closed.end(event.frames, event.error)

    async def begin(self, path: Path, left: PortId, right: PortId, *, compact: bool) -> ClientRecording:
        """Begin one and wait until its file is open; see `MediaPlane.record`."""
        recorder_id = secrets.token_hex(6)
        recording = ClientRecording(
            self, protocol.Record(recorder_id, str(path), left, right, time.monotonic_ns(), compact)
        )
        self._recordings[recorder_id] = recording
        self._tell(recording.command)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answers: list[asyncio.Future[Any]] = [recording.opened, recording.closed]
                await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
        except BaseException as error:
            self._forget(recorder_id)
            if isinstance(error, TimeoutError):
                raise MediaError(f"{path}: the media process doesn't answer") from error
            raise
        if not recording.opened.done():
            raise MediaError(f"{path}: {recording.closed.result().detail}")
        return recording

    def adjust(self, command: protocol.AdjustRecording) -> None:
        """Have one paused or muted."""
        self._tell(command)

    async def close(self, recording: ClientRecording) -> RecordingResult:
        """Close one and wait for what came of it; see `Recording.close`."""
        recorder_id = recording.command.recorder_id
        if not recording.closing and not recording.closed.done():
            recording.closing = True
            if self._attached:
                self._tell(protocol.StopRecording(recorder_id))
            else:
                self._end_from_file(recorder_id, "the media process is away")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(recording.closed)
        except TimeoutError:
            self._end_from_file(recorder_id, "the media process doesn't answer")
            return recording.closed.result()

    def _forget(self, recorder_id: str) -> None:
        if self._recordings.pop(recorder_id, None) is not None:
            self._tell(protocol.StopRecording(recorder_id))

    def _end_from_file(self, recorder_id: str, reason: str) -> None:
        """Say of a recording what the file itself tells."""
        recording = self._recordings.pop(recorder_id, None)
        if recording is not None:
            recording.end(frames_in(recording.path), reason)
