"""What no single field of the sections storage, backup, cloud, integrations and reports can say."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from firmware.core.errors import UserError
from firmware.settings.storage import S3Settings

if TYPE_CHECKING:
    from firmware.settings.document import Settings

_SCHEMES = {"https": ("https://",), "nats": ("tls://", "nats://")}


def check_records(settings: Settings) -> None:
    """Check that what is switched on has what it needs.

    Raises:
        UserError: Something is missing; the text names it and the remedy.
    """
    _check_storage(settings)
    _check_cloud(settings)
    zone = settings.reports.zone
    if zone and zone not in zoneinfo.available_timezones():
        raise _refused("reports.zone", f"there is no time zone {zone}", "Write one such as Asia/Shanghai.")


def _check_storage(settings: Settings) -> None:
    storage, backup = settings.storage, settings.backup
    if storage.encrypt_recordings and not storage.owner_key:
        raise _refused(
            "storage.owner_key",
            "recordings are to be encrypted, and there is no key",
            "Make one with `zongji owner-key`, or switch the encryption off.",
        )
    if storage.archive_first and not storage.archive_folder:
        raise _refused(
            "storage.archive_folder", "audio is to be archived first, and there is no archive", "Name it."
        )
    for name, folder in (
        ("storage.archive_folder", storage.archive_folder),
        ("backup.folder", backup.folder),
    ):
        if folder and not folder.startswith("/"):
            raise _refused(name, f"{folder} is no whole path", "Begin it with a slash.")
    if backup.to == "folder" and not backup.folder:
        raise _refused("backup.folder", "backups go to a folder, and none is named", "Name it.")
    if backup.to == "https" and not backup.url:
        raise _refused("backup.url", "backups go over HTTPS, and there is no address", "Enter it.")
    if backup.to == "s3":
        _check_s3("backup.s3", backup.s3)
    if backup.to != "off" and not storage.owner_key:
        raise _refused(
            "storage.owner_key",
            "backups are encrypted, and there is no key",
            "Make one with `zongji owner-key`; without the private key nobody can restore.",
        )


def _check_cloud(settings: Settings) -> None:
    cloud = settings.cloud
    if cloud.upload_recordings:
        _check_s3("cloud.s3", cloud.s3)
    if cloud.way == "off":
        return
    if not cloud.site:
        raise _refused("cloud.site", "the cloud needs a name for this box", "Use letters, digits, - and _.")
    if not cloud.secret:
        raise _refused(
            "cloud.secret", "there is no key", "Enter the one that `zongji-fleet add-site` printed."
        )
    schemes = _SCHEMES[cloud.way]
    if not cloud.url.startswith(schemes):
        raise _refused("cloud.url", f"no address for {cloud.way}", f"Begin it with {' or '.join(schemes)}.")


def _check_s3(name: str, s3: S3Settings) -> None:
    for field in ("endpoint", "bucket", "access_key", "access_secret"):
        if not getattr(s3, field):
            raise _refused(f"{name}.{field}", "the storage can't be used without it", "Enter it.")


def _refused(field: str, reason: str, remedy: str) -> UserError:
    return UserError(f"Setting {field}: {reason}. {remedy} Nothing was changed.")
