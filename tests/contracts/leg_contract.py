"""The contract suite of `firmware.core.leg.Leg`: the same stories for every technology.

A technology subclasses `LegContract` as `TestSomething` and gives the fixture `harness`, which makes legs
whose far end the story can play:

    class TestFakeLeg(LegContract):
        @pytest.fixture
        def harness(self) -> LegHarness:
            return FakeLegHarness()

Time is the harness's business: on a virtual clock mark the module `pytest.mark.looptime`; `settle()` lets
everything that is on the wire arrive. A story that needs something the technology lacks is skipped by
the harness's `lacks`.
"""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import (
    Direction,
    IllegalTransition,
    LegEnded,
    LegEvent,
    LegState,
    StateChanged,
)
from tests.contracts.leg_harness import (
    CALLER,
    PATIENCE_S,
    Has,
    Lacks,
    LegHarness,
    missing_for,
    needs,
    nothing_is_left,
    state_of,
    wants,
)
from tests.contracts.leg_in_call import InCallContract


class LegContract(InCallContract):
    """The stories. Subclass it and give the fixture `harness`."""

    @pytest.fixture(autouse=True)
    def _skip_what_it_lacks(self, request: pytest.FixtureRequest, harness: LegHarness) -> None:
        missing = missing_for(request.function.__name__, harness)
        if missing is not None:
            pytest.skip(f"this technology can't {missing.value}")

    # We ring somebody

    @needs(Lacks.OUTGOING, Lacks.ALERTING)
    async def test_a_party_is_rung_alerts_answers_and_hangs_up(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        assert (leg.state, leg.direction) == (LegState.IDLE, Direction.OUTGOING)
        await leg.ring(CALLER)
        await harness.settle()
        assert far.is_rung()
        await far.alert()
        await harness.settle()
        assert state_of(leg) is LegState.ALERTING
        await far.answer()
        await asyncio.wait_for(leg.answered(), PATIENCE_S)
        assert state_of(leg) is LegState.CONNECTED
        assert leg.port is not None
        await harness.settle()
        assert far.is_talking()
        await far.hang_up()
        ending = await asyncio.wait_for(leg.ended(), PATIENCE_S)
        assert (ending.cause, ending.by) == (Cause.NORMAL, Side.THEM)
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING)
    async def test_a_party_that_answers_at_once_need_not_alert(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        await leg.ring(CALLER)
        await harness.settle()
        await far.answer()
        await asyncio.wait_for(leg.answered(), PATIENCE_S)
        assert state_of(leg) is LegState.CONNECTED
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING, Lacks.BUSY)
    async def test_a_busy_party(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        await leg.ring(CALLER)
        await harness.settle()
        await far.be_busy()
        with pytest.raises(LegEnded) as told:
            await asyncio.wait_for(leg.answered(), PATIENCE_S)
        assert (told.value.ending.cause, told.value.ending.by) == (Cause.BUSY, Side.THEM)
        assert told.value.ending.detail
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING, Lacks.DECLINE)
    async def test_a_party_that_declines(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        await leg.ring(CALLER)
        await harness.settle()
        await far.decline()
        with pytest.raises(LegEnded) as told:
            await asyncio.wait_for(leg.answered(), PATIENCE_S)
        assert (told.value.ending.cause, told.value.ending.by) == (Cause.REJECTED, Side.THEM)
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING)
    async def test_we_stop_ringing(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        await leg.ring(CALLER)
        await harness.settle()
        assert far.is_rung()
        await leg.hang_up(Cause.NO_ANSWER)
        assert leg.ending is not None
        assert (leg.ending.cause, leg.ending.by) == (Cause.NO_ANSWER, Side.US)
        with pytest.raises(LegEnded):
            await leg.answered()
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING)
    async def test_we_stop_ringing_before_the_wire_has_said_anything(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        await leg.ring(CALLER)
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING)
    async def test_the_answer_crosses_our_hang_up(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        await leg.ring(CALLER)
        await harness.settle()
        await asyncio.gather(far.answer(), leg.hang_up())
        assert state_of(leg) is LegState.ENDED
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING)
    async def test_a_leg_is_rung_once(self, harness: LegHarness) -> None:
        leg, _far = await harness.outgoing()
        await leg.ring(CALLER)
        with pytest.raises(IllegalTransition):
            await leg.ring(CALLER)
        with pytest.raises(IllegalTransition):
            await leg.answer()
        with pytest.raises(IllegalTransition):
            await leg.hold()
        assert leg.ending is None
        await leg.hang_up()
        await harness.settle()

    @needs(Lacks.OUTGOING)
    async def test_a_leg_that_was_never_rung_ends_quietly(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        await leg.hang_up()
        assert state_of(leg) is LegState.ENDED
        with pytest.raises(IllegalTransition):
            await leg.ring(CALLER)
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING)
    async def test_everyone_who_waits_is_told(self, harness: LegHarness) -> None:
        leg, _far = await harness.outgoing()
        await leg.ring(CALLER)
        waits = [asyncio.create_task(leg.ended()) for _ in range(2)]
        answer = asyncio.create_task(leg.answered())
        await harness.settle()
        await leg.hang_up()
        assert await asyncio.gather(*waits) == [leg.ending, leg.ending]
        with pytest.raises(LegEnded):
            await answer
        await harness.settle()

    # Somebody calls us

    @needs(Lacks.INCOMING)
    async def test_a_caller_is_answered_and_hangs_up(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        assert (leg.state, leg.direction) == (LegState.OFFERED, Direction.INCOMING)
        assert leg.party.number
        await leg.answer()
        assert state_of(leg) is LegState.CONNECTED
        assert leg.port is not None
        await harness.settle()
        assert far.is_talking()
        await far.hang_up()
        ending = await asyncio.wait_for(leg.ended(), PATIENCE_S)
        assert (ending.cause, ending.by) == (Cause.NORMAL, Side.THEM)
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.INCOMING)
    async def test_we_hang_up_on_a_caller(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await harness.settle()
        await leg.hang_up()
        await leg.hang_up(Cause.BUSY)
        assert leg.ending is not None
        assert (leg.ending.cause, leg.ending.by) == (Cause.NORMAL, Side.US)
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.INCOMING)
    async def test_we_hang_up_the_moment_after_answering(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.INCOMING, Lacks.PROGRESS)
    async def test_a_caller_hears_ringback(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.progress()
        await leg.progress()
        await harness.settle()
        assert state_of(leg) is LegState.OFFERED
        assert far.is_rung()
        await leg.answer()
        await leg.progress()
        await harness.settle()
        assert far.is_talking()
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.INCOMING)
    async def test_a_caller_gives_up(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await far.hang_up()
        ending = await asyncio.wait_for(leg.ended(), PATIENCE_S)
        assert ending.by is Side.THEM
        with pytest.raises(LegEnded):
            await leg.answer()
        await leg.progress()
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.INCOMING)
    async def test_a_caller_is_refused(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.hang_up(Cause.BUSY)
        assert state_of(leg) is LegState.ENDED
        await nothing_is_left(harness, leg, far)
        if Lacks.REFUSE_WITH_BUSY not in harness.lacks:
            assert far.was_told_busy()

    @needs(Lacks.INCOMING)
    async def test_a_caller_is_answered_once(self, harness: LegHarness) -> None:
        leg, _far = await harness.incoming()
        with pytest.raises(IllegalTransition):
            await leg.ring(CALLER)
        await leg.answer()
        with pytest.raises(IllegalTransition):
            await leg.answer()
        assert state_of(leg) is LegState.CONNECTED
        await leg.hang_up()
        await harness.settle()

    @needs(Lacks.INCOMING)
    async def test_both_hang_up_at_once(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await harness.settle()
        await asyncio.gather(leg.hang_up(), far.hang_up())
        await nothing_is_left(harness, leg, far)

    @wants(Has.EARLY_AUDIO)
    async def test_a_caller_hears_us_before_the_answer(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        assert await leg.open_early()
        assert await leg.open_early()
        port = leg.port
        assert port is not None
        assert state_of(leg) is LegState.OFFERED
        await harness.settle()
        await leg.answer()
        assert leg.port == port
        await harness.settle()
        assert far.is_talking()
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)

    @wants(Has.EARLY_AUDIO)
    async def test_a_caller_who_heard_us_is_refused(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        assert await leg.open_early()
        await harness.settle()
        await leg.hang_up(Cause.BUSY)
        await nothing_is_left(harness, leg, far)

    # Those who listen

    @needs(Lacks.INCOMING)
    async def test_listeners_hear_every_change_and_do_not_disturb_each_other(
        self, harness: LegHarness
    ) -> None:
        leg, far = await harness.incoming()
        heard: list[LegEvent] = []
        forgotten: list[LegEvent] = []

        def broken(_event: LegEvent) -> None:
            raise ValueError("a listener with a bug")

        leg.subscribe(broken)
        leg.subscribe(heard.append)
        leg.subscribe(forgotten.append)()
        await leg.answer()
        await harness.settle()
        await far.hang_up()
        await asyncio.wait_for(leg.ended(), PATIENCE_S)
        changes = [e for e in heard if isinstance(e, StateChanged)]
        assert changes == [
            StateChanged(LegState.OFFERED, LegState.CONNECTED),
            StateChanged(LegState.CONNECTED, LegState.ENDED),
        ]
        assert forgotten == []
        await harness.settle()
