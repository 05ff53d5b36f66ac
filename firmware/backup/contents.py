"""What a backup holds, packed and unpacked.

    MANIFEST.json    when, which firmware, how many calls, every file with its SHA-256
    state/…          the state folder as it was: settings and their history, prompts, certificates, records …

The records are copied by SQLite itself, so that they are whole while calls are being written.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import os
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from firmware.core.errors import DeviceError, UserError
from firmware.core.paths import StatePaths

MANIFEST = "MANIFEST.json"
_STATE = "state"
_BLOCK = 1024 * 1024
_PAGES = 500
"""Database pages copied in one step; between them the writer may write."""

_MOST_MANIFEST = 64 * 1024 * 1024
_ALWAYS_LEFT_OUT = frozenset(
    {"run", "scratch", "restoring", "uploads", "backups", "steward", "console", "owner.key"}
)
"""The private key is not kept with what it opens, nor one box's passwords with what another is made of."""

_AUDIO = frozenset({"recordings", "voicemail"})


class FileEntry(msgspec.Struct, frozen=True):
    name: str
    bytes: int
    sha256: str
    mode: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    made_ms: int
    version: str
    """Of the firmware that made it."""
    calls: int
    """Closed journeys in the records."""
    files: list[FileEntry]


def pack(paths: StatePaths, scratch: Path, target: Path, made_ms: int, *, audio: bool) -> Manifest:
    """Write a backup of the state folder to `target`, not encrypted. Blocks for a while.

    Args:
        paths: The state.
        scratch: A folder for the copy of the records.
        target: A .tar.gz file.
        made_ms: The moment, ms since 1970 UTC.
        audio: Whether recordings and messages are wanted, too.

    Raises:
        DeviceError: Something can't be read, or there is no room.
    """
    records = scratch / paths.records.name
    try:
        calls = _copy_records(paths.records, records)
        files: list[FileEntry] = []
        with tarfile.open(target, "w:gz", compresslevel=6) as archive:
            for name, file in _files(paths, records, audio=audio):
                with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
                    files.append(_add(archive, name, opened))
            manifest = Manifest(
                made_ms=made_ms, version=importlib.metadata.version("zongji"), calls=calls, files=files
            )
            text = msgspec.json.encode(manifest)
            info = tarfile.TarInfo(MANIFEST)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise DeviceError(f"the backup can't be made: {error}") from error
    finally:
        records.unlink(missing_ok=True)
    return manifest


def unpack(archive: Path, folder: Path) -> Manifest:
    """Unpack a backup into an empty folder and compare every file; the state lies in `folder` afterwards.

    Raises:
        UserError: It is no backup of ours, or not whole.
        DeviceError: There is no room.
    """
    found: dict[str, FileEntry] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(archive, "r:gz") as opened:
            for member in opened:
                content = opened.extractfile(member)
                if content is None:
                    continue
                if member.name == MANIFEST:
                    manifest = msgspec.json.decode(content.read(_MOST_MANIFEST), type=Manifest)
                    continue
                target = _target(folder, member.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                found[member.name] = _extract(content, target, member)
    except (tarfile.TarError, EOFError, msgspec.MsgspecError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, EOFError) and error.errno is not None:
            raise DeviceError(f"the backup can't be unpacked: {error}") from error
        raise UserError(f"That is no whole backup: {error}.") from None
    if manifest is None:
        raise UserError("That is no whole backup: it doesn't say what it holds.")
    expected = {entry.name: entry for entry in manifest.files}
    if {name: (one.bytes, one.sha256) for name, one in found.items()} != {
        name: (one.bytes, one.sha256) for name, one in expected.items()
    }:
        different = sorted(name for name in expected if found.get(name) != expected[name])
        raise UserError(f"That backup isn't whole: {', '.join(different[:3]) or 'files too many'}.")
    return manifest


def _copy_records(source: Path, target: Path) -> int:
    """Copy the records as they are at this moment; return how many calls there are."""
    target.unlink(missing_ok=True)
    if not source.exists():
        return 0
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10)) as connection,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        connection.backup(copy, pages=_PAGES, sleep=0.01)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        (calls,) = copy.execute("SELECT count(*) FROM journey").fetchone()
    return int(calls)


def _files(paths: StatePaths, records: Path, *, audio: bool) -> Iterator[tuple[str, Path]]:
    if records.exists():
        yield f"{_STATE}/{paths.records.name}", records
    for place, folders, names in os.walk(paths.root):
        here = Path(place).relative_to(paths.root)
        top = here.parts[0] if here.parts else ""
        if not here.parts:
            folders[:] = [name for name in folders if not _left_out(name, audio=audio)]
        for name in sorted(names):
            file = Path(place) / name
            if (not top and (_left_out(name, audio=audio) or name.startswith(paths.records.name))) or (
                not file.is_file() or file.is_symlink() or name.endswith(".part")
            ):
                continue
            yield f"{_STATE}/{(here / name).as_posix()}", file


def _left_out(name: str, *, audio: bool) -> bool:
    return name in _ALWAYS_LEFT_OUT or name.startswith("upload-") or (name in _AUDIO and not audio)


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> FileEntry:
    info = archive.gettarinfo(arcname=name, fileobj=file)
    reader = _Measured(file, info.size)
    archive.addfile(info, reader)
    return FileEntry(name, info.size, reader.digest.hexdigest(), info.mode & 0o777)


class _Measured:
    """Reads exactly as many bytes as a file had when it was looked at, and their digest."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(block)
        self.digest.update(block)
        return block


def _target(folder: Path, name: str) -> Path:
    """Return where a member goes.

    Raises:
        UserError: It would lie outside the folder.
    """
    parts = Path(name).parts
    if len(parts) < 2 or parts[0] != _STATE or ".." in parts or Path(name).is_absolute():
        raise UserError(f"That is no backup of ours: it holds {name}.")
    return folder.joinpath(*parts[1:])


def _extract(content: IO[bytes], target: Path, member: tarfile.TarInfo) -> FileEntry:
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode & 0o777)
    with os.fdopen(descriptor, "wb") as file:
        while block := content.read(_BLOCK):
            digest.update(block)
            size += len(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return FileEntry(member.name, size, digest.hexdigest(), member.mode & 0o777)
