"""The card is full, gone, damaged: calls go on, and their records follow when they can."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.core.records import EntryKind, Journey, TimelineEntry
from firmware.store import migrations, rows, writer
from firmware.store.reader import JourneyReader
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import BenchClock, answered, finished, running_journey, whole_journey


class Card:
    """A card that can fill up (SQLite itself then says so) or go away."""

    def __init__(self) -> None:
        self.full = False
        self.gone = False
        self.connections: list[sqlite3.Connection] = []

    def connect(self, path: Path) -> sqlite3.Connection:
        if self.gone:
            raise sqlite3.OperationalError("disk I/O error")
        connection = migrations.connect(path)
        self.connections.append(connection)
        if self.full:
            self.fill(connection)
        return connection

    def fill(self, connection: sqlite3.Connection) -> None:
        """Let the file grow no more; what fits in its half-empty pages still does, as on a real card."""
        connection.execute("PRAGMA max_page_count = 1")


def eventful(journey: Journey) -> Journey:
    """Give a call so long a timeline that it needs new pages."""
    dice = random.Random(journey.id)
    journey.timeline += [
        TimelineEntry(at, EntryKind.ROUTE, f"{dice.getrandbits(400):x}") for at in range(8_000, 9_000, 2)
    ]
    return journey


class Lamp:
    """Remembers what was reported and lets a test wait for the next report."""

    def __init__(self) -> None:
        self.reports: list[str | None] = []
        self.lit = threading.Event()
        self.dark = threading.Event()

    def report(self, fault: str | None) -> None:
        self.reports.append(fault)
        (self.dark if fault is None else self.lit).set()


@pytest.fixture(autouse=True)
def quick_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_FIRST_BACK_OFF_S", 0.01)
    monkeypatch.setattr(writer, "_LONGEST_BACK_OFF_S", 0.02)


@pytest.fixture
def card() -> Card:
    return Card()


@pytest.fixture
def lamp() -> Lamp:
    return Lamp()


@pytest.fixture
def store(tmp_path: Path, card: Card, lamp: Lamp) -> Iterator[SqliteJourneyStore]:
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock(), lamp.report, card.connect)
    yield store
    store.stop()


async def until(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 10), "it never happened"


def filled_up(store: SqliteJourneyStore, card: Card) -> None:
    card.full = True
    card.fill(card.connections[-1])


async def test_a_full_card_keeps_nobody_waiting_and_loses_nothing(
    store: SqliteJourneyStore, card: Card, lamp: Lamp
) -> None:
    store.start()
    filled_up(store, card)
    journeys = [eventful(whole_journey(BenchClock(), seed=seed)) for seed in range(20)]
    await asyncio.wait_for(asyncio.gather(*(store.close(journey) for journey in journeys)), 5)
    await until(lamp.lit)
    assert "full" in str(store.status().fault)
    assert store.status().backlog == 20
    card.full = False
    await until(lamp.dark)
    assert {one.id for one in store.reader.find(100)} == {one.id for one in journeys}
    assert store.status() == writer.WriterStatus(backlog=0, written=20, lost=0, fault=None)
    assert lamp.reports[-1] is None


async def test_a_call_that_went_on_meanwhile_is_written_as_it_ended(
    store: SqliteJourneyStore, card: Card, lamp: Lamp
) -> None:
    store.start()
    filled_up(store, card)
    journey = eventful(running_journey(BenchClock()))
    store.begin(journey)
    await until(lamp.lit)
    store.update(answered(journey))
    await asyncio.wait_for(store.close(finished(journey)), 5)
    card.full = False
    await until(lamp.dark)
    assert store.reader.find() == [journey]


def test_what_comes_while_a_write_fails_is_newer_than_what_failed(
    tmp_path: Path, card: Card, lamp: Lamp
) -> None:
    path = tmp_path / "records.sqlite"
    records = writer.RecordWriter(path, lamp.report, card.connect)
    records.start(5)
    now = BenchClock().now()
    journey = eventful(running_journey(BenchClock()))
    older = writer.Note(journey.id, msgspec.json.encode(journey), now, closed=False)
    finished(answered(journey))
    newer = writer.Note(journey.id, msgspec.json.encode(journey), now, closed=True)

    def the_call_ends_meanwhile(sql: str) -> None:
        if sql.startswith("INSERT INTO open_journey"):
            records.submit(newer)

    card.connections[-1].set_trace_callback(the_call_ends_meanwhile)
    card.full = True
    card.fill(card.connections[-1])
    records.submit(older)
    assert lamp.lit.wait(5)
    card.full = False
    assert lamp.dark.wait(5)
    records.stop(5)
    assert JourneyReader(path).find() == [journey]


async def test_a_box_whose_card_is_missing_at_start_still_takes_calls(
    store: SqliteJourneyStore, card: Card, lamp: Lamp, tmp_path: Path
) -> None:
    card.gone = True
    store.start()
    assert store.recover(tmp_path, BenchClock().now()) == []
    journey = whole_journey(BenchClock())
    await asyncio.wait_for(store.close(journey), 5)
    card.gone = False
    await until(lamp.dark)
    assert store.reader.find() == [journey]


async def test_memory_is_bounded_and_finished_calls_count_more_than_running_ones(
    store: SqliteJourneyStore, card: Card, lamp: Lamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BACKLOG_LIMIT", 4)
    card.gone = True
    store.start()
    for _ in range(10):
        store.begin(running_journey(BenchClock()))
    kept = [whole_journey(BenchClock()) for _ in range(4)]
    for journey in [*kept, whole_journey(BenchClock())]:
        await asyncio.wait_for(store.close(journey), 5)
    assert store.status().backlog == 4
    assert store.status().lost == 1
    card.gone = False
    await until(lamp.dark)
    assert {one.id for one in store.reader.find()} == {one.id for one in kept}


async def test_stopping_with_a_full_card_ends_and_counts_what_is_lost(
    store: SqliteJourneyStore, card: Card, lamp: Lamp, caplog: pytest.LogCaptureFixture
) -> None:
    store.start()
    filled_up(store, card)
    journey = eventful(whole_journey(BenchClock()))
    await store.close(journey)
    store.stop()
    assert store.status().lost == 1
    assert journey.id in caplog.text


async def test_a_call_that_ends_after_the_stop_waits_for_nobody(store: SqliteJourneyStore) -> None:
    store.start()
    store.stop()
    await asyncio.wait_for(store.close(whole_journey(BenchClock())), 5)
    assert store.status().lost == 1


async def test_stopping_writes_what_a_passing_fault_held_back(
    store: SqliteJourneyStore, card: Card, lamp: Lamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_FIRST_BACK_OFF_S", 60.0)
    store.start()
    filled_up(store, card)
    journey = eventful(whole_journey(BenchClock()))
    await store.close(journey)
    card.full = False
    store.stop()
    assert store.reader.find() == [journey]


async def test_one_record_that_can_not_be_written_does_not_hold_up_the_others(
    store: SqliteJourneyStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.start()
    poison = whole_journey(BenchClock())
    poison.talked_ms = 2**70
    good = [whole_journey(BenchClock()) for _ in range(3)]
    await asyncio.wait_for(asyncio.gather(*(store.close(one) for one in [good[0], poison, *good[1:]])), 5)
    assert {one.id for one in store.reader.find()} == {one.id for one in good}
    assert store.status().lost == 1
    assert store.status().fault is None
    assert poison.id in caplog.text


async def test_a_damaged_file_is_set_aside_and_calls_are_recorded_anew(
    store: SqliteJourneyStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "records.sqlite"
    garbage = b"\0garbage" * 4096
    path.write_bytes(garbage)
    store.start()
    journey = whole_journey(BenchClock())
    await asyncio.wait_for(store.close(journey), 5)
    assert store.reader.find() == [journey]
    assert (tmp_path / "records.sqlite.damaged1").read_bytes() == garbage
    assert "damaged" in caplog.text


async def test_a_damaged_page_is_found_at_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "records.sqlite"
    first = SqliteJourneyStore(path, BenchClock())
    first.start()
    for seed in range(30):
        await first.close(whole_journey(BenchClock(), seed=seed))
    first.stop()
    content = bytearray(path.read_bytes())
    content[8 * 1024 : 20 * 1024] = b"\xa5" * (12 * 1024)
    path.write_bytes(content)
    second = SqliteJourneyStore(path, BenchClock())
    second.start()
    await asyncio.wait_for(second.close(whole_journey(BenchClock())), 5)
    second.stop()
    assert (tmp_path / "records.sqlite.damaged1").exists()
    assert len(second.reader.find()) == 1


async def test_a_listener_to_faults_that_raises_does_not_stop_the_records(tmp_path: Path, card: Card) -> None:
    def broken(_fault: str | None) -> None:
        raise RuntimeError("broken lamp")

    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock(), broken, card.connect)
    card.gone = True
    store.start()
    journey = whole_journey(BenchClock())
    await asyncio.wait_for(store.close(journey), 5)
    card.gone = False
    store.stop()
    assert store.reader.find() == [journey]


def test_a_newer_database_is_left_alone(tmp_path: Path, lamp: Lamp) -> None:
    path = tmp_path / "records.sqlite"
    connection = migrations.connect(path)
    newer = [
        *migrations.schema_files(),
        migrations.SchemaFile(9999, "9999_future.sql", "CREATE TABLE future (x);"),
    ]
    migrations.migrate(connection, newer)
    connection.close()
    store = SqliteJourneyStore(path, BenchClock(), lamp.report)
    store.start()
    store.stop()
    assert "newer firmware" in str(lamp.reports[0])
    assert not path.with_name("records.sqlite.damaged1").exists()


def test_a_schema_file_that_fails_half_way_changes_nothing(tmp_path: Path) -> None:
    connection = migrations.connect(tmp_path / "records.sqlite")
    migrations.migrate(connection)
    known = migrations.schema_files()
    broken = migrations.SchemaFile(
        known[-1].version + 1, "half.sql", "CREATE TABLE half (x);\nINSERT INTO nowhere VALUES (1);"
    )
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrations.migrate(connection, [*known, broken])
    assert migrations.version_of(connection) == known[-1].version
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    assert rows.read_open(connection) == []
    connection.close()


def test_schema_files_are_numbered_without_gaps() -> None:
    files = migrations.schema_files()
    assert [file.version for file in files] == list(range(1, len(files) + 1))


def test_a_large_file_does_not_hold_up_the_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = migrations.connect(tmp_path / "big.sqlite")
    connection.execute("CREATE TABLE t (x)")
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
        "INSERT INTO t SELECT hex(randomblob(20)) FROM n"
    )
    monkeypatch.setattr(migrations, "_PROGRESS_STEPS", 100)
    assert migrations.check_integrity(connection, budget_s=0.0) is False
    assert migrations.check_integrity(connection, budget_s=30.0) is True
    connection.close()
