"""What routing remembers over a restart, in the records' database: one JSON text a subject.

It is written by the one writer thread of the records, so it costs no second file and no second fsync policy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

_Result = TypeVar("_Result")


class Records(Protocol):
    """What is needed of `firmware.store.records.SqliteJourneyStore`."""

    async def perform(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Have a job run in a transaction of the writer's thread."""


class RoutingMemory:
    """The subjects and their values.

    Args:
        records: Started.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    async def read(self) -> dict[str, str]:
        """Return every subject's value.

        Raises:
            DeviceError: The card refuses.
        """

        def job(connection: sqlite3.Connection) -> dict[str, str]:
            return dict(connection.execute("SELECT subject, value FROM routing_memory").fetchall())

        return await self._records.perform(job)

    async def write(self, values: Mapping[str, str]) -> None:
        """Keep these subjects' values, all or none; durable on return.

        Raises:
            DeviceError: The card refuses; nothing was changed.
        """
        rows = list(values.items())

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO routing_memory VALUES (?, ?)", rows)

        await self._records.perform(job)
