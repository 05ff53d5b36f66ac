"""Backups put to work: once a day at the hour set, in a process of their own; a failure is an alarm.

What became of the last one is kept in the records, so that a restart neither forgets a fault nor makes a
second backup of the same day.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import sqlite3
import sys
from contextlib import AsyncExitStack

import msgspec

from firmware.app.cloud import bucket_of
from firmware.app.parts import Parts
from firmware.app.tasks import keep
from firmware.backup.order import Order, Outcome
from firmware.control.storage import BackupStatus
from firmware.core.errors import DeviceError, UserError
from firmware.core.trace.box import Box

logger = logging.getLogger(__name__)

_LOOK_S = 60.0
_LONGEST_S = 6 * 3600.0
"""Recordings of years over a slow line; more is a fault."""

_AGAIN_MS = 3_600_000
"""After a failure: the stick may be in by then."""

_KEY = "backup"


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered."""

    tried_ms: int = 0
    good_ms: int | None = None
    name: str = ""
    bytes: int = 0
    fault: str | None = None


class Backups:
    """Makes backups at their hour, and whenever somebody asks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._wanted = asyncio.Event()
        self._running = False
        self._last = Last()

    async def start(self, running: AsyncExitStack) -> None:
        """Begin to watch the hour."""
        keep(running, self._run(), "backups")

    def want(self) -> None:
        """Have a backup made now.

        Raises:
            UserError: None are set up, or one is being made.
        """
        if self._parts.settings.current.backup.to == "off":
            raise UserError("Setting backup.to: say where backups shall go first.")
        if self._running:
            raise UserError("A backup is being made already.")
        self._wanted.set()

    def status(self) -> BackupStatus:
        """Return how backups stand."""
        to = self._parts.settings.current.backup.to
        return BackupStatus(
            to=to,
            running=self._running,
            last_ms=self._last.good_ms,
            last_name=self._last.name,
            last_bytes=self._last.bytes,
            fault=self._last.fault,
            next_ms=None if to == "off" else self._due_ms(),
        )

    def _due_ms(self) -> int:
        """Return when the next one is due, ms since 1970 UTC."""
        hour = self._parts.settings.current.backup.hour
        if self._last.fault is not None:
            return self._last.tried_ms + _AGAIN_MS
        done_ms = self._last.good_ms
        if done_ms is None:
            return self._last.tried_ms
        done = datetime.datetime.fromtimestamp(done_ms / 1000).astimezone()
        due = done.replace(hour=hour, minute=0, second=0, microsecond=0)
        if due <= done:
            due += datetime.timedelta(days=1)
        return int(due.timestamp() * 1000)

    async def _run(self) -> None:
        self._last = await asyncio.to_thread(self._remembered)
        while True:
            now = self._parts.clock.now()
            to = self._parts.settings.current.backup.to
            due = to != "off" and now.clock_set and now.wall_ms >= self._due_ms()
            if self._wanted.is_set() or due:
                self._wanted.clear()
                await self._back_up(now.wall_ms)
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def _back_up(self, now_ms: int) -> None:
        self._running = True
        try:
            outcome = await self._in_process(self._order(now_ms))
        finally:
            self._running = False
        before = self._last
        if outcome.result is not None:
            self._last = Last(
                tried_ms=now_ms, good_ms=now_ms, name=outcome.result.name, bytes=outcome.result.bytes
            )
            logger.info("backed up as %s; restored in trial", outcome.result.name)
        else:
            self._last = msgspec.structs.replace(before, tried_ms=now_ms, fault=outcome.fault)
            if outcome.fault != before.fault:
                self._parts.alarms(Box.BACKUP_FAILED(why=outcome.fault or ""))
        await self._remember()

    def _order(self, now_ms: int) -> Order:
        settings = self._parts.settings.current
        backup = settings.backup
        return Order(
            state=str(self._parts.paths.root),
            to="folder" if backup.to == "off" else backup.to,
            public_key=settings.storage.owner_key,
            site=settings.cloud.site,
            now_ms=now_ms,
            keep=backup.keep,
            audio=backup.recordings,
            folder=backup.folder,
            url=backup.url,
            token=backup.token,
            bucket=bucket_of(backup.s3, "zongji-backup") if backup.to == "s3" else None,
        )

    async def _in_process(self, order: Order) -> Outcome:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "firmware.backup"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_LONGEST_S):
                said, _ = await process.communicate(msgspec.json.encode(order))
            return msgspec.json.decode(said, type=Outcome)
        except TimeoutError:
            return Outcome(fault="it took longer than six hours")
        except msgspec.MsgspecError:
            return Outcome(fault="its process failed; the log says why")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _remembered(self) -> Last:
        try:
            with self._parts.store.reader.connected() as connection:
                row = connection.execute("SELECT value FROM box WHERE key = ?", (_KEY,)).fetchone()
            return Last() if row is None else msgspec.json.decode(row[0], type=Last)
        except (DeviceError, msgspec.MsgspecError) as error:
            logger.warning("what became of the last backup can't be read: %s", error)
            return Last()

    async def _remember(self) -> None:
        value = msgspec.json.encode(self._last).decode()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO box VALUES (?, ?)", (_KEY, value))

        try:
            await self._parts.store.perform(write)
        except DeviceError as error:
            logger.warning("what became of the backup can't be kept: %s", error)
