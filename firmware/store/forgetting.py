"""What goes when call records are too old: the calls, and whatever else tells of the same people.

    journey ─► its lists, its row of the outbox   (never: under legal hold, with audio, the newest)
    party   ─► once nobody's call with that number is left
    text messages, letters, lost callers, agents' time of the same age   (never: still to be done)

`name` needs nothing: it holds the office's own extensions and lines, no number of anybody outside.
"""

from __future__ import annotations

import sqlite3

_CALLS = """
    SELECT seq, id, party FROM journey AS old
    WHERE started_wall_ms < :before AND clock_set AND seq < (SELECT max(seq) FROM journey)
        AND id NOT IN (SELECT journey_id FROM legal_hold)
        AND (:unsent_too OR id NOT IN (SELECT journey_id FROM outbox))
        AND NOT EXISTS (SELECT 1 FROM audio_file WHERE journey_id = old.id AND removed_wall_ms IS NULL)
    LIMIT :most
"""

_NOBODYS = "DELETE FROM party WHERE number = ? AND NOT EXISTS (SELECT 1 FROM journey WHERE party = number)"

_OTHERS = (
    """
    DELETE FROM lost_caller WHERE id IN (SELECT id FROM lost_caller
        WHERE closed_wall_ms < :before AND last_journey NOT IN (SELECT journey_id FROM legal_hold)
        LIMIT :most)
    """,
    """
    DELETE FROM text_in WHERE seq IN (SELECT seq FROM text_in
        WHERE received_wall_ms < :before AND handled LIMIT :most)
    """,
    """
    DELETE FROM text_out WHERE seq IN (SELECT seq FROM text_out
        WHERE changed_wall_ms < :before AND state NOT IN ('queued', 'uncertain') LIMIT :most)
    """,
    """
    DELETE FROM letter WHERE id IN (SELECT id FROM letter
        WHERE changed_wall_ms < :before AND state != 'waiting' LIMIT :most)
    """,
    """
    DELETE FROM agent_span WHERE seq IN (SELECT seq FROM agent_span
        WHERE started_wall_ms < :before AND clock_set LIMIT :most)
    """,
)


def forget(connection: sqlite3.Connection, before_ms: int, most: int, *, unsent_too: bool) -> int:
    """Delete what is older than `before_ms` (ms since 1970 UTC); return how many calls that were.

    The newest call stays in any case, so that numbers go on where they were.

    Args:
        connection: Inside a transaction.
        before_ms: What began, or was settled, before that moment is too old.
        most: Rows of each kind at once: a call may come at any moment.
        unsent_too: Whether calls may go that the cloud has not had.
    """
    limits = {"before": before_ms, "most": most}
    calls = connection.execute(_CALLS, {**limits, "unsent_too": unsent_too}).fetchall()
    connection.executemany("DELETE FROM journey WHERE seq = ?", [(seq,) for seq, _, _ in calls])
    connection.executemany("DELETE FROM outbox WHERE journey_id = ?", [(call_id,) for _, call_id, _ in calls])
    numbers = {party for _, _, party in calls if party is not None}
    connection.executemany(_NOBODYS, [(number,) for number in numbers])
    for statement in _OTHERS:
        connection.execute(statement, limits)
    return len(calls)
