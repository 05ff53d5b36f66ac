"""Restoring a backup: on a fresh box, or on one whose state is set aside.

    file ─► decrypt ─► unpack beside the state ─► look at it ─► state ─► state.before-DATE, restored ─► state

Until the last step nothing of the present state is touched; that step is renames.
"""

from __future__ import annotations

import contextlib
import datetime
import shutil
import sqlite3
from pathlib import Path

from firmware.backup.contents import Manifest
from firmware.backup.job import CheckSettings, trial
from firmware.core.errors import DeviceError, UserError
from firmware.core.paths import StatePaths
from firmware.store.atomic import fsync_folder
from firmware.store.lock import SwitchLock

_STAYS = frozenset(
    {
        *("run", "scratch", "restoring", "records.sqlite.lock"),
        # Of this box, whatever it is made to remember: its key, what waits to be installed, what was saved
        # before updates, the owner's password with the network, the console, the pages' users. The last three
        # belong to other users of the system, so this process couldn't even move them.
        *("owner.key", "uploads", "backups", "steward", "console", "web"),
    }
)
"""What of the present state isn't replaced."""


def restore(
    file: Path, private: str, paths: StatePaths, check: CheckSettings
) -> tuple[Manifest, Path | None]:
    """Make the state what it was; return what the backup held and where the state before it lies now.

    Args:
        file: A backup, encrypted.
        private: The owner's private key.
        paths: The state folder; no switch may run on it.
        check: Whether the settings make sense.

    Raises:
        ZongjiError: It can't be restored; nothing was changed.
    """
    paths.root.mkdir(parents=True, exist_ok=True)
    lock = SwitchLock(paths.records.with_name(paths.records.name + ".lock"))
    lock.take()
    scratch = paths.root / "restoring"
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        if not file.is_file():
            raise UserError(f"There is no file {file}.")
        copy = scratch / "file"
        shutil.copyfile(file, copy)
        manifest = trial(copy, private, scratch, None, check)
        _begin_new_epoch(StatePaths(scratch / "trial").records)
        aside = _swap(paths, scratch / "trial")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        lock.release()
    return manifest, aside


def _begin_new_epoch(records: Path) -> None:
    """Calls made after the backup were counted on; the cloud must not take the next ones for those."""
    if records.exists():
        with contextlib.closing(sqlite3.connect(records)) as connection, connection:
            connection.execute("UPDATE box SET value = lower(hex(randomblob(8))) WHERE key = 'epoch'")


def _swap(paths: StatePaths, restored: Path) -> Path | None:
    present = [entry for entry in paths.root.iterdir() if entry.name not in _STAYS]
    kept = {"recordings", "voicemail"} - {entry.name for entry in restored.iterdir()}
    # Audio that the backup didn't take along stays where it is: its records are in the backup.
    present = [entry for entry in present if entry.name not in kept and not entry.name.startswith("before-")]
    # A backup may hold what stays; it counts where there is nothing yet.
    coming = [
        entry
        for entry in restored.iterdir()
        if entry.name not in _STAYS or not (paths.root / entry.name).exists()
    ]
    aside: Path | None = None
    if present:
        aside = paths.root / f"before-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}"
        aside.mkdir(mode=0o700)
    moves = [(entry, (aside or paths.root) / entry.name) for entry in present]
    moves += [(entry, paths.root / entry.name) for entry in coming]
    done: list[tuple[Path, Path]] = []
    try:
        for before, after in moves:
            before.rename(after)
            done.append((before, after))
    except OSError as error:
        for before, after in reversed(done):
            after.rename(before)
        if aside is not None:
            aside.rmdir()
        raise DeviceError(f"the state can't be replaced, it is as it was: {error}") from error
    if aside is not None:
        fsync_folder(aside)
    fsync_folder(paths.root)
    return aside
