"""SIP phones pass the leg contract over good, lossy, late and one-byte lines."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.leg import Leg
from tests.contracts.leg_contract import LegContract
from tests.contracts.leg_harness import FarEnd, Has, Lacks, LegHarness
from tests.extensions.far_phone import FarPhone
from tests.extensions.office import Office
from tests.extensions.sip_net import LATE, LINES, LOSSY, Line

pytestmark = pytest.mark.looptime


class _Far:
    def __init__(self, office: Office, phone: FarPhone, leg: Leg) -> None:
        self._office = office
        self._phone = phone
        self._leg = leg

    async def alert(self) -> None:
        self._phone.alert()

    async def answer(self) -> None:
        self._phone.answer()

    async def be_busy(self) -> None:
        self._phone.refuse(486)

    async def decline(self) -> None:
        self._phone.refuse(603)

    async def hang_up(self) -> None:
        self._phone.hang_up()

    async def press(self, digits: str) -> None:
        assert self._leg.port is not None
        for digit in digits:
            self._office.media.press(self._leg.port, digit)

    async def hold(self) -> None:
        self._phone.hold(on=True)

    async def resume(self) -> None:
        self._phone.hold(on=False)

    async def transfer(self, number: str) -> None:
        self._phone.refer(f"sip:{number}@10.0.0.1")

    def transfer_outcome(self) -> str | None:
        final = next((status for status in self._phone.transfer_statuses if status >= 200), None)
        return None if final is None else {200: "done", 603: "declined"}.get(final, "failed")

    def is_rung(self) -> bool:
        return self._phone.is_rung()

    def is_talking(self) -> bool:
        return self._phone.is_talking()

    def is_held(self) -> bool:
        return self._phone.is_held()

    def is_free(self) -> bool:
        return self._phone.is_free()

    def was_told_busy(self) -> bool:
        return self._phone.ended is not None and self._phone.ended.status == 486


class _Harness:
    def __init__(self, line: Line) -> None:
        # A provisional response is sent once: where packets get lost, nobody may count on it.
        unsure = {Lacks.ALERTING, Lacks.PROGRESS} if line in (LOSSY, LATE) else set()
        self.lacks: frozenset[Lacks] = frozenset(unsure)
        self.has = frozenset(Has)
        self.office = Office(line)

    async def outgoing(self) -> tuple[Leg, FarEnd]:
        await self.office.open()
        phone = await self.office.phone("101")
        leg = self.office.phones.leg_to("101")
        return leg, _Far(self.office, phone, leg)

    async def incoming(self) -> tuple[Leg, FarEnd]:
        await self.office.open()
        phone = await self.office.phone("102")
        phone.dial("101")
        leg, dialled = await asyncio.wait_for(self.office.incoming.get(), 60)
        assert dialled == "101"
        return leg, _Far(self.office, phone, leg)

    async def settle(self) -> None:
        await self.office.settle()

    def open_ports(self) -> int:
        return len(self.office.media.ports)


class TestSipLeg(LegContract):
    @pytest.fixture(params=LINES, ids=[line.name for line in LINES])
    def harness(self, request: pytest.FixtureRequest) -> LegHarness:
        return _Harness(request.param)


@pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
async def test_a_call_leaves_nothing_behind(line: Line) -> None:
    harness = _Harness(line)
    leg, far = await harness.incoming()
    await leg.answer()
    await harness.settle()
    await far.hold()
    await harness.settle()
    await far.hang_up()
    await asyncio.sleep(200)
    agent = harness.office.phones.driver.agent
    assert (len(agent), len(agent.transactions), len(agent.timers)) == (0, 0, 0)
    assert harness.office.phones.counters["bugs"] == 0
