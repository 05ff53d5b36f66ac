"""A restart in the middle of the day: caps stay used, turns stay taken, agents stay signed in."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from extensions.hunt import Tally
from extensions.queue import AgentProfile, Mode, QueueDesk, QueueSettings
from extensions.queue.callback import Promise
from firmware.app.remembering import Remembering
from firmware.core.clock import Instant
from firmware.store.records import SqliteJourneyStore
from firmware.store.routing_memory import RoutingMemory
from firmware.switch.numbering import NumberClass
from firmware.switch.outbound.guard import Caps, Guard, Refused, Usage
from firmware.switch.outbound.lines import LineRates
from tests.store.sample import BenchClock

TODAY = datetime.date(2026, 11, 23)
QUEUE = QueueSettings("service", tuple(AgentProfile(number) for number in ("101", "102", "103")))


class Noon:
    """A clock that stands at a day's noon, local time, and goes on by hand."""

    def __init__(self, day: datetime.date = TODAY) -> None:
        self.moment = datetime.datetime.combine(day, datetime.time(12)).astimezone()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Instant:
        return Instant(int(self.moment.timestamp() * 1000), 0, "boot", True)


class NoCallbacks:
    """Nobody is to be called back."""

    def promised(self) -> list[Promise]:
        return []

    def restore(self, promise: Promise) -> bool:
        raise AssertionError("nobody was promised anything")


class Box:
    """What a switch has in memory."""

    def __init__(self, store: SqliteJourneyStore, clock: Noon) -> None:
        self.guard = Guard(Caps(extension_minutes=10))
        self.tally = Tally()
        self.desk = QueueDesk([QUEUE], self.tally, lambda _: None)
        memory, nobody = RoutingMemory(store), NoCallbacks()
        self.remembering = Remembering(memory, self.guard, self.tally, self.desk, nobody, clock)

    def mode(self, number: str) -> Mode:
        return self.desk.queues["service"].agents[number].mode


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteJourneyStore]:
    opened = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    opened.start()
    yield opened
    opened.stop()


async def _restarted(store: SqliteJourneyStore, clock: Noon) -> Box:
    box = Box(store, clock)
    await box.remembering.restore()
    return box


async def test_a_restart_gives_nobody_fresh_minutes(store: SqliteJourneyStore) -> None:
    box = Box(store, Noon())
    box.guard.usage = Usage(day=TODAY.isoformat(), extension_seconds={"101": 600.0}, total_seconds=600.0)
    await box.remembering.keep()
    again = await _restarted(store, Noon())
    refused = again.guard.begin("101", "gsm1", NumberClass.MOBILE, LineRates(), 0.0, TODAY)
    assert isinstance(refused, Refused)
    assert not isinstance(
        again.guard.begin("102", "gsm1", NumberClass.MOBILE, LineRates(), 0.0, TODAY), Refused
    )


async def test_agents_stay_signed_in_and_on_their_break(store: SqliteJourneyStore) -> None:
    box = Box(store, Noon())
    box.desk.sign_in("101")
    box.desk.sign_in("102")
    box.desk.pause("102", "lunch")
    await box.remembering.keep()
    again = await _restarted(store, Noon())
    assert [again.mode(number) for number in ("101", "102", "103")] == [Mode.READY, Mode.PAUSED, Mode.OUT]
    assert again.desk.queues["service"].agents["102"].reason == "lunch"


async def test_turns_go_on_where_they_were(store: SqliteJourneyStore) -> None:
    box, loop = Box(store, Noon()), asyncio.get_running_loop()
    box.tally.rung("sales", "102")
    box.tally.talked("101", 60.0, loop.time() - 300)
    box.tally.talked("102", 90.0, loop.time() - 100)
    await box.remembering.keep()
    again = await _restarted(store, Noon())
    assert again.tally.last_rung("sales") == "102"
    assert (again.tally.of("101").calls, again.tally.of("102").talk_seconds) == (1, 90.0)
    assert again.tally.of("101").last_ended == pytest.approx(loop.time() - 300, abs=2)
    assert again.tally.of("101").last_ended < again.tally.of("102").last_ended


async def test_the_next_day_counts_anew_but_who_was_idle_stays_so(store: SqliteJourneyStore) -> None:
    box, loop = Box(store, Noon()), asyncio.get_running_loop()
    box.tally.talked("101", 60.0, loop.time() - 300)
    await box.remembering.keep()
    again = await _restarted(store, Noon(TODAY + datetime.timedelta(days=1)))
    assert again.tally.of("101").calls == 0
    assert again.tally.of("101").last_ended < loop.time() - 80_000


async def test_nothing_is_written_while_nothing_changes(store: SqliteJourneyStore) -> None:
    box = Box(store, Noon())
    box.tally.talked("101", 60.0, asyncio.get_running_loop().time())
    await box.remembering.keep()
    kept = dict(box.remembering._kept)
    await asyncio.sleep(0.01)
    await box.remembering.keep()
    assert box.remembering._kept == kept


async def test_what_can_not_be_read_is_begun_anew(store: SqliteJourneyStore) -> None:
    await RoutingMemory(store).write({"guard": "{", "agents": "[1]", "hunted": '{"people": 3}'})
    again = await _restarted(store, Noon())
    assert again.guard.usage.total_seconds == 0
    assert again.mode("101") is Mode.OUT
