"""The switch is killed at any moment: no call that had ended loses its record, no running one its trace."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from firmware.core.clock import SystemClock
from firmware.core.paths import StatePaths
from firmware.core.records import Journey, Outcome
from firmware.store.records import SqliteJourneyStore
from tests.durability.promises import Promises
from tests.durability.switches import Switches
from tests.durability.writing_switch import AT_ONCE


def next_start(paths: StatePaths) -> list[Journey]:
    """Start the store after a kill; return the calls it closed as interrupted."""
    store = SqliteJourneyStore(paths.records, SystemClock())
    store.start()
    interrupted = store.recover(paths.recordings, SystemClock().now())
    store.stop()
    return interrupted


def kill_and_look(scratch: Path, seeds: range) -> None:
    state = scratch / "state"
    state.mkdir()
    paths = StatePaths(state)
    promises = Promises(state)
    interrupted = 0
    with Switches(state) as switches:
        for seed in seeds:
            promises.hear(switches.kill(seed), seed)
            promises.check_settings()
            promises.check_integrity(scratch)
            # Every third time the next switch itself has to find and close what was left, under fire.
            if seed % 3 == 0:
                continue
            closed = next_start(paths)
            interrupted += len(closed)
            assert len(closed) <= AT_ONCE, f"seed {seed}: more calls were left open than ran"
            for journey in closed:
                assert journey.outcome is Outcome.INTERRUPTED
                assert all(recording.duration_ms == 3000 for recording in journey.recordings)
    next_start(paths)
    reader = SqliteJourneyStore(paths.records, SystemClock()).reader
    assert reader.open_journeys() == []
    found: dict[str, Journey] = {journey.id: journey for journey in reader.find(1_000_000)}
    assert promises.calls <= set(found), "a call that had ended lost its record"
    for call_id in promises.calls:
        if found[call_id].outcome is not Outcome.INTERRUPTED:
            assert len(found[call_id].legs) == 2
            assert found[call_id].recordings[0].complete
    assert len(promises.calls) > len(seeds), "the switches hardly wrote anything: nothing was tested"
    assert interrupted > 0, "no kill fell into a call: nothing was tested"
    connection = sqlite3.connect(paths.records)
    missing = connection.execute(
        "SELECT count(*) FROM journey WHERE id NOT IN (SELECT journey_id FROM outbox)"
    ).fetchone()
    connection.close()
    assert missing == (0,), "a record without its outbox row"


def test_thirty_kills_lose_no_record(memory: Path) -> None:
    kill_and_look(memory, range(1, 31))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_hundred_kills_lose_no_record(memory: Path) -> None:
    kill_and_look(memory, range(1000, 1300))
