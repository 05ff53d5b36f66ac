"""Opening the records database: pragmas, numbered schema files, integrity.

Schema files `schema/NNNN_name.sql` are applied in order, each in one transaction together with its row in
`schema_version`; a file that was applied is never edited again.
"""

from __future__ import annotations

import importlib.resources
import logging
import os
import sqlite3
import time
import zlib
from pathlib import Path
from typing import NamedTuple

from firmware.core.errors import DeviceError
from firmware.store.numbers import normalise

logger = logging.getLogger(__name__)

PAGE_BYTES = 1024
"""A call touches a page of each table and writes every page twice (WAL, then the file): small pages write
a third of what SQLite's 4096 do (measured, see README)."""

_CHECKPOINT_PAGES = 2000
"""Pages in the WAL before they are moved into the file: at 2 MB a page shared by many calls moves once."""

_WAL_BYTES_KEPT = 4 * 1024 * 1024
"""A WAL that grew beyond this behind a long reader is cut back."""

_LOCK_PATIENCE_S = 2.0
"""How long to wait for another process's lock (a backup) before that counts as a fault."""

_CHECK_BUDGET_S = 1.0
"""How much of the boot the integrity check may take. A file too large for it is checked as far as it came."""

_PROGRESS_STEPS = 10_000
"""SQLite virtual-machine steps between two looks at the clock; some milliseconds on a Pi."""

_GROUP_READABLE = 0o640
"""Call records are personal data."""


class SchemaTooNew(DeviceError):
    """The database was written by a newer firmware than this."""


class Damaged(DeviceError):
    """The database file is not sound; the text is what SQLite found."""


class SchemaFile(NamedTuple):
    version: int
    name: str
    sql: str


def schema_files() -> list[SchemaFile]:
    """Return the schema files in order of their numbers."""
    folder = importlib.resources.files("firmware.store") / "schema"
    return sorted(
        SchemaFile(int(file.name[:4]), file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    )


def connect(path: Path) -> sqlite3.Connection:
    """Open the database for its writer, in WAL mode with every commit made durable.

    Raises:
        sqlite3.Error: The file can't be opened, or isn't a database.
        OSError: The file can't be made.
    """
    # SQLite gives the WAL the mode of the file, so the file is made with the right one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, _GROUP_READABLE))
    connection = sqlite3.connect(
        path, timeout=_LOCK_PATIENCE_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def check_integrity(connection: sqlite3.Connection, budget_s: float = _CHECK_BUDGET_S) -> bool:
    """Look for damage for at most `budget_s` seconds; False when the time was too short for all of it.

    Raises:
        Damaged: Damage was found.
    """
    deadline = time.monotonic() + budget_s
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_STEPS)
    try:
        rows = connection.execute("PRAGMA quick_check(3)").fetchall()
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        logger.info("the integrity check of the records stopped after %.1f s", budget_s)
        return False
    finally:
        connection.set_progress_handler(None, 0)
    if rows != [("ok",)]:
        raise Damaged("; ".join(str(row[0]) for row in rows))
    return True


def version_of(connection: sqlite3.Connection) -> int:
    """Return the number of the newest schema file applied; 0 for a new database."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone()
    if known is None:
        return 0
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, files: list[SchemaFile] | None = None) -> None:
    """Bring the database to the newest schema.

    Raises:
        SchemaTooNew: It is beyond what this firmware knows; nothing was changed.
        sqlite3.Error: A file failed; the database is as it was before that file.
    """
    wanted = schema_files() if files is None else files
    have = version_of(connection)
    newest = wanted[-1].version
    if have > newest:
        raise SchemaTooNew(
            f"the records were written by a newer firmware (schema {have}, this one knows {newest}); "
            "install that firmware again"
        )
    _offer_functions(connection)
    for file in wanted:
        if file.version <= have:
            continue
        # executescript ends any open transaction first, so the script brings its own.
        try:
            connection.executescript(
                "BEGIN IMMEDIATE;\n"
                "CREATE TABLE IF NOT EXISTS schema_version "
                "(version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;\n"
                f"{file.sql}\n"
                f"INSERT INTO schema_version VALUES ({file.version}, '{file.name}');\n"
                "COMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        logger.info("records database: applied %s", file.name)


def _offer_functions(connection: sqlite3.Connection) -> None:
    """Offer schema files what SQL alone can't do: `deflate(text)` and `normalise(number)`."""
    connection.create_function("deflate", 1, lambda text: zlib.compress(text.encode()), deterministic=True)
    connection.create_function("normalise", 1, normalise, deterministic=True)
