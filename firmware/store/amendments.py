"""Changing what is already written: jobs for the records thread, each inside its transaction."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable

from firmware.core.errors import UserError
from firmware.core.ids import CallId
from firmware.core.records import Journey
from firmware.store import rows
from firmware.store.dating import Dating


def amend(connection: sqlite3.Connection, call_id: CallId, edit: Callable[[Journey], None]) -> Journey:
    """Change one closed journey and put it into the outbox again.

    Raises:
        UserError: There is no such closed call.
    """
    found = rows.read_closed(connection, "WHERE id = ?", (call_id,))
    if not found:
        raise UserError(f"There is no finished call {call_id}; wait until it has ended.")
    journey = found[0]
    before = copy.deepcopy(journey)
    edit(journey)
    journey.revision += 1
    rows.update_closed(connection, before, journey)
    return journey


def redate(connection: sqlite3.Connection, dating: Dating) -> int:
    """Date the journeys and agents' time of known boots; return how many records that were."""
    count = 0
    for boot_id, zero_ms in dating.boots().items():
        early = connection.execute(
            "SELECT id FROM journey WHERE boot_id = ? AND clock_set = 0 ORDER BY seq", (boot_id,)
        )
        for (call_id,) in early.fetchall():
            # The date is all that changes, so only the journey's own row is written.
            connection.execute(
                "UPDATE journey SET started_wall_ms = ? + started_mono_ms, clock_set = 1, "
                "revision = revision + 1 WHERE id = ?",
                (zero_ms, call_id),
            )
            connection.execute(
                "INSERT OR REPLACE INTO outbox (journey_id, revision) "
                "SELECT id, revision FROM journey WHERE id = ?",
                (call_id,),
            )
            count += 1
        spans = connection.execute(
            "UPDATE agent_span SET started_wall_ms = ? + started_mono_ms, clock_set = 1 "
            "WHERE boot_id = ? AND clock_set = 0",
            (zero_ms, boot_id),
        )
        count += spans.rowcount
    return count
