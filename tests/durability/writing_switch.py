"""Processes that write call records and settings until they are gone (argument: state folder).

For every line "SEED WRITES" it forks one, whose power the faulty card cuts at that write (0: never), and
prints "gone STATUS" in the end. The fork prints "pid PID", "ready", then "call ID" as soon as a call's
`close` has returned and "named NAME" as soon as the office's new name is kept: whoever reads that may rely on
it. Meanwhile the box's clock jumps to 1970 and a year ahead.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
import struct
import sys
from functools import partial
from pathlib import Path
from typing import NoReturn

from firmware.core.clock import SystemClock
from firmware.core.paths import StatePaths
from firmware.core.records import EntryKind, TimelineEntry
from firmware.settings.store import SettingsStore
from firmware.store.records import SqliteJourneyStore
from tests.durability.faulty_writer import renamed
from tests.durability.test_clock_jumps import DAY_MS, JumpingClock
from tests.store.sample import NOON_MS, answered, finished, running_journey

AT_ONCE = 4
CLOCKS_MS = (0, NOON_MS, NOON_MS + 400 * DAY_MS)
"""What the wall clock is set to: 1970, as after a start without network, today, next year."""
_JUMPS = 0.2
"""Share of the calls before which the clock jumps."""

_RATE = 8000


def _tell(line: str) -> None:
    # In one write: `print` makes two where output isn't buffered, and the power may go between them.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _half_a_recording(path: Path, seconds: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, _RATE, _RATE * 4, 4, 16)
    path.write_bytes(header + b"data\0\0\0\0" + bytes(_RATE * 4 * seconds))


async def _caller(store: SqliteJourneyStore, paths: StatePaths, dice: random.Random, number: int) -> None:
    """Make call after call."""
    clock = JumpingClock(boot_id="durability")
    name = f"{number}.wav"
    _half_a_recording(paths.recordings / name, seconds=3)
    while True:
        if dice.random() < _JUMPS:
            clock.wall_offset_ms = dice.choice(CLOCKS_MS)
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
        _tell(f"call {journey.id}")


async def _administrator(settings: SettingsStore, seed: int) -> None:
    """Give the office name after name."""
    number = 0
    while True:
        number += 1
        name = f"office {seed}.{number}"
        await settings.change(partial(renamed, name=name))
        _tell(f"named {name}")
        await asyncio.sleep(0.01)


async def _main(state: Path, seed: int) -> None:
    paths = StatePaths(state)
    paths.ensure()
    store = SqliteJourneyStore(paths.records, SystemClock())
    store.start()
    for journey in store.recover(paths.recordings, SystemClock().now()):
        _tell(f"call {journey.id}")
    settings = SettingsStore(paths.settings)
    settings.open()
    _tell("ready")
    async with asyncio.TaskGroup() as callers:
        for number in range(AT_ONCE):
            callers.create_task(_caller(store, paths, random.Random(seed * 10 + number), number))
        callers.create_task(_administrator(settings, seed))


def _run(state: Path, seed: int, at_write: int) -> NoReturn:
    """Be a switch until the power goes."""
    _tell(f"pid {os.getpid()}")
    if at_write:
        ctypes.CDLL(None).the_power_goes(at_write, seed)
    asyncio.run(_main(state, seed))
    sys.exit()


def _serve(state: Path) -> None:
    for line in sys.stdin:
        seed, at_write = map(int, line.split())
        pid = os.fork()
        if pid == 0:
            _run(state, seed, at_write)
        _, status = os.waitpid(pid, 0)
        _tell(f"gone {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
