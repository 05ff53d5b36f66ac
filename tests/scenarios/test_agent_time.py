"""Agents' time reaches the records: by stretch for the reports, and as after-call work in the call itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from extensions.queue import Mode
from extensions.queue.events import Span
from firmware.app.agent_time import AgentTime
from firmware.core.records import AgentState, WrapUp
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import BenchClock, whole_journey


@pytest.fixture
def clock() -> BenchClock:
    return BenchClock()


@pytest.fixture
def store(tmp_path: Path, clock: BenchClock) -> Iterator[SqliteJourneyStore]:
    opened = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    opened.start()
    yield opened
    opened.stop()


async def test_stretches_are_written_as_what_time_goes_into(
    store: SqliteJourneyStore, clock: BenchClock
) -> None:
    time = AgentTime(store, clock)
    for mode, seconds, reason in (
        (Mode.OUT, 9, ""),
        (Mode.READY, 40, ""),
        (Mode.TALKING, 60, ""),
        (Mode.PAUSED, 300, "lunch"),
    ):
        time.ended("service", Span("101", mode, seconds, reason))
    await time.drain()
    now = clock.now().wall_ms
    _, spans = store.reader.span(now - 3_600_000, now + 1)
    assert sorted((span.state, span.duration_ms, span.reason, span.group) for span in spans) == [
        (AgentState.BREAK, 300_000, "lunch", "service"),
        (AgentState.READY, 40_000, "", "service"),
        (AgentState.READY, 60_000, "", "service"),
    ]


async def test_after_call_work_is_written_into_its_call(store: SqliteJourneyStore, clock: BenchClock) -> None:
    journey = whole_journey(clock)
    journey.wrap_ups.append(WrapUp("101", 60_000))
    store.begin(journey)
    await store.close(journey)
    time = AgentTime(store, clock)
    time.ended("service", Span("101", Mode.WRAP_UP, 12.5, "", journey.id))
    time.ended("service", Span("102", Mode.WRAP_UP, 3.0, "", "no such call"))
    await time.drain()
    found = store.reader.get(journey.id)
    assert found is not None
    assert [(one.agent, one.ended_ms) for one in found.wrap_ups] == [("101", 72_500)]
