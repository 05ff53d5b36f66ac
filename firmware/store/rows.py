"""A journey as rows and back. Knows SQL and the journey; no threads, no files.

journey     what is asked for and sorted by, a column each; `parts`: all lists of the journey but two,
            as deflated JSON, because they are always read and written together
recording   ┐ a row each, because the storage keeper asks for files
voicemail   ┘
party       every number outside there ever was, once: where a part of a number is looked for
name        every word of the names of the office's extensions and lines that ever took part, once; no
            numbers of people outside, so that nothing is left of them when their calls are gone
"""

from __future__ import annotations

import dataclasses
import sqlite3
import zlib
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
from firmware.store.numbers import is_outside, people_of
from firmware.store.statements import delete, insert, select, update

_STARTED = ("wall_ms", "mono_ms", "boot_id", "clock_set")
_STARTED_COLUMNS = ("started_wall_ms", "started_mono_ms", "boot_id", "clock_set")

_FAST = 1
"""zlib level of a running call's snapshot: it then fits a page; higher levels save nothing more."""

_SMALL = 6
"""zlib level of what stays."""


class Parts(msgspec.Struct, omit_defaults=True):
    """The lists of a journey that are kept together."""

    legs: list[LegRecord] = []
    queue_waits: list[QueueWait] = []
    rings: list[RingAttempt] = []
    holds: list[HoldRecord] = []
    transfers: list[TransferRecord] = []
    survey: list[SurveyAnswer] = []
    wrap_ups: list[WrapUp] = []
    notes: list[AgentNote] = []


class PartsTold(Parts, omit_defaults=True):
    """The same with the timeline, which reports and lists do without."""

    timeline: list[TimelineEntry] = []


_PARTS = msgspec.json.Decoder(Parts)
_PARTS_TOLD = msgspec.json.Decoder(PartsTold)


@dataclasses.dataclass(frozen=True)
class Table:
    """One list of the journey that has a table of its own, a row a record."""

    attribute: str
    table: str
    kind: type[msgspec.Struct]
    columns: tuple[str, ...]
    """As the record's fields are called, and the table's columns too."""
    json: frozenset[str] = frozenset()
    """Columns kept as JSON text."""


def _table(
    attribute: str, table: str, kind: type[msgspec.Struct], json: frozenset[str] = frozenset()
) -> Table:
    return Table(attribute, table, kind, kind.__struct_fields__, json)


# Fields are columns in the order of the Structs: a new field here needs a schema file that adds its column.
TABLES = (
    _table("recordings", "recording", RecordingRecord, frozenset({"pauses"})),
    _table("voicemails", "voicemail", VoicemailRecord),
)
_LISTS = frozenset({*PartsTold.__struct_fields__, *(one.attribute for one in TABLES)})
_JOURNEY = tuple(name for name in Journey.__struct_fields__ if name not in _LISTS | {"started"})
_JOURNEY_JSON = frozenset({"tags"})
_FOUND_BY = ("parts", "people", "talked_with", "recorded")
_SPAN = tuple(name for name in AgentSpan.__struct_fields__ if name != "started")


_JOURNEY_COLUMNS = [*_JOURNEY, *_STARTED_COLUMNS]
_WRITTEN_COLUMNS = [*_JOURNEY_COLUMNS, *_FOUND_BY]
_INSERT_JOURNEY = insert("journey", ["seq", *_WRITTEN_COLUMNS])
_SELECT_JOURNEY = select(["seq", "parts", *_JOURNEY_COLUMNS], "journey")
_INSERT_ROWS = {one.table: insert(one.table, ["journey", "position", *one.columns]) for one in TABLES}
_DELETE_ROWS = {one.table: delete(one.table, "WHERE journey = ?") for one in TABLES}
_UPDATE_JOURNEY = update("journey", _WRITTEN_COLUMNS, "WHERE seq = ?")
_SPAN_COLUMNS = [*_SPAN, *_STARTED_COLUMNS]
_INSERT_SPAN = insert("agent_span", _SPAN_COLUMNS)
_SELECT_SPAN = select(
    _SPAN_COLUMNS,
    "agent_span",
    "WHERE started_wall_ms >= ? AND started_wall_ms < ? ORDER BY started_wall_ms",
)


def _values(record: object, columns: tuple[str, ...], json: frozenset[str] = frozenset()) -> list[Any]:
    return [
        msgspec.json.encode(getattr(record, column)).decode() if column in json else getattr(record, column)
        for column in columns
    ]


def _journey_values(journey: Journey) -> list[Any]:
    """Return what is written of a journey in the order of `_WRITTEN_COLUMNS`."""
    parts = PartsTold(**{name: getattr(journey, name) for name in PartsTold.__struct_fields__})
    talked_with = [leg.address for leg in journey.legs[1:] if leg.answered_ms is not None]
    return [
        *_values(journey, _JOURNEY, _JOURNEY_JSON),
        *_values(journey.started, _STARTED),
        zlib.compress(msgspec.json.encode(parts), _SMALL),
        " ".join(["", *people_of(journey), ""]),
        " ".join(dict.fromkeys(talked_with)),
        len(journey.recordings),
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
        _INSERT_JOURNEY, [known[0] if known is not None else None, *_journey_values(journey)]
    )
    for one in TABLES:
        _insert_rows(connection, one, cursor.lastrowid, journey)
    _note_found_by(connection, journey)
    _into_outbox(connection, journey)
    connection.execute("DELETE FROM open_journey WHERE id = ?", (journey.id,))


def update_closed(connection: sqlite3.Connection, before: Journey, journey: Journey) -> None:
    """Write what has changed of a closed journey, and its outbox row. To be called inside a transaction."""
    (seq,) = connection.execute("SELECT seq FROM journey WHERE id = ?", (journey.id,)).fetchone()
    connection.execute(_UPDATE_JOURNEY, [*_journey_values(journey), seq])
    for one in TABLES:
        if getattr(before, one.attribute) != getattr(journey, one.attribute):
            connection.execute(_DELETE_ROWS[one.table], (seq,))
            _insert_rows(connection, one, seq, journey)
    _note_found_by(connection, journey)
    _into_outbox(connection, journey)


def _insert_rows(connection: sqlite3.Connection, one: Table, seq: int | None, journey: Journey) -> None:
    rows = [
        [seq, position, *_values(record, one.columns, one.json)]
        for position, record in enumerate(getattr(journey, one.attribute))
    ]
    if rows:
        connection.executemany(_INSERT_ROWS[one.table], rows)


def _note_found_by(connection: sqlite3.Connection, journey: Journey) -> None:
    words = {word for name in people_of(journey) for word in name.split(" ") if word and not is_outside(word)}
    connection.executemany("INSERT OR IGNORE INTO name VALUES (?)", [(word,) for word in words])
    if journey.party is not None:
        connection.execute("INSERT OR IGNORE INTO party VALUES (?)", (journey.party,))


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
    connection: sqlite3.Connection, condition: str, parameters: tuple[Any, ...], *, timelines: bool = True
) -> list[Journey]:
    """Return the closed journeys that meet an SQL condition (`WHERE …`, `ORDER BY …`, `LIMIT …`).

    Args:
        connection: Inside a transaction, so that all tables are seen at one moment.
        condition: Of our own making.
        parameters: What its question marks stand for.
        timelines: Whether the timelines are wanted; otherwise they are left empty.

    Raises:
        msgspec.MsgspecError, zlib.error: A row holds what no journey can.
    """
    found: dict[int, dict[str, Any]] = {}
    decoder = _PARTS_TOLD if timelines else _PARTS
    lists: list[Parts] = []
    for seq, packed, *values in connection.execute(f"{_SELECT_JOURNEY} {condition}", parameters):
        own = _fields(_JOURNEY, tuple(values[: len(_JOURNEY)]), _JOURNEY_JSON)
        own["started"] = dict(zip(_STARTED, values[len(_JOURNEY) :], strict=True))
        found[seq] = own
        lists.append(decoder.decode(zlib.decompress(packed)))
    chosen = select(["seq"], "journey", condition)
    for one in TABLES:
        theirs = f"WHERE journey IN ({chosen}) ORDER BY journey, position"
        sql = select(["journey", *one.columns], one.table, theirs)
        for seq, *values in connection.execute(sql, parameters):
            found[seq].setdefault(one.attribute, []).append(_fields(one.columns, tuple(values), one.json))
    # Lax, because SQLite has no booleans: 0 and 1 must do.
    journeys = msgspec.convert(list(found.values()), list[Journey], strict=False)
    for journey, parts in zip(journeys, lists, strict=True):
        for name in parts.__struct_fields__:
            setattr(journey, name, getattr(parts, name))
    return journeys


def read_spans(connection: sqlite3.Connection, since_ms: int, until_ms: int) -> list[AgentSpan]:
    """Return the stretches of agents' time that began in [since, until) (ms since 1970 UTC), in order.

    Raises:
        msgspec.ValidationError: A row holds what no stretch can.
    """
    found = []
    for values in connection.execute(_SELECT_SPAN, (since_ms, until_ms)):
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
    sql = select(["snapshot", "noted"], "open_journey", f"{condition} ORDER BY id")
    return [
        OpenJourney(
            msgspec.json.decode(zlib.decompress(snapshot), type=Journey),
            msgspec.json.decode(noted, type=Instant),
        )
        for snapshot, noted in connection.execute(sql, parameters)
    ]
