"""The data around an update: copied before it, and put right when the box goes back.

Going back keeps every record. Calls that were made under the new version stand in a database that the old one
may not be able to read (its schema is newer), so then the copy from before the update takes its place and the
rows that have come since are carried over, by the columns that both know. The other database is kept beside
it in any case.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
from pathlib import Path

logger = logging.getLogger(__name__)

RECORDS = "records.sqlite"
_SMALL = 16 * 1024 * 1024
"""Bytes: settings, accounts, counters are far smaller; audio is never touched by an update."""
_FOLDERS = ("", "web", "console", "steward")
_OWN = frozenset({"update-last.json", "starts.json"})


def back_up(state: Path, folder: Path) -> None:
    """Copy the data into `folder`; the switch must be stopped. Durable when this returns, repeatable.

    Raises:
        OSError: The card refuses.
        sqlite3.Error: The records can't be read.
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    for path in _small_files(state):
        target = part / path.relative_to(state)
        target.parent.mkdir(exist_ok=True)
        shutil.copy2(path, target)
        _keep_owner(path, target)
    if (state / RECORDS).exists():
        with (
            contextlib.closing(sqlite3.connect(state / RECORDS)) as source,
            contextlib.closing(sqlite3.connect(part / RECORDS)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        _keep_owner(state / RECORDS, part / RECORDS)
    for path in [*part.rglob("*"), part]:
        _sync(path)
    part.rename(folder)
    _sync(folder.parent)


def put_back(state: Path, folder: Path, version: str) -> None:
    """Make the data usable for the version they were copied under, without losing what has come since.

    Args:
        state: The data.
        folder: As `back_up` made it.
        version: Which version wrote them last; what is set aside is named after it.

    Raises:
        OSError: The card refuses. Calling it again goes on where it was.
    """
    if not folder.is_dir():
        return
    for copy in sorted(folder.rglob("*.json")):
        path = state / copy.relative_to(folder)
        if path.exists() and path.read_bytes() == copy.read_bytes():
            continue
        beside = path.with_name(path.name + ".back")
        shutil.copy2(copy, beside)
        _keep_owner(copy, beside)
        _sync(beside)
        beside.replace(path)
    if (folder / RECORDS).exists():
        _put_records_back(state, folder, version)
    _sync(state)


def schema_of(path: Path) -> int:
    """Return the schema of a records database; 0 when there is none.

    Raises:
        sqlite3.Error: It is no database.
    """
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone()
        if known is None:
            return 0
        return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0])


def _put_records_back(state: Path, folder: Path, version: str) -> None:
    live, copy = state / RECORDS, folder / RECORDS
    try:
        if live.exists() and schema_of(live) == schema_of(copy):
            return
    except sqlite3.Error as error:
        logger.error("the records of %s can't be read: %s", version, error)
    # Everything happens in a third file, so that a power cut anywhere leaves both of the others whole.
    fresh = state / f"{RECORDS}.back"
    shutil.copy2(copy, fresh)
    if live.exists():
        try:
            _carry_over(live, fresh)
        except sqlite3.Error as error:
            logger.error("the records since the update stay in records-of-%s.sqlite: %s", version, error)
    _keep_owner(copy, fresh)
    _sync(fresh)
    aside = state / f"records-of-{version}.sqlite"
    if live.exists() and not aside.exists():
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(live)) as connection:
            # What stands in the journal beside it would stay behind.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy2(live, aside)
        _sync(aside)
    for suffix in ("-wal", "-shm"):
        (state / f"{RECORDS}{suffix}").unlink(missing_ok=True)
    fresh.replace(live)


def _carry_over(newer: Path, older: Path) -> None:
    """Copy the rows of `newer` into `older`, table by table, by the columns that both have."""
    with contextlib.closing(sqlite3.connect(older, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("ATTACH ? AS newer", (str(newer),))
        connection.execute("BEGIN IMMEDIATE")
        for table in _tables(connection, "main"):
            ours, theirs = _columns(connection, "main", table), _columns(connection, "newer", table)
            both = [column for column in ours if column in theirs]
            if not both or table == "schema_version":
                continue
            # A row without all our columns may be new; it must not replace one that has them.
            verb = "REPLACE" if len(both) == len(ours) else "IGNORE"
            names = ", ".join(f'"{column}"' for column in both)
            sql = f'INSERT OR {verb} INTO main."{table}" ({names}) SELECT {names} FROM newer."{table}"'  # noqa: S608
            try:
                connection.execute(sql)
            except sqlite3.Error as error:
                logger.error("the new rows of %s can't be carried over: %s", table, error)
        connection.execute("COMMIT")


def _tables(connection: sqlite3.Connection, schema: str) -> list[str]:
    rows = connection.execute(
        f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table' "  # noqa: S608 - our own word
        "AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    return [str(row[0]) for row in rows]


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f'PRAGMA {schema}.table_info("{table}")')]


def _small_files(state: Path) -> list[Path]:
    found: list[Path] = []
    for name in _FOLDERS:
        folder = state / name
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir()):
            small = path.is_file() and not path.is_symlink() and path.stat().st_size <= _SMALL
            if (
                small
                and not path.name.startswith(RECORDS)
                and path.suffix != ".sqlite"
                and path.name not in _OWN
            ):
                found.append(path)
    return found


def _keep_owner(source: Path, target: Path) -> None:
    facts = source.stat()
    with contextlib.suppress(PermissionError):
        os.chown(target, facts.st_uid, facts.st_gid)
    target.chmod(facts.st_mode & 0o7777)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
