"""Callers from outside meet what the plan has decided."""

from __future__ import annotations

from functools import partial

import pytest

from firmware.core.causes import Cause
from firmware.core.leg import LegState
from firmware.switch.call import Call
from firmware.switch.destinations import ToExtension, ToReception
from firmware.switch.inbound import Inbound, InboundPlan, Rule, route
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


def _calls(office: Office, plan: InboundPlan, number: str | None, did: str | None = None) -> FakeLeg:
    inbound = Inbound(
        plan, office.outbound.plan, office.destinations, office.words, lambda: office.local_time
    )
    return office.somebody_rings_in(partial(route, inbound=inbound, did=did), number)


async def test_a_known_caller_rings_through_and_is_shown_by_name(office: Office) -> None:
    plan = InboundPlan(
        rules=(Rule("family", (ToExtension("101"),), callers=("known",)),), known={"13800138000": "Mother"}
    )
    caller = _calls(office, plan, "+8613800138000")
    phone = await office.phone_rings("101")
    assert caller.state is LegState.OFFERED
    assert phone.caller_shown is not None
    assert phone.caller_shown.name == "Mother"
    phone.far.answers()
    await office.talking(caller, phone)
    caller.far.ends()
    assert trace(await office.journey()) == [
        "Monday 10:00: +8613800138000 on gsm1",
        "rule “family”: extension 101",
        "→ extension 101",
    ]


async def test_a_blocked_caller_is_turned_away_without_being_answered(office: Office) -> None:
    caller = _calls(office, InboundPlan(blocked=("138*",)), "13800138000")
    journey = await office.journey()
    assert caller.far.refusal is Cause.REJECTED
    assert journey.answered_ms is None


async def test_a_withheld_number_presses_five_to_go_on(office: Office) -> None:
    plan = InboundPlan(withheld="challenge", otherwise=(ToExtension("101"),))
    caller = _calls(office, plan, None)
    await office.until(lambda: office.words.said == ["press-five"])
    caller.far.presses("5")
    await office.phone_rings("101")


async def test_a_robot_that_presses_nothing_is_hung_up(office: Office) -> None:
    caller = _calls(office, InboundPlan(withheld="challenge", otherwise=(ToExtension("101"),)), None)
    await office.journey()
    assert caller.far.refusal is Cause.REJECTED
    assert office.legs == []


async def test_where_nobody_serves_the_next_place_does(office: Office) -> None:
    async def at_reception(call: Call, _: ToReception) -> Cause:
        await office.reception(call)
        return Cause.NORMAL

    office.destinations.register(ToReception, at_reception)
    caller = _calls(
        office, InboundPlan(otherwise=(ToExtension("101", seconds=10), ToReception())), "13800138000"
    )
    (await office.phone_rings("101")).far.alerts()
    await office.hears(caller, "greeting")


async def test_direct_dialling_rings_the_extension_whose_number_was_called(office: Office) -> None:
    _calls(office, InboundPlan(direct_digits=3), "13800138000", did="01088888103")
    await office.phone_rings("103")


async def test_when_nothing_serves_the_caller_hears_words(office: Office) -> None:
    caller = _calls(office, InboundPlan(otherwise=(ToExtension("101"),)), "13800138000")
    (await office.phone_rings("101")).far.ends(Cause.BUSY)
    await office.journey()
    assert office.words.said == ["nobody-there"]
    assert caller.far.refusal is Cause.NORMAL
