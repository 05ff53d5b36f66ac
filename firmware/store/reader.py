"""Reading journeys: while the writer writes, from another process, and when no switch runs.

Every question opens a connection of its own and closes it again (about a millisecond), so a reader can be
used from any thread, never holds the writer's WAL open, and survives the file being replaced. It can't
change anything.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from firmware.core.errors import DeviceError, UserError
from firmware.core.records import AgentSpan, Journey
from firmware.store import rows
from firmware.store.numbers import normalise

logger = logging.getLogger(__name__)

_LOCK_PATIENCE_S = 1.0
"""A person is waiting; a WAL database is locked for readers only during recovery after a crash."""

# Crockford's reading of what people type for what they see.
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})

# "~" comes after every letter and digit of an id.
_WITH_PREFIX = """
    SELECT id FROM journey WHERE id >= ?1 AND id < ?1 || '~'
    UNION SELECT id FROM open_journey WHERE id >= ?1 AND id < ?1 || '~'
    ORDER BY id DESC LIMIT ?2
"""

_AMBIGUOUS_SHOWN = 5
"""How many candidates an ambiguous id lists."""


class JourneyReader:
    """Answers questions about journeys from the database file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, limit: int = 20, since_wall_ms: int | None = None) -> list[Journey]:
        """Return journeys, the newest first, running ones (outcome None) before all others.

        Args:
            limit: How many at most.
            since_wall_ms: Only those that started at or after that moment (ms since 1970 UTC).

        Raises:
            DeviceError: The database is missing, locked or damaged; one line for a person.
        """
        since = since_wall_ms if since_wall_ms is not None else -(2**62)
        with self.connected() as connection:
            running = [one.journey for one in rows.read_open(connection)]
            running = [journey for journey in reversed(running) if journey.started.wall_ms >= since]
            closed = rows.read_closed(
                connection,
                "WHERE started_wall_ms >= ? ORDER BY seq DESC LIMIT ?",
                (since, max(0, limit - len(running))),
            )
        return (running + closed)[:limit]

    def search(
        self,
        caller: str,
        limit: int = 50,
        since_wall_ms: int = 0,
        until_wall_ms: int = 2**62,
        country: str = "CN",
    ) -> list[Journey]:
        """Return the closed journeys with one person outside, without their timelines, the latest first.

        Args:
            caller: The person's number in any spelling: who called, or was called.
            limit: How many at most.
            since_wall_ms: Only those started at or after that moment (ms since 1970 UTC).
            until_wall_ms: Only those started before that moment.
            country: ISO 3166 code of the country `caller` is written in.

        Raises:
            DeviceError: As `find`.
        """
        with self.connected() as connection:
            return rows.read_closed(
                connection,
                "WHERE party = ? AND started_wall_ms >= ? AND started_wall_ms < ? "
                "ORDER BY started_wall_ms DESC LIMIT ?",
                (normalise(caller, country), since_wall_ms, until_wall_ms, limit),
                timelines=False,
            )

    def span(self, since_wall_ms: int, until_wall_ms: int) -> tuple[list[Journey], list[AgentSpan]]:
        """Return the closed journeys, without timelines, and agents' time begun in [since, until), in order.

        Raises:
            DeviceError: As `find`.
        """
        with self.connected() as connection:
            journeys = rows.read_closed(
                connection,
                "WHERE started_wall_ms >= ? AND started_wall_ms < ? ORDER BY started_wall_ms",
                (since_wall_ms, until_wall_ms),
                timelines=False,
            )
            return journeys, rows.read_spans(connection, since_wall_ms, until_wall_ms)

    def newest(self) -> tuple[int, int]:
        """Return a mark that changes whenever a closed journey is added or amended.

        Raises:
            DeviceError: As `find`.
        """
        with self.connected() as connection:
            (seq,) = connection.execute("SELECT coalesce(max(seq), 0) FROM journey").fetchone()
            (position,) = connection.execute("SELECT coalesce(max(position), 0) FROM outbox").fetchone()
        return seq, position

    def get(self, call_id: str) -> Journey | None:
        """Return the journey with exactly that id, or None.

        Raises:
            DeviceError: As `find`.
        """
        with self.connected() as connection:
            return self._get(connection, call_id)

    def resolve(self, prefix: str) -> Journey:
        """Return the one journey whose id begins with `prefix`, however it was typed.

        Raises:
            UserError: There is none, or more than one.
            DeviceError: As `find`.
        """
        wanted = prefix.strip().upper().translate(_MISREAD)
        if not wanted.isalnum() or not wanted.isascii():
            raise UserError(f"{prefix!r} is no call id; `zongji calls` lists them in its last column.")
        with self.connected() as connection:
            found = connection.execute(
                _WITH_PREFIX,
                (wanted, _AMBIGUOUS_SHOWN + 1),
            ).fetchall()
            ids = [str(row[0]) for row in found]
            if len(ids) > 1:
                more = " …" if len(ids) > _AMBIGUOUS_SHOWN else ""
                shown = ", ".join(ids[:_AMBIGUOUS_SHOWN])
                raise UserError(
                    f"More than one call begins with {wanted}: {shown}{more}. Give more of the id."
                )
            journey = self._get(connection, ids[0]) if ids else None
        if journey is None:
            raise UserError(f"There is no call {wanted}; `zongji calls` lists the calls.")
        return journey

    def open_journeys(self) -> list[rows.OpenJourney]:
        """Return the calls that run, or ran when the power went.

        Raises:
            DeviceError: As `find`.
        """
        with self.connected() as connection:
            return rows.read_open(connection)

    def _get(self, connection: sqlite3.Connection, call_id: str) -> Journey | None:
        closed = rows.read_closed(connection, "WHERE id = ?", (call_id,))
        if closed:
            return closed[0]
        running = rows.read_open(connection, "WHERE id = ?", (call_id,))
        return running[0].journey if running else None

    @contextlib.contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """Open the file read-only and see one moment of it; for other readers of this package.

        Raises:
            DeviceError: As `find`, whatever is asked.
        """
        if not self._path.exists():
            raise DeviceError(f"there are no call records at {self._path}")
        try:
            with contextlib.closing(self._connect()) as connection:
                connection.execute("BEGIN")
                yield connection
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise DeviceError(f"the call records at {self._path} are locked; try again") from error
            raise DeviceError(f"the call records at {self._path} can't be read: {error}") from error
        except (sqlite3.DatabaseError, msgspec.MsgspecError, zlib.error) as error:
            raise DeviceError(f"the call records at {self._path} are damaged: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        address = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        wal = self._path.with_name(self._path.name + "-wal")
        try:
            return self._tried(address)
        except sqlite3.OperationalError:
            # A user who may read the file but not write its folder can't make the shared-memory file that
            # WAL mode wants. Without a WAL nobody writes, and the file alone is the whole truth.
            if wal.exists():
                raise
            return self._tried(address + "&immutable=1")

    def _tried(self, address: str) -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=_LOCK_PATIENCE_S, isolation_level=None)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection
