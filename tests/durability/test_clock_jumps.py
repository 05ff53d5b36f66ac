"""The clock jumps to 1970 and forward: every record is there, in order, with the right length and date."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from firmware.core.clock import Instant
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import NOON_MS, BenchClock, whole_journey

DAY_MS = 86_400_000


class JumpingClock(BenchClock):
    """A clock whose wall time is set to and fro while the monotonic one goes on."""

    wall_offset_ms = 0

    def now(self) -> Instant:
        wall_ms = self.wall_offset_ms + self.mono_ms
        return Instant(wall_ms, self.mono_ms, self.boot_id, wall_ms > NOON_MS - DAY_MS)


@pytest.mark.parametrize("seed", range(20))
async def test_jumps_harm_no_record(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    clock = JumpingClock(mono_ms=0)
    store = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    store.start()
    ids, undated = [], []
    for number in range(30):
        clock.mono_ms += dice.randrange(1, 60_000)
        if dice.random() < 0.3:
            clock.wall_offset_ms = dice.choice([0, NOON_MS, NOON_MS + 400 * DAY_MS])
        journey = whole_journey(clock, seed=number)
        length = journey.duration_ms
        journey.started = clock.now()
        if not journey.started.clock_set:
            undated.append(journey)
        if dice.random() < 0.3:
            store.begin(journey)
        await store.close(journey)
        ids.append(journey.id)
        found = store.reader.get(journey.id)
        assert found is not None and found.duration_ms == length
    assert [journey.id for journey in store.reader.find(100)] == ids[::-1], "in the order they ended"
    clock.wall_offset_ms = NOON_MS
    assert await store.clock_was_set(clock.now()) == len(undated)
    for journey in undated:
        found = store.reader.get(journey.id)
        assert found is not None
        mono_ms = journey.started.mono_ms
        assert found.started == Instant(NOON_MS + mono_ms, mono_ms, "boot-a", True)
    assert [journey.id for journey in store.reader.find(100)] == ids[::-1]
    store.stop()
    again = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    again.start()
    assert again.recover(tmp_path, clock.now()) == []
    again.stop()
