"""Where versions lie, and which of them runs.

/opt/zongji/versions/ID/     a version: its tree, `venv/`, and `.complete` once it is whole
/opt/zongji/current          link to the version that runs, perhaps on trial
/opt/zongji/good             link to the last version that has proven itself; its code looks after updates
/opt/zongji/before           link to the version that ran before it, which a person can go back to
/opt/zongji/update.json      an update in progress; gone when it is over, whatever came of it
/etc/zongji/trusted/*.pub    whose updates this box takes
STATE/backups/before-ID/     the data as they were before the update to ID; of the last one that was kept
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import msgspec


class Places(msgspec.Struct, frozen=True):
    """One box's folders."""

    home: Path = Path("/opt/zongji")
    state: Path = Path("/var/lib/zongji")
    trusted: Path = Path("/etc/zongji/trusted")

    @property
    def versions(self) -> Path:
        return self.home / "versions"

    @property
    def journal(self) -> Path:
        return self.home / "update.json"

    @property
    def backups(self) -> Path:
        return self.state / "backups"

    @property
    def outcome(self) -> Path:
        return self.state / "update-last.json"

    def version(self, id_: str) -> Path:
        return self.versions / id_

    def is_complete(self, id_: str) -> bool:
        return (self.version(id_) / ".complete").exists()

    def pointed(self, link: str) -> str | None:
        """Return which version `current`, `good` or `before` is; None when there is none."""
        try:
            return (self.home / link).readlink().name
        except OSError:
            return None

    def point(self, link: str, id_: str) -> None:
        """Make `current`, `good` or `before` that version, in one durable step. Repeatable."""
        beside = self.home / f"{link}.new"
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        beside.symlink_to(Path("versions") / id_)
        beside.replace(self.home / link)
        sync_folder(self.home)

    def unpoint(self, link: str) -> None:
        """Take a link away. Repeatable."""
        (self.home / link).unlink(missing_ok=True)
        sync_folder(self.home)

    def drop_version(self, id_: str) -> None:
        """Remove a version that is neither current nor good. Repeatable; marked incomplete first."""
        if id_ in (self.pointed("current"), self.pointed("good")):
            return
        with contextlib.suppress(FileNotFoundError):
            (self.version(id_) / ".complete").unlink()
        shutil.rmtree(self.version(id_), ignore_errors=True)

    def drop_others(self, *keep: str | None) -> None:
        """Remove every version but those."""
        with contextlib.suppress(FileNotFoundError):
            for folder in self.versions.iterdir():
                if folder.name not in keep:
                    self.drop_version(folder.name)

    def drop_backups(self, *, keep: Path) -> None:
        """Remove the data of before earlier updates: each is as large as all call records."""
        for folder in self.backups.glob("before-*"):
            if folder != keep:
                shutil.rmtree(folder, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or made in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file whole, durable when this returns.

    Raises:
        OSError: The card refuses; the old content stays.
    """
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)
