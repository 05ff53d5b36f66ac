"""The stories of the leg's contract that play within an answered call: digits, hold, transfer."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.causes import Cause
from firmware.core.leg import (
    DigitPressed,
    LegEvent,
    LegState,
    TransferRequested,
)
from tests.contracts.leg_harness import (
    CALLER,
    PATIENCE_S,
    Has,
    Lacks,
    LegHarness,
    needs,
    nothing_is_left,
    state_of,
    transferring,
    wants,
)


class InCallContract:
    """The part of `LegContract` that begins once the two talk."""

    @wants(Has.TRANSFER)
    async def test_a_transfer_nobody_takes_on_is_declined(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await harness.settle()
        await transferring(far).transfer("105")
        await harness.settle()
        assert transferring(far).transfer_outcome() == "declined"
        assert state_of(leg) is LegState.CONNECTED
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)

    @wants(Has.TRANSFER)
    @pytest.mark.parametrize(("cause", "outcome"), [(Cause.NORMAL, "done"), (Cause.BUSY, "failed")])
    async def test_a_transfer_is_taken_on_and_told_of(
        self, harness: LegHarness, cause: Cause, outcome: str
    ) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await harness.settle()
        asked: list[TransferRequested] = []

        def take_on(event: LegEvent) -> None:
            if isinstance(event, TransferRequested):
                asked.append(event)
                leg.accept_transfer()

        leg.subscribe(take_on)
        await transferring(far).transfer("105")
        await harness.settle()
        assert asked == [TransferRequested("105", None)]
        assert transferring(far).transfer_outcome() is None
        leg.transfer_finished(cause)
        await harness.settle()
        assert transferring(far).transfer_outcome() == outcome
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.INCOMING, Lacks.DIGITS)
    async def test_digits_arrive_once_and_in_order(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await harness.settle()
        events: list[LegEvent] = []
        leg.subscribe(events.append)
        await far.press("1059*#")
        await harness.settle()
        assert "".join(e.digit for e in events if isinstance(e, DigitPressed)) == "1059*#"
        await leg.hang_up()
        await harness.settle()

    @needs(Lacks.INCOMING, Lacks.FAR_HOLD)
    async def test_the_far_end_puts_us_on_hold_and_comes_back(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await harness.settle()
        await far.hold()
        await harness.settle()
        assert state_of(leg) is LegState.HELD
        assert leg.port is not None
        await far.resume()
        await harness.settle()
        assert state_of(leg) is LegState.CONNECTED
        await far.hang_up()
        await asyncio.wait_for(leg.ended(), PATIENCE_S)
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.INCOMING, Lacks.FAR_HOLD)
    async def test_the_far_end_hangs_up_while_it_holds_us(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await harness.settle()
        await far.hold()
        await harness.settle()
        await far.hang_up()
        await asyncio.wait_for(leg.ended(), PATIENCE_S)
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.INCOMING)
    async def test_we_hold_and_resume(self, harness: LegHarness) -> None:
        leg, far = await harness.incoming()
        await leg.answer()
        await harness.settle()
        await leg.hold()
        await harness.settle()
        assert state_of(leg) is LegState.HELD
        if Lacks.NEAR_HOLD not in harness.lacks:
            assert far.is_held()
        await leg.resume()
        await harness.settle()
        assert state_of(leg) is LegState.CONNECTED
        assert far.is_talking()
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)

    @needs(Lacks.OUTGOING, Lacks.NEAR_HOLD)
    async def test_an_answered_party_is_held_and_hung_up(self, harness: LegHarness) -> None:
        leg, far = await harness.outgoing()
        await leg.ring(CALLER)
        await harness.settle()
        await far.answer()
        await asyncio.wait_for(leg.answered(), PATIENCE_S)
        await harness.settle()
        await leg.hold()
        await leg.hang_up()
        await nothing_is_left(harness, leg, far)
