"""The archive for long keeping: a USB stick, or any other mounted disk.

    STICK/recording/2026/11/one.ogg.age     readable with the owner's key, with or without this box
    STICK/manifest.jsonl                    a line for each: which call, when, bytes, SHA-256 before and after

While no stick is in, its folder is an empty one of the box's own card: nothing may be written there, so a
stick counts only when it is another disk than the box's own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.core.errors import DeviceError
from firmware.core.ids import CallId
from firmware.store import owner_key
from firmware.store.atomic import fsync_folder
from firmware.store.keeping import Audio

_BLOCK = 1024 * 1024
MANIFEST = "manifest.jsonl"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the manifest."""

    kind: str
    path: str
    """On the stick."""
    call: CallId
    started_ms: int
    bytes: int
    sha256: str
    """Of the file on the stick."""
    sealed: str
    """SHA-256 of the file on the box, as it was sealed when it was complete."""


class Stick:
    """An archive folder.

    Args:
        folder: Where the stick is mounted.
        public_key: The owner's; empty leaves files readable.
        is_there: Tests hand in their own.
    """

    def __init__(
        self, folder: Path, public_key: str = "", is_there: Callable[[Path], bool] | None = None
    ) -> None:
        self._folder = folder
        self._public_key = public_key
        self._is_there = is_there or is_another_disk

    def is_there(self) -> bool:
        """Return whether a stick is in."""
        return self._is_there(self._folder)

    def take(self, audio: Audio, source: Path, sealed: str) -> None:
        """Copy a file durably, compare, and note it. Blocks.

        Raises:
            OSError: The stick is full or gone.
            DeviceError: The original isn't what it was sealed as, or the copy differs.
        """
        if sha256_of(source) != sealed:
            raise DeviceError(f"{source.name} isn't what it was when it was complete; it stays here")
        name = audio.path
        encrypts = bool(self._public_key) and not name.endswith(owner_key.SUFFIX)
        if encrypts:
            name += owner_key.SUFFIX
        target = self._folder / audio.kind.value / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if encrypts:
            owner_key.encrypt(source, target, [self._public_key])
        else:
            part = target.with_name(target.name + ".part")
            shutil.copyfile(source, part)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            if sha256_of(part) != sealed:
                raise DeviceError(f"the copy of {source.name} differs from its original")
            part.replace(target)
        fsync_folder(target.parent)
        self._note(
            Entry(
                kind=audio.kind.value,
                path=str(target.relative_to(self._folder)),
                call=audio.call_id,
                started_ms=audio.started.wall_ms,
                bytes=target.stat().st_size,
                sha256=sha256_of(target),
                sealed=sealed,
            )
        )

    def altered(self) -> list[str]:
        """Return what the manifest names and is missing or isn't what it was. Blocks.

        Raises:
            OSError: The manifest can't be read.
        """
        entries = {}
        for line in (self._folder / MANIFEST).read_bytes().splitlines():
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except msgspec.MsgspecError:
                # The stick was pulled out in the middle of a line; its file is noted again by the next round.
                continue
            entries[entry.path] = entry
        return [path for path, entry in entries.items() if not self._is_whole(entry)]

    def _is_whole(self, entry: Entry) -> bool:
        try:
            return sha256_of(self._folder / entry.path) == entry.sha256
        except OSError:
            return False

    def _note(self, entry: Entry) -> None:
        descriptor = os.open(self._folder / MANIFEST, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        with os.fdopen(descriptor, "ab") as file:
            # A line torn by a pulled stick must not swallow this one.
            file.write(b"\n" + msgspec.json.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def is_another_disk(folder: Path) -> bool:
    """Return whether a folder is there and lies on another disk than the root of this system."""
    try:
        return folder.is_dir() and folder.stat().st_dev != Path("/").stat().st_dev
    except OSError:
        return False


def sha256_of(path: Path) -> str:
    """Return the digest of a file.

    Raises:
        OSError: It can't be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
