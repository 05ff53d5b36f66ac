"""Copies to the cloud and other systems over the control socket: status, backlog, what was refused."""

from __future__ import annotations

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.trace.said import Said


class GetCloud(BaseRequest, frozen=True, tag="cloud"):
    """How the copying stands."""


class HookStatus(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    waiting: int
    delivered: int
    """Since the start."""
    given_up: int
    fault: str | None = None


class CloudReply(BaseReply, frozen=True, tag="cloud", kw_only=True):
    way: str
    """off, https or nats."""
    site: str
    waiting: int = 0
    """Records not yet confirmed."""
    refused: int = 0
    """Set aside until somebody looks."""
    oldest_ms: int | None = None
    """When the oldest call that waits began, ms since 1970 UTC."""
    sent: int = 0
    """Records confirmed since the start."""
    sent_bytes: int = 0
    fault: Said | None = None
    """Why nothing can be sent at the moment."""
    success_s: float | None = None
    """Seconds since the last record was confirmed."""
    uploads_waiting: int = 0
    """Recordings not yet in the S3 storage; 0 when that is off."""
    uploaded: int = 0
    upload_fault: Said | None = None
    hooks: tuple[HookStatus, ...] = ()


class RetryRefused(BaseRequest, frozen=True, tag="retry refused"):
    """Have what was set aside sent once more."""


class RetriedReply(BaseReply, frozen=True, tag="retried", kw_only=True):
    records: int


class GetMetrics(BaseRequest, frozen=True, tag="metrics"):
    """Everything countable, as Prometheus reads it."""


class MetricsReply(BaseReply, frozen=True, tag="metrics", kw_only=True):
    text: str
    media_type: str
    token: str
    """What a reader must bring; empty when nobody may."""

    def __repr__(self) -> str:
        return f"MetricsReply({len(self.text)} characters, token=***)"
