"""What the cloud has not confirmed yet, in the order in which calls were closed.

A row leaves the outbox when the cloud has confirmed that very revision; a journey amended meanwhile has a new
row at the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from firmware.core.ids import CallId
from firmware.core.records import Journey
from firmware.store import rows
from firmware.store.reader import JourneyReader
from firmware.store.records import SqliteJourneyStore


class Entry(msgspec.Struct, frozen=True):
    """One journey to be sent."""

    position: int
    """Place in the outbox."""
    seq: int
    """The journey's number on this box, without gaps in one epoch."""
    journey: Journey


class Page(msgspec.Struct, frozen=True):
    """A piece of the outbox."""

    epoch: str
    """Changes when the database is begun anew, so that numbers start again."""
    entries: list[Entry]
    full: bool
    """As many as were asked for: there may be more behind."""


class Backlog(msgspec.Struct, frozen=True):
    waiting: int
    refused: int
    """Set aside until somebody looks."""
    oldest_wall_ms: int | None
    """When the oldest call that waits began."""


class Outbox:
    """The outbox of one store. Methods that read block for the disk; those that write are awaited."""

    def __init__(self, store: SqliteJourneyStore) -> None:
        self._store = store
        self._reader: JourneyReader = store.reader

    def page(self, limit: int, after: int = 0) -> Page:
        """Return the first `limit` journeys that wait, of those behind position `after`. Blocks.

        Raises:
            DeviceError: The records can't be read.
        """
        with self._reader.connected() as connection:
            return read_page(connection, limit, after)

    def backlog(self) -> Backlog:
        """Return how much waits. Blocks.

        Raises:
            DeviceError: The records can't be read.
        """
        with self._reader.connected() as connection:
            waiting, refused = connection.execute(
                "SELECT coalesce(sum(refused IS NULL), 0), coalesce(sum(refused IS NOT NULL), 0) FROM outbox"
            ).fetchone()
            oldest = connection.execute(
                "SELECT started_wall_ms FROM outbox JOIN journey ON id = journey_id WHERE refused IS NULL "
                "ORDER BY position LIMIT 1"
            ).fetchone()
        return Backlog(waiting, refused, None if oldest is None else oldest[0])

    async def confirm(self, entries: Sequence[Entry]) -> None:
        """Forget what the cloud has.

        Raises:
            DeviceError: The card refuses; they will be sent once more.
        """
        done = [(entry.position, entry.journey.id, entry.journey.revision) for entry in entries]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "DELETE FROM outbox WHERE position = ? AND journey_id = ? AND revision = ?", done
            )

        await self._store.perform(job)

    async def set_aside(self, entry: Entry, reason: str) -> None:
        """Keep one that the cloud won't have from holding up the others.

        Raises:
            DeviceError: The card refuses.
        """
        await self._store.perform(
            lambda connection: connection.execute(
                "UPDATE outbox SET refused = ? WHERE position = ? AND revision = ?",
                (reason, entry.position, entry.journey.revision),
            )
        )

    async def retry(self) -> int:
        """Have everything that was set aside sent again; return how many that is.

        Raises:
            DeviceError: The card refuses.
        """
        return await self._store.perform(
            lambda connection: (
                connection.execute("UPDATE outbox SET refused = NULL WHERE refused IS NOT NULL").rowcount
            )
        )


_PLACES = """
    SELECT position, journey_id, journey.seq FROM outbox JOIN journey ON id = journey_id
    WHERE refused IS NULL AND position > ? ORDER BY position LIMIT ?
"""
_THEIR_JOURNEYS = """
    WHERE id IN (SELECT journey_id FROM outbox WHERE refused IS NULL AND position > ?
        ORDER BY position LIMIT ?)
"""


def read_page(connection: sqlite3.Connection, limit: int, after: int = 0) -> Page:
    """Return the beginning of the outbox, or what is behind position `after`."""
    (epoch,) = connection.execute("SELECT value FROM box WHERE key = 'epoch'").fetchone()
    order: dict[CallId, tuple[int, int]] = {
        CallId(call_id): (position, seq)
        for position, call_id, seq in connection.execute(_PLACES, (after, limit))
    }
    journeys = rows.read_closed(connection, _THEIR_JOURNEYS, (after, limit))
    entries = [Entry(*order[journey.id], journey) for journey in journeys]
    return Page(epoch, sorted(entries, key=lambda entry: entry.position), full=len(entries) >= limit)
