"""Callers for a group: who rings, who is spared, and where those go whom nobody takes."""

from __future__ import annotations

import asyncio
import random

import pytest

from extensions.hunt import HuntGroup, Hunting, Member, Strategy, Tally
from firmware.core.causes import Cause
from firmware.core.records import Outcome, RingResult, WaitEnd
from firmware.switch.call import Call
from firmware.switch.destinations import Destination, ToAnnouncement, ToExtension, ToGroup
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


class Sales:
    """The office with groups."""

    def __init__(self, office: Office, *groups: HuntGroup) -> None:
        self.office = office
        self.tally = Tally()
        self.disturb_not: set[str] = set()
        self.hunting = Hunting(
            {group.name: group for group in groups},
            self.tally,
            self._why_not,
            office.destinations,
            dice=random.Random(1),
        )
        office.destinations.register(ToGroup, self.hunting.serve)

    def call(self, place: Destination | None = None) -> FakeLeg:
        async def script(call: Call) -> None:
            await self.office.destinations.lead(call, place or ToGroup("sales"))

        return self.office.somebody_rings_in(script)

    def _why_not(self, number: str) -> str | None:
        if number in self.disturb_not:
            return "do not disturb"
        return "busy" if self.office.exchange.is_busy(number) else None


def _group(
    strategy: Strategy, *members: Member, overflow: tuple[Destination, ...] = (), seconds: float = 40
) -> HuntGroup:
    return HuntGroup(
        "sales",
        members or (Member("101"), Member("102"), Member("103")),
        strategy=strategy,
        overflow=overflow,
        seconds=seconds,
    )


async def test_all_ring_and_the_first_answer_wins(office: Office) -> None:
    caller = Sales(office, _group(Strategy.RING_ALL)).call()
    phones = [await office.phone_rings(number) for number in ("101", "102", "103")]
    phones[1].far.answers()
    await office.talking(caller, phones[1])
    assert [phones[0].far.refusal, phones[2].far.refusal] == [Cause.ANSWERED_ELSEWHERE] * 2
    caller.far.ends()
    journey = await office.journey()
    assert journey.outcome is Outcome.ANSWERED
    assert {ring.target: ring.result for ring in journey.rings} == {
        "101": RingResult.ELSEWHERE,
        "102": RingResult.ANSWERED,
        "103": RingResult.ELSEWHERE,
    }
    (wait,) = journey.queue_waits
    assert (wait.queue, wait.end, wait.agent) == ("sales", WaitEnd.ANSWERED, "102")


async def test_linear_rings_one_after_the_other_each_for_its_time(office: Office) -> None:
    members = (Member("101", ring_seconds=5), Member("102", ring_seconds=9), Member("103"))
    Sales(office, _group(Strategy.LINEAR, *members)).call()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await office.phone_rings("101")
    await office.phone_rings("102")
    assert loop.time() - began == pytest.approx(5, abs=0.1)
    await office.phone_rings("103")
    assert loop.time() - began == pytest.approx(14, abs=0.1)
    assert office.legs[0].far.refusal is Cause.NO_ANSWER


async def test_round_robin_remembers_across_callers(office: Office) -> None:
    sales = Sales(office, _group(Strategy.ROUND_ROBIN))
    for number in ("101", "102", "103", "101"):
        caller = sales.call()
        (await office.phone_rings(number)).far.answers()
        await asyncio.sleep(1)
        caller.far.ends()
        await office.journey()


async def test_longest_idle_rings_who_talked_the_longest_ago(office: Office) -> None:
    sales = Sales(office, _group(Strategy.LONGEST_IDLE))
    for number in ("101", "102", "103", "101"):
        caller = sales.call()
        (await office.phone_rings(number)).far.answers()
        await asyncio.sleep(1)
        caller.far.ends()
        await office.journey()


async def test_a_delayed_member_rings_later_but_at_once_when_nobody_else_rings(office: Office) -> None:
    sales = Sales(office, _group(Strategy.RING_ALL, Member("101"), Member("103", delay_seconds=15)))
    loop = asyncio.get_running_loop()
    began = loop.time()
    sales.call()
    first = await office.phone_rings("101")
    await asyncio.sleep(3)
    first.far.ends(Cause.REJECTED)
    await office.phone_rings("103")
    assert loop.time() - began == pytest.approx(3, abs=0.1)


async def test_busy_and_undisturbed_members_are_spared(office: Office) -> None:
    sales = Sales(office, _group(Strategy.RING_ALL))
    sales.disturb_not.add("103")
    busy = office.phone_dials("101", "13800138000")
    await office.line_dials("13800138000")
    caller = sales.call()
    await office.phone_rings("102")
    assert [leg.address for leg in office.legs] == ["102"]
    caller.far.ends()
    journey = await office.journey()
    assert "sales: 101 is skipped, busy" in trace(journey)
    assert "sales: 103 is skipped, do not disturb" in trace(journey)
    assert journey.queue_waits[0].end is WaitEnd.ABANDONED
    busy.far.ends()


async def test_two_callers_in_one_moment_never_ring_the_same_phone(office: Office) -> None:
    sales = Sales(office, _group(Strategy.LINEAR, Member("101"), Member("102")))
    sales.call()
    sales.call()
    await office.phone_rings("101")
    await office.phone_rings("102")
    await asyncio.sleep(1)
    assert sorted(leg.address for leg in office.legs) == ["101", "102"]


async def test_overflow_goes_from_place_to_place_each_with_its_own_time(office: Office) -> None:
    said: list[str] = []

    async def announce(call: Call, place: ToAnnouncement) -> Cause:
        await call.answer()
        said.append(place.prompt)
        return Cause.NORMAL

    office.destinations.register(ToAnnouncement, announce)
    night = HuntGroup("night", (Member("102"),), seconds=300)
    overflow = (ToGroup("night", seconds=7), ToExtension("103", seconds=11), ToAnnouncement("closed"))
    Sales(office, _group(Strategy.RING_ALL, Member("101"), overflow=overflow, seconds=20), night).call()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await office.phone_rings("102")
    assert loop.time() - began == pytest.approx(20, abs=0.2)
    await office.phone_rings("103")
    assert loop.time() - began == pytest.approx(27, abs=0.2)
    await office.until(lambda: said == ["closed"])
    assert loop.time() - began == pytest.approx(38, abs=0.2)


async def test_groups_that_overflow_into_each_other_come_to_an_end(office: Office) -> None:
    one = HuntGroup("sales", (Member("101"),), seconds=5, overflow=(ToGroup("night"),))
    other = HuntGroup("night", (Member("102"),), seconds=5, overflow=(ToGroup("sales"),))
    caller = Sales(office, one, other).call()
    await office.until(lambda: caller.ending is not None, seconds=900)


async def test_the_dry_run_says_who_would_ring(office: Office) -> None:
    sales = Sales(office, _group(Strategy.LINEAR, overflow=(ToExtension("102"),)))
    sales.disturb_not.add("101")
    assert [str(words) for words in sales.hunting.explain("sales")] == [
        "linear, 40 s in all",
        "101: skipped, do not disturb",
        "102: rings at once for 20 s",
        "103: rings at once for 20 s",
        "then → extension 102",
    ]
