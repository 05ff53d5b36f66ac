"""Answers about copies to elsewhere, and everything countable as Prometheus reads it."""

from __future__ import annotations

import asyncio
import time

import msgspec

from firmware.app.cloud import Copying
from firmware.app.parts import Parts
from firmware.app.webhooks import Telling
from firmware.control.base import BaseReply
from firmware.control.cloud import (
    CloudReply,
    GetCloud,
    GetMetrics,
    HookStatus,
    MetricsReply,
    RetriedReply,
    RetryRefused,
)
from firmware.control.schema import GetStatus, StatusReply
from firmware.core.errors import DeviceError


class CloudDesk:
    """Answers over the parts that send."""

    def __init__(self, parts: Parts, copying: Copying, telling: Telling) -> None:
        self._parts = parts
        self._copying = copying
        self._telling = telling

    def register(self) -> None:
        """Begin to answer."""
        self._parts.answers.on(GetCloud, self.status)
        self._parts.answers.on(RetryRefused, self._retry)
        self._parts.answers.on(GetMetrics, self._metrics)

    async def status(self, _: GetCloud) -> CloudReply:
        """Return how the copying stands."""
        cloud = self._parts.settings.current.cloud
        sync, uploader = self._copying.sync, self._copying.uploader
        reply = CloudReply(way=cloud.way, site=cloud.site, hooks=await self._hooks())
        backlog = await asyncio.to_thread(self._copying.outbox.backlog)
        found: dict[str, object] = {
            "waiting": backlog.waiting,
            "refused": backlog.refused,
            "oldest_ms": backlog.oldest_wall_ms,
        }
        if sync is not None:
            status = await sync.status()
            last_ms = status.last_success_mono_ms
            found |= {"sent": status.sent, "sent_bytes": status.sent_bytes, "fault": status.fault}
            found["success_s"] = None if last_ms is None else time.monotonic() - last_ms / 1000
        if uploader is not None:
            found["uploads_waiting"] = await asyncio.to_thread(uploader.waiting)
            found |= {"uploaded": uploader.uploaded, "upload_fault": uploader.fault}
        return msgspec.structs.replace(reply, **found)

    async def _hooks(self) -> tuple[HookStatus, ...]:
        hooks = self._telling.hooks
        if hooks is None or not hooks.progress:
            return ()
        waiting = await asyncio.to_thread(hooks.waiting)
        return tuple(
            HookStatus(
                url=url,
                waiting=waiting[url],
                delivered=progress.delivered,
                given_up=progress.given_up,
                fault=progress.fault,
            )
            for url, progress in hooks.progress.items()
        )

    async def _retry(self, _: RetryRefused) -> BaseReply:
        records = await self._copying.outbox.retry()
        if self._copying.sync is not None:
            self._copying.sync.poke()
        return RetriedReply(records=records)

    async def _metrics(self, _: GetMetrics) -> BaseReply:
        status = await self._parts.answers.replies[GetStatus](GetStatus())
        if not isinstance(status, StatusReply):
            raise DeviceError("the status is not to be had")
        # Imported here: most boxes are never asked, and Prometheus' library brings a web server along.
        from firmware.app.api.metrics import exposition

        text, media_type = exposition(status, await self.status(GetCloud()), self._parts.store.status())
        token = self._parts.settings.current.integrations.metrics_token
        return MetricsReply(text=text, media_type=media_type, token=token)
