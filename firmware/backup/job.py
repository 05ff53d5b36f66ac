"""One backup, from packing to the proof that it can be restored.

    pack ─► encrypt to the owner and to a key of this moment ─► put ─► fetch back ─► decrypt ─► unpack into a
    scratch folder ─► every file's digest, the records' integrity, the settings' sense ─► old ones go

The key of the moment makes a true trial possible on a box that doesn't hold the owner's private key: what was
fetched back is decrypted and unpacked as on the day of need. It is forgotten when the job ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.backup import contents
from firmware.backup.contents import Manifest
from firmware.backup.places import Place
from firmware.core.errors import DeviceError, UserError
from firmware.core.paths import StatePaths
from firmware.store import owner_key

_NAME = re.compile(r"\Azongji-[A-Za-z0-9_-]{1,64}-\d{8}T\d{6}Z\.tar\.gz\.age\Z")
_ROOM = 2.2
"""Free space a backup asks for, times what is packed: the archive, its encrypted copy, the trial."""

CheckSettings = Callable[[Path], None]
"""Raises a UserError when the settings file can't be put into force."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    bytes: int
    calls: int
    """Restored in trial."""
    files: int
    removed: tuple[str, ...] = ()
    """Older backups cleared away."""


async def back_up(
    paths: StatePaths,
    place: Place,
    public_key: str,
    site: str,
    now_ms: int,
    check: CheckSettings,
    *,
    keep: int,
    audio: bool = False,
) -> Result:
    """Make a backup and restore it in trial.

    Args:
        paths: The state folder.
        place: Where it goes.
        public_key: The owner's.
        site: This box's name, a part of the file's.
        now_ms: The moment, ms since 1970 UTC.
        check: Whether restored settings make sense.
        keep: How many backups stay there.
        audio: Whether recordings and messages are wanted, too.

    Raises:
        ZongjiError: It failed; the text says where. Older backups are as they were.
    """
    scratch = paths.scratch
    await asyncio.to_thread(_emptied, scratch)
    try:
        await asyncio.to_thread(_make_sure_of_room, paths, audio=audio)
        moment = datetime.datetime.fromtimestamp(now_ms / 1000, datetime.UTC)
        name = f"zongji-{site}-{moment:%Y%m%dT%H%M%SZ}.tar.gz.age"
        packed, sealed, back = scratch / "packed", scratch / name, scratch / "back"
        made = await asyncio.to_thread(contents.pack, paths, scratch, packed, now_ms, audio=audio)
        private, public = owner_key.new_key()
        await asyncio.to_thread(owner_key.encrypt, packed, sealed, [public_key, public])
        packed.unlink()
        size = sealed.stat().st_size
        await place.put(name, sealed)
        sealed.unlink()
        await place.get(name, back)
        await asyncio.to_thread(trial, back, private, scratch, made, check)
        removed = await _prune(place, site, keep)
        return Result(name=name, bytes=size, calls=made.calls, files=len(made.files), removed=removed)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


def trial(
    file: Path, private: str, scratch: Path, expected: Manifest | None, check: CheckSettings
) -> Manifest:
    """Restore a backup into `scratch` and look at it. Blocks.

    Args:
        file: Encrypted, as it was fetched back; removed on the way, for the room it takes.
        private: A private key that reads it.
        scratch: A folder to work in.
        expected: What was packed; None where that isn't known.
        check: Whether the settings make sense.

    Raises:
        ZongjiError: It can't be restored; the text says why.
    """
    packed, state = scratch / "trial.tar.gz", scratch / "trial"
    owner_key.decrypt(file, packed, private)
    file.unlink()
    state.mkdir()
    manifest = contents.unpack(packed, state)
    packed.unlink()
    if expected is not None and manifest != expected:
        raise DeviceError("the backup that came back isn't the one that was sent")
    paths = StatePaths(state)
    if paths.records.exists():
        calls = count_calls(paths.records)
        if calls != manifest.calls:
            raise DeviceError(f"the restored records hold {calls} calls instead of {manifest.calls}")
    if paths.settings.exists():
        check(paths.settings)
    return manifest


def count_calls(records: Path) -> int:
    """Return how many closed calls a records file holds, after a look at all of it.

    Raises:
        DeviceError: It is damaged.
    """
    try:
        with contextlib.closing(sqlite3.connect(records)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != ("ok",):
                raise DeviceError(f"the records of the backup are damaged: {found[0]}")
            return int(connection.execute("SELECT count(*) FROM journey").fetchone()[0])
    except sqlite3.Error as error:
        raise DeviceError(f"the records of the backup can't be read: {error}") from error


async def _prune(place: Place, site: str, keep: int) -> tuple[str, ...]:
    """Remove this box's backups beyond the newest `keep`; others' files are none of ours."""
    names = await place.names()
    ours = sorted(name for name in names or [] if _NAME.match(name) and name.startswith(f"zongji-{site}-2"))
    old = ours[:-keep]
    for name in old:
        await place.remove(name)
    return tuple(old)


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise DeviceError(f"{folder} can't be made: {error.strerror}") from error


def _make_sure_of_room(paths: StatePaths, *, audio: bool) -> None:
    folders = [paths.root] if audio else []
    size = paths.records.stat().st_size if paths.records.exists() else 0
    size += sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    free = shutil.disk_usage(paths.root).free
    if free < size * _ROOM:
        raise DeviceError(
            f"a backup needs {size * _ROOM / 1e6:.0f} MB of room, and {free / 1e6:.0f} MB are free"
        )


def site_name(site: str) -> str:
    """Return a name for file names; a box without one is "box"."""
    if site and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", site):
        raise UserError(f"{site!r} is no name for a backup: letters, digits, - and _.")
    return site or "box"
