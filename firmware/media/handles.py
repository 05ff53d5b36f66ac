"""What `MediaClient` gives out: one playback, one recording."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, Protocol

from firmware.core.media import PlaybackFailed, RecordingResult
from firmware.media import protocol

_FRAMES_PER_MS: Final = 8


class PlaybackOwner(Protocol):
    """The client, as its playbacks see it."""

    def stop_playing(self, playback: ClientPlayback) -> None:
        """Have a playback fall silent."""


class RecordingOwner(Protocol):
    """The client's recordings, as each of them sees them."""

    def adjust(self, command: protocol.AdjustRecording) -> None:
        """Have one paused or muted."""

    async def close(self, recording: ClientRecording) -> RecordingResult:
        """Close one and wait for what came of it."""


class ClientPlayback:
    """A `Playback`."""

    def __init__(self, client: PlaybackOwner, command: protocol.Play) -> None:
        self.command = command
        self._client = client
        self._over = asyncio.Event()
        self._error: str | None = None

    async def finished(self) -> None:
        await self._over.wait()
        if self._error is not None:
            raise PlaybackFailed(self._error)

    def stop(self) -> None:
        self._client.stop_playing(self)

    def end(self, error: str | None) -> None:
        """Let those who wait go on; only the first call counts."""
        if not self._over.is_set():
            self._error = error
            self._over.set()


class ClientRecording:
    """A `Recording`."""

    def __init__(self, owner: RecordingOwner, command: protocol.Record) -> None:
        self.command = command
        self.path = Path(command.path)
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[RecordingResult] = asyncio.get_running_loop().create_future()
        self.closing = False
        self.interrupted = False
        """The media process was away in between."""
        self.adjustment = protocol.AdjustRecording(command.recorder_id, paused=False, muted=False)
        self._owner = owner

    def pause(self) -> None:
        self._adjust(paused=True, muted=self.adjustment.muted)

    def resume(self) -> None:
        self._adjust(paused=False, muted=self.adjustment.muted)

    def mute(self, muted: bool) -> None:
        self._adjust(paused=self.adjustment.paused, muted=muted)

    def _adjust(self, *, paused: bool, muted: bool) -> None:
        adjusted = protocol.AdjustRecording(self.command.recorder_id, paused, muted)
        if adjusted != self.adjustment and not self.closing:
            self.adjustment = adjusted
            self._owner.adjust(adjusted)

    async def close(self) -> RecordingResult:
        return await self._owner.close(self)

    async def ended(self) -> RecordingResult:
        return await asyncio.shield(self.closed)

    def end(self, frames: int, error: str | None) -> None:
        """Note what came of it; only the first call counts."""
        if self.closed.done():
            return
        if error is None and self.interrupted:
            error = "the media process was restarted meanwhile"
        self.closed.set_result(
            RecordingResult(
                path=self.command.path,
                duration_ms=frames // _FRAMES_PER_MS,
                complete=error is None,
                detail=error or "",
            )
        )
