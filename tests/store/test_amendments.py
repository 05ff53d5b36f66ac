"""What becomes known after the hang-up: wrap-up, notes, a message heard, the date."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.core.clock import Instant
from firmware.core.errors import DeviceError, UserError
from firmware.core.ids import CallId
from firmware.core.records import AgentNote, AgentSpan, AgentState, EntryKind, Journey, TimelineEntry
from firmware.store.clock_watch import date_when_set
from firmware.store.numbers import normalise
from firmware.store.records import SqliteJourneyStore
from tests.store.everything import eventful_journey
from tests.store.sample import NOON_MS, BenchClock, whole_journey


@pytest.fixture
def clock() -> BenchClock:
    return BenchClock()


@pytest.fixture
def store(tmp_path: Path, clock: BenchClock) -> Iterator[SqliteJourneyStore]:
    store = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    store.start()
    yield store
    store.stop()


def outbox(path: Path) -> list[tuple[str, int]]:
    connection = sqlite3.connect(path / "records.sqlite")
    try:
        return connection.execute("SELECT journey_id, revision FROM outbox ORDER BY position").fetchall()
    finally:
        connection.close()


def unset(instant: Instant) -> Instant:
    return msgspec.structs.replace(instant, wall_ms=instant.mono_ms, clock_set=False)


async def test_everything_that_happened_is_read_back(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = eventful_journey(clock)
    await store.close(journey)
    assert store.reader.get(journey.id) == journey
    journey.timeline = []
    assert store.reader.span(0, 2**60) == ([journey], [])


async def test_a_note_after_the_call_is_kept_and_sent(
    store: SqliteJourneyStore, clock: BenchClock, tmp_path: Path
) -> None:
    first, second = eventful_journey(clock), eventful_journey(clock)
    await store.close(first)
    await store.close(second)

    def note(journey: Journey) -> None:
        journey.voicemails[0].heard = True
        journey.notes.append(AgentNote("101", 95_000, "called back"))

    amended = await store.amend(first.id, note)
    assert store.reader.get(first.id) == amended
    assert amended.revision == 2
    assert amended.voicemails[0].heard
    assert [one.id for one in store.reader.find()] == [second.id, first.id], "it keeps its place"
    assert outbox(tmp_path) == [(second.id, 1), (first.id, 2)], "but goes to the cloud again"


async def test_two_who_amend_at_once_both_succeed(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = whole_journey(clock)
    await store.close(journey)

    async def tag(text: str) -> None:
        await store.amend(journey.id, lambda one: one.tags.append(text))

    await asyncio.gather(*(tag(text) for text in "abcd"))
    found = store.reader.get(journey.id)
    assert found is not None
    assert sorted(found.tags) == ["a", "b", "c", "d"]
    assert found.revision == 5


async def test_a_running_or_unknown_call_cannot_be_amended(store: SqliteJourneyStore) -> None:
    with pytest.raises(UserError, match="no finished call"):
        await store.amend(CallId("01KB0AAAAAAAAAA1"), lambda _: None)


async def test_an_edit_that_fails_changes_nothing(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = whole_journey(clock)
    await store.close(journey)

    def fail(one: Journey) -> None:
        one.tags.append("half")
        raise UserError("no such wrap-up code")

    with pytest.raises(UserError, match="wrap-up code"):
        await store.amend(journey.id, fail)
    assert store.reader.get(journey.id) == journey
    await store.close(whole_journey(clock))
    assert store.status().fault is None


async def test_nothing_is_amended_after_the_end(store: SqliteJourneyStore) -> None:
    store.stop()
    with pytest.raises(DeviceError, match="closed"):
        await store.amend(CallId("01KB0AAAAAAAAAA1"), lambda _: None)


async def test_agents_time_is_written(store: SqliteJourneyStore, clock: BenchClock) -> None:
    span = AgentSpan("101", AgentState.BREAK, clock.now(), 600_000, "lunch", "sales")
    await store.note_agent_time(span)
    assert store.reader.span(0, 2**60) == ([], [span])


async def test_records_of_before_network_time_are_dated_when_it_comes(
    store: SqliteJourneyStore, clock: BenchClock, tmp_path: Path
) -> None:
    early, late = whole_journey(clock), whole_journey(clock)
    early.started = late.started = unset(clock.now())
    foreign = whole_journey(clock)
    foreign.started = msgspec.structs.replace(early.started, boot_id="an earlier boot")
    known = whole_journey(clock)
    for journey in (early, foreign, known):
        await store.close(journey)
    await store.note_agent_time(AgentSpan("101", AgentState.READY, early.started, 1000))
    clock.mono_ms += 300_000
    assert await store.clock_was_set(unset(clock.now())) == 0
    assert await store.clock_was_set(clock.now()) == 2
    await store.close(late)
    for journey in (early, late):
        found = store.reader.get(journey.id)
        assert found is not None
        assert found.started == Instant(NOON_MS + 10_000, 10_000, "boot-a", True)
    assert store.reader.get(foreign.id) == foreign, "nobody knows when that boot was"
    assert store.reader.get(known.id) == known
    assert [span.started.clock_set for span in store.reader.span(0, 2**60)[1]] == [True]
    assert (early.id, 2) in outbox(tmp_path), "the cloud learns the date"
    assert await store.clock_was_set(clock.now()) == 0


@pytest.mark.looptime
async def test_the_clock_is_watched_until_it_is_set() -> None:
    clock = BenchClock(clock_set=False)
    asked: list[Instant] = []

    async def date(now: Instant) -> int:
        asked.append(now)
        if len(asked) == 1:
            raise DeviceError("the card refuses")
        return 3

    watching = asyncio.create_task(date_when_set(clock, date))
    await asyncio.sleep(60)
    assert asked == []
    clock.clock_set = True
    await asyncio.wait_for(watching, 60)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("spelled", "country", "normal"),
    [
        ("13800138000", "CN", "+8613800138000"),
        ("+86 138 0013 8000", "CN", "+8613800138000"),
        ("008613800138000", "CN", "+8613800138000"),
        ("010-12345678", "CN", "+861012345678"),
        ("+442079460018", "CN", "+442079460018"),
        ("00442079460018", "CN", "+442079460018"),
        ("101", "CN", "101"),
        ("10086", "CN", "10086"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("99999999999999999999", "CN", "99999999999999999999"),
        ("withheld", "CN", None),
        ("", "CN", None),
        (None, "CN", None),
    ],
)
def test_one_person_is_one_number(spelled: str | None, country: str, normal: str | None) -> None:
    assert normalise(spelled, country) == normal


async def test_a_caller_is_found_however_the_number_is_spelled(
    store: SqliteJourneyStore, clock: BenchClock
) -> None:
    spelled = ["13800138000", "+8613800138000", "008613800138000"]
    for number in [*spelled, "13900139000", None]:
        journey = whole_journey(clock)
        journey.caller = number
        clock.mono_ms += 1000
        await store.close(journey)
    found = store.reader.search("138 0013 8000")
    assert [one.caller for one in found] == spelled[::-1]
    assert all(one.timeline == [] and len(one.legs) == 2 for one in found)
    assert len(store.reader.search("13800138000", limit=2)) == 2
    assert store.reader.search("13800138000", until_wall_ms=NOON_MS) == []


async def test_a_full_timeline_is_no_part_of_a_report(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = whole_journey(clock)
    journey.timeline += [TimelineEntry(1, EntryKind.ROUTE, "a reason")] * 50
    await store.close(journey)
    (found,), _ = store.reader.span(0, 2**60)
    assert found.timeline == []
