"""Copies to the cloud put to work: records to the fleet, recordings to S3 storage, as the settings say.

settings.cloud ─► CloudSync (poked when a call has ended) ─┐
               └► Uploader (between calls) ────────────────┴─ one allowance of bytes a day
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from firmware.app.parts import Parts
from firmware.cloud.allowance import Allowance
from firmware.cloud.bucket import Bucket, BucketConfig
from firmware.cloud.build import CloudConfig, cloud_sync
from firmware.cloud.redaction import Redaction
from firmware.cloud.sync import CloudSync
from firmware.cloud.uploads import Uploader
from firmware.core.errors import UserError
from firmware.core.trace.box import Box
from firmware.core.trace.said import Said
from firmware.settings.cloud import CloudSettings
from firmware.settings.document import Settings
from firmware.settings.storage import S3Settings
from firmware.store.outbox import Outbox
from firmware.store.records import RecordEvent

logger = logging.getLogger(__name__)

_MEGABYTE = 1_000_000
_KILOBIT = 125
"""Bytes."""

_BACKLOG_WORRIES_MS = 3 * 86_400_000
"""Records that have waited for three days are worth an alarm; nothing is lost meanwhile."""

_LOOK_S = 3600.0


class Copying:
    """What is sent from this box, and how it stands."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks: list[asyncio.Task[None]] = []
        self._worried = False
        self.outbox = Outbox(parts.store)
        self.sync: CloudSync | None = None
        self.uploader: Uploader | None = None

    async def start(self, running: AsyncExitStack) -> None:
        """Begin to send."""
        self._begin(self._parts.settings.current)
        running.callback(self._parts.settings.subscribe(self._changed))
        running.callback(self._parts.store.subscribe(lambda what, _: self._poke(what)))
        running.push_async_callback(self._end)

    def _poke(self, what: RecordEvent) -> None:
        if self.sync is not None and what is not RecordEvent.BEGAN:
            self.sync.poke()

    def _changed(self, before: Settings, after: Settings) -> None:
        if (before.cloud, before.storage) != (after.cloud, after.storage):
            self._begin(after)

    def _begin(self, settings: Settings) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks, self.sync, self.uploader = [], None, None
        cloud = settings.cloud
        allowance = allowance_of(cloud, time.monotonic())
        try:
            self.sync = cloud_sync(config_of(cloud), self._parts.store, self._alarm, allowance)
        except UserError as error:
            self._parts.alarms(Box.CLOUD_STOPPED(why=str(error)))
        if self.sync is not None:
            self._run(self.sync.run(), "cloud sync")
            self._run(self._watch_backlog(), "cloud backlog")
        if cloud.upload_recordings:
            self.uploader = Uploader(
                self._parts.store,
                self._parts.paths.recordings,
                Bucket(bucket_of(cloud.s3)),
                cloud.site,
                settings.storage.owner_key,
                allowance,
                lambda: bool(self._parts.exchange.live()),
                self._parts.alarms,
            )
            self._run(self.uploader.run(), "recordings to S3")

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def _alarm(self, text: Said | None) -> None:
        if text is not None:
            self._parts.alarms(text)

    async def _watch_backlog(self) -> None:
        while True:
            backlog = await asyncio.to_thread(self.outbox.backlog)
            now = self._parts.clock.now()
            oldest = backlog.oldest_wall_ms
            late = now.clock_set and oldest is not None and now.wall_ms - oldest > _BACKLOG_WORRIES_MS
            if late and not self._worried:
                self._parts.alarms(Box.CLOUD_LATE(count=backlog.waiting))
            self._worried = late
            await asyncio.sleep(_LOOK_S)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def allowance_of(cloud: CloudSettings, now: float) -> Allowance:
    """Return what may be sent, by records and recordings together."""
    daily = None if cloud.megabytes_a_day is None else cloud.megabytes_a_day * _MEGABYTE
    bandwidth = None if cloud.kilobits_a_second is None else cloud.kilobits_a_second * _KILOBIT
    return Allowance(daily, now, bandwidth)


def config_of(cloud: CloudSettings) -> CloudConfig:
    """Return the settings in the words of the cloud's own part."""
    return CloudConfig(
        way=cloud.way,
        url=cloud.url,
        site=cloud.site,
        key=cloud.secret,
        credentials=cloud.nats_secret,
        authority=cloud.authority,
        redaction=Redaction(cloud.redaction),
        bytes_a_day=None if cloud.megabytes_a_day is None else cloud.megabytes_a_day * _MEGABYTE,
    )


def bucket_of(s3: S3Settings, prefix: str = "") -> BucketConfig:
    """Return the settings of an S3 storage in the words of the cloud's own part."""
    return BucketConfig(
        endpoint=s3.endpoint,
        region=s3.region,
        bucket=s3.bucket,
        access_key=s3.access_key,
        access_secret=s3.access_secret,
        path_style=s3.path_style,
        prefix=prefix,
    )
