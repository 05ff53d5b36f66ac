"""USB sticks: found, mounted for the moment of a copy, and let go of."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from firmware.control.steward import Stick
from firmware.core.errors import UserError
from firmware.steward.host import Host

_DEVICE: Final = re.compile(r"\A(sd[a-z]|nvme[0-9]n[0-9]p)[0-9]{0,2}\Z")
_NAME: Final = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,60}\Z")
BACKUPS: Final = "zongji"
"""Folder on the stick."""
_SYSTEMS: Final = frozenset({"vfat", "exfat", "ext4", "ext3", "ntfs"})


class _Block(msgspec.Struct):
    name: str
    label: str | None = None
    size: int = 0
    rm: bool = False
    fstype: str | None = None


class _Blocks(msgspec.Struct):
    blockdevices: list[_Block]


class Sticks:
    """The sticks of a host.

    Args:
        host: The computer.
        here: Folder on the box that backups are copied from and to.
    """

    def __init__(self, host: Host, here: Path) -> None:
        self._host = host
        self._here = here

    def found(self) -> list[Stick]:
        """Return the sticks that are plugged in, with the backups on each."""
        words = self._host.run(
            "lsblk", "--json", "--bytes", "--list", "--output", "NAME,LABEL,SIZE,RM,FSTYPE"
        )
        try:
            blocks = msgspec.json.decode(words, type=_Blocks).blockdevices
        except msgspec.MsgspecError as error:
            raise UserError(f"lsblk: {error}") from error
        sticks = []
        for block in blocks:
            if not block.rm or block.fstype not in _SYSTEMS or not _DEVICE.match(block.name):
                continue
            backups: list[str] = []
            with contextlib.suppress(UserError, OSError), self._mounted(block.name, write=False) as folder:
                backups = sorted(path.name for path in (folder / BACKUPS).glob("*") if _NAME.match(path.name))
            sticks.append(Stick(block.name, block.label or "", block.size // 2**20, backups))
        return sticks

    def copy_to(self, device: str, name: str) -> None:
        """Copy a backup onto a stick; safe to pull when this returns.

        Raises:
            UserError: It isn't there, or doesn't fit.
        """
        source = self._here / _checked(name)
        if not source.is_file() or source.is_symlink():
            raise UserError(f"There is no backup {name}. / 没有名为 {name} 的备份。")
        with self._mounted(device, write=True) as folder:
            (folder / BACKUPS).mkdir(exist_ok=True)
            _copied(source, folder / BACKUPS / name)

    def copy_from(self, device: str, name: str) -> Path:
        """Copy a backup from a stick and return where it lies now.

        Raises:
            UserError: It isn't there, or doesn't fit.
        """
        with self._mounted(device, write=False) as folder:
            source = folder / BACKUPS / _checked(name)
            if not source.is_file() or source.is_symlink():
                raise UserError(f"There is no backup {name} on the stick. / U 盘上没有名为 {name} 的备份。")
            self._here.mkdir(parents=True, exist_ok=True)
            target = self._here / name
            _copied(source, target)
        facts = self._here.stat()
        with contextlib.suppress(PermissionError):
            os.chown(target, facts.st_uid, facts.st_gid)
        target.chmod(0o660)
        return target

    @contextlib.contextmanager
    def _mounted(self, device: str, *, write: bool) -> Iterator[Path]:
        if not _DEVICE.match(device):
            raise UserError(f"{device!r} is no stick. / 不是 U 盘。")
        folder = self._host.root / "run/zongji-stick"
        folder.mkdir(parents=True, exist_ok=True)
        options = f"nosuid,nodev,noexec,{'rw' if write else 'ro'}"
        self._host.run("mount", "-o", options, f"/dev/{device}", str(folder))
        try:
            yield folder
        finally:
            self._host.run("umount", str(folder))


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise UserError(f"{name!r} can't be the name of a backup. / 备份名称无效。")
    return name


def _copied(source: Path, target: Path) -> None:
    beside = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(source, beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UserError(
            f"{target.name}: {error.strerror}; is there room? / 复制失败，空间是否足够？"
        ) from error
