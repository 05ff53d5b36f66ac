"""A box is updated: what the older firmware wrote is there, and nothing goes twice to the cloud."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from firmware.core.records import Outcome
from firmware.store import migrations
from firmware.store.records import SqliteJourneyStore
from tests.store.everything import eventful_journey
from tests.store.sample import BenchClock

OLD = Path(__file__).parents[1] / "vectors" / "store" / "schema_0001.sql"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A records file as the firmware of schema 0001 left it."""
    path = tmp_path / "records.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(OLD.read_text("utf-8"))
    assert migrations.version_of(connection) == 1
    connection.close()
    return path


def rows_of(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_old_calls_are_read_as_they_were(old: Path) -> None:
    store = SqliteJourneyStore(old, BenchClock())
    store.start()
    store.stop()
    assert rows_of(old, "PRAGMA integrity_check") == [("ok",)]
    assert rows_of(old, "SELECT max(version) FROM schema_version") == [
        (migrations.schema_files()[-1].version,)
    ]
    closed = {str(journey.id): journey for journey in store.reader.find(10) if journey.outcome is not None}
    answered = closed["01KB0AAAAAAAAAA1"]
    assert (answered.caller, answered.talked_ms, answered.hung_up_by) == ("+8613800138000", 60_137, "caller")
    assert [leg.address for leg in answered.legs] == ["gsm1", "101"]
    assert answered.recordings[0].complete and answered.recordings[0].pauses == []
    assert (answered.revision, answered.tags, answered.did) == (1, [], None)
    assert closed["01KB0AAAAAAAAAA2"].caller is None


def test_a_call_that_ran_during_the_update_is_closed(old: Path, tmp_path: Path) -> None:
    clock = BenchClock(boot_id="boot-c")
    store = SqliteJourneyStore(old, clock)
    store.start()
    (journey,) = store.recover(tmp_path, clock.now())
    store.stop()
    assert journey.id == "01KB0AAAAAAAAAA4"
    assert store.reader.get(journey.id) == journey
    assert journey.outcome is Outcome.INTERRUPTED


def test_what_the_cloud_has_had_is_not_sent_again_and_the_rest_in_order(old: Path) -> None:
    store = SqliteJourneyStore(old, BenchClock())
    store.start()
    store.stop()
    assert rows_of(old, "SELECT journey_id, revision FROM outbox ORDER BY position") == [
        ("01KB0AAAAAAAAAA2", 1),
        ("0000000005AAAAA3", 1),
    ]


async def test_an_updated_box_writes_everything_of_a_call(old: Path) -> None:
    clock = BenchClock()
    store = SqliteJourneyStore(old, clock)
    store.start()
    journey = eventful_journey(clock)
    await store.close(journey)
    store.stop()
    assert store.reader.get(journey.id) == journey


def test_an_update_that_breaks_off_leaves_the_old_records(old: Path) -> None:
    connection = migrations.connect(old)
    before = list(connection.iterdump())
    first, second = migrations.schema_files()[:2]
    broken = second._replace(sql=second.sql + "\nINSERT INTO nothing_there VALUES (1);")
    with pytest.raises(sqlite3.Error, match="nothing_there"):
        migrations.migrate(connection, [first, broken])
    assert list(connection.iterdump()) == before
    migrations.migrate(connection)
    assert migrations.version_of(connection) == migrations.schema_files()[-1].version
    connection.close()
