"""The fake leg passes the contract it stands in for."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.causes import Cause
from firmware.core.leg import Leg
from tests.contracts.leg_contract import LegContract
from tests.contracts.leg_harness import FarEnd, Has, Lacks, LegHarness
from tests.switch.fake_leg import FakeLeg, FarState

pytestmark = pytest.mark.looptime


class _Far:
    def __init__(self, leg: FakeLeg) -> None:
        self._far = leg.far

    async def alert(self) -> None:
        self._far.alerts()

    async def answer(self) -> None:
        self._far.answers()

    async def be_busy(self) -> None:
        self._far.ends(Cause.BUSY, "busy")

    async def decline(self) -> None:
        self._far.ends(Cause.REJECTED, "declined")

    async def hang_up(self) -> None:
        self._far.ends()

    async def press(self, digits: str) -> None:
        self._far.presses(digits)

    async def hold(self) -> None:
        self._far.holds()

    async def resume(self) -> None:
        self._far.resumes()

    async def transfer(self, number: str) -> None:
        self._far.asks_transfer(number)

    def transfer_outcome(self) -> str | None:
        return None if self._far.transfer == "accepted" else self._far.transfer

    def is_rung(self) -> bool:
        return self._far.state is FarState.RINGING

    def is_talking(self) -> bool:
        return self._far.state is FarState.TALKING

    def is_held(self) -> bool:
        return self._far.state is FarState.HELD

    def is_free(self) -> bool:
        return self._far.state in (FarState.QUIET, FarState.GONE)

    def was_told_busy(self) -> bool:
        return self._far.refusal is Cause.BUSY


class _Harness:
    lacks: frozenset[Lacks] = frozenset()
    has = frozenset(Has)

    async def outgoing(self) -> tuple[Leg, FarEnd]:
        leg = FakeLeg.outgoing()
        return leg, _Far(leg)

    async def incoming(self) -> tuple[Leg, FarEnd]:
        leg = FakeLeg.incoming()
        return leg, _Far(leg)

    async def settle(self) -> None:
        await asyncio.sleep(0.1)

    def open_ports(self) -> int:
        return 0


class TestFakeLeg(LegContract):
    @pytest.fixture
    def harness(self) -> LegHarness:
        return _Harness()
