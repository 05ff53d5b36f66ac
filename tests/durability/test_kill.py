"""The switch is killed at any moment: no call that had ended loses its record, no running one its trace."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firmware.core.clock import SystemClock
from firmware.core.paths import StatePaths
from firmware.core.records import Journey, Outcome
from firmware.store.records import SqliteJourneyStore
from tests.durability.writing_switch import AT_ONCE

ROOT = Path(__file__).parents[2]
LONGEST_LIFE_S = 0.12
"""After "ready": some dozens of calls, so that kills fall into every step of a transaction."""


def killed_switch(state: Path, seed: int) -> set[str]:
    """Let a switch write, kill it at a seeded moment; return the ids it had said were safe."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.durability.writing_switch", str(state), str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    promised = set()
    try:
        for line in process.stdout:
            if line == "ready\n":
                break
            promised.add(line.strip())
        time.sleep(random.Random(seed).random() * LONGEST_LIFE_S)
    finally:
        process.kill()
        rest, _ = process.communicate(timeout=10)
    # The last line may be cut off by the kill; a whole id has its line end.
    promised |= {line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n")}
    return promised


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def next_start(paths: StatePaths) -> list[Journey]:
    """Start the store after a kill; return the calls it closed as interrupted."""
    store = SqliteJourneyStore(paths.records, SystemClock())
    store.start()
    interrupted = store.recover(paths.recordings, SystemClock().now())
    store.stop()
    return interrupted


def kill_and_look(state: Path, seeds: range) -> None:
    paths = StatePaths(state)
    promised: set[str] = set()
    interrupted = 0
    for seed in seeds:
        promised |= killed_switch(state, seed)
        # Every third time the next switch itself has to find and close what was left, under fire.
        if seed % 3 == 0:
            continue
        closed = next_start(paths)
        interrupted += len(closed)
        assert len(closed) <= AT_ONCE, f"seed {seed}: more calls were left open than ran"
        assert integrity(paths.records) == "ok", f"seed {seed}"
        for journey in closed:
            assert journey.outcome is Outcome.INTERRUPTED
            assert all(recording.duration_ms == 3000 for recording in journey.recordings)
    next_start(paths)
    reader = SqliteJourneyStore(paths.records, SystemClock()).reader
    assert reader.open_journeys() == []
    found: dict[str, Journey] = {journey.id: journey for journey in reader.find(1_000_000)}
    assert promised <= set(found), "a call that had ended lost its record"
    for call_id in promised:
        if found[call_id].outcome is not Outcome.INTERRUPTED:
            assert len(found[call_id].legs) == 2
            assert found[call_id].recordings[0].complete
    assert len(promised) > len(seeds), "the switches hardly wrote anything: nothing was tested"
    assert interrupted > 0, "no kill fell into a call: nothing was tested"
    connection = sqlite3.connect(paths.records)
    missing = connection.execute(
        "SELECT count(*) FROM journey WHERE id NOT IN (SELECT journey_id FROM outbox)"
    ).fetchone()
    connection.close()
    assert missing == (0,), "a record without its outbox row"


def test_thirty_kills_lose_no_record(tmp_path: Path) -> None:
    kill_and_look(tmp_path, range(1, 31))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_hundred_kills_lose_no_record(tmp_path: Path) -> None:
    kill_and_look(tmp_path, range(1000, 1300))
