"""A second caller of a line in call control: seen at once, served in turn, or lost on record."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import LegEnded, LegState
from firmware.trunks.waiting_leg import WaitingLeg
from hal.fake.network import FakeCall, PartyScript
from tests.trunks.one_line import Office, office

pytestmark = pytest.mark.looptime
SECOND = "13900139000"


async def second_caller(place: Office) -> tuple[FakeCall, WaitingLeg]:
    calls: list[FakeCall] = []
    place.bench.act(lambda: calls.append(place.bench.network.call(PartyScript(SECOND))))
    leg = await place.offered.get()
    assert isinstance(leg, WaitingLeg)
    assert (leg.party.number, leg.address, leg.state) == (SECOND, "gsm1", LegState.OFFERED)
    return calls[0], leg


async def test_a_second_caller_is_offered_at_once_and_answered_when_the_first_has_gone() -> None:
    async with office() as place:
        first = await place.caller()
        await first.answer()
        _, second = await second_caller(place)
        answer = asyncio.create_task(second.answer())
        await asyncio.sleep(20)
        assert not answer.done()
        assert first.state is LegState.CONNECTED
        await first.hang_up()
        await answer
        assert second.state is LegState.CONNECTED
        assert second.port is not None
        assert place.offered.empty(), "the caller is one call, not two"
        await second.hang_up()
        assert place.bench.is_free()


async def test_a_second_caller_who_gives_up_is_lost_and_the_first_call_stands() -> None:
    async with office() as place:
        first = await place.caller()
        await first.answer()
        call, second = await second_caller(place)
        await asyncio.sleep(5)
        place.bench.act(lambda: place.bench.network.party_hangs_up(call))
        ending = await second.ended()
        assert (ending.cause, ending.by) == (Cause.NORMAL, Side.THEM)
        assert first.state is LegState.CONNECTED
        await first.hang_up()


async def test_the_second_caller_is_told_busy_when_call_control_says_so() -> None:
    async with office() as place:
        first = await place.caller()
        await first.answer()
        call, second = await second_caller(place)
        await second.hang_up(Cause.BUSY)
        await asyncio.sleep(1)
        assert [h.detail for h in place.bench.network.history if h.call == call.id][-1] == "busy"
        assert first.state is LegState.CONNECTED
        assert place.bench.is_talking()
        await first.hang_up()


async def test_the_modem_takes_both_with_it() -> None:
    async with office() as place:
        first = await place.caller()
        await first.answer()
        _, second = await second_caller(place)
        answer = asyncio.create_task(second.answer())
        place.bench.vanish()
        with pytest.raises(LegEnded):
            await answer
        assert (await first.ended()).by is Side.WIRE
        assert (await second.ended()).by is Side.WIRE
