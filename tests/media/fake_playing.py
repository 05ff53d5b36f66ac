"""What `FakeMedia` plays and records: it lasts as long as it would, in virtual time, and makes no sound."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import Sequence
from pathlib import Path

from firmware.core.ids import PortId
from firmware.core.media import (
    PlaybackFailed,
    PlayCallerId,
    PlayItem,
    PlaySilence,
    PlayTone,
    RecordingResult,
)
from firmware.media.recording_form import Form


class FakePlayback:
    """One player's run; ends by itself when its items' time is over."""

    def __init__(
        self, port_id: PortId, items: Sequence[PlayItem], *, repeat: bool, until_key: bool = False
    ) -> None:
        self.port_id = port_id
        self.items = tuple(items)
        self.until_key = until_key
        self.repeat = repeat
        self.music = False
        """Whether its hearer shares it with all others who hear the same."""
        self._over = asyncio.Event()
        self._error: PlaybackFailed | None = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def running(self) -> bool:
        return not self._over.is_set()

    async def finished(self) -> None:
        await self._over.wait()
        if self._error is not None:
            raise PlaybackFailed(str(self._error))

    def stop(self) -> None:
        self._over.set()
        self._task.cancel()

    async def _run(self) -> None:
        try:
            while True:
                for item in self.items:
                    seconds = _seconds(item)
                    if seconds is None:
                        await asyncio.Event().wait()
                    else:
                        await asyncio.sleep(seconds)
                if not self.repeat or not self.items:
                    break
        except PlaybackFailed as failure:
            self._error = failure
        self._over.set()


class FakeRecording:
    """One recording; closing it leaves a silent stereo WAV file of the time that passed."""

    def __init__(
        self, path: Path, left: PortId, right: PortId, voice: bytes | None = None, *, compact: bool = False
    ) -> None:
        self._voice = voice
        self.compact = compact
        """Whether it might be kept as codewords; it never is, as where two speak differently."""
        self.path = path
        self.left = left
        self.right = right
        self.result: RecordingResult | None = None
        self.detail = ""
        """What it will be found to lack once it is closed."""
        self._over = asyncio.Event()
        self.paused = False
        self._paused_at = 0.0
        self.muted = False
        self.mutes: list[bool] = []
        """Every `mute` asked for, oldest first."""
        self._started = asyncio.get_running_loop().time()
        self._write(0)

    @property
    def running(self) -> bool:
        return self.result is None

    def pause(self) -> None:
        if not self.paused:
            self.paused = True
            self._paused_at = asyncio.get_running_loop().time()

    def resume(self) -> None:
        if self.paused:
            self.paused = False
            self._started += asyncio.get_running_loop().time() - self._paused_at

    def mute(self, muted: bool) -> None:
        self.muted = muted
        self.mutes.append(muted)

    async def close(self) -> RecordingResult:
        if self.result is None:
            self.resume()
            duration_ms = round((asyncio.get_running_loop().time() - self._started) * 1000)
            self._write(duration_ms * 8)
            self.result = RecordingResult(str(self.path), duration_ms, not self.detail, self.detail)
            self._over.set()
        return self.result

    async def ended(self) -> RecordingResult:
        await self._over.wait()
        return await self.close()

    async def disk_fills(self) -> None:
        """Have the disk refuse what is said from here on."""
        self.detail = "No space left on device"
        await self.close()

    def _write(self, frames: int) -> None:
        """Make the file; its silence is a hole, so that an hour of virtual time takes no disk."""
        size = frames * Form.PCM.frame_bytes
        header = Form.PCM.header(frames)
        if self._voice is not None:
            self.path.write_bytes(header + self._voice[:size].ljust(size, b"\0"))
            return
        self.path.write_bytes(header)
        os.truncate(self.path, len(header) + size)


def _seconds(item: PlayItem) -> float | None:
    """Return how long an item lasts; None for ever.

    Raises:
        PlaybackFailed: It is a file that the real media process would refuse.
    """
    if isinstance(item, PlaySilence):
        return item.duration_ms / 1000
    if isinstance(item, PlayCallerId):
        return 1.0
    if isinstance(item, PlayTone):
        return None if item.duration_ms is None else item.duration_ms / 1000
    try:
        with wave.open(item.path, "rb") as wav:
            if (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) != (1, 2, 8000):
                raise PlaybackFailed(f"{item.path}: not mono 16-bit at 8000 Hz")
            return max(0.0, wav.getnframes() / 8000 - item.start_ms / 1000)
    except (OSError, EOFError, wave.Error) as error:
        raise PlaybackFailed(f"{item.path}: {error}") from error
