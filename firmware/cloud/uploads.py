"""Recordings to the owner's S3 storage, one after the other, when no call runs.

sealed in the manifest ─► (encrypted to the owner's key) ─► SITE/recording/PATH ─► marked as uploaded
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from firmware.cloud.allowance import Allowance, BackOff
from firmware.cloud.transport import NotAllowed, Unreachable
from firmware.core.errors import DeviceError, UserError
from firmware.core.trace.cloud import Cloud as Words
from firmware.core.trace.said import Said
from firmware.store import owner_key
from firmware.store.records import SqliteJourneyStore

logger = logging.getLogger(__name__)

_IDLE_S = 60.0
_PAGE = 20

_WAITING = """
    FROM audio_file WHERE kind = 'recording' AND NOT uploaded AND removed_wall_ms IS NULL
"""


class BucketLike(Protocol):
    """What is needed of `Bucket`."""

    async def put(self, name: str, file: Path) -> None: ...


class Uploader:
    """Uploads until cancelled.

    Args:
        store: The records, with the manifest.
        recordings: The folder paths are relative to.
        bucket: Where to.
        site: This box's name, the first part of every file's name there.
        public_key: The owner's; empty uploads as it is.
        allowance: What a metered line permits.
        busy: Whether a call runs.
        on_alarm: Told when somebody must do something.
    """

    def __init__(
        self,
        store: SqliteJourneyStore,
        recordings: Path,
        bucket: BucketLike,
        site: str,
        public_key: str,
        allowance: Allowance,
        busy: Callable[[], bool],
        on_alarm: Callable[[Said], None] = lambda _: None,
        back_off: BackOff | None = None,
    ) -> None:
        self._store = store
        self._folder = recordings
        self._bucket = bucket
        self._site = site
        self._public_key = public_key
        self._allowance = allowance
        self._busy = busy
        self._on_alarm = on_alarm
        self._back_off = back_off or BackOff(random.Random(), 5.0, 900.0)  # noqa: S311 - jitter needs no secrecy
        self.uploaded = 0
        self.fault: Said | None = None

    def waiting(self) -> int:
        """Return how many recordings wait. Blocks.

        Raises:
            DeviceError: The records can't be read.
        """
        with self._store.reader.connected() as connection:
            (count,) = connection.execute("SELECT count(*)" + _WAITING).fetchone()
        return int(count)

    async def run(self) -> None:
        """Upload until cancelled."""
        while True:
            try:
                pause_s = await self._round()
            except (Unreachable, NotAllowed, DeviceError, UserError, OSError) as error:
                fault = Words.NO_UPLOAD(why=str(error))
                if self.fault != fault:
                    logger.warning("%s", fault)
                    if not isinstance(error, Unreachable):
                        self._on_alarm(fault)
                self.fault = fault
                pause_s = self._back_off.failed()
            await asyncio.sleep(pause_s)

    async def _round(self) -> float:
        """Upload a page; return how long to wait before the next."""
        found = await asyncio.to_thread(self._page)
        for path in found:
            delay_s = self._allowance.delay(time.monotonic())
            if delay_s or self._busy():
                return max(delay_s, _IDLE_S)
            await self._upload(path)
            self.uploaded += 1
            self.fault = None
            self._back_off.succeeded()
        return 0.0 if len(found) == _PAGE else _IDLE_S

    def _page(self) -> list[str]:
        with self._store.reader.connected() as connection:
            sql = "SELECT path" + _WAITING + "ORDER BY journey_id LIMIT ?"
            return [row[0] for row in connection.execute(sql, (_PAGE,))]

    async def _upload(self, path: str) -> None:
        source = self._folder / path
        name = f"{self._site}/recording/{path}" if self._site else f"recording/{path}"
        with tempfile.TemporaryDirectory(prefix="upload-", dir=self._folder.parent) as scratch:
            if self._public_key and not path.endswith(owner_key.SUFFIX):
                target = Path(scratch) / "file"
                await asyncio.to_thread(owner_key.encrypt, source, target, [self._public_key])
                source, name = target, name + owner_key.SUFFIX
            if source.exists():
                await self._bucket.put(name, source)
                self._allowance.spend(source.stat().st_size)

        def mark(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE audio_file SET uploaded = 1 WHERE kind = 'recording' AND path = ?", (path,)
            )

        await self._store.perform(mark)
