"""Messages and mailboxes in the records database; implements `firmware.core.messages.MessageStore`."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from firmware.core.clock import Clock, Instant
from firmware.core.messages import Counts, Greeting, MailboxState, Message, MessageState
from firmware.store.reader import JourneyReader
from firmware.store.statements import insert, listed, marks, select, update

_Result = TypeVar("_Result")
_COLUMNS = (
    *("id", "mailbox", "state", "urgent", "caller", "caller_name", "journey_id", "path"),
    *("received_wall_ms", "received_mono_ms", "boot_id", "clock_set", "duration_ms", "complete"),
    *("forwarded_by", "changed_wall_ms"),
)
_HELD = "SELECT 1 FROM message JOIN legal_hold USING (journey_id) WHERE id = ?"


class Records(Protocol):
    """What is needed of `firmware.store.records.SqliteJourneyStore`."""

    reader: JourneyReader

    async def perform(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result: ...


class SqliteMessages:
    """See `firmware.core.messages.MessageStore`."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def add(self, message: Message) -> None:
        await self._write(insert("message", _COLUMNS), _values(message))

    async def replace(self, message: Message) -> bool:
        changed = await self._write(
            update("message", _COLUMNS, "WHERE id = ?"), (*_values(message), message.id)
        )
        return changed > 0

    async def move(self, message_id: str, states: Sequence[MessageState], to: MessageState) -> Message | None:
        now = self._clock.now().wall_ms

        def job(connection: sqlite3.Connection) -> Message | None:
            which = f"WHERE id = ? AND state IN ({marks(len(states))}) RETURNING {listed(_COLUMNS)}"
            row = connection.execute(
                update("message", ["state", "changed_wall_ms"], which),
                (to.value, now, message_id, *(state.value for state in states)),
            ).fetchone()
            return None if row is None else _message(row)

        return await self._records.perform(job)

    async def remove(self, message_id: str) -> bool:
        """Forget a message not under legal hold; the manifest of sounds says why its sound is gone."""
        now = self._clock.now().wall_ms

        def job(connection: sqlite3.Connection) -> bool:
            if connection.execute(_HELD, (message_id,)).fetchone() is not None:
                return False
            connection.execute(
                "UPDATE audio_file SET removed_wall_ms = ?, removed_because = 'deleted by its owner' "
                "WHERE kind = 'voicemail' AND removed_wall_ms IS NULL "
                "AND path = (SELECT path FROM message WHERE id = ?)",
                (now, message_id),
            )
            connection.execute("DELETE FROM message WHERE id = ?", (message_id,))
            return True

        return await self._records.perform(job)

    async def get(self, message_id: str) -> Message | None:
        found = await self._read("WHERE id = ?", (message_id,))
        return found[0] if found else None

    async def listed(
        self, mailbox: str, states: Sequence[MessageState], limit: int = 20_000, offset: int = 0
    ) -> list[Message]:
        return await self._read(
            f"WHERE mailbox = ? AND state IN ({marks(len(states))}) "
            "ORDER BY urgent DESC, id LIMIT ? OFFSET ?",
            (mailbox, *(state.value for state in states), limit, offset),
        )

    async def in_state(self, state: MessageState, changed_before_wall_ms: int) -> list[Message]:
        return await self._read(
            "WHERE state = ? AND changed_wall_ms < ? ORDER BY id", (state.value, changed_before_wall_ms)
        )

    async def counts(self) -> dict[str, Counts]:
        def read() -> list[tuple[str, int, int, int]]:
            with self._records.reader.connected() as connection:
                return connection.execute(
                    "SELECT mailbox, sum(state = 'new'), sum(state = 'new' AND urgent), sum(state = 'saved') "
                    "FROM message GROUP BY mailbox"
                ).fetchall()

        rows = await asyncio.to_thread(read)
        return {name: Counts(new, urgent, saved) for name, new, urgent, saved in rows}

    async def mailbox(self, name: str) -> MailboxState:
        def read() -> Any:
            with self._records.reader.connected() as connection:
                return connection.execute(
                    "SELECT pin, wrong_pins, locked_wall_ms, greeting, away_until FROM mailbox "
                    "WHERE name = ?",
                    (name,),
                ).fetchone()

        row = await asyncio.to_thread(read)
        if row is None:
            return MailboxState(name)
        pin, wrong, locked, greeting, away = row
        return MailboxState(name, pin, wrong, locked, Greeting(greeting), away)

    async def keep_mailbox(self, mailbox: MailboxState) -> None:
        await self._write(
            "REPLACE INTO mailbox (name, pin, wrong_pins, locked_wall_ms, greeting, away_until) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                mailbox.name,
                mailbox.pin,
                mailbox.wrong_pins,
                mailbox.locked_wall_ms,
                mailbox.greeting.value,
                mailbox.away_until,
            ),
        )

    async def _write(self, sql: str, values: Sequence[object]) -> int:
        return await self._records.perform(lambda connection: connection.execute(sql, tuple(values)).rowcount)

    async def _read(self, which: str, values: Sequence[object]) -> list[Message]:
        def read() -> list[Message]:
            with self._records.reader.connected() as connection:
                rows = connection.execute(select(_COLUMNS, "message", which), tuple(values))
                return [_message(row) for row in rows]

        return await asyncio.to_thread(read)


def _values(message: Message) -> tuple[object, ...]:
    return (
        message.id,
        message.mailbox,
        message.state.value,
        message.urgent,
        message.caller,
        message.caller_name,
        message.journey_id,
        message.path,
        message.received.wall_ms,
        message.received.mono_ms,
        message.received.boot_id,
        message.received.clock_set,
        message.duration_ms,
        message.complete,
        message.forwarded_by,
        message.changed_wall_ms,
    )


def _message(row: Sequence[Any]) -> Message:
    (
        message_id,
        mailbox,
        state,
        urgent,
        caller,
        name,
        journey,
        path,
        wall,
        mono,
        boot,
        is_set,
        duration,
        complete,
        by,
        changed,
    ) = row
    return Message(
        id=message_id,
        mailbox=mailbox,
        state=_STATES[state],
        received=Instant(wall, mono, boot, bool(is_set)),
        caller=caller,
        path=path,
        caller_name=name,
        journey_id=journey,
        urgent=bool(urgent),
        duration_ms=duration,
        complete=bool(complete),
        forwarded_by=by,
        changed_wall_ms=changed,
    )


_STATES = {state.value: state for state in MessageState}
"""Ten thousand look-ups are quicker than ten thousand constructions."""
