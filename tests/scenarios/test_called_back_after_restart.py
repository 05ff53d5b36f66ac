"""Who was promised a call back is called back, though the switch restarted in between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from extensions.queue import AgentProfile, Mode, QueueSettings
from extensions.queue.callback import TRIES
from firmware.app.remembering import Remembering
from firmware.core.causes import Cause
from firmware.core.clock import Instant
from firmware.store.records import SqliteJourneyStore
from firmware.store.routing_memory import RoutingMemory
from firmware.switch.call import Call
from firmware.switch.destinations import ToQueue
from tests.scenarios.routed import RoutedOffice
from tests.store.sample import BenchClock
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime
QUEUE = QueueSettings("service", (AgentProfile("101"),), join_without_agents=True)
FIRST, SECOND = "+8613800138001", "+8613800138002"


class Wall:
    """The wall's clock, which goes on while the switch is down and the loop's begins anew."""

    def __init__(self) -> None:
        self.off_seconds = 0.0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Instant:
        passed_ms = int((self.monotonic() + self.off_seconds) * 1000)
        return Instant(1_795_000_000_000 + passed_ms, 0, "boot", True)


class Box(RoutedOffice):
    """An office that remembers."""

    def __init__(self, folder: Path, store: SqliteJourneyStore, clock: Wall) -> None:
        super().__init__(folder)
        routing = self.routing
        self.remembering = Remembering(
            RoutingMemory(store), self.outbound.guard, routing.tally, routing.desk, routing.callbacks, clock
        )

    async def asks_to_be_called_back(self, number: str) -> None:
        """Have a caller wait and press 2."""
        already = len(self.waiting())
        caller = self.calls_in_to_queue(number)
        await self.until(lambda: len(self.waiting()) > already)
        await asyncio.sleep(2)
        caller.far.presses("2")
        await self.journey()
        assert self.waiting()[-1] == number

    def calls_in_to_queue(self, number: str) -> FakeLeg:
        async def script(call: Call) -> None:
            await self.destinations.lead(call, ToQueue("service"))

        return self.somebody_rings_in(script, number)

    def waiting(self) -> list[str | None]:
        return [one.number for one in self.routing.desk.queues["service"].waiting()]

    async def agent_calls_back(self, number: str) -> tuple[FakeLeg, FakeLeg]:
        """Have the agent take the call back; return its leg and the one that dials."""
        agent = await self.phone_rings("101")
        agent.far.answers()
        await self.until(lambda: "callback-here" in self.words.said)
        agent.far.presses("1")
        return agent, await self.line_dials(number.removeprefix("+86"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteJourneyStore]:
    opened = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
async def box(tmp_path: Path, store: SqliteJourneyStore) -> Box:
    box = Box(tmp_path, store, Wall())
    await box.change(queues=(QUEUE,))
    return box


async def _restarted(tmp_path: Path, store: SqliteJourneyStore, off_seconds: float = 60.0) -> Box:
    wall = Wall()
    wall.off_seconds = off_seconds
    box = Box(tmp_path, store, wall)
    await box.remembering.restore()
    return box


async def test_a_promised_call_back_is_made_after_a_restart(
    tmp_path: Path, store: SqliteJourneyStore, box: Box
) -> None:
    await box.asks_to_be_called_back(FIRST)
    await box.remembering.keep()
    again = await _restarted(tmp_path, store)
    assert again.waiting() == [FIRST]
    assert again.lines.dialled == [], "the agent decides"
    again.routing.desk.sign_in("101")
    agent, called = await again.agent_calls_back(FIRST)
    called.far.answers()
    await again.talking(agent, called)
    await again.remembering.keep()
    assert (await _restarted(tmp_path, store)).waiting() == [], "once is enough"


async def test_places_keep_their_order_and_stand_before_who_comes_later(
    tmp_path: Path, store: SqliteJourneyStore, box: Box
) -> None:
    await box.asks_to_be_called_back(FIRST)
    await box.asks_to_be_called_back(SECOND)
    since = [one.since for one in box.routing.desk.queues["service"].waiting()]

    await box.remembering.keep()
    again = await _restarted(tmp_path, store, off_seconds=60)
    again.calls_in_to_queue("13800138003")
    await again.until(lambda: len(again.waiting()) == 3)
    assert again.waiting() == [FIRST, SECOND, "+8613800138003"]
    after = [one.since for one in again.routing.desk.queues["service"].waiting()]
    assert after[:2] == [pytest.approx(one - 60, abs=1) for one in since], "the time it was down counts"


async def test_an_agent_who_was_just_being_rung_does_not_cost_the_caller_the_place(
    tmp_path: Path, store: SqliteJourneyStore, box: Box
) -> None:
    await box.asks_to_be_called_back(FIRST)
    box.routing.desk.sign_in("101")
    await box.agent_calls_back(FIRST)
    await box.remembering.keep()
    again = await _restarted(tmp_path, store)
    assert again.waiting() == [FIRST], "dialled, but nobody had answered yet"
    assert again.routing.desk.queues["service"].agents["101"].mode is Mode.RINGING


async def test_tries_count_on_over_a_restart(tmp_path: Path, store: SqliteJourneyStore, box: Box) -> None:
    await box.change(queues=(msgspec.structs.replace(QUEUE, wrap_up_seconds=0),))
    await box.asks_to_be_called_back(FIRST)
    box.routing.desk.sign_in("101")
    for _ in range(TRIES):
        _, called = await box.agent_calls_back(FIRST)
        called.far.ends(Cause.BUSY)
        await box.journey()
        await box.remembering.keep()
        box = await _restarted(tmp_path, store)
    assert box.waiting() == []


async def test_a_place_in_a_queue_that_is_gone_is_given_up(
    tmp_path: Path, store: SqliteJourneyStore, box: Box
) -> None:
    await box.asks_to_be_called_back(FIRST)
    await box.remembering.keep()
    await box.change(queues=(msgspec.structs.replace(QUEUE, name="another"),))
    again = await _restarted(tmp_path, store)
    assert again.routing.callbacks.promised() == []


async def test_a_number_the_office_may_not_call_is_not_called_whatever_was_kept(
    tmp_path: Path, store: SqliteJourneyStore, box: Box
) -> None:
    await box.asks_to_be_called_back(FIRST)
    await box.remembering.keep()
    kept = (await RoutingMemory(store).read())["callbacks"]
    await RoutingMemory(store).write({"callbacks": kept.replace(FIRST, "+881612345678")})
    assert (await _restarted(tmp_path, store)).waiting() == []


async def test_a_phone_that_registers_after_the_restart_is_rung_for_the_call_back(
    tmp_path: Path, store: SqliteJourneyStore, box: Box
) -> None:
    box.routing.desk.sign_in("101")
    box.routing.desk.pause("101", "lunch")
    await box.asks_to_be_called_back(FIRST)
    box.handsets.gone.add("101")
    box.routing.desk.resume("101")
    await box.remembering.keep()
    again = Box(tmp_path, store, Wall())
    again.handsets.gone.add("101")
    await again.remembering.restore()
    await asyncio.sleep(5)
    assert again.legs == []
    again.handsets.gone.clear()
    again.routing.registered("101")
    await again.agent_calls_back(FIRST)
