"""A process on a faulty card (arguments: what to write, state folder); what it prints may be relied upon.

`settings` changes the office's name again and again and prints each name that was kept. `calls` makes calls
while the card fills up, waits until everything is written, and prints their ids.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

import msgspec

from firmware.core.errors import DeviceError
from firmware.settings.document import Settings
from firmware.settings.store import SettingsStore
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import BenchClock, answered, finished, running_journey

CALLS = 60


def renamed(before: Settings, name: str) -> Settings:
    """Return the settings with another name of the office."""
    return msgspec.structs.replace(before, office=msgspec.structs.replace(before.office, name=name))


async def settings(state: Path) -> None:
    """Change a setting until the power goes."""
    store = SettingsStore(state / "settings.json")
    store.open()
    print(store.current.office.name, flush=True)
    number = 0
    while True:
        number += 1
        name = f"office {number}"
        await store.change(partial(renamed, name=name))
        print(name, flush=True)


async def calls(state: Path) -> None:
    """Make calls on a card that fills up and empties again."""
    clock = BenchClock()
    faults: list[str | None] = []
    store = SqliteJourneyStore(state / "records.sqlite", clock, faults.append)
    store.start()
    ids = []
    for seed in range(CALLS):
        journey = running_journey(clock)
        store.begin(journey)
        await asyncio.sleep(0.005)
        store.update(answered(journey))
        await store.close(finished(journey, seed))
        ids.append(journey.id)
    while store.status().backlog or store.status().fault:
        await asyncio.sleep(0.05)
    settings = SettingsStore(state / "settings.json")
    try:
        settings.open()
    except DeviceError as error:
        faults.append(str(error))
    store.stop()
    print(f"faults {len([fault for fault in faults if fault])} lost {store.status().lost}")
    print("\n".join(ids))


if __name__ == "__main__":
    asyncio.run({"settings": settings, "calls": calls}[sys.argv[1]](Path(sys.argv[2])))
