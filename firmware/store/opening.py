"""The records opened for writing: sound and of the newest schema.

A file that is damaged when it is opened is set aside whole and a new one begun; what can still be read of it
stays with the administrator.
"""

from __future__ import annotations

import itertools
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from firmware.store import migrations
from firmware.store.atomic import fsync_folder

logger = logging.getLogger(__name__)

Connect = Callable[[Path], sqlite3.Connection]


def open_records(path: Path, connect: Connect = migrations.connect) -> sqlite3.Connection:
    """Return a connection to write with.

    Args:
        path: The database file; its folder must exist.
        connect: Opens it; tests hand in one that fills up.

    Raises:
        sqlite3.Error, OSError: The card refuses.
        DeviceError: A newer firmware wrote it.
    """
    try:
        connection = _sound(path, connect)
    except sqlite3.OperationalError:
        raise
    except (migrations.Damaged, sqlite3.DatabaseError) as error:
        _set_aside(path, error)
        connection = _sound(path, connect)
    fsync_folder(path.parent)
    return connection


def _sound(path: Path, connect: Connect) -> sqlite3.Connection:
    connection = connect(path)
    try:
        migrations.check_integrity(connection)
        migrations.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside(path: Path, error: Exception) -> None:
    taken = {file.name for file in path.parent.iterdir()}
    names = (f"{path.name}.damaged{number}" for number in itertools.count(1))
    aside = next(name for name in names if name not in taken)
    logger.error("the records are damaged (%s); kept as %s, beginning anew", error, aside)
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(aside + suffix))
