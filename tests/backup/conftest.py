"""A box with a past: settings, calls, a recording."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from firmware.core.paths import StatePaths
from firmware.settings.store import SettingsStore
from firmware.store.records import SqliteJourneyStore
from tests.store.everything import eventful_journey
from tests.store.sample import BenchClock

CALLS = 20


@pytest.fixture
def box(tmp_path: Path) -> StatePaths:
    """A state folder that was in use; its switch is off."""
    paths = StatePaths(tmp_path / "state")
    paths.ensure()
    settings = SettingsStore(paths.settings)
    settings.open()

    async def use() -> None:
        await settings.change(
            lambda one: msgspec.structs.replace(
                one, office=msgspec.structs.replace(one.office, name="一号店")
            )
        )
        for seed in range(CALLS):
            await store.close(eventful_journey(BenchClock(), seed=seed))

    store = SqliteJourneyStore(paths.records, BenchClock())
    store.start()
    asyncio.run(use())
    store.stop()
    (paths.recordings / "one.ogg").write_bytes(b"OggS" * 1000)
    (paths.prompts / "welcome.wav").write_bytes(b"RIFF" * 100)
    return paths
