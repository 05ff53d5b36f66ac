"""Looking for closed calls, newest first, a page at a time, each question bounded in time.

Two ways lead to a page, whichever is short:

    part of a number ─► table `party` (everybody once) ─┬─ some hundred people: the newest of each, merged
                                                        └─ more: nearly every call fits ─┐
    anything else ──────────────────────────────────────────────────────────────────────┴─► index
        `journey_listing`, from the newest on: it holds all that is filtered by, so a call that doesn't fit
        costs no look at the call itself

An extension of which table `name` knows nothing took part in no call: that is answered at once.

Calls are listed by (started_wall_ms, seq); the last row of a page is where the next one begins.
"""

from __future__ import annotations

import heapq
import itertools
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from firmware.core.clock import Instant
from firmware.core.errors import UserError
from firmware.core.ids import CallId
from firmware.core.leg import Direction
from firmware.core.records import Outcome
from firmware.store.numbers import is_outside, normalise
from firmware.store.reader import JourneyReader
from firmware.store.statements import marks, select

MAX_TEXT = 60
"""Longest text looked for."""

_PATIENCE_S = 2.0
"""A person waits for a list; whoever asks the impossible must not keep a core busy."""

_STEPS = 20_000
"""SQLite's virtual machine steps between looks at the clock: about a millisecond."""

_FEW_PEOPLE = 400
"""People whose calls are looked up one after the other: 400 times some 20 µs."""

_WHOLE_DIGITS = 10
"""As many digits that are somebody's number are meant whole, not as a part of a longer one."""

_WRITTEN = re.compile(r"[\s()./-]")
"""What people write between a number's digits."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS

_COLUMNS = (
    *("seq", "id", "started_wall_ms", "started_mono_ms", "boot_id", "clock_set", "direction", "line"),
    *("caller", "called", "outcome", "answered_ms", "talked_ms", "duration_ms", "talked_with", "recorded"),
    *("cost_micros", "currency"),
)
_ORDER = "ORDER BY started_wall_ms DESC, seq DESC LIMIT ?"

_TODAY = """
    SELECT (started_wall_ms - ?1) / 3600000 AS hour, outcome, count(*), sum(talked_ms) FROM journey
    WHERE started_wall_ms >= ?1 AND started_wall_ms < ?2 AND tags NOT LIKE '["part-of:%'
    GROUP BY hour, outcome
"""
"""A hand on another call is none of its own."""


class Place(msgspec.Struct, frozen=True):
    """The last call of one page; the next begins after it."""

    started_ms: int
    seq: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls wanted have in common; every field narrows."""

    text: str = ""
    """Part of the outside person's number, or the beginning of a call's id."""
    person: str = ""
    """An extension or line that took part."""
    since_ms: int | None = None
    """Begun at or after (ms since 1970 UTC)."""
    until_ms: int | None = None
    outcome: Outcome | None = None
    recorded: bool | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a list."""

    seq: int
    id: CallId
    started: Instant
    direction: Direction
    line: str
    caller: str | None
    called: str | None
    outcome: Outcome | None
    answered_ms: int | None
    talked_ms: int
    duration_ms: int | None
    people: list[str]
    """Who talked with the caller."""
    recordings: int
    cost_micros: int | None
    """Millionths of `currency`; None when no price is known."""
    currency: str


class Day(msgspec.Struct, frozen=True):
    """What became of a day's calls, an element an hour."""

    calls: list[int]
    answered: list[int]
    talked_ms: int


class CallSearch:
    """Finds closed calls. Blocking: use it from a thread."""

    def __init__(self, reader: JourneyReader) -> None:
        self._reader = reader

    def find(self, wanted: Wanted, limit: int, after: Place | None) -> tuple[list[Listed], Place | None]:
        """Return a page of calls and where the next begins, None at the end.

        Raises:
            UserError: It takes too long; the text says how to narrow it.
            DeviceError: The records can't be read.
        """
        with self._reader.connected() as connection, _bounded(connection):
            rows = _found(connection, wanted, limit + 1, after)
        page = [_listed(row) for row in rows[:limit]]
        more = Place(page[-1].started.wall_ms, page[-1].seq) if len(rows) > limit and page else None
        return page, more

    def by_ids(self, ids: Sequence[CallId]) -> list[Listed]:
        """Return the calls of these ids that there are, in that order.

        Raises:
            As `find`.
        """
        sql = select(_COLUMNS, "journey", f"WHERE id IN ({marks(len(ids))})")
        with self._reader.connected() as connection, _bounded(connection):
            listed = {row[1]: _listed(row) for row in connection.execute(sql, ids)}
        return [listed[call_id] for call_id in ids if call_id in listed]

    def day(self, midnight_ms: int) -> Day:
        """Return what became of the calls of the 24 hours from `midnight_ms` (ms since 1970 UTC).

        Raises:
            As `find`.
        """
        with self._reader.connected() as connection, _bounded(connection):
            found = connection.execute(_TODAY, (midnight_ms, midnight_ms + _DAY_MS)).fetchall()
        calls, answered, talked = [0] * 24, [0] * 24, 0
        for hour, outcome, count, milliseconds in found:
            calls[hour] += count
            answered[hour] += count if outcome == Outcome.ANSWERED else 0
            talked += milliseconds or 0
        return Day(calls, answered, talked)


class _bounded:  # noqa: N801 - reads as the verb it is
    """Gives a question up after `_PATIENCE_S`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        self._connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._connection.set_progress_handler(None, 0)
        if isinstance(error, sqlite3.OperationalError) and "interrupted" in str(error):
            raise UserError(
                "That search takes too long; narrow it to some days, or write more of the number."
            ) from None


def _found(
    connection: sqlite3.Connection, wanted: Wanted, count: int, after: Place | None
) -> list[tuple[Any, ...]]:
    text = wanted.text.strip()[:MAX_TEXT]
    if not _took_part(connection, wanted.person):
        return []
    conditions, values = _conditions(wanted, after)
    if not text:
        return _listing(connection, conditions, values, count)
    people = _people(connection, text)
    by_id = _by_id(connection, text, conditions, values, count)
    if len(people) <= _FEW_PEOPLE:
        where = " AND ".join(["party = ?", *conditions])
        sql = select(_COLUMNS, "journey", f"INDEXED BY journey_by_party WHERE {where} {_ORDER}")
        pages = [connection.execute(sql, (number, *values, count)).fetchall() for number in people]
    else:
        some = [*conditions, "instr(party, ?) > 0"]
        pages = [_listing(connection, some, [*values, _digits(text)], count)]
    return list(itertools.islice(_merged([*pages, by_id]), count))


def _merged(pages: list[list[tuple[Any, ...]]]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of sorted pages in order, none twice."""
    last = None
    for row in heapq.merge(*pages, key=lambda row: (row[2], row[0]), reverse=True):
        if row[0] != last:
            yield row
        last = row[0]


def _listing(
    connection: sqlite3.Connection, conditions: list[str], values: list[Any], count: int
) -> list[tuple[Any, ...]]:
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    chosen = select(["seq"], "journey", f"INDEXED BY journey_listing {where} {_ORDER}")
    sql = select(_COLUMNS, "journey", f"WHERE seq IN ({chosen}) {_ORDER}")
    return connection.execute(sql, (*values, count, count)).fetchall()


def _by_id(
    connection: sqlite3.Connection, text: str, conditions: list[str], values: list[Any], count: int
) -> list[tuple[Any, ...]]:
    prefix = text.upper()
    where = " AND ".join(["id >= ?", "id < ? || '~'", *conditions])
    sql = select(_COLUMNS, "journey", f"WHERE {where} {_ORDER}")
    return connection.execute(sql, (prefix, prefix, *values, count)).fetchall()


def _digits(text: str) -> str:
    """Return a part of a number as it stands in E.164: without what is written between, and the trunk's 0."""
    plain = _WRITTEN.sub("", text)
    return plain.lstrip("0") if plain.startswith("0") and plain.strip("0") else plain


def _people(connection: sqlite3.Connection, text: str) -> list[str]:
    """Return the numbers that hold a text, at most one more than `_FEW_PEOPLE`."""
    whole = connection.execute("SELECT number FROM party WHERE number = ?", (normalise(text),)).fetchall()
    if whole and len(_digits(text)) >= _WHOLE_DIGITS:
        return [whole[0][0]]
    sql = "SELECT number FROM party WHERE instr(number, ?) > 0 LIMIT ?"
    return [row[0] for row in connection.execute(sql, (_digits(text), _FEW_PEOPLE + 1))]


def _took_part(connection: sqlite3.Connection, person: str) -> bool:
    """Return whether there may be calls with somebody; without a name, there may."""
    words = {word for word in person[:MAX_TEXT].split(" ") if word and not is_outside(word)}
    sql = select(["word"], "name", f"WHERE word IN ({marks(len(words))})")
    return not words or len(connection.execute(sql, tuple(words)).fetchall()) == len(words)


def _conditions(wanted: Wanted, after: Place | None) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []

    def narrow(condition: str, *parameters: Any) -> None:
        conditions.append(condition)
        values.extend(parameters)

    if wanted.person:
        narrow("instr(people, ' ' || ? || ' ') > 0", wanted.person[:MAX_TEXT])
    if wanted.since_ms is not None:
        narrow("started_wall_ms >= ?", wanted.since_ms)
    if wanted.until_ms is not None:
        narrow("started_wall_ms < ?", wanted.until_ms)
    if wanted.outcome is not None:
        narrow("outcome = ?", wanted.outcome.value)
    if wanted.recorded is not None:
        narrow("recorded > 0" if wanted.recorded else "recorded = 0")
    if after is not None:
        narrow("(started_wall_ms, seq) < (?, ?)", after.started_ms, after.seq)
    return conditions, values


def _listed(row: tuple[Any, ...]) -> Listed:
    seq, call, wall, mono, boot, is_set, direction, line, caller, called, outcome, *rest = row
    answered, talked, duration, people, recordings, cost, currency = rest
    return Listed(
        seq=seq,
        id=CallId(call),
        started=Instant(wall, mono, boot, bool(is_set)),
        direction=Direction(direction),
        line=line,
        caller=caller,
        called=called,
        outcome=None if outcome is None else Outcome(outcome),
        answered_ms=answered,
        talked_ms=talked,
        duration_ms=duration,
        people=people.split(),
        recordings=recordings,
        cost_micros=cost,
        currency=currency,
    )
