"""Finding closed calls in the real database, page by page, and counting today's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.core.errors import DeviceError, UserError
from firmware.core.records import PART_OF, Outcome
from firmware.store import search
from firmware.store.reader import JourneyReader
from firmware.store.records import SqliteJourneyStore
from firmware.store.search import CallSearch, Wanted
from tests.store.sample import NOON_MS, BenchClock, running_journey, whole_journey

CALLS = 12


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[CallSearch]:
    """Twelve calls a minute apart: even ones talked with 101 and were recorded, odd ones gave up."""
    clock = BenchClock()
    store = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    store.start()

    async def fill() -> None:
        for index in range(CALLS):
            clock.mono_ms = 10_000 + index * 60_000
            journey = whole_journey(clock) if index % 2 == 0 else running_journey(clock)
            if index % 2:
                journey.outcome, journey.caller = Outcome.ABANDONED, f"0208765{1000 + index}"
            await store.close(journey)

    asyncio.run(fill())
    yield CallSearch(store.reader)
    store.stop()


@pytest.mark.parametrize("few", [0, 400], ids=["from the list", "person by person"])
@pytest.mark.parametrize("wanted", [Wanted(), Wanted(text="8")])
def test_pages_follow_each_other_without_gap_or_repeat(
    calls: CallSearch, wanted: Wanted, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FEW_PEOPLE", few)
    seen: list[int] = []
    after = None
    while True:
        page, after = calls.find(wanted, 5, after)
        seen += [call.started.wall_ms for call in page]
        if after is None:
            break
    assert len(seen) == CALLS
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Wanted(), 12),
        (Wanted(text="138001"), 6),
        (Wanted(text="138-001 380"), 6),
        (Wanted(text="020 8765"), 6),
        (Wanted(text="138001", outcome=Outcome.ABANDONED), 0),
        (Wanted(text="%"), 0),
        (Wanted(text="0208765_"), 0),
        (Wanted(text="' OR 1=1 --"), 0),
        (Wanted(person="101"), 6),
        (Wanted(person="10"), 0),
        (Wanted(person="gsm1"), 12),
        (Wanted(outcome=Outcome.ABANDONED), 6),
        (Wanted(recorded=True), 6),
        (Wanted(recorded=False), 6),
        (Wanted(since_ms=NOON_MS + 10_000 + 6 * 60_000), 6),
        (Wanted(until_ms=NOON_MS + 10_000 + 6 * 60_000, outcome=Outcome.ANSWERED), 3),
        (Wanted(since_ms=-(2**62), until_ms=2**62), 12),
    ],
)
def test_every_word_of_the_filter_narrows(calls: CallSearch, wanted: Wanted, count: int) -> None:
    assert len(calls.find(wanted, 100, None)[0]) == count


def test_a_row_tells_who_talked_and_what_was_recorded(calls: CallSearch) -> None:
    row = calls.find(Wanted(person="101"), 1, None)[0][0]
    assert (row.people, row.recordings, row.outcome) == (["101"], 1, Outcome.ANSWERED)


def test_the_days_figures_add_up(calls: CallSearch) -> None:
    day = calls.day(NOON_MS)
    assert (sum(day.calls), sum(day.answered)) == (12, 6)
    assert day.talked_ms >= 6 * 60_000
    assert day.calls[0] == 12
    assert sum(calls.day(NOON_MS + 3_600_000 * 24).calls) == 0


def test_a_hand_on_another_call_is_no_call_of_the_day(tmp_path: Path) -> None:
    clock = BenchClock()
    store = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    store.start()

    async def fill() -> None:
        call = whole_journey(clock)
        await store.close(call)
        fetched = running_journey(clock)
        fetched.outcome, fetched.tags = Outcome.ABANDONED, [f"{PART_OF}{call.id}"]
        await store.close(fetched)

    asyncio.run(fill())
    assert sum(CallSearch(store.reader).day(NOON_MS).calls) == 1
    store.stop()


def test_somebody_who_never_took_part_is_looked_for_in_no_call(
    calls: CallSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_listing", lambda *_: pytest.fail("the list of calls is read"))
    assert calls.find(Wanted(person="987"), 50, None) == ([], None)
    assert calls.find(Wanted(person="front 101"), 50, None) == ([], None)


def test_a_search_that_takes_too_long_is_given_up(calls: CallSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_PATIENCE_S", -1.0)
    monkeypatch.setattr(search, "_STEPS", 1)
    with pytest.raises(UserError, match="narrow"):
        calls.find(Wanted(text="999"), 50, None)


def test_a_database_that_is_not_there_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(DeviceError):
        CallSearch(JourneyReader(tmp_path / "none.sqlite")).find(Wanted(), 1, None)
