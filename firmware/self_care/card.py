"""How the SD card (or eMMC, or disk) is doing, as far as the kernel tells.

Life: eMMC and newer SD cards report used life in tenths (`life_time`, JEDEC JESD84-B51, DEVICE_LIFE_TIME_EST,
01h = 0–10 % used … 0Bh = over), and spare blocks (`pre_eol_info`, 01h normal, 02h 80 % used, 03h 90 % used).
Errors: ext4 counts them in /sys/fs/ext4/DEVICE/errors_count; a file system that met one may turn read-only.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from firmware.core.trace import Said
from firmware.core.trace.box import Box

LIFE_WARNING = 8
"""Tenths: 80 % of the writes that the card is made for are done."""

_SPARE_WARNING = 2


class CardHealth(msgspec.Struct, frozen=True, kw_only=True):
    device: str
    """Such as `mmcblk0p2`; empty where the folder lies on no device of its own."""
    used_percent: float
    """Of the file system."""
    free_mb: int
    errors: int = 0
    """That the file system has met since it was made."""
    life_tenths: int | None = None
    """Tenths of its life that are used, 1 to 11; None where the card doesn't tell."""
    spare: int | None = None
    """1 normal, 2 and 3 running out; None where the card doesn't tell."""
    read_only: bool = False

    @property
    def troubles(self) -> list[Said]:
        """What an owner should act upon."""
        found = []
        if self.read_only:
            found.append(Box.CARD_READ_ONLY())
        if self.errors:
            found.append(Box.CARD_ERRORS(count=self.errors))
        if self.life_tenths is not None and self.life_tenths >= LIFE_WARNING:
            found.append(Box.CARD_WORN(share=min(self.life_tenths * 10, 100)))
        if self.spare is not None and self.spare >= _SPARE_WARNING:
            found.append(Box.CARD_SPARE())
        return found


def card_health(folder: Path, sys: Path = Path("/sys")) -> CardHealth:
    """Return how the device below `folder` is doing.

    Raises:
        OSError: There is no such folder.
    """
    facts = os.statvfs(folder)
    total = facts.f_blocks * facts.f_frsize
    number = folder.stat().st_dev
    device, disk = "", None
    with contextlib.suppress(OSError):
        place = (sys / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}").resolve(strict=True)
        device = place.name
        disk = place.parent if (place / "partition").exists() else place
    life, spare = (None, None) if disk is None else (_life(disk / "device"), _spare(disk / "device"))
    return CardHealth(
        device=device,
        used_percent=100 * (1 - facts.f_bavail / facts.f_blocks) if total else 0.0,
        free_mb=facts.f_bavail * facts.f_frsize // 2**20,
        errors=_number(sys / "fs" / "ext4" / device / "errors_count") or 0 if device else 0,
        life_tenths=life,
        spare=spare,
        read_only=bool(facts.f_flag & os.ST_RDONLY),
    )


def _life(device: Path) -> int | None:
    """Return the worse of the two estimates of `life_time`: "0x01 0x02"."""
    with contextlib.suppress(OSError, ValueError):
        return max(int(part, 16) for part in (device / "life_time").read_text("ascii").split()) or None
    return None


def _spare(device: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int((device / "pre_eol_info").read_text("ascii"), 16) or None
    return None


def _number(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text("ascii"))
    return None
