"""A phone whose call takes the place of another leg: a lamp's key on a ringing or a talking colleague."""

from __future__ import annotations

import pytest

from extensions.pickup import pick_up
from firmware.core.causes import Cause
from firmware.core.leg import LegState
from firmware.core.records import TransferKind
from firmware.switch.call import Call
from tests.scenarios.office import Office
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


async def straight_to_101(call: Call) -> None:
    """A caller from outside is led to 101 at once."""
    extension = call.directory.find("101")
    assert extension is not None
    await call.answer()
    ring = await call.ring(extension, 25)
    assert ring.leg is not None
    await call.bridge(ring.leg)


def key_pressed(office: Office, own: str, replaced: FakeLeg) -> FakeLeg:
    """Somebody presses the lamp's key of a colleague."""
    phone = FakeLeg.incoming(own, own, media=office.media)
    pick_up(office.exchange, phone, replaced)
    return phone


async def test_a_ringing_colleagues_call_is_taken(office: Office) -> None:
    caller = office.somebody_rings_in(straight_to_101)
    ringing = await office.phone_rings("101")
    taker = key_pressed(office, "103", ringing)
    await office.talking(caller, taker)
    assert ringing.ending is not None and ringing.ending.cause is Cause.ANSWERED_ELSEWHERE
    caller.far.ends()
    await office.journey()
    journey = next(one for one in office.store.begun if one.line == "gsm1")
    assert [(one.kind, one.completed) for one in journey.transfers] == [(TransferKind.PICKUP, True)]
    await office.until(lambda: taker.ending is not None)


async def test_a_colleague_who_talks_is_relieved(office: Office) -> None:
    caller = office.somebody_rings_in(straight_to_101)
    staff = await office.phone_rings("101")
    staff.far.answers()
    await office.talking(caller, staff)
    taker = key_pressed(office, "103", staff)
    await office.talking(caller, taker)
    await office.until(lambda: staff.ending is not None)
    taker.far.ends()
    await office.until(lambda: caller.ending is not None)


async def test_the_caller_of_an_internal_call_is_relieved(office: Office) -> None:
    caller = office.phone_dials("101", "103")
    called = await office.phone_rings("103")
    called.far.answers()
    await office.talking(caller, called)
    taker = key_pressed(office, "102", caller)
    await office.talking(called, taker)
    await office.until(lambda: caller.ending is not None)
    assert called.state is LegState.CONNECTED


async def test_what_is_over_cannot_be_taken(office: Office) -> None:
    caller = office.somebody_rings_in(straight_to_101)
    ringing = await office.phone_rings("101")
    caller.far.ends()
    await office.until(lambda: ringing.ending is not None)
    taker = key_pressed(office, "103", ringing)
    await office.until(lambda: taker.ending is not None)
    assert taker.ending is not None and taker.ending.cause is Cause.NO_USER_RESPONDING
