"""A box is updated: what the older firmware wrote is there, and nothing goes twice to the cloud."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from firmware.core.records import Outcome
from firmware.store import migrations
from firmware.store.records import SqliteJourneyStore
from firmware.store.search import CallSearch, Wanted
from tests.store.everything import eventful_journey
from tests.store.sample import BenchClock

VECTORS = Path(__file__).parents[1] / "vectors" / "store"


def left_by(folder: Path, schema: int) -> Path:
    """A records file as the firmware of that schema left it."""
    path = folder / "records.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript((VECTORS / f"schema_{schema:04}.sql").read_text("utf-8"))
    assert migrations.version_of(connection) == schema
    connection.close()
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A records file as the firmware of the first call left it."""
    return left_by(tmp_path, 1)


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


def test_a_call_with_everything_in_it_survives_the_update_whole(tmp_path: Path) -> None:
    store = SqliteJourneyStore(left_by(tmp_path, 3), BenchClock())
    store.start()
    store.stop()
    expected = eventful_journey(BenchClock(), "01KB0BBBBBBBBBB1")
    expected.party = "+8613800138000"
    assert store.reader.get(expected.id) == expected
    called = store.reader.get("01KB0BBBBBBBBBB2")
    assert called is not None
    assert (called.party, called.legs[1].number) == ("+8675512345678", "075512345678")
    page, _ = CallSearch(store.reader).find(Wanted(text="0755-1234", person="gsm2"), 10, None)
    assert [(call.id, call.people, call.recordings) for call in page] == [(called.id, ["gsm2"], 1)]
    page, _ = CallSearch(store.reader).find(Wanted(person="102"), 10, None)
    assert len(page) == 2, "102 was rung"


def test_who_took_part_before_the_update_is_found_after_it(tmp_path: Path) -> None:
    store = SqliteJourneyStore(left_by(tmp_path, 8), BenchClock())
    store.start()
    store.stop()
    search = CallSearch(store.reader)

    def calls_with(person: str) -> list[str]:
        return [str(call.id) for call in search.find(Wanted(person=person), 10, None)[0]]

    assert calls_with("102") == ["01KB0CCCCCCCCCC2", "01KB0CCCCCCCCCC1"], "who was rung in vain"
    assert calls_with("front desk") == ["01KB0CCCCCCCCCC2"]
    assert calls_with("987") == []


def test_an_update_forgets_the_numbers_of_calls_that_are_gone(tmp_path: Path) -> None:
    path = left_by(tmp_path, 10)
    assert ("+8613633334444",) in rows_of(path, "SELECT number FROM party"), "its call is no longer there"
    store = SqliteJourneyStore(path, BenchClock())
    store.start()
    store.stop()
    assert rows_of(path, "SELECT number FROM party ORDER BY number") == [
        ("+8613800138000",),
        ("+8613911112222",),
    ]
    assert rows_of(path, "SELECT word FROM name ORDER BY word") == [("101",), ("gsm1",)]
    search = CallSearch(store.reader)
    for wanted in (Wanted(text="13911112222"), Wanted(person="13911112222")):
        assert [call.id for call in search.find(wanted, 10, None)[0]] == ["01KB0DDDDDDDDDD2"]


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
