"""Questions over the closed calls, put to the store in the words of the control socket."""

from __future__ import annotations

from firmware.control.picture import DayFigures, HourFigures
from firmware.control.search import CallFilter, CallRow, Cursor, FoundReply
from firmware.store import search


def found(calls: search.CallSearch, wanted: CallFilter, limit: int, after: Cursor | None) -> FoundReply:
    """Return calls, the newest first. Blocks.

    Raises:
        UserError: It takes too long.
        DeviceError: The records can't be read.
    """
    page, more = calls.find(
        search.Wanted(
            text=wanted.text,
            person=wanted.person,
            since_ms=wanted.since_ms,
            until_ms=wanted.until_ms,
            outcome=wanted.outcome,
            recorded=wanted.recorded,
        ),
        limit,
        None if after is None else search.Place(after.started_ms, after.seq),
    )
    return FoundReply(
        calls=[row_of(call) for call in page],
        more=None if more is None else Cursor(more.started_ms, more.seq),
    )


def day_figures(calls: search.CallSearch, midnight_ms: int) -> DayFigures:
    """Return the figures of the 24 hours from `midnight_ms` (ms since 1970 UTC). Blocks.

    Raises:
        As `found`.
    """
    day = calls.day(midnight_ms)
    total, answered = sum(day.calls), sum(day.answered)
    return DayFigures(
        calls=total,
        answered=answered,
        lost=total - answered,
        talked_ms=day.talked_ms,
        hours=[HourFigures(*pair) for pair in zip(day.calls, day.answered, strict=True)],
    )


def row_of(call: search.Listed) -> CallRow:
    """Return a call of a list in the words of the control socket."""
    return CallRow(
        id=call.id,
        started=call.started,
        direction=call.direction,
        line=call.line,
        caller=call.caller,
        called=call.called,
        outcome=call.outcome,
        answered_ms=call.answered_ms,
        talked_ms=call.talked_ms,
        duration_ms=call.duration_ms,
        people=call.people,
        recordings=call.recordings,
        cost_micros=call.cost_micros,
        currency=call.currency,
    )
