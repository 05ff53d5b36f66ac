"""What the switch asks of the process that makes a backup, and what it hears back."""

from __future__ import annotations

from typing import Literal

import msgspec

from firmware.backup.job import Result
from firmware.cloud.bucket import BucketConfig


class Order(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    to: Literal["folder", "s3", "https"]
    public_key: str
    site: str
    now_ms: int
    keep: int
    audio: bool = False
    folder: str = ""
    url: str = ""
    token: str = ""
    bucket: BucketConfig | None = None


class Outcome(msgspec.Struct, frozen=True):
    result: Result | None = None
    fault: str = ""
