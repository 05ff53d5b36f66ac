"""The records: opened before any call, mended from what the last power cut left, dated, kept, cleared away.

clock set ─► date what was written before
every 10 minutes, and when the last call has ended: recordings to Opus (and to the owner's key) ─► sealed ─►
    archived on the stick ─► cleared away by age, quota, full disk
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from firmware.app.parts import Parts
from firmware.app.tasks import keep
from firmware.core.clock import Clock, Instant
from firmware.core.errors import DeviceError
from firmware.core.paths import StatePaths
from firmware.core.trace import Said
from firmware.core.trace.box import Box
from firmware.settings.storage import StorageSettings
from firmware.settings.store import SettingsStore
from firmware.store.clock_watch import date_when_set
from firmware.store.finishing import Finisher
from firmware.store.keeper import Keeper, KeeperReport
from firmware.store.keeping import Keep, Kind, Level, Rules
from firmware.store.records import RecordEvent, SqliteJourneyStore
from firmware.store.stick import Stick

logger = logging.getLogger(__name__)

_ROUND_S = 600.0
"""Between two rounds of the keeper when no call ends."""

_QUIET_S = 60.0
"""How long after a call's end or a start: the next caller may be ringing, and somebody may be listening."""

_CONVERT_S = 900.0
"""The longest recording on the slowest board; more is a fault."""

_GIGABYTE = 10**9


def open_store(
    paths: StatePaths,
    clock: Clock,
    started: Instant,
    settings: SettingsStore,
    running: AsyncExitStack,
) -> SqliteJourneyStore:
    """Return the store, started. Calls that were broken off are closed before a new one begins; their
    recordings are complete by now, even where media had outlived the switch.

    Raises:
        DeviceError: The database can't be opened.
    """
    store = SqliteJourneyStore(paths.records, clock, country=lambda: settings.current.office.country)
    store.start()
    running.push_async_callback(asyncio.to_thread, store.stop)
    store.recover(paths.recordings, started, paths.voicemail)
    return store


_FILLING = {
    Level.WARN: Box.DISK_FILLING,
    Level.ALARM: Box.DISK_NEARLY_FULL,
    Level.FULL: Box.DISK_FULL,
}
"""What is told of a disk at each level but OK."""


class Keeping:
    """The keeper at work, with the settings of the moment."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        folders = {Kind.RECORDING: parts.paths.recordings, Kind.VOICEMAIL: parts.paths.voicemail}
        self.keeper = Keeper(parts.store, folders, parts.clock, self._busy, is_final=self._is_final)
        self._finisher = Finisher(parts.store, parts.paths.recordings, _to_opus, self._busy)
        self._wake = asyncio.Event()
        self._level = Level.OK
        self._told: set[str] = set()
        self.last: KeeperReport | None = None

    def _busy(self) -> bool:
        return bool(self._parts.exchange.live())

    def _is_final(self, path: str) -> bool:
        if self._finisher.has_given_up(path):
            return True
        encrypts = self._parts.settings.current.storage.encrypt_recordings
        return path.endswith(".age" if encrypts else (".ogg", ".age"))

    async def run(self) -> None:
        """Keep, until cancelled."""
        self._parts.store.subscribe(lambda what, _: self._wake.set() if what is RecordEvent.ENDED else None)
        while True:
            await asyncio.sleep(_QUIET_S)
            self._wake.clear()
            try:
                await self.round()
            except DeviceError as error:
                logger.warning("the storage keeper waits: %s", error)
            except OSError as error:
                self._alarm(Box.NOT_KEPT(why=str(error)))
            try:
                async with asyncio.timeout(_ROUND_S):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def round(self) -> KeeperReport:
        """Do one round.

        Raises:
            DeviceError: The records can't be read or written.
            OSError: The disk is gone.
        """
        storage = self._parts.settings.current.storage
        key = storage.owner_key if storage.encrypt_recordings else ""
        finished = await self._finisher.round(key)
        for reason in finished.failed:
            self._alarm(Box.UNFINISHED(why=str(reason)))
        self.keeper.archive = stick_of(storage)
        report = await self.keeper.round(
            rules_of(storage, has_cloud=self._parts.settings.current.cloud.way != "off")
        )
        self.last = report
        if report.level is not self._level and report.level is not Level.OK:
            self._parts.alarms(_FILLING[report.level](share=f"{report.share:.0%}"))
        self._level = report.level
        return report

    def _alarm(self, text: Said) -> None:
        if str(text) not in self._told:
            self._told.add(str(text))
            self._parts.alarms(text)


def rules_of(storage: StorageSettings, *, has_cloud: bool) -> Rules:
    """Return what may go and when."""
    return Rules(
        recordings=Keep(storage.recording_days, _bytes(storage.recording_gb)),
        voicemail=Keep(storage.voicemail_days, _bytes(storage.voicemail_gb)),
        record_days=storage.record_days,
        unsent_too=not has_cloud,
        export_first=storage.archive_first,
    )


def stick_of(storage: StorageSettings) -> Stick | None:
    """Return the archive; None where there shall be none."""
    if not storage.archive_folder:
        return None
    return Stick(Path(storage.archive_folder), storage.owner_key)


def _bytes(gigabytes: int | None) -> int | None:
    return None if gigabytes is None else gigabytes * _GIGABYTE


async def _to_opus(path: Path) -> Path:
    """Have a process that gives way to calls make Ogg Opus beside a WAV file.

    Raises:
        DeviceError: It can't be read or written.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "firmware.media.archive", "--keep", str(path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_CONVERT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        raise DeviceError(f"{path.name} takes too long to convert") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise DeviceError(said.decode("utf-8", "replace").strip()[:200] or f"{path.name} can't be converted")
    return path.with_suffix(".ogg")


async def start(parts: Parts, running: AsyncExitStack) -> Keeping:
    """Begin to date and to keep."""

    async def date(now: Instant) -> int:
        return await parts.store.clock_was_set(now)

    keeping = Keeping(parts)
    keep(running, date_when_set(parts.clock, date), "dating")
    keep(running, keeping.run(), "storage keeper")
    return keeping
