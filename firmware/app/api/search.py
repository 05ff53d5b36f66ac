"""Questions over the closed calls, asked of the records' database read-only, each bounded in time.

Calls are listed by (started_wall_ms, seq), newest first: the index on the start serves the order and every
range of time, and the last row of a page is where the next one begins.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from firmware.control.picture import DayFigures, HourFigures
from firmware.control.search import MAX_TEXT, CallFilter, CallRow, Cursor, FoundReply
from firmware.core.clock import Instant
from firmware.core.errors import DeviceError, UserError
from firmware.core.ids import CallId
from firmware.core.leg import Direction
from firmware.core.records import Outcome

_PATIENCE_S = 2.0
"""A person waits for a list; whoever asks the impossible must not keep a core busy."""

_STEPS = 20_000
"""SQLite's virtual machine steps between looks at the clock: about a millisecond."""

_DAY_MS = 24 * 3600 * 1000

_ROWS = """
SELECT j.seq, j.id, j.started_wall_ms, j.started_mono_ms, j.boot_id, j.clock_set, j.direction, j.line,
       j.caller, j.called, j.outcome, j.answered_ms, j.talked_ms, j.duration_ms,
       (SELECT group_concat(address, ' ') FROM leg
         WHERE journey = j.seq AND position > 0 AND answered_ms IS NOT NULL),
       (SELECT count(*) FROM recording WHERE journey = j.seq)
FROM journey AS j
"""

_RECORDED = "EXISTS (SELECT 1 FROM recording WHERE journey = j.seq)"

_TODAY = """
SELECT (started_wall_ms - ?1) / 3600000 AS hour, outcome, count(*), sum(talked_ms) FROM journey
WHERE started_wall_ms >= ?1 AND started_wall_ms < ?2 GROUP BY hour, outcome
"""


class CallSearch:
    """Finds closed calls in the database at `path`. Blocking: use it from a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, wanted: CallFilter, limit: int, after: Cursor | None) -> FoundReply:
        """Return calls, the newest first.

        Raises:
            UserError: It takes too long.
            DeviceError: The database can't be read.
        """
        conditions, values = _conditions(wanted)
        if after is not None:
            conditions.append("(j.started_wall_ms, j.seq) < (?, ?)")
            values += [after.started_ms, after.seq]
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"{_ROWS} {where} ORDER BY j.started_wall_ms DESC, j.seq DESC LIMIT ?"
        with self._connected() as connection:
            found = connection.execute(sql, [*values, limit + 1]).fetchall()
        more = None
        if len(found) > limit:
            found = found[:limit]
            more = Cursor(found[-1][2], found[-1][0])
        return FoundReply(calls=[_row(row) for row in found], more=more)

    def day(self, midnight_ms: int) -> DayFigures:
        """Return the figures of the 24 hours from `midnight_ms` (ms since 1970 UTC).

        Raises:
            As `find`.
        """
        with self._connected() as connection:
            found = connection.execute(_TODAY, (midnight_ms, midnight_ms + _DAY_MS)).fetchall()
        calls, answered, talked = [0] * 24, [0] * 24, 0
        for hour, outcome, count, milliseconds in found:
            calls[hour] += count
            answered[hour] += count if outcome == Outcome.ANSWERED else 0
            talked += milliseconds or 0
        return DayFigures(
            calls=sum(calls),
            answered=sum(answered),
            lost=sum(calls) - sum(answered),
            talked_ms=talked,
            hours=[HourFigures(*pair) for pair in zip(calls, answered, strict=True)],
        )

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        deadline = time.monotonic() + _PATIENCE_S
        address = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE_S)) as connection:
                connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)
                yield connection
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise UserError(
                    "That search takes too long; narrow it to some days, or write more of the number."
                ) from None
            raise DeviceError(f"the call records can't be read: {error}") from error
        except sqlite3.DatabaseError as error:
            raise DeviceError(f"the call records are damaged: {error}") from error


def _conditions(wanted: CallFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    text = wanted.text.strip()[:MAX_TEXT]
    if text:
        part = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.append("(j.caller LIKE ? ESCAPE '\\' OR j.id LIKE ? ESCAPE '\\')")
        values += [f"%{part}%", f"{part}%"]
    if wanted.person:
        conditions.append(
            "(j.called = ? OR EXISTS (SELECT 1 FROM leg WHERE journey = j.seq AND address = ?))"
        )
        values += [wanted.person[:MAX_TEXT]] * 2
    if wanted.since_ms is not None:
        conditions.append("j.started_wall_ms >= ?")
        values.append(wanted.since_ms)
    if wanted.until_ms is not None:
        conditions.append("j.started_wall_ms < ?")
        values.append(wanted.until_ms)
    if wanted.outcome is not None:
        conditions.append("j.outcome = ?")
        values.append(wanted.outcome.value)
    if wanted.recorded is not None:
        conditions.append(_RECORDED if wanted.recorded else f"NOT {_RECORDED}")
    return conditions, values


def _row(row: tuple[Any, ...]) -> CallRow:
    _, call, wall, mono, boot, is_set, direction, line, caller, called, outcome, *rest = row
    answered, talked, duration, people, recordings = rest
    return CallRow(
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
        people=list(dict.fromkeys(people.split())) if people else [],
        recordings=recordings,
    )
