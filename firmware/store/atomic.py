"""A file that a power cut can't tear, and TinyDB's storage on top of it.

Theory of operation
-------------------
A new generation is written beside the old one, made durable, and only then takes its name:

    write NAME.new → fsync → link NAME as NAME.good → rename NAME.new to NAME → fsync the folder

At every moment NAME is one whole generation, old or new, and NAME.good the one before it. A card that
lies about fsync, or a person with an editor, can still leave NAME bad: then NAME.good is read, NAME is set
aside as NAME.bad by the next write, and never becomes a "good" generation. "Bad" is decided by a check the
owner of the file hands in, so that a file which is JSON but nonsense counts as bad, too.
"""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from firmware.core.errors import UserError, ZongjiError

logger = logging.getLogger(__name__)

Tables = dict[str, dict[str, Any]]
"""What TinyDB keeps: table name → document id → document."""

Check = Callable[[Tables], None]
"""Raises a ZongjiError when the tables can't be used."""

_OWNER_ONLY = 0o600
"""Settings hold SIP secrets."""


class BadGeneration(UserError):
    """A generation can't be read as tables; the text says why."""


def fsync_folder(folder: Path) -> None:
    """Make a rename or a creation in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, data: bytes, mode: int) -> None:
    """Write a new file with `mode` and have it on the disk when this returns.

    Raises:
        OSError: The disk is full or refuses. A half-written file may be left; it has no meaning.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


class GenerationFile:
    """One file with its last good generation kept beside it."""

    def __init__(self, path: Path, check: Check) -> None:
        self._path = path
        self._good = path.with_name(path.name + ".good")
        self._new = path.with_name(path.name + ".new")
        self._bad = path.with_name(path.name + ".bad")
        self._check = check
        self._newest_is_bad = False
        self.fault: ZongjiError | None = None
        """Why the newest generation was passed over; None when it wasn't."""

    def read(self) -> Tables | None:
        """Return the newest usable generation, or None when there is no file at all.

        Raises:
            ZongjiError: There are files, but none is usable; it is the newest one's error.
            OSError: A file can't be read.
        """
        self.fault = None
        self._newest_is_bad = False
        if not self._path.exists() and not self._good.exists():
            return None
        try:
            return self._usable(self._path)
        except ZongjiError as error:
            self._newest_is_bad = self._path.exists()
            try:
                tables = self._usable(self._good)
            except ZongjiError:
                raise error from None
            self.fault = error
            logger.warning("%s is bad, going on with %s: %s", self._path.name, self._good.name, error)
            return tables

    def write(self, tables: Tables) -> None:
        """Make `tables` the newest generation; it is durable when this returns.

        Raises:
            OSError: The disk is full or refuses; the generations are as they were.
        """
        data = json.dumps(tables, ensure_ascii=False, indent=2).encode() + b"\n"
        try:
            write_durably(self._new, data, _OWNER_ONLY)
            if self._newest_is_bad:
                self._path.replace(self._bad)
            elif self._path.exists():
                self._keep_as_good()
            self._new.replace(self._path)
            fsync_folder(self._path.parent)
        except OSError:
            self._new.unlink(missing_ok=True)
            raise
        self._newest_is_bad = False
        self.fault = None

    def _keep_as_good(self) -> None:
        link = self._good.with_name(self._good.name + ".new")
        link.unlink(missing_ok=True)
        os.link(self._path, link)
        link.replace(self._good)

    def _usable(self, path: Path) -> Tables:
        try:
            tables = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise BadGeneration(f"{path} is missing") from None
        except ValueError as error:
            raise BadGeneration(f"{path} is torn or isn't JSON: {error}") from None
        if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
            raise BadGeneration(f"{path} doesn't hold tables")
        self._check(tables)
        return tables


class AtomicStorage(Storage):
    """TinyDB storage on a `GenerationFile`. Changes inside `transaction` become one generation."""

    def __init__(self, path: Path, check: Check) -> None:
        self._file = GenerationFile(path, check)
        self._tables: Tables | None = None
        self._collecting: Tables | None = None
        self._collects = False

    @property
    def fault(self) -> ZongjiError | None:
        """Why the newest generation was passed over; None when it wasn't."""
        return self._file.fault

    def load(self) -> bool:
        """Read the file anew; False when there is none yet.

        Raises:
            ZongjiError: There are files, but none is usable.
        """
        self._tables = self._file.read()
        return self._tables is not None

    def read(self) -> Tables | None:
        # TinyDB edits what it was handed before it writes; a write that fails must not have changed us.
        return copy.deepcopy(self._collecting if self._collects else self._tables)

    def write(self, data: Tables) -> None:
        plain: Tables = json.loads(json.dumps(data))
        if self._collects:
            self._collecting = plain
            return
        self._file.write(plain)
        self._tables = plain

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Collect what TinyDB writes and write it once at the end; an error discards it all."""
        self._collects, self._collecting = True, self._tables
        try:
            yield
            collected = self._collecting
        finally:
            self._collects, self._collecting = False, None
        if collected is not None:
            self.write(collected)
