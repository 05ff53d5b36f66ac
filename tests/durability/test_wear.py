"""How much of the card's life one call costs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.core.records import EntryKind, TimelineEntry
from firmware.store.records import SqliteJourneyStore
from tests.store.everything import eventful_journey
from tests.store.sample import BenchClock, answered, finished, running_journey

CALLS = 100
BUDGET = 64 * 1024
"""Bytes a call, the log and its way into the file included, counted in whole pages of 4096 bytes."""


def written_so_far() -> tuple[int, int]:
    """Return what this process has written: bytes of its calls, and bytes of pages made dirty by them."""
    figures = dict(line.split(": ") for line in Path("/proc/self/io").read_text("ascii").splitlines())
    return int(figures["wchar"]), int(figures["write_bytes"])


@pytest.mark.parametrize("eventful", [False, True], ids=["plain", "eventful"])
async def test_a_call_writes_little(tmp_path: Path, eventful: bool) -> None:
    clock = BenchClock()
    store = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    store.start()
    before = written_so_far()
    for seed in range(CALLS):
        journey = running_journey(clock)
        store.begin(journey)
        await asyncio.sleep(0.002)
        answered(journey)
        for step in range(4):
            for line in range(3):
                text = f"decided number {line} of step {step}, with a reason as long as reasons are"
                journey.timeline.append(TimelineEntry(step * 1000 + line, EntryKind.ROUTE, text))
            store.update(journey)
            await asyncio.sleep(0.002)
        if eventful:
            # A queue, three rings, a hold, a transfer, a message, a survey, a wrap-up, a note, and then an
            # amendment: nothing that can happen to a call is cheaper than that.
            events = eventful_journey(clock, journey.id, seed)
            events.timeline = journey.timeline
            journey = events
        await store.close(finished(journey, seed))
        if eventful:
            journey = await store.amend(journey.id, lambda one: one.tags.append("order"))
    store.stop()
    bytes_given, pages_dirtied = (
        (after - start) // CALLS for start, after in zip(before, written_so_far(), strict=True)
    )
    kind = "an eventful" if eventful else "a plain"
    print(f"{kind} call with five notes: {bytes_given} bytes given, {pages_dirtied} bytes of pages dirtied")
    assert store.reader.get(journey.id) == journey
    assert 0 < bytes_given <= BUDGET // 2
    assert pages_dirtied <= BUDGET
