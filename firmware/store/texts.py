"""The text messages of this box: stored before they leave the SIM, kept until the network has them.

 line ─► take ─► text_in ─► listeners, pages            send ─► text_out ─► line ─► part_sent …, settle
                                                                  reports ─► text_part ─► delivered

Writing goes through the one writer thread of the records; a repetition changes nothing.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import Callable
from typing import Protocol, TypeVar

from firmware.core.clock import Clock
from firmware.core.texts import OutgoingText, ReceivedText, TextState
from firmware.store.reader import JourneyReader
from firmware.store.statements import insert, select

_Result = TypeVar("_Result")
_COLUMNS = OutgoingText.__struct_fields__
REPORT_HOURS = 72
"""Delivery reports come up to the message's validity; references are used anew after 256 parts."""


class Records(Protocol):
    """What is needed of `firmware.store.records.SqliteJourneyStore`."""

    reader: JourneyReader

    async def perform(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result: ...


class TextStore:
    """The messages in one records database. Every method raises `DeviceError` when the card refuses."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def take(
        self, ident: str, line: str, number: str, body: str, sent: str | None, *, complete: bool
    ) -> ReceivedText | None:
        """Store a message that came in; None when it was stored before."""
        now = self._now()

        def job(connection: sqlite3.Connection) -> ReceivedText | None:
            cursor = connection.execute(
                "INSERT INTO text_in (ident, line, number, body, complete, sent, received_wall_ms) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (ident) DO NOTHING RETURNING seq",
                (ident, line, number, body, complete, sent, now),
            ).fetchone()
            return (
                None if cursor is None else ReceivedText(cursor[0], line, number, body, now, sent, complete)
            )

        return await self._records.perform(job)

    async def handled(self, seq: int) -> None:
        """Note that listeners have had a message."""
        await self._records.perform(
            lambda connection: (
                connection.execute("UPDATE text_in SET handled = 1 WHERE seq = ?", (seq,)) and None
            )
        )

    async def queue(self, number: str, body: str, purpose: str, author: str, line: str | None) -> str:
        """Store a message to be sent; return its key."""
        key, now = secrets.token_hex(8), self._now()
        await self._records.perform(
            lambda connection: (
                connection.execute(
                    insert("text_out", _COLUMNS),
                    (key, number, body, TextState.QUEUED, now, now, purpose, author, line, "", 0),
                )
                and None
            )
        )
        return key

    async def part_sent(self, key: str, part: int, parts: int, reference: int) -> None:
        """Note that the network has a part: it is never sent again."""

        def job(connection: sqlite3.Connection) -> None:
            row = connection.execute("SELECT seq FROM text_out WHERE key = ?", (key,)).fetchone()
            if row is None:
                return
            connection.execute(
                "INSERT INTO text_part (message, part, parts, reference) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET reference = excluded.reference",
                (row[0], part, parts, reference),
            )
            connection.execute(
                "UPDATE text_out SET parts_done = max(parts_done, ?), changed_wall_ms = ? WHERE seq = ?",
                (part, self._now(), row[0]),
            )

        await self._records.perform(job)

    async def settle(self, key: str, state: TextState, detail: str = "") -> None:
        """Note what became of a message; one that is delivered already stays so."""

        def job(connection: sqlite3.Connection) -> None:
            row = connection.execute(
                "UPDATE text_out SET state = ?, detail = ?, changed_wall_ms = ? "
                "WHERE key = ? AND state != 'delivered' RETURNING seq",
                (state, detail, self._now(), key),
            ).fetchone()
            if row is not None:
                self._judge(connection, row[0])

        await self._records.perform(job)

    async def reported(self, number: str, reference: int, delivery: str) -> str | None:
        """Note a delivery report; return the key of an uncertain message that it shows to be sent."""
        # A report shows the number as the network knows it, +8613800138000 for 13800138000.
        earliest = self._now() - REPORT_HOURS * 3_600_000

        def job(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "SELECT message, part FROM text_part JOIN text_out ON seq = message "
                "WHERE reference = ? AND delivery != 'delivered' AND created_wall_ms > ? "
                "AND substr(ltrim(number, '+'), -8) = substr(ltrim(?, '+'), -8) ORDER BY seq DESC LIMIT 1",
                (reference, earliest, number),
            ).fetchone()
            if row is not None:
                connection.execute(
                    "UPDATE text_part SET delivery = ? WHERE message = ? AND part = ?", (delivery, *row)
                )
                self._judge(connection, row[0])
                return None
            # The modem vanished before it told the reference: the report speaks for the part it had.
            row = connection.execute(
                "SELECT key FROM text_out WHERE state = 'uncertain' AND created_wall_ms > ? "
                "AND substr(ltrim(number, '+'), -8) = substr(ltrim(?, '+'), -8) ORDER BY seq LIMIT 1",
                (earliest, number),
            ).fetchone()
            return None if row is None else str(row[0])

        return await self._records.perform(job)

    def _judge(self, connection: sqlite3.Connection, message: int) -> None:
        """Draw what the reports on the parts of a sent message come to."""
        parts, delivered, failed = connection.execute(
            "SELECT max(max(parts), count(*)), sum(delivery = 'delivered'), sum(delivery = 'failed') "
            "FROM text_part WHERE message = ?",
            (message,),
        ).fetchone()
        if not parts or not (failed or delivered == parts):
            return
        state = TextState.FAILED if failed else TextState.DELIVERED
        connection.execute(
            "UPDATE text_out SET state = ?, detail = ?, changed_wall_ms = ? WHERE seq = ? AND state = 'sent'",
            (state, "the network gave up delivering it" if failed else "", self._now(), message),
        )

    async def unhandled(self) -> list[ReceivedText]:
        """Return the messages no listener has had, the oldest first."""
        return await self.read(lambda connection: _received(connection, "WHERE handled = 0 ORDER BY seq"))

    async def received(self, limit: int) -> list[ReceivedText]:
        """Return the newest messages that came in."""
        return await self.read(lambda connection: _received(connection, "ORDER BY seq DESC LIMIT ?", limit))

    async def waiting(self) -> list[OutgoingText]:
        """Return the messages that are still to be sent, or in doubt, the oldest first."""
        where = "WHERE state IN ('queued', 'uncertain') ORDER BY seq"
        return await self.read(lambda connection: _outgoing(connection, where))

    async def outgoing(self, limit: int) -> list[OutgoingText]:
        """Return the newest messages that were to be sent."""
        return await self.read(lambda connection: _outgoing(connection, "ORDER BY seq DESC LIMIT ?", limit))

    async def get(self, key: str) -> OutgoingText | None:
        """Return one message to be sent."""
        found = await self.read(lambda connection: _outgoing(connection, "WHERE key = ?", key))
        return next(iter(found), None)

    async def read(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Have `job` read, in a thread of its own."""

        def reading() -> _Result:
            with self._records.reader.connected() as connection:
                return job(connection)

        return await asyncio.to_thread(reading)

    def _now(self) -> int:
        return self._clock.now().wall_ms


_IN = "SELECT seq, line, number, body, received_wall_ms, sent, complete FROM text_in"


def _received(connection: sqlite3.Connection, where: str, *values: object) -> list[ReceivedText]:
    return [
        ReceivedText(seq, line, number, body, received, sent, bool(complete))
        for seq, line, number, body, received, sent, complete in connection.execute(f"{_IN} {where}", values)
    ]


def _outgoing(connection: sqlite3.Connection, where: str, *values: object) -> list[OutgoingText]:
    found = connection.execute(select(_COLUMNS, "text_out", where), values)
    return [
        OutgoingText(
            key, number, body, TextState(state), created, changed, purpose, author, line, detail, done
        )
        for key, number, body, state, created, changed, purpose, author, line, detail, done in found
    ]
