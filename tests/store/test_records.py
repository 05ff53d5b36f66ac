"""Journeys written and read back: a call's record from its first ring to the table of calls."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.core.errors import DeviceError, UserError
from firmware.core.records import EntryKind, JourneyStore, Outcome, TimelineEntry
from firmware.store import migrations
from firmware.store.reader import JourneyReader
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import NOON_MS, BenchClock, answered, finished, running_journey, whole_journey


@pytest.fixture
def clock() -> BenchClock:
    return BenchClock()


@pytest.fixture
def store(tmp_path: Path, clock: BenchClock) -> Iterator[SqliteJourneyStore]:
    store = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    store.start()
    yield store
    store.stop()


def count(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our tables
    finally:
        connection.close()


def test_it_is_what_call_control_asks_for(store: SqliteJourneyStore) -> None:
    contract: JourneyStore = store
    assert contract is store


async def test_a_finished_call_is_read_back_whole(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = whole_journey(clock)
    await store.close(journey)
    assert store.reader.get(journey.id) == journey
    assert store.reader.find() == [journey]


async def test_what_is_withheld_or_unknown_stays_so(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = running_journey(clock)
    journey.caller = journey.legs[0].number = None
    journey.outcome = Outcome.ABANDONED
    await store.close(journey)
    assert store.reader.get(journey.id) == journey


async def test_a_close_is_on_the_card_when_it_returns(
    store: SqliteJourneyStore, clock: BenchClock, tmp_path: Path
) -> None:
    await store.close(whole_journey(clock))
    assert count(tmp_path / "records.sqlite", "journey") == 1
    assert count(tmp_path / "records.sqlite", "outbox") == 1


async def test_only_the_box_and_its_group_may_read_records(
    store: SqliteJourneyStore, clock: BenchClock, tmp_path: Path
) -> None:
    await store.close(whole_journey(clock))
    for name in ("records.sqlite", "records.sqlite-wal"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640


async def test_a_running_call_is_found_before_the_others(
    store: SqliteJourneyStore, clock: BenchClock
) -> None:
    old = whole_journey(clock)
    await store.close(old)
    clock.mono_ms += 60_000
    running = running_journey(clock)
    store.begin(running)
    store.update(answered(running))
    other = whole_journey(clock)
    await store.close(other)
    assert [one.id for one in store.reader.find()] == [running.id, other.id, old.id]
    found = store.reader.get(running.id)
    assert found == running
    assert found is not None and found.outcome is None


async def test_the_end_of_a_call_replaces_its_open_row(
    store: SqliteJourneyStore, clock: BenchClock, tmp_path: Path
) -> None:
    journey = running_journey(clock)
    store.begin(journey)
    await store.close(finished(answered(journey)))
    assert count(tmp_path / "records.sqlite", "open_journey") == 0
    assert store.reader.find() == [journey]


async def test_a_note_is_of_the_moment_it_was_made(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = running_journey(clock)
    store.begin(journey)
    journey.timeline.append(TimelineEntry(900, EntryKind.KEYED, "not noted yet"))
    await store.close(whole_journey(clock))
    found = store.reader.get(journey.id)
    assert found is not None
    assert len(found.timeline) == 1


async def test_closing_twice_leaves_one_record(
    store: SqliteJourneyStore, clock: BenchClock, tmp_path: Path
) -> None:
    journey = whole_journey(clock)
    await store.close(journey)
    journey.hung_up_by = "101"
    await asyncio.gather(store.close(journey), store.close(journey))
    assert store.reader.find() == [journey]
    assert count(tmp_path / "records.sqlite", "recording") == len(journey.recordings)


async def test_a_cancelled_wait_still_leaves_the_record(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = whole_journey(clock)
    closing = asyncio.ensure_future(store.close(journey))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    store.stop()
    assert store.reader.get(journey.id) == journey


async def test_bytes_that_are_no_text_do_not_harm_the_record(
    store: SqliteJourneyStore, clock: BenchClock
) -> None:
    journey = whole_journey(clock)
    journey.legs[1].detail = b"486 \xff busy".decode("ascii", "surrogateescape")
    await store.close(journey)
    found = store.reader.get(journey.id)
    assert found is not None
    assert found.legs[1].detail == "486 ? busy"


async def test_ten_calls_ending_at_once_all_have_their_record(
    store: SqliteJourneyStore, clock: BenchClock
) -> None:
    journeys = [whole_journey(clock, seed=seed) for seed in range(10)]
    await asyncio.gather(*(store.close(journey) for journey in journeys))
    assert {one.id for one in store.reader.find(100)} == {one.id for one in journeys}
    assert store.status().written == 10


async def test_the_newest_come_first_and_no_more_than_asked(
    store: SqliteJourneyStore, clock: BenchClock
) -> None:
    ids = []
    for _ in range(5):
        clock.mono_ms += 1000
        journey = whole_journey(clock)
        ids.append(journey.id)
        await store.close(journey)
    assert [one.id for one in store.reader.find(3)] == ids[:1:-1]
    since = NOON_MS + clock.mono_ms - 1000
    assert [one.id for one in store.reader.find(10, since_wall_ms=since)] == ids[:2:-1]


async def test_calls_from_before_the_clock_was_set_keep_their_place(
    store: SqliteJourneyStore, clock: BenchClock
) -> None:
    clock.clock_set = False
    early = whole_journey(clock, "0000000000AAAAAA")
    early.started = msgspec.structs.replace(early.started, wall_ms=5_000)
    await store.close(whole_journey(clock))
    await store.close(early)
    assert store.reader.find(1) == [early]


class TestAskingById:
    IDS = ("01KB0AAAAAAAAAA1", "01KB0AAAAAAAAAA2", "01KB0ZZZZZZZZZZ0")

    @pytest.fixture
    async def reader(self, store: SqliteJourneyStore, clock: BenchClock) -> JourneyReader:
        for call_id in self.IDS[1:]:
            await store.close(whole_journey(clock, call_id))
        store.begin(running_journey(clock, self.IDS[0]))
        store.stop()
        return store.reader

    async def test_the_beginning_of_an_id_is_enough(self, reader: JourneyReader) -> None:
        assert reader.resolve("01KB0Z").id == self.IDS[2]

    async def test_an_id_may_be_misread_and_in_small_letters(self, reader: JourneyReader) -> None:
        assert reader.resolve(" o1kb0aaaaaaaaaal ").id == self.IDS[0]

    async def test_an_ambiguous_beginning_lists_the_candidates(self, reader: JourneyReader) -> None:
        with pytest.raises(UserError, match=f"{self.IDS[1]}, {self.IDS[0]}"):
            reader.resolve("01KB0A")

    @pytest.mark.parametrize("unknown", ["01KC", "~", "", "'; DROP TABLE journey", "％"])
    async def test_an_unknown_id_is_said_to_be_so(self, reader: JourneyReader, unknown: str) -> None:
        with pytest.raises(UserError, match="no call"):
            reader.resolve(unknown)


class TestReadingWithoutASwitch:
    def test_no_file_is_said_in_a_line(self, tmp_path: Path) -> None:
        with pytest.raises(DeviceError, match="there are no call records"):
            JourneyReader(tmp_path / "records.sqlite").find()

    def test_a_file_that_is_none_of_ours_is_said_to_be_damaged(self, tmp_path: Path) -> None:
        path = tmp_path / "records.sqlite"
        path.write_bytes(b"not a database at all, but long enough to look at" * 20)
        with pytest.raises(DeviceError, match="damaged"):
            JourneyReader(path).find()

    async def test_a_locked_file_is_said_to_be_locked(
        self, store: SqliteJourneyStore, clock: BenchClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("firmware.store.reader._LOCK_PATIENCE_S", 0.05)
        await store.close(whole_journey(clock))
        store.stop()
        holder = sqlite3.connect(tmp_path / "records.sqlite", isolation_level=None)
        try:
            holder.execute("PRAGMA locking_mode = EXCLUSIVE")
            holder.execute("BEGIN EXCLUSIVE")
            holder.execute("DELETE FROM outbox")
            with pytest.raises(DeviceError, match="locked"):
                store.reader.find()
        finally:
            holder.close()

    async def test_reading_changes_nothing(
        self, store: SqliteJourneyStore, clock: BenchClock, tmp_path: Path
    ) -> None:
        await store.close(whole_journey(clock))
        store.stop()
        path = tmp_path / "records.sqlite"
        before = path.read_bytes()
        tmp_path.chmod(0o500)
        try:
            assert len(JourneyReader(path).find()) == 1
        finally:
            tmp_path.chmod(0o700)
        assert path.read_bytes() == before


def test_every_commit_goes_to_the_card(tmp_path: Path) -> None:
    connection = migrations.connect(tmp_path / "records.sqlite")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL"
    connection.close()
