"""What a switch had promised to have kept when its power went, and whether it is there afterwards."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from firmware.core.paths import StatePaths
from firmware.settings.document import Settings
from firmware.settings.store import SettingsStore


class Promises:
    """What `writing_switch` printed on its runs in one state folder."""

    def __init__(self, state: Path) -> None:
        self._paths = StatePaths(state)
        self._names = {Settings().office.name}
        self.calls: set[str] = set()
        """Ids of the calls whose records are safe."""

    def hear(self, lines: Iterable[str], seed: int) -> None:
        """Take the lines of one run."""
        told = [line.split(" ", 1) for line in lines]
        self.calls |= {words[1] for words in told if words[0] == "call"}
        names = [words[1] for words in told if words[0] == "named"]
        if names:
            self._names = {names[-1]}
        # The change that ran when the power went may have come through.
        self._names.add(f"office {seed}.{len(names) + 1}")

    def check_settings(self) -> None:
        """Assert that the last settings kept are in force."""
        store = SettingsStore(self._paths.settings)
        name = store.open().office.name
        assert store.fault is None
        assert name in self._names
        self._names = {name}

    def check_integrity(self, scratch: Path) -> None:
        """Assert that the records are sound, on a copy: looking mends nothing for the next start."""
        for suffix in ("", "-wal"):
            part = self._paths.records.with_name(self._paths.records.name + suffix)
            copy = scratch / ("copy.sqlite" + suffix)
            copy.unlink(missing_ok=True)
            if part.exists():
                shutil.copyfile(part, copy)
        assert integrity(scratch / "copy.sqlite") == "ok"


def integrity(path: Path) -> str:
    """Return what SQLite finds when it looks through all of a database."""
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()
