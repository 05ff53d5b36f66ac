"""A process that writes call records until it is killed (arguments: state folder, seed).

It prints a line as soon as it is ready, and each call's id as soon as `close` has returned: whoever reads
that line may rely on the record.
"""

from __future__ import annotations

import asyncio
import random
import struct
import sys
from pathlib import Path

from firmware.core.clock import SystemClock
from firmware.core.paths import StatePaths
from firmware.core.records import EntryKind, TimelineEntry
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import BenchClock, answered, finished, running_journey

AT_ONCE = 4
_RATE = 8000


def _half_a_recording(path: Path, seconds: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, _RATE, _RATE * 4, 4, 16)
    path.write_bytes(header + b"data\0\0\0\0" + bytes(_RATE * 4 * seconds))


async def _caller(store: SqliteJourneyStore, paths: StatePaths, dice: random.Random, number: int) -> None:
    """Make call after call."""
    clock = BenchClock(boot_id="durability")
    name = f"{number}.wav"
    _half_a_recording(paths.recordings / name, seconds=3)
    while True:
        journey = running_journey(clock)
        store.begin(journey)
        await asyncio.sleep(dice.random() * 0.004)
        store.update(answered(journey, name))
        for _ in range(dice.randrange(30)):
            text = f"decided {dice.getrandbits(200):x}"
            journey.timeline.append(TimelineEntry(9_000, EntryKind.ROUTE, text))
        store.update(journey)
        await asyncio.sleep(dice.random() * 0.004)
        await store.close(finished(journey, dice.randrange(100)))
        print(journey.id, flush=True)


async def _main(state: Path, seed: int) -> None:
    paths = StatePaths(state)
    paths.ensure()
    store = SqliteJourneyStore(paths.records, SystemClock())
    store.start()
    for journey in store.recover(paths.recordings, SystemClock().now()):
        print(journey.id, flush=True)
    print("ready", flush=True)
    async with asyncio.TaskGroup() as callers:
        for number in range(AT_ONCE):
            callers.create_task(_caller(store, paths, random.Random(seed * 10 + number), number))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
