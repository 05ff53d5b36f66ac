"""A journey as rows and back. Knows SQL and the journey; no threads, no files."""

from __future__ import annotations

import dataclasses
import sqlite3
import zlib
from collections.abc import Collection
from typing import Any

import msgspec

from firmware.core.clock import Instant
from firmware.core.ids import CallId
from firmware.core.records import (
    AgentNote,
    AgentSpan,
    HoldRecord,
    Journey,
    LegRecord,
    QueueWait,
    RecordingRecord,
    RingAttempt,
    SurveyAnswer,
    TimelineEntry,
    TransferRecord,
    VoicemailRecord,
    WrapUp,
)

_STARTED = ("wall_ms", "mono_ms", "boot_id", "clock_set")
_STARTED_COLUMNS = ("started_wall_ms", "started_mono_ms", "boot_id", "clock_set")

_FAST = 1
"""zlib level: the snapshot then fits a page; higher levels save nothing more."""


@dataclasses.dataclass(frozen=True)
class Part:
    """One list of the journey and the table that holds its records, a row each."""

    attribute: str
    table: str
    kind: type[msgspec.Struct]
    columns: tuple[str, ...]
    """As the record's fields are called; the table's columns bear the same names but for `renamed`."""
    renamed: tuple[tuple[str, str], ...] = ()
    json: frozenset[str] = frozenset()
    """Columns kept as JSON text."""

    def names(self) -> list[str]:
        """Return the table's columns, quoted."""
        renamed = dict(self.renamed)
        return [f'"{renamed.get(column, column)}"' for column in self.columns]


def _part(
    attribute: str, table: str, kind: type[msgspec.Struct], json: frozenset[str] = frozenset(), **renamed: str
) -> Part:
    return Part(attribute, table, kind, kind.__struct_fields__, tuple(renamed.items()), json)


# Fields are columns in the order of the Structs: a new field needs a schema file that adds its column.
PARTS = (
    _part("legs", "leg", LegRecord),
    _part("timeline", "timeline", TimelineEntry, frozenset({"said"})),
    _part("recordings", "recording", RecordingRecord, frozenset({"pauses"})),
    _part("queue_waits", "queue_wait", QueueWait, position="place"),
    _part("rings", "ring", RingAttempt),
    _part("holds", "hold", HoldRecord),
    _part("transfers", "transfer", TransferRecord),
    _part("voicemails", "voicemail", VoicemailRecord),
    _part("survey", "survey_answer", SurveyAnswer),
    _part("wrap_ups", "wrap_up", WrapUp),
    _part("notes", "note", AgentNote),
)
_PART_NAMES = frozenset(part.attribute for part in PARTS)
_JOURNEY = tuple(name for name in Journey.__struct_fields__ if name not in _PART_NAMES | {"started"})
_JOURNEY_JSON = frozenset({"tags"})
_SPAN = tuple(name for name in AgentSpan.__struct_fields__ if name != "started")


def _insert(table: str, columns: list[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of the Structs above


_JOURNEY_COLUMNS = [*_JOURNEY, *_STARTED_COLUMNS]
_INSERT_JOURNEY = _insert("journey", ["seq", *_JOURNEY_COLUMNS])
_SELECT_JOURNEY = f"SELECT seq, {', '.join(_JOURNEY_COLUMNS)} FROM journey"  # noqa: S608 - as above
_INSERT_PART = {part.table: _insert(part.table, ["journey", "position", *part.names()]) for part in PARTS}
_DELETE_PART = {part.table: f"DELETE FROM {part.table} WHERE journey = ?" for part in PARTS}  # noqa: S608 - as above
_UPDATE_JOURNEY = f"UPDATE journey SET {', '.join(f'{name} = ?' for name in _JOURNEY_COLUMNS)} WHERE seq = ?"  # noqa: S608 - as above
_SPAN_COLUMNS = [f'"{name}"' for name in _SPAN] + list(_STARTED_COLUMNS)
_INSERT_SPAN = _insert("agent_span", _SPAN_COLUMNS)
_SELECT_SPAN = f"SELECT {', '.join(_SPAN_COLUMNS)} FROM agent_span"  # noqa: S608 - as above


def _values(record: object, columns: tuple[str, ...], json: frozenset[str] = frozenset()) -> list[Any]:
    return [
        msgspec.json.encode(getattr(record, column)).decode() if column in json else getattr(record, column)
        for column in columns
    ]


def write_open(connection: sqlite3.Connection, call_id: CallId, snapshot: bytes, noted: Instant) -> None:
    """Note a running call. To be called inside a transaction."""
    values = (zlib.compress(snapshot, _FAST), msgspec.json.encode(noted), call_id)
    changed = connection.execute("UPDATE open_journey SET snapshot = ?, noted = ? WHERE id = ?", values)
    if changed.rowcount == 0:
        connection.execute("INSERT INTO open_journey (snapshot, noted, id) VALUES (?, ?, ?)", values)


def write_closed(connection: sqlite3.Connection, journey: Journey) -> None:
    """Write a finished or amended journey and its outbox row. To be called inside a transaction.

    Writing the same journey again replaces it in its place, so a repeat after a doubtful failure is harmless.
    """
    known = connection.execute("SELECT seq FROM journey WHERE id = ?", (journey.id,)).fetchone()
    if known is not None:
        connection.execute("DELETE FROM journey WHERE seq = ?", known)
    cursor = connection.execute(
        _INSERT_JOURNEY,
        [
            known[0] if known is not None else None,
            *_values(journey, _JOURNEY, _JOURNEY_JSON),
            *_values(journey.started, _STARTED),
        ],
    )
    for part in PARTS:
        _insert_part(connection, part, cursor.lastrowid, journey)
    _into_outbox(connection, journey)
    connection.execute("DELETE FROM open_journey WHERE id = ?", (journey.id,))


def update_closed(connection: sqlite3.Connection, before: Journey, journey: Journey) -> None:
    """Write what has changed of a closed journey, and its outbox row. To be called inside a transaction."""
    (seq,) = connection.execute("SELECT seq FROM journey WHERE id = ?", (journey.id,)).fetchone()
    values = _values(journey, _JOURNEY, _JOURNEY_JSON) + _values(journey.started, _STARTED)
    connection.execute(_UPDATE_JOURNEY, [*values, seq])
    for part in PARTS:
        if getattr(before, part.attribute) != getattr(journey, part.attribute):
            connection.execute(_DELETE_PART[part.table], (seq,))
            _insert_part(connection, part, seq, journey)
    _into_outbox(connection, journey)


def _insert_part(connection: sqlite3.Connection, part: Part, seq: int | None, journey: Journey) -> None:
    rows = [
        [seq, position, *_values(record, part.columns, part.json)]
        for position, record in enumerate(getattr(journey, part.attribute))
    ]
    if rows:
        connection.executemany(_INSERT_PART[part.table], rows)


def _into_outbox(connection: sqlite3.Connection, journey: Journey) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO outbox (journey_id, revision) VALUES (?, ?)", (journey.id, journey.revision)
    )


def write_span(connection: sqlite3.Connection, span: AgentSpan) -> None:
    """Write a stretch of an agent's time. To be called inside a transaction."""
    connection.execute(_INSERT_SPAN, [*_values(span, _SPAN), *_values(span.started, _STARTED)])


def _fields(columns: tuple[str, ...], values: tuple[Any, ...], json: frozenset[str]) -> dict[str, Any]:
    fields = dict(zip(columns, values, strict=True))
    for column in json:
        fields[column] = msgspec.json.decode(fields[column])
    return fields


def read_closed(
    connection: sqlite3.Connection,
    condition: str,
    parameters: tuple[Any, ...],
    without: Collection[str] = (),
) -> list[Journey]:
    """Return the closed journeys that meet an SQL condition (`WHERE …`, `ORDER BY …`, `LIMIT …`).

    Args:
        connection: Inside a transaction, so that all tables are seen at one moment.
        condition: Of our own making.
        parameters: What its question marks stand for.
        without: Lists of the journey that aren't wanted, such as `timeline`; left empty.

    Raises:
        msgspec.ValidationError: A row holds what no journey can.
    """
    found: dict[int, dict[str, Any]] = {}
    for seq, *values in connection.execute(f"{_SELECT_JOURNEY} {condition}", parameters):
        own = _fields(_JOURNEY, tuple(values[: len(_JOURNEY)]), _JOURNEY_JSON)
        own["started"] = dict(zip(_STARTED, values[len(_JOURNEY) :], strict=True))
        found[seq] = own
    chosen = f"SELECT seq FROM journey {condition}"  # noqa: S608 - our own conditions
    for part in PARTS:
        if part.attribute in without:
            continue
        names = ", ".join(part.names())
        rows = connection.execute(
            f"SELECT journey, {names} FROM {part.table} WHERE journey IN ({chosen}) "  # noqa: S608 - as above
            "ORDER BY journey, position",
            parameters,
        )
        for seq, *values in rows:
            found[seq].setdefault(part.attribute, []).append(_fields(part.columns, tuple(values), part.json))
    # Lax, because SQLite has no booleans: 0 and 1 must do.
    return msgspec.convert(list(found.values()), list[Journey], strict=False)


def read_spans(connection: sqlite3.Connection, since_ms: int, until_ms: int) -> list[AgentSpan]:
    """Return the stretches of agents' time that began in [since, until) (ms since 1970 UTC), in order.

    Raises:
        msgspec.ValidationError: A row holds what no stretch can.
    """
    found = []
    sql = f"{_SELECT_SPAN} WHERE started_wall_ms >= ? AND started_wall_ms < ? ORDER BY started_wall_ms"
    for values in connection.execute(sql, (since_ms, until_ms)):
        fields: dict[str, Any] = dict(zip(_SPAN, values[: len(_SPAN)], strict=True))
        fields["started"] = dict(zip(_STARTED, values[len(_SPAN) :], strict=True))
        found.append(fields)
    return msgspec.convert(found, list[AgentSpan], strict=False)


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
