"""Hold and resume with a phone on virtual time: either side's, and when they meet something else."""

from __future__ import annotations

import asyncio

import pytest

from extensions.sip.flow import Flow
from firmware.core.causes import Cause, Side
from firmware.core.leg import LegState
from tests.extensions.office import offered, opened, talking
from tests.extensions.sip_net import NetDriver

pytestmark = pytest.mark.looptime


async def test_hold_right_after_the_answer_is_said_once_the_phone_has_acknowledged() -> None:
    place = await opened()
    far, leg = await offered(place)
    await leg.answer()
    await leg.hold()
    await place.settle()
    assert far.is_held()
    await leg.resume()
    await leg.hold()
    await place.settle()
    assert far.is_held()
    await leg.resume()
    await place.settle()
    assert far.is_talking()
    assert leg.state is LegState.CONNECTED


async def test_hold_while_the_phone_resumes_is_said_once_that_is_over() -> None:
    place = await opened()
    far, leg = await offered(place)
    await leg.answer()
    await place.settle()
    far.hold(on=True)
    await place.settle()
    far.hold(on=False)
    # The box has answered the phone's re-INVITE, and waits for its ACK.
    await asyncio.sleep(0.007)
    assert leg.state is LegState.CONNECTED
    await leg.hold()
    await place.settle()
    assert far.is_held()


async def test_we_hold_while_the_phone_holds() -> None:
    place = await opened()
    far, leg = await offered(place)
    await leg.answer()
    await place.settle()
    await leg.hold()
    await place.settle()
    far.hold(on=True)
    await place.settle()
    await leg.resume()
    await place.settle()
    assert leg.state is LegState.HELD
    far.hold(on=False)
    await place.settle()
    assert [leg.state, far.is_talking()] == [LegState.CONNECTED, True]


async def test_a_phone_that_hangs_up_as_it_is_put_on_hold_has_hung_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = await opened()
    far, leg = await talking(place)
    lost: list[bytes] = []
    carry = place.net.carry

    def loses_the_first_bye(sender: NetDriver, data: bytes, flow: Flow) -> None:
        if data.startswith(b"BYE") and not lost:
            lost.append(data)
        else:
            carry(sender, data, flow)

    monkeypatch.setattr(place.net, "carry", loses_the_first_bye)
    far.hang_up()
    await leg.hold()
    ending = await asyncio.wait_for(leg.ended(), 5)
    assert lost
    assert (ending.cause, ending.by, ending.detail) == (Cause.NORMAL, Side.THEM, "BYE")


async def test_a_phone_that_restarted_in_a_call_did_not_hang_up() -> None:
    place = await opened()
    far, leg = await talking(place)
    assert far.call is not None
    far.agent.forget(far.call)
    await leg.hold()
    ending = await asyncio.wait_for(leg.ended(), 5)
    assert (ending.cause, ending.by) == (Cause.DESTINATION_OUT_OF_ORDER, Side.WIRE)
