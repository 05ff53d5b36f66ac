"""The letters (e-mail) of this box, kept until the mail server has them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from firmware.core.clock import Clock
from firmware.core.ids import new_call_id
from firmware.core.letters import Attachment, Letter, LetterState
from firmware.store.reader import JourneyReader
from firmware.store.statements import insert, select

_Result = TypeVar("_Result")
_COLUMNS = Letter.__struct_fields__
KEPT = 1000
"""How many letters that are sent or failed are remembered."""


class Records(Protocol):
    """What is needed of `firmware.store.records.SqliteJourneyStore`."""

    reader: JourneyReader

    async def perform(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result: ...


class LetterStore:
    """The letters in one records database. Methods that read block for the disk; those that write are
    awaited and raise `DeviceError` when the card refuses.
    """

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def queue(
        self, recipient: str, subject: str, body: str, attachments: Sequence[Attachment], purpose: str
    ) -> str:
        """Store a letter to be sent; return its id."""
        now = self._clock.now().wall_ms
        letter = str(new_call_id())
        values = (
            letter,
            recipient,
            subject,
            body,
            msgspec.json.encode(tuple(attachments)).decode(),
            purpose,
            LetterState.WAITING.value,
            0,
            now,
            now,
            "",
        )

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(insert("letter", _COLUMNS), values)
            connection.execute(
                "DELETE FROM letter WHERE state != 'waiting' AND id NOT IN "
                "(SELECT id FROM letter WHERE state != 'waiting' ORDER BY id DESC LIMIT ?)",
                (KEPT,),
            )

        await self._records.perform(job)
        return letter

    async def settle(self, letter: str, state: LetterState, detail: str) -> None:
        """Note what came of an attempt."""
        now = self._clock.now().wall_ms
        await self._records.perform(
            lambda connection: (
                connection.execute(
                    "UPDATE letter SET state = ?, detail = ?, changed_wall_ms = ?, attempts = attempts + 1 "
                    "WHERE id = ?",
                    (state.value, detail, now, letter),
                )
                and None
            )
        )

    def waiting(self) -> list[Letter]:
        """Return what is to be sent, the oldest first."""
        return self._read("WHERE state = 'waiting' ORDER BY id LIMIT 200", ())

    def newest(self, limit: int) -> list[Letter]:
        """Return the newest letters, the newest first."""
        return self._read("ORDER BY id DESC LIMIT ?", (limit,))

    def _read(self, which: str, values: tuple[int, ...]) -> list[Letter]:
        with self._records.reader.connected() as connection:
            rows = connection.execute(select(_COLUMNS, "letter", which), values).fetchall()
        return [
            Letter(
                id=row[0],
                recipient=row[1],
                subject=row[2],
                body=row[3],
                attachments=msgspec.json.decode(row[4], type=tuple[Attachment, ...]),
                purpose=row[5],
                state=LetterState(row[6]),
                attempts=row[7],
                created_wall_ms=row[8],
                changed_wall_ms=row[9],
                detail=row[10],
            )
            for row in rows
        ]
