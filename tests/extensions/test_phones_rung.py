"""Calls to the office's phones on virtual time: who rings, who wins, and what a caller is told."""

from __future__ import annotations

import asyncio

import pytest

from extensions.sip.causes import cause_of
from firmware.core.causes import Cause, Side
from firmware.core.leg import LegEnded, Party
from tests.extensions.office import CALLER, opened, refused
from tests.extensions.sip_net import ONE_BYTE, NetDriver

pytestmark = pytest.mark.looptime


async def test_nobody_registered() -> None:
    place = await opened()
    leg = place.phones.leg_to("101")
    with pytest.raises(LegEnded) as told:
        await leg.ring(CALLER)
    assert told.value.ending.cause is Cause.SUBSCRIBER_ABSENT
    assert place.media.ports == {}


async def test_a_phone_that_lost_its_power() -> None:
    place = await opened()
    far = await place.phone("101")
    far.vanish()
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    assert await refused(leg) == (Cause.NO_USER_RESPONDING, Side.WIRE, "no answer to INVITE")
    assert place.media.ports == {}


async def test_a_phone_whose_connection_closed_is_absent_at_once() -> None:
    place = await opened(ONE_BYTE)
    far = await place.phone("101")
    assert far.flow is not None
    (binding,) = place.phones.bindings("101")
    driver = place.phones.driver
    assert isinstance(driver, NetDriver)
    driver.connection_lost(binding.flow)
    leg = place.phones.leg_to("101")
    with pytest.raises(LegEnded):
        await leg.ring(CALLER)


@pytest.mark.parametrize(
    ("status", "cause", "detail"),
    [
        (486, Cause.BUSY, "486 Busy Here"),
        (600, Cause.BUSY, "600 Busy Everywhere"),
        (603, Cause.REJECTED, "603 Decline"),
        (480, Cause.NO_USER_RESPONDING, "480 Temporarily Unavailable"),
        (404, Cause.UNALLOCATED_NUMBER, "404 Not Found"),
        (488, Cause.INCOMPATIBLE, "488 Not Acceptable Here"),
    ],
)
async def test_a_phone_refuses(status: int, cause: Cause, detail: str) -> None:
    place = await opened()
    far = await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    far.refuse(status)
    assert await refused(leg) == (cause, Side.THEM, detail)


async def test_the_phone_shows_who_calls() -> None:
    place = await opened()
    far = await place.phone("101")
    for party, user, name in (
        (CALLER, "13800138000", "Li Lei"),
        (Party("+8613800138000", "李雷"), "+8613800138000", "李雷"),
        (Party(None, withheld=True), "anonymous", "Anonymous"),
    ):
        leg = place.phones.leg_to("101")
        await leg.ring(party)
        await place.settle()
        assert far.offered is not None
        shown = far.offered.invite.from_
        assert (shown.sip_uri.user, shown.display) == (user, name)
        await leg.hang_up()
        await place.settle()


async def test_all_phones_of_an_extension_ring_and_the_first_answer_wins() -> None:
    place = await opened()
    desk, sofa = await place.phone("101"), await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    assert desk.is_rung() and sofa.is_rung()
    sofa.answer()
    await asyncio.wait_for(leg.answered(), 5)
    await place.settle()
    assert sofa.is_talking()
    assert desk.ended is not None
    assert cause_of(desk.ended.status, desk.ended.reason) is Cause.ANSWERED_ELSEWHERE
    await leg.hang_up()
    await place.settle()
    assert sofa.is_free()


async def test_two_phones_answer_at_once_and_one_is_hung_up() -> None:
    place = await opened()
    desk, sofa = await place.phone("101"), await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    desk.answer()
    sofa.answer()
    await place.settle()
    assert [desk.is_talking(), sofa.is_talking()].count(True) == 1
    assert [desk.is_free(), sofa.is_free()].count(True) == 1


async def test_one_busy_phone_does_not_end_the_ringing_of_another() -> None:
    place = await opened()
    desk, sofa = await place.phone("101"), await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    desk.refuse(486)
    await place.settle()
    assert leg.ending is None
    sofa.vanish()
    sofa.refuse(480)
    await leg.hang_up()
    assert place.media.ports == {}


async def test_a_phone_that_declines_silences_the_others() -> None:
    place = await opened()
    desk, sofa = await place.phone("101"), await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    desk.refuse(603)
    assert (await refused(leg))[0] is Cause.REJECTED
    await place.settle()
    assert sofa.is_free()


async def test_no_port_for_the_audio() -> None:
    place = await opened()
    far = await place.phone("101")
    place.media.rtp_exhausted = True
    leg = place.phones.leg_to("101")
    with pytest.raises(LegEnded) as told:
        await leg.ring(CALLER)
    assert told.value.ending.cause is Cause.BEARER_NOT_AVAILABLE
    assert not far.is_rung()
