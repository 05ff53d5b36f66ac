"""Lost callers in the records database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from firmware.core.ids import new_call_id
from firmware.core.lost import LostCaller
from firmware.store.reader import JourneyReader
from firmware.store.statements import insert, listed, select, update

_Result = TypeVar("_Result")
_FIELDS = LostCaller.__struct_fields__
_OPEN = f"WHERE number = ? AND closed_wall_ms IS NULL RETURNING {listed(_FIELDS)}"
_AGAIN = "UPDATE lost_caller SET calls = calls + 1, last_wall_ms = ?, last_journey = ?, wanted = ?, why = ?"
_CLOSED = ("closed_wall_ms", "closed_by", "closed_why")


class Records(Protocol):
    """What is needed of `firmware.store.records.SqliteJourneyStore`."""

    reader: JourneyReader

    async def perform(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result: ...


class LostCallerStore:
    """All raise `DeviceError` when the card refuses."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def lost(self, caller: LostCaller) -> LostCaller:
        """Note a lost call: a new task, or one more try of a caller who has one; return the task."""

        def job(connection: sqlite3.Connection) -> LostCaller:
            row = None
            if caller.number is not None:
                row = connection.execute(
                    f"{_AGAIN} {_OPEN}",
                    (caller.last_wall_ms, caller.last_journey, caller.wanted, caller.why, caller.number),
                ).fetchone()
            if row is not None:
                return _caller(row)
            kept = msgspec.structs.replace(caller, id=str(new_call_id()))
            connection.execute(
                insert("lost_caller", _FIELDS),
                [getattr(kept, field) for field in _FIELDS],
            )
            return kept

        return await self._records.perform(job)

    async def texted(self, task: str) -> None:
        """Note that the caller was sent a text message."""
        await self._change(update("lost_caller", ["texted"], "WHERE id = ?"), (True, task))

    async def close(self, task: str, by: str, why: str, now_wall_ms: int) -> bool:
        """Close a task; False when it is closed or never was."""
        return await self._closed("id = ?", task, by, why, now_wall_ms) > 0

    async def close_number(self, number: str, by: str, why: str, now_wall_ms: int) -> bool:
        """Close the task of a caller; False when there is none."""
        return await self._closed("number = ?", number, by, why, now_wall_ms) > 0

    async def listed(self, *, closed: bool = False, limit: int = 500) -> list[LostCaller]:
        """Return open tasks, who waits longest first; or the closed ones, the latest first."""
        which = (
            "closed_wall_ms IS NOT NULL ORDER BY closed_wall_ms DESC"
            if closed
            else "closed_wall_ms IS NULL ORDER BY id"
        )

        def read() -> list[LostCaller]:
            with self._records.reader.connected() as connection:
                rows = connection.execute(
                    select(_FIELDS, "lost_caller", f"WHERE {which} LIMIT ?"), (limit,)
                ).fetchall()
                return [_caller(row) for row in rows]

        return await asyncio.to_thread(read)

    async def _closed(self, which: str, value: str, by: str, why: str, now_wall_ms: int) -> int:
        return await self._change(
            update("lost_caller", _CLOSED, f"WHERE {which} AND closed_wall_ms IS NULL"),
            (now_wall_ms, by, why, value),
        )

    async def _change(self, sql: str, values: Sequence[object]) -> int:
        return await self._records.perform(lambda connection: connection.execute(sql, tuple(values)).rowcount)


def _caller(row: Sequence[Any]) -> LostCaller:
    values = dict(zip(_FIELDS, row, strict=True))
    return LostCaller(**{**values, "texted": bool(values["texted"])})
