"""A journey as rows and back. Knows SQL and the journey; no threads, no files."""

from __future__ import annotations

import sqlite3
import zlib
from typing import Any, TypeVar

import msgspec

from firmware.core.clock import Instant
from firmware.core.ids import CallId
from firmware.core.records import Journey, LegRecord, RecordingRecord, TimelineEntry

_JOURNEY = (
    "id",
    "direction",
    "line",
    "caller",
    "called",
    "outcome",
    "answered_ms",
    "talked_ms",
    "duration_ms",
    "cause",
    "hung_up_by",
)
_STARTED = ("wall_ms", "mono_ms", "boot_id", "clock_set")
_LEG = (
    "id",
    "kind",
    "direction",
    "address",
    "number",
    "started_ms",
    "answered_ms",
    "ended_ms",
    "cause",
    "ended_by",
    "detail",
)
_TIMELINE = ("at_ms", "kind", "text", "leg_id")
_RECORDING = ("path", "started_ms", "duration_ms", "complete", "left", "right")

_FAST = 1
"""zlib level: the snapshot then fits a page; higher levels save nothing more."""

_Record = TypeVar("_Record", LegRecord, TimelineEntry, RecordingRecord)


def _insert(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - the names are the constants above


def _select(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"SELECT {names} FROM {table} WHERE journey = ? ORDER BY position"  # noqa: S608 - as above


_STARTED_COLUMNS = ("started_wall_ms", "started_mono_ms", "boot_id", "clock_set")
_INSERT_JOURNEY = _insert("journey", _JOURNEY + _STARTED_COLUMNS)
_SELECT_JOURNEY = f"SELECT seq, {', '.join(_JOURNEY + _STARTED_COLUMNS)} FROM journey"  # noqa: S608 - as above
_CHILDREN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("legs", "leg", _LEG),
    ("timeline", "timeline", _TIMELINE),
    ("recordings", "recording", _RECORDING),
)
_INSERT_CHILD = {table: _insert(table, ("journey", "position", *columns)) for _, table, columns in _CHILDREN}
_SELECT_CHILD = {table: _select(table, columns) for _, table, columns in _CHILDREN}


def _values(record: object, columns: tuple[str, ...]) -> list[Any]:
    return [getattr(record, column) for column in columns]


def write_open(connection: sqlite3.Connection, call_id: CallId, snapshot: bytes, noted: Instant) -> None:
    """Note a running call. To be called inside a transaction."""
    values = (zlib.compress(snapshot, _FAST), msgspec.json.encode(noted), call_id)
    changed = connection.execute("UPDATE open_journey SET snapshot = ?, noted = ? WHERE id = ?", values)
    if changed.rowcount == 0:
        connection.execute("INSERT INTO open_journey (snapshot, noted, id) VALUES (?, ?, ?)", values)


def write_closed(connection: sqlite3.Connection, journey: Journey) -> None:
    """Write a finished journey and its outbox row. To be called inside a transaction.

    Writing the same journey again replaces it, so a repeat after a doubtful failure is harmless.
    """
    connection.execute("DELETE FROM journey WHERE id = ?", (journey.id,))
    cursor = connection.execute(
        _INSERT_JOURNEY, _values(journey, _JOURNEY) + _values(journey.started, _STARTED)
    )
    for attribute, table, columns in _CHILDREN:
        connection.executemany(
            _INSERT_CHILD[table],
            [
                [cursor.lastrowid, position, *_values(record, columns)]
                for position, record in enumerate(getattr(journey, attribute))
            ],
        )
    connection.execute("INSERT OR REPLACE INTO outbox (journey_id) VALUES (?)", (journey.id,))
    connection.execute("DELETE FROM open_journey WHERE id = ?", (journey.id,))


def _children(connection: sqlite3.Connection, table: str, seq: int, kind: type[_Record]) -> list[_Record]:
    columns = next(columns for _, name, columns in _CHILDREN if name == table)
    rows = connection.execute(_SELECT_CHILD[table], (seq,))
    # Lax, because SQLite has no booleans: 0 and 1 must do.
    return [msgspec.convert(dict(zip(columns, row, strict=True)), kind, strict=False) for row in rows]


def read_closed(connection: sqlite3.Connection, condition: str, parameters: tuple[Any, ...]) -> list[Journey]:
    """Return the closed journeys that meet an SQL condition (`WHERE …`, `ORDER BY …`, `LIMIT …`).

    Raises:
        msgspec.ValidationError: A row holds what no journey can.
    """
    journeys = []
    for seq, *values in connection.execute(f"{_SELECT_JOURNEY} {condition}", parameters):
        fields: dict[str, Any] = dict(zip(_JOURNEY, values[: len(_JOURNEY)], strict=True))
        fields["started"] = dict(zip(_STARTED, values[len(_JOURNEY) :], strict=True))
        journey = msgspec.convert(fields, Journey, strict=False)
        journey.legs = _children(connection, "leg", seq, LegRecord)
        journey.timeline = _children(connection, "timeline", seq, TimelineEntry)
        journey.recordings = _children(connection, "recording", seq, RecordingRecord)
        journeys.append(journey)
    return journeys


class OpenJourney(msgspec.Struct, frozen=True):
    """A call that runs, or ran when the power went."""

    journey: Journey
    """As far as it was noted."""
    noted: Instant
    """When it was."""


def read_open(
    connection: sqlite3.Connection, condition: str = "", parameters: tuple[Any, ...] = ()
) -> list[OpenJourney]:
    """Return the open journeys that meet an SQL condition, in order of their ids.

    Raises:
        msgspec.MsgspecError, zlib.error: A row holds what no journey can.
    """
    sql = f"SELECT snapshot, noted FROM open_journey {condition} ORDER BY id"  # noqa: S608 - our own conditions
    return [
        OpenJourney(
            msgspec.json.decode(zlib.decompress(snapshot), type=Journey),
            msgspec.json.decode(noted, type=Instant),
        )
        for snapshot, noted in connection.execute(sql, parameters)
    ]
