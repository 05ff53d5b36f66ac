"""The storage over the control socket: how full it is, what is kept, held, archived, backed up, exported."""

from __future__ import annotations

from typing import Literal

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.control.search import CallFilter


class GetStorage(BaseRequest, frozen=True, tag="storage"):
    """How the storage stands."""


class BackupStatus(msgspec.Struct, frozen=True, kw_only=True):
    to: str
    """off, folder, s3 or https."""
    running: bool = False
    last_ms: int | None = None
    """When the last one that was restored in trial was made, ms since 1970 UTC."""
    last_name: str = ""
    last_bytes: int = 0
    fault: str | None = None
    """Why the last attempt failed."""
    next_ms: int | None = None


class StorageReply(BaseReply, frozen=True, tag="storage", kw_only=True):
    level: str
    """ok, warn (85 %), alarm (90 %) or full (95 %)."""
    total_bytes: int
    used_bytes: int
    database_bytes: int
    waiting: int
    """Journeys noted and not yet on the card."""
    lost: int
    """Finished journeys that could not be kept."""
    fault: str | None
    """Why records can't be written at the moment."""
    sealed: int
    """Audio files in the manifest that are there."""
    archived: int
    """Of those, how many are in the archive, too."""
    removed: int
    """Cleared away; their entries stay."""
    archive: Literal["none", "in", "out"]
    """Whether the archive's stick is in."""
    encrypted: bool
    """Whether recordings are encrypted on the box."""
    readable: bool
    """Whether the box holds the private key, so that encrypted ones can be heard."""
    held: int
    """Calls under legal hold."""
    backup: BackupStatus


class CheckAudio(BaseRequest, frozen=True, tag="check audio"):
    """Compare every sealed file with its digest; takes its time."""


class CheckedReply(BaseReply, frozen=True, tag="checked", kw_only=True):
    checked: int
    altered: list[str]
    """kind/path of what is missing or isn't what it was."""


class HoldCall(BaseRequest, frozen=True, tag="hold call", kw_only=True):
    """Keep a call's record and audio until it is released, whatever the rules say."""

    call: str
    """Whole id."""
    reason: str


class ReleaseCall(BaseRequest, frozen=True, tag="release call", kw_only=True):
    call: str


class ListHolds(BaseRequest, frozen=True, tag="holds"):
    """Calls under legal hold."""


class Hold(msgspec.Struct, frozen=True):
    call: str
    reason: str
    since_ms: int


class HoldsReply(BaseReply, frozen=True, tag="holds", kw_only=True):
    holds: list[Hold]


class BackUp(BaseRequest, frozen=True, tag="back up"):
    """Make a backup now; `GetStorage` tells how it goes."""


class BackingUpReply(BaseReply, frozen=True, tag="backing up"):
    """It has begun."""


class ExportCalls(BaseRequest, frozen=True, tag="export calls", kw_only=True):
    """Calls as a file: CSV for a spreadsheet, or whole journeys as JSON lines."""

    filter: CallFilter = CallFilter()
    format: Literal["csv", "json"] = "csv"
    language: Literal["zh-CN", "en"] = "zh-CN"


class ExportReply(BaseReply, frozen=True, tag="export", kw_only=True):
    """Comes with the file's descriptor."""

    name: str
    media_type: str
    size: int
    calls: int
    cut: bool = False
    """Whether there were more than one file takes."""


class MakeOwnerKey(BaseRequest, frozen=True, tag="make owner key", kw_only=True):
    """Make the owner's key pair and set the public key."""

    by: str
    keep: bool = False
    """Whether the box keeps the private key, to play what it has encrypted."""


class OwnerKeyReply(BaseReply, frozen=True, tag="owner key", kw_only=True):
    public: str
    private: str
    """Shown this once: without it nothing encrypted can ever be read."""

    def __repr__(self) -> str:
        return f"OwnerKeyReply({self.public!r}, private=***)"
