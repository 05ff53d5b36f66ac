"""The storage keeper: seals audio in a manifest, exports it, clears away what may go.

    complete recording ─► sealed (bytes, SHA-256) ─► exported (copied and compared) ─► removed (entry stays)

It works between calls: while one runs nothing is removed, hashed or copied. A manifest entry outlives its
file and says when and why it went.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from firmware.core.clock import Clock, Instant
from firmware.core.errors import ZongjiError
from firmware.core.ids import CallId
from firmware.store import keeping
from firmware.store.forgetting import forget
from firmware.store.keeping import Audio, Disk, Kind, Level, Removal, Rules
from firmware.store.records import SqliteJourneyStore
from firmware.store.stick import Stick, sha256_of

logger = logging.getLogger(__name__)

_DAY_MS = 86_400_000
_AT_ONCE = 200
"""Files sealed or removed in one round, and journeys in one transaction: a call may come at any moment."""

_FILES = """
    SELECT kind, path, journey.id, seq, started_wall_ms, started_mono_ms, boot_id, clock_set, heard,
        legal_hold.journey_id IS NOT NULL, audio_file.bytes, audio_file.exported,
        audio_file.sha256
    FROM (SELECT 'recording' AS kind, path, journey, 1 AS heard FROM recording
          UNION ALL SELECT 'voicemail', path, journey, heard FROM voicemail) AS audio
    JOIN journey ON journey.seq = audio.journey
    LEFT JOIN legal_hold ON legal_hold.journey_id = journey.id
    LEFT JOIN audio_file USING (kind, path)
    WHERE audio_file.removed_wall_ms IS NULL ORDER BY seq
"""


_EXPORTED = "UPDATE audio_file SET exported = 1 WHERE kind = ? AND path = ?"
_REMOVED = "UPDATE audio_file SET removed_wall_ms = ?, removed_because = ? WHERE kind = ? AND path = ?"


class KeeperReport(msgspec.Struct, frozen=True):
    """What one round found and did."""

    level: Level
    share: float
    """Of the disk used, 0 to 1."""
    sealed: int = 0
    exported: int = 0
    removed: int = 0
    removed_bytes: int = 0
    records_removed: int = 0
    put_off: bool = False
    """A call ran, so nothing more was done."""


class Keeper:
    """Keeps the audio folders.

    Args:
        store: The records.
        folders: Where each kind lies.
        clock: For ages.
        busy: Whether a call runs.
        archive: The owner's long-term copies, or None.
        disk: How full the disk is; tests hand in their own.
        is_final: Whether a recording of that path is as it will be kept; others aren't sealed yet.
    """

    def __init__(
        self,
        store: SqliteJourneyStore,
        folders: Mapping[Kind, Path],
        clock: Clock,
        busy: Callable[[], bool],
        archive: Stick | None = None,
        disk: Callable[[Path], Disk] | None = None,
        is_final: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._store = store
        self._folders = folders
        self._clock = clock
        self._busy = busy
        self.archive = archive
        self._disk = disk or disk_of
        self._is_final = is_final

    async def hold(self, call_id: CallId, reason: str) -> None:
        """Put a call under legal hold: its audio and record stay until released.

        Raises:
            DeviceError: The card refuses.
        """
        since_ms = self._clock.now().wall_ms
        await self._store.perform(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO legal_hold VALUES (?, ?, ?)", (call_id, reason, since_ms)
            )
        )

    async def release(self, call_id: CallId) -> None:
        """End a legal hold.

        Raises:
            DeviceError: The card refuses.
        """
        await self._store.perform(
            lambda connection: connection.execute("DELETE FROM legal_hold WHERE journey_id = ?", (call_id,))
        )

    async def round(self, rules: Rules) -> KeeperReport:
        """Seal, export and clear away, as long as no call runs.

        Raises:
            DeviceError: The records can't be read or written.
        """
        folder = self._folders[Kind.RECORDING]
        disk = await asyncio.to_thread(self._disk, folder)
        report = KeeperReport(keeping.level(disk), disk.share)
        if self._busy():
            return msgspec.structs.replace(report, put_off=True)
        sealed = await self._seal()
        exported = await self._export()
        files = [audio for audio, seal in await asyncio.to_thread(self._files) if seal is not None]
        removed = 0
        freed = 0
        for removal in keeping.removals(files, rules, disk, self._clock.now())[:_AT_ONCE]:
            if self._busy():
                report = msgspec.structs.replace(report, put_off=True)
                break
            await self._remove(removal)
            removed += 1
            freed += removal.audio.bytes
        records = 0
        if rules.record_days is not None and not self._busy():
            records = await self._forget(rules.record_days, rules)
        return msgspec.structs.replace(
            report,
            sealed=sealed,
            exported=exported,
            removed=removed,
            removed_bytes=freed,
            records_removed=records,
        )

    async def altered(self) -> list[str]:
        """Return "kind/path" of sealed audio that is missing or isn't what it was.

        Raises:
            DeviceError: The records can't be read.
        """

        def sealed() -> list[tuple[str, str, str]]:
            with self._store.reader.connected() as connection:
                return connection.execute(
                    "SELECT kind, path, sha256 FROM audio_file WHERE removed_wall_ms IS NULL ORDER BY path"
                ).fetchall()

        found = []
        for kind, path, expected in await asyncio.to_thread(sealed):
            try:
                same = await asyncio.to_thread(sha256_of, self._folders[Kind(kind)] / path) == expected
            except OSError:
                same = False
            if not same:
                found.append(f"{kind}/{path}")
        return found

    def _files(self) -> list[tuple[Audio, str | None]]:
        """Return the files that are there, and the seal of each that has one."""
        with self._store.reader.connected() as connection:
            found = connection.execute(_FILES).fetchall()
        files = []
        for kind, path, call_id, seq, wall, mono, boot, is_set, heard, held, size, exported, seal in found:
            file = self._folders[Kind(kind)] / path
            if not file.resolve().is_relative_to(self._folders[Kind(kind)].resolve()):
                continue
            if size is None:
                try:
                    size = file.stat().st_size
                except OSError:
                    continue
            audio = Audio(
                Kind(kind),
                path,
                CallId(call_id),
                size,
                seq,
                Instant(wall, mono, boot, bool(is_set)),
                bool(held),
                bool(heard),
                bool(exported),
            )
            files.append((audio, seal))
        return files

    async def _seal(self) -> int:
        new = [audio for audio, seal in await asyncio.to_thread(self._files) if seal is None]
        new = [audio for audio in new if audio.kind is not Kind.RECORDING or self._is_final(audio.path)]
        rows = []
        for audio in new[:_AT_ONCE]:
            if self._busy():
                break
            try:
                digest = await asyncio.to_thread(sha256_of, self._folders[audio.kind] / audio.path)
            except OSError as error:
                logger.warning("[%s] %s can't be sealed: %s", audio.call_id, audio.path, error.strerror)
                continue
            rows.append((audio.kind.value, audio.path, audio.call_id, audio.bytes, digest))

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT OR REPLACE INTO audio_file (kind, path, journey_id, bytes, sha256) "
                "VALUES (?, ?, ?, ?, ?)",
                rows,
            )

        if rows:
            await self._store.perform(write)
        return len(rows)

    async def _export(self) -> int:
        archive = self.archive
        if archive is None or not await asyncio.to_thread(archive.is_there):
            return 0
        done = 0
        for audio, seal in await asyncio.to_thread(self._files):
            if seal is None or audio.exported or done >= _AT_ONCE:
                continue
            if self._busy():
                break
            source = self._folders[audio.kind] / audio.path
            try:
                await asyncio.to_thread(archive.take, audio, source, seal)
            except ZongjiError as error:
                logger.warning("[%s] %s can't be archived: %s", audio.call_id, audio.path, error)
                continue
            except OSError as error:
                logger.warning("the archive can't be written: %s", error)
                break
            await self._note_exported(audio)
            done += 1
        return done

    async def _note_exported(self, audio: Audio) -> None:
        which = (audio.kind.value, audio.path)
        await self._store.perform(lambda connection: connection.execute(_EXPORTED, which))

    async def _remove(self, removal: Removal) -> None:
        audio = removal.audio
        # The entry first: a file without a mention is only untidy, a mention without its file a riddle.
        changed = (self._clock.now().wall_ms, removal.because, audio.kind.value, audio.path)

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(_REMOVED, changed)
            if audio.kind is Kind.VOICEMAIL:
                connection.execute("DELETE FROM message WHERE path = ?", (audio.path,))

        await self._store.perform(job)
        file = self._folders[audio.kind] / audio.path
        await asyncio.to_thread(file.unlink, missing_ok=True)
        logger.info("[%s] removed %s %s: %s", audio.call_id, audio.kind, audio.path, removal.because)

    async def _forget(self, days: int, rules: Rules) -> int:
        now = self._clock.now()
        if not now.clock_set:
            return 0
        before_ms = now.wall_ms - days * _DAY_MS
        return await self._store.perform(
            lambda connection: forget(connection, before_ms, _AT_ONCE, unsent_too=rules.unsent_too)
        )


def disk_of(folder: Path) -> Disk:
    """Return how full the disk of a folder is.

    Raises:
        OSError: It is gone.
    """
    usage = shutil.disk_usage(folder)
    # What only root may fill counts as used: our files can't go there.
    return Disk(usage.total, usage.total - usage.free)
