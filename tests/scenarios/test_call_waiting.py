"""The office has one SIM, and somebody calls while it is in a call: through the modem's words, the trunks and
the exchange to the people, with nothing in between left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware.app.callers import LineCallers
from firmware.core.records import Journey, Outcome
from firmware.switch.destinations import ToExtension
from firmware.switch.inbound import InboundPlan
from firmware.trunks.trunks import Trunks
from hal.fake.network import CallState, FakeCall, PartyScript
from hal.line import LineState
from tests.hal.bench import Bench
from tests.scenarios.routed import RoutedOffice

pytestmark = pytest.mark.looptime

FIRST, SECOND = "13800138000", "13900139000"


class OneSim:
    """An office whose callers come over one fake modem; 101 is rung first, then 102."""

    def __init__(self, office: RoutedOffice, bench: Bench, trunks: Trunks) -> None:
        self.office = office
        self.bench = bench
        self.trunks = trunks

    async def first_talks(self) -> None:
        """Somebody calls and talks to 101."""
        self.bench.call(FIRST)
        (await self.office.phone_rings("101")).far.answers()
        await self.office.until(self.talk_stands)

    def talk_stands(self) -> bool:
        """Whether a caller's port on the line and a phone of the office are connected."""
        ports = [leg.port for leg in self.office.legs if leg.port is not None]
        media = self.office.media
        return any(media.bridged(one, port) for one in media.ports for port in ports if one != port)

    def calls(self, number: str) -> FakeCall:
        calls: list[FakeCall] = []
        self.bench.act(lambda: calls.append(self.bench.network.call(PartyScript(number))))
        return calls[0]

    def journey(self, number: str) -> Journey | None:
        """Return a caller's journey once it is closed."""
        return next((one for one in self.office.store.closed if one.caller == number), None)


@contextlib.asynccontextmanager
async def one_sim(folder: Path) -> AsyncIterator[OneSim]:
    office, bench = RoutedOffice(folder), Bench()
    await office.change(inbound=InboundPlan(otherwise=(ToExtension("101"), ToExtension("102"))))
    callers = LineCallers(office.exchange)
    callers.inbound = office.routing.inbound
    trunks = Trunks([bench.line], office.media, callers)
    bench.come_back()
    await trunks.start()
    try:
        async with asyncio.timeout(60):
            while bench.line.state is not LineState.READY:
                await asyncio.sleep(0.1)
        yield OneSim(office, bench, trunks)
    finally:
        await office.exchange.stop()
        await trunks.stop()
        await bench.end()


async def test_the_second_caller_is_seen_at_once_and_put_through_when_the_line_is_free(
    tmp_path: Path,
) -> None:
    async with one_sim(tmp_path) as sim:
        await sim.first_talks()
        sim.calls(SECOND)
        await sim.office.until(lambda: len(sim.office.exchange.live()) == 2)
        await asyncio.sleep(20)
        assert sim.journey(SECOND) is None, "who waits isn't lost yet"
        rung = len(sim.office.legs)
        sim.bench.act(lambda: sim.bench.network.party_hangs_up(next(iter(sim.bench.network.calls.values()))))
        await sim.office.until(lambda: len(sim.office.legs) > rung)
        sim.office.legs[-1].far.answers()
        await sim.office.until(sim.talk_stands)
        sim.bench.hang_up()
        await sim.office.until(lambda: sim.journey(SECOND) is not None)
    first, second = sim.journey(FIRST), sim.journey(SECOND)
    assert first is not None and second is not None
    assert (first.outcome, second.outcome) == (Outcome.ANSWERED, Outcome.ANSWERED)


async def test_the_second_caller_who_gives_up_is_on_record_as_lost_and_the_talk_goes_on(
    tmp_path: Path,
) -> None:
    async with one_sim(tmp_path) as sim:
        await sim.first_talks()
        second = sim.calls(SECOND)
        await sim.office.until(lambda: len(sim.office.exchange.live()) == 2)
        await asyncio.sleep(15)
        sim.bench.act(lambda: sim.bench.network.party_hangs_up(second))
        await sim.office.until(lambda: sim.journey(SECOND) is not None)
        lost = sim.journey(SECOND)
        assert lost is not None
        # What the list of lost callers is made of (firmware.app.lost_callers).
        assert lost.outcome in (Outcome.ABANDONED, Outcome.UNANSWERED)
        assert lost.line == "gsm1"
        assert sim.bench.is_talking()
        assert sim.talk_stands()


async def test_a_third_caller_finds_no_room_and_disturbs_neither(tmp_path: Path) -> None:
    async with one_sim(tmp_path) as sim:
        await sim.first_talks()
        sim.calls(SECOND)
        await sim.office.until(lambda: len(sim.office.exchange.live()) == 2)
        third = sim.calls("13700137000")
        assert third.state is CallState.ENDED
        assert len(sim.office.exchange.live()) == 2
