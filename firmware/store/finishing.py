"""Finishing recordings: from the WAV file a call left to what is kept.

    one.wav ─► one.ogg (Opus, made by a process that gives way) ─► one.ogg.age (where the owner wants it)
                  └─────────── the journey's record names the new file, then the old one goes ───────┘

A file is made durable before the record names it, and the old one goes only after that: at every moment the
record names a whole file. What a power cut leaves over is made anew by the next round.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from firmware.core.errors import DeviceError, UserError
from firmware.core.ids import CallId
from firmware.core.records import Journey
from firmware.store import owner_key
from firmware.store.atomic import fsync_folder
from firmware.store.records import SqliteJourneyStore

logger = logging.getLogger(__name__)

_AT_ONCE = 50
"""Recordings of one round: a call may come at any moment."""

_UNFINISHED = """
    SELECT id, path FROM recording JOIN journey ON seq = journey
    WHERE complete AND path > '' AND (path LIKE '%.wav' OR (?1 AND path NOT LIKE '%.age')) AND NOT EXISTS
        (SELECT 1 FROM audio_file WHERE kind = 'recording' AND audio_file.path = recording.path)
    ORDER BY seq LIMIT ?2
"""

Convert = Callable[[Path], Awaitable[Path]]
"""Makes an Ogg Opus file beside a WAV file, which stays, and returns it. Raises DeviceError."""


class Finished(msgspec.Struct, frozen=True):
    recordings: int = 0
    saved_bytes: int = 0
    failed: tuple[str, ...] = ()
    """What couldn't be done, in plain words."""


class Finisher:
    """Turns recordings into what is kept.

    Args:
        store: The records.
        recordings: The folder their paths are relative to.
        convert: Makes Opus; None leaves WAV as it is.
        busy: Whether a call runs.
    """

    def __init__(
        self,
        store: SqliteJourneyStore,
        recordings: Path,
        convert: Convert | None,
        busy: Callable[[], bool],
    ) -> None:
        self._store = store
        self._folder = recordings
        self._convert = convert
        self._busy = busy
        self._given_up: set[str] = set()
        """Paths that can't be turned; tried again after a restart."""

    def has_given_up(self, path: str) -> bool:
        """Return whether a recording stays as it is, because it can't be turned."""
        return path in self._given_up

    async def round(self, public_key: str = "") -> Finished:
        """Finish what has been recorded, as long as no call runs.

        Args:
            public_key: The owner's, to encrypt to; empty leaves them readable.

        Raises:
            DeviceError: The records can't be read or written.
        """

        def unfinished() -> list[tuple[str, str]]:
            with self._store.reader.connected() as connection:
                wanted = (bool(public_key), _AT_ONCE + len(self._given_up))
                return connection.execute(_UNFINISHED, wanted).fetchall()

        done, saved, failed = 0, 0, []
        for call_id, path in await asyncio.to_thread(unfinished):
            source = self._folder / path
            if path in self._given_up or not source.resolve().is_relative_to(self._folder.resolve()):
                continue
            if self._busy():
                break
            try:
                saved += await self._finish(CallId(call_id), path, public_key)
                done += 1
            except (OSError, DeviceError, UserError) as error:
                self._given_up.add(path)
                logger.warning("[%s] recording %s stays as it is: %s", call_id, path, error)
                failed.append(str(error))
        return Finished(done, saved, tuple(failed))

    async def _finish(self, call_id: CallId, path: str, public_key: str) -> int:
        source = self._folder / path
        before = source.stat().st_size
        made = [source]
        if path.endswith(".wav") and self._convert is not None:
            made.append(await self._convert(source))
        if public_key:
            target = made[-1].with_name(made[-1].name + owner_key.SUFFIX)
            await asyncio.to_thread(owner_key.encrypt, made[-1], target, [public_key])
            made.append(target)
        result = made.pop()
        if result == source:
            return 0
        await asyncio.to_thread(fsync_folder, result.parent)
        name = str(result.relative_to(self._folder))

        def rename(journey: Journey) -> None:
            for recording in journey.recordings:
                if recording.path == path:
                    recording.path = name

        await self._store.amend(call_id, rename)
        for file in made:
            file.unlink(missing_ok=True)
        return before - result.stat().st_size
