"""The power goes: what was not yet synced to the card may be lost or garbage, what was promised may not.

A power cut is played by cutting the write-ahead log at a seeded place after the last promise and putting
garbage, zeros or nothing there, as a card does that had the block half written.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from firmware.core.errors import UserError
from firmware.settings.store import SettingsStore
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import BenchClock, answered, running_journey, whole_journey

PROMISED = 6
LATER = 4


@pytest.mark.parametrize("seed", range(30))
async def test_a_torn_log_keeps_every_promised_record(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    clock = BenchClock()
    path, card = tmp_path / "records.sqlite", tmp_path / "card.sqlite"
    store = SqliteJourneyStore(path, clock)
    store.start()
    promised = [whole_journey(clock, seed=seed * 100 + number) for number in range(PROMISED)]
    for journey in promised:
        await store.close(journey)
    log = tmp_path / "records.sqlite-wal"
    safe = log.stat().st_size
    for number in range(LATER):
        store.begin(answered(running_journey(clock)))
        await store.close(whole_journey(clock, seed=seed * 100 + 50 + number))
    content = log.read_bytes()
    cut = dice.randrange(safe, len(content))
    garbage = dice.choice([b"", bytes(len(content) - cut), dice.randbytes(len(content) - cut)])
    shutil.copy(path, card)
    card.with_name("card.sqlite-wal").write_bytes(content[:cut] + garbage)
    store.stop()

    after = SqliteJourneyStore(card, clock)
    after.start()
    interrupted = after.recover(tmp_path, clock.now())
    found = {journey.id: journey for journey in after.reader.find(1000)}
    after.stop()
    assert not list(tmp_path.glob("*.damaged*"))
    assert [found.get(journey.id) for journey in promised] == promised
    assert PROMISED <= len(found) <= PROMISED + 2 * LATER
    assert all(journey.id in found for journey in interrupted)
    connection = sqlite3.connect(card)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.parametrize("seed", range(30))
async def test_torn_settings_give_way_to_the_last_good_ones(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    path = tmp_path / "settings.json"
    store = SettingsStore(path)
    first = store.open()
    second = await store.change(lambda before: before)
    content = path.read_bytes()
    cut = dice.randrange(len(content) - 2)
    path.write_bytes(content[:cut] + dice.choice([b"", bytes(len(content) - cut), dice.randbytes(40)]))
    again = SettingsStore(path)
    assert again.open() == second == first
    assert again.fault is not None
    await again.change(lambda before: before)
    third = SettingsStore(path)
    assert third.open() == first
    assert third.fault is None


def test_torn_settings_without_an_older_generation_are_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    SettingsStore(path).open()
    torn = path.read_bytes()[:100]
    path.write_bytes(torn)
    with pytest.raises(UserError, match="delete it to begin anew"):
        SettingsStore(path).open()
    assert path.read_bytes() == torn
