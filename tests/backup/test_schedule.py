"""Backups go off by themselves at their hour; a failure is told once and tried again."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import types
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from firmware.app import backup
from firmware.app.backup import Backups
from firmware.app.parts import Parts
from firmware.backup.job import Result
from firmware.backup.order import Order, Outcome
from firmware.core.clock import Instant
from firmware.core.errors import UserError
from firmware.core.paths import StatePaths
from firmware.settings.document import Settings
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import BenchClock

LOOK_S = 0.01
WHOLE = Outcome(Result(name="backup-1", bytes=1000, calls=3, files=7))


LOCAL = datetime.datetime.now(datetime.UTC).astimezone().tzinfo


def on(day: int, hour: int, minute: int) -> datetime.datetime:
    """A moment of December 2026, local time."""
    return datetime.datetime(2026, 12, day, hour, minute, tzinfo=LOCAL)


class Wall(BenchClock):
    """A clock that a test sets to a local date and hour."""

    moment = on(1, 12, 0)

    def now(self) -> Instant:
        return Instant(int(self.moment.timestamp() * 1000), 0, "boot-a", self.clock_set)


class Played(Backups):
    """Backups whose process is played: each order is kept, and answered with what is to come of it."""

    outcome = WHOLE

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.orders: list[Order] = []

    async def _in_process(self, order: Order) -> Outcome:
        await asyncio.sleep(0)
        self.orders.append(order)
        return self.outcome


class Box:
    def __init__(self, folder: Path, store: SqliteJourneyStore) -> None:
        settings = Settings()
        wanted = msgspec.structs.replace(settings.backup, to="folder", folder="/media/stick", hour=3)
        self.settings = types.SimpleNamespace(current=msgspec.structs.replace(settings, backup=wanted))
        self.clock = Wall()
        self.alarms: list[object] = []
        parts = types.SimpleNamespace(
            paths=StatePaths(folder),
            clock=self.clock,
            settings=self.settings,
            store=store,
            alarms=self.alarms.append,
        )
        self.parts = cast(Parts, parts)

    @contextlib.asynccontextmanager
    async def runs(self) -> AsyncIterator[Played]:
        async with contextlib.AsyncExitStack() as running:
            backups = Played(self.parts)
            await backups.start(running)
            yield backups

    async def looks(self, backups: Played, orders: int) -> None:
        """Let it look at the clock some times; it has given that many orders by then."""
        async with asyncio.timeout(20):
            while len(backups.orders) < orders or backups.status().running:
                await asyncio.sleep(LOOK_S)
        await asyncio.sleep(10 * LOOK_S)
        assert len(backups.orders) == orders


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setattr(backup, "_LOOK_S", LOOK_S)
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    store.start()
    yield Box(tmp_path, store)
    store.stop()


async def test_one_is_made_every_night_also_after_a_restart(box: Box) -> None:
    async with box.runs() as backups:
        await box.looks(backups, 1)
        box.clock.moment = on(2, 2, 59)
        await box.looks(backups, 1)
        box.clock.moment = on(2, 3, 0)
        await box.looks(backups, 2)
    async with box.runs() as backups:
        box.clock.moment = on(2, 23, 0)
        await box.looks(backups, 0)
        assert backups.status().last_name == "backup-1"
        box.clock.moment = on(3, 8, 0)
        await box.looks(backups, 1)
        assert backups.orders[0].folder == "/media/stick"
    assert box.alarms == []


async def test_a_failed_trial_is_an_alarm_once_and_tried_again_in_an_hour(box: Box) -> None:
    async with box.runs() as backups:
        backups.outcome = Outcome(fault="restored in trial, a file was different")
        await box.looks(backups, 1)
        (alarm,) = box.alarms
        assert "a file was different" in str(alarm)
        assert backups.status().fault == "restored in trial, a file was different"
        box.clock.moment += datetime.timedelta(minutes=59)
        await box.looks(backups, 1)
        box.clock.moment += datetime.timedelta(minutes=1)
        await box.looks(backups, 2)
        assert len(box.alarms) == 1, "the same is not told again"
        backups.outcome = WHOLE
        box.clock.moment += datetime.timedelta(hours=1)
        await box.looks(backups, 3)
        assert backups.status().fault is None


async def test_without_a_date_or_a_place_none_is_made(box: Box) -> None:
    box.clock.clock_set = False
    async with box.runs() as backups:
        await box.looks(backups, 0)
        backups.want()
        await box.looks(backups, 1)
    box.clock.clock_set = True
    off = msgspec.structs.replace(box.settings.current.backup, to="off")
    box.settings.current = msgspec.structs.replace(box.settings.current, backup=off)
    box.clock.moment += datetime.timedelta(days=3)
    async with box.runs() as backups:
        await box.looks(backups, 0)
        with pytest.raises(UserError, match="say where"):
            backups.want()
