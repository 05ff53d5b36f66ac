"""Finding closed calls in the real database, page by page, and counting today's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.app.api import search
from firmware.app.api.search import CallSearch
from firmware.control.search import CallFilter
from firmware.core.errors import DeviceError, UserError
from firmware.core.records import Outcome
from firmware.store.records import SqliteJourneyStore
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
                journey.outcome, journey.caller = Outcome.ABANDONED, f"0208765432{index % 10}"
            await store.close(journey)

    asyncio.run(fill())
    yield CallSearch(tmp_path / "records.sqlite")
    store.stop()


def test_pages_follow_each_other_without_gap_or_repeat(calls: CallSearch) -> None:
    seen: list[int] = []
    after = None
    while True:
        page = calls.find(CallFilter(), 5, after)
        seen += [call.started.wall_ms for call in page.calls]
        after = page.more
        if after is None:
            break
    assert len(seen) == CALLS
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (CallFilter(), 12),
        (CallFilter(text="138001"), 6),
        (CallFilter(text="%"), 0),
        (CallFilter(text="0208765432_"), 0),
        (CallFilter(text="' OR 1=1 --"), 0),
        (CallFilter(person="101"), 6),
        (CallFilter(person="10"), 0),
        (CallFilter(outcome=Outcome.ABANDONED), 6),
        (CallFilter(recorded=True), 6),
        (CallFilter(recorded=False), 6),
        (CallFilter(since_ms=NOON_MS + 10_000 + 6 * 60_000), 6),
        (CallFilter(until_ms=NOON_MS + 10_000 + 6 * 60_000, outcome=Outcome.ANSWERED), 3),
        (CallFilter(since_ms=-(2**62), until_ms=2**62), 12),
    ],
)
def test_every_word_of_the_filter_narrows(calls: CallSearch, wanted: CallFilter, count: int) -> None:
    assert len(calls.find(wanted, 100, None).calls) == count


def test_a_row_tells_who_talked_and_what_was_recorded(calls: CallSearch) -> None:
    row = calls.find(CallFilter(person="101"), 1, None).calls[0]
    assert (row.people, row.recordings, row.outcome) == (["101"], 1, Outcome.ANSWERED)


def test_the_days_figures_add_up(calls: CallSearch) -> None:
    day = calls.day(NOON_MS)
    assert (day.calls, day.answered, day.lost) == (12, 6, 6)
    assert day.talked_ms >= 6 * 60_000
    assert day.hours[0].calls == 12
    assert calls.day(NOON_MS + 3_600_000 * 24).calls == 0


def test_a_search_that_takes_too_long_is_given_up(calls: CallSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_PATIENCE_S", -1.0)
    monkeypatch.setattr(search, "_STEPS", 1)
    with pytest.raises(UserError, match="narrow"):
        calls.find(CallFilter(text="999"), 50, None)


def test_a_database_that_is_not_there_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(DeviceError):
        CallSearch(tmp_path / "none.sqlite").find(CallFilter(), 1, None)
