"""Trunk groups: calls take the lines that are meant for them, and the next one when one fails."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from firmware.core.causes import Cause
from firmware.core.leg import LegState
from firmware.core.trace import in_language
from firmware.core.trace.calls import of_cause
from firmware.switch.numbering import NumberClass
from firmware.switch.outbound.guard import Caps, Usage
from firmware.switch.outbound.lines import LineCondition, LineRates
from firmware.switch.outbound.outbound import OutboundSettings
from firmware.switch.outbound.trunk_groups import TrunkGroup, TrunkOrder, TrunkRule
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime

MOBILE, LOCAL, BANK = "13800138000", "88886666", "95588"
CITY = TrunkGroup("city", ("pstn1", "pstn2"))
MOBILES = TrunkGroup("mobiles", ("gsm2", "gsm1"))
RULES = (
    TrunkRule(("mobiles",), classes=(NumberClass.MOBILE,)),
    TrunkRule(("city", "mobiles"), classes=(NumberClass.LOCAL, NumberClass.NATIONAL)),
)


@pytest.fixture(autouse=True)
def four_lines(office: Office) -> None:
    """Two SIMs and two exchange lines; mobiles go by the SIMs, the city by the exchange."""
    for name in ("pstn1", "pstn2"):
        office.lines.conditions[name] = LineCondition.READY
    sets(office, groups=(CITY, MOBILES), routes=RULES)


def sets(office: Office, **changes: object) -> None:
    settings = msgspec.structs.replace(office.outbound.settings, **changes)
    office.outbound.replace(office.outbound.plan, settings)


def busy(office: Office, *lines: str) -> None:
    for line in lines:
        office.lines.conditions[line] = LineCondition.BUSY


async def leg_to(office: Office, number: str, place: int = 1) -> FakeLeg:
    """Dial; return the call's so manieth leg to the outside."""
    office.phone_dials("101", number)
    await office.until(lambda: len(office.lines.legs) == place)
    return office.lines.legs[-1]


async def line_taken(office: Office, number: str) -> str:
    """Dial somebody who is busy; return the line the call took."""
    before = len(office.lines.legs)
    office.phone_dials("101", number)
    await office.until(lambda: len(office.lines.legs) > before)
    called = office.lines.legs[-1]
    called.far.ends(Cause.BUSY)
    await office.journey()
    return called.address


async def test_a_mobile_goes_by_its_group_in_the_groups_order(office: Office) -> None:
    office.phone_dials("101", MOBILE)
    called = await office.line_dials(MOBILE)
    assert called.address == "gsm2"
    called.far.ends(Cause.BUSY)
    journey = await office.journey()
    assert trace(journey)[1:3] == ["goes by trunk group mobiles", "goes out on gsm2"]


async def test_a_local_call_goes_by_the_exchange(office: Office) -> None:
    assert await line_taken(office, LOCAL) == "pstn1"


async def test_a_number_without_a_rule_takes_the_cheapest_line_of_all(office: Office) -> None:
    rates = {
        "gsm1": LineRates(per_call=1.0),
        "gsm2": LineRates(per_call=1.0),
        "pstn1": LineRates(per_call=1.0),
        "pstn2": LineRates(per_call=0.1),
    }
    sets(office, lines=rates)
    assert await line_taken(office, BANK) == "pstn2"


async def test_a_line_that_fails_in_mid_set_up_is_followed_by_the_next_group(office: Office) -> None:
    office.lines.fails = {"pstn1": Cause.TEMPORARY_FAILURE, "pstn2": Cause.NO_CIRCUIT}
    office.phone_dials("101", LOCAL)
    await office.until(lambda: len(office.lines.legs) == 3)
    office.lines.legs[-1].far.answers()
    await office.until(lambda: office.lines.legs[-1].state is LegState.CONNECTED)
    assert [line for line, _ in office.lines.dialled] == ["pstn1", "pstn2", "gsm2"]


async def test_a_rule_keeps_its_calls_to_its_groups(office: Office) -> None:
    busy(office, "gsm1", "gsm2")
    phone = office.phone_dials("101", MOBILE)
    await office.journey()
    assert phone.far.refusal is Cause.NO_CIRCUIT
    assert office.lines.dialled == []


async def test_a_rule_may_let_other_lines_help_out(office: Office) -> None:
    rule = TrunkRule(("mobiles",), classes=(NumberClass.MOBILE,), any_line=True)
    sets(office, routes=(rule,))
    busy(office, "gsm1", "gsm2")
    assert await line_taken(office, MOBILE) == "pstn1"


async def test_other_lines_help_out_only_after_those_of_the_groups(office: Office) -> None:
    rule = TrunkRule(("mobiles",), classes=(NumberClass.MOBILE,), any_line=True)
    sets(office, routes=(rule,), lines={"gsm2": LineRates(per_call=1.0)})
    office.lines.fails = dict.fromkeys(("gsm1", "gsm2", "pstn1", "pstn2"), Cause.NO_CIRCUIT)
    phone = office.phone_dials("101", MOBILE)
    await office.journey()
    assert phone.far.refusal is Cause.NO_CIRCUIT
    tried = [line for line, _ in office.lines.dialled]
    assert tried == ["gsm2", "gsm1", "pstn1", "pstn2"], "each line once, those of the group first"


@pytest.mark.parametrize(
    "fault",
    [
        Cause.NO_CIRCUIT,
        Cause.NETWORK_OUT_OF_ORDER,
        Cause.TEMPORARY_FAILURE,
        Cause.CONGESTION,
        Cause.BEARER_NOT_AVAILABLE,
        Cause.DESTINATION_OUT_OF_ORDER,
    ],
)
async def test_what_the_line_is_to_blame_for_is_tried_on_the_next(office: Office, fault: Cause) -> None:
    office.lines.fails["pstn1"] = fault
    (await leg_to(office, LOCAL, 2)).far.ends(Cause.BUSY)
    said = trace(await office.journey())
    assert [line for line, _ in office.lines.dialled] == ["pstn1", "pstn2"]
    assert f"pstn1 failed: {of_cause(fault)}" in said, said


@pytest.mark.parametrize(
    "answer",
    [Cause.BUSY, Cause.NO_ANSWER, Cause.REJECTED, Cause.UNALLOCATED_NUMBER, Cause.INVALID_NUMBER],
)
async def test_what_the_called_party_or_its_network_says_is_the_end(office: Office, answer: Cause) -> None:
    (await leg_to(office, LOCAL)).far.ends(answer)
    await office.journey()
    assert [line for line, _ in office.lines.dialled] == ["pstn1"]


async def test_who_has_talked_is_not_called_again(office: Office) -> None:
    phone = office.phone_dials("101", LOCAL)
    await office.until(lambda: len(office.lines.legs) == 1)
    called = office.lines.legs[-1]
    called.far.answers()
    await office.talking(phone, called)
    called.far.ends(Cause.NETWORK_OUT_OF_ORDER)
    await office.journey()
    assert [line for line, _ in office.lines.dialled] == ["pstn1"]


async def test_a_line_that_has_talked_enough_today_is_passed_over(office: Office) -> None:
    sets(office, caps=Caps(line_minutes=10))
    office.outbound.guard.caps = Caps(line_minutes=10)
    day = str(office.outbound._local_time().date())
    office.outbound.guard.usage = Usage(day=day, line_seconds={"pstn1": 600.0})
    assert await line_taken(office, LOCAL) == "pstn2"


async def test_a_group_that_is_no_more_is_passed_over(office: Office) -> None:
    sets(office, routes=(TrunkRule(("gone", "city"), classes=(NumberClass.LOCAL,)),))
    assert await line_taken(office, LOCAL) == "pstn1"


async def test_a_rule_may_be_for_a_beginning_as_it_is_dialled(office: Office) -> None:
    sets(office, routes=(TrunkRule(("mobiles",), prefixes=("8888",)), *RULES))
    assert await line_taken(office, LOCAL) == "gsm2"
    assert await line_taken(office, "66668888") == "pstn1"


async def test_a_group_may_spread_its_calls(office: Office) -> None:
    sets(office, groups=(CITY, msgspec.structs.replace(MOBILES, order=TrunkOrder.SPREAD)))
    assert [await line_taken(office, MOBILE) for _ in range(4)] == ["gsm2", "gsm1", "gsm2", "gsm1"]


async def test_a_group_may_take_its_cheapest_line(office: Office) -> None:
    cheap = msgspec.structs.replace(MOBILES, order=TrunkOrder.CHEAPEST)
    sets(office, groups=(CITY, cheap), lines={"gsm2": LineRates(per_call=0.5)})
    assert await line_taken(office, MOBILE) == "gsm1"


async def test_a_rule_for_a_beginning_is_for_that_one_alone(office: Office) -> None:
    rules = (TrunkRule(("city",), prefixes=("+86138",)), *RULES)
    sets(office, routes=rules)
    assert await line_taken(office, "13800138000") == "pstn1"
    assert await line_taken(office, "13900139000") == "gsm2"


async def test_a_line_out_of_service_or_for_other_numbers_is_passed_over(office: Office) -> None:
    office.lines.conditions["pstn1"] = LineCondition.RESTING
    assert await line_taken(office, LOCAL) == "pstn2"
    sets(office, lines={"pstn2": LineRates(classes=(NumberClass.SERVICE,))})
    assert await line_taken(office, LOCAL) == "gsm2"


async def test_an_emergency_call_takes_any_line(office: Office) -> None:
    busy(office, "gsm1", "gsm2")
    office.lines.conditions["pstn1"] = LineCondition.DOWN
    everything = TrunkRule(("mobiles",))
    sets(office, routes=(everything,))
    office.phone_dials("101", "110")
    assert (await office.line_dials("110")).address == "pstn2"


async def test_an_emergency_call_frees_a_line_in_order_before_it_tries_one_that_is_sick(
    office: Office,
) -> None:
    busy(office, "gsm1")
    for name in ("gsm2", "pstn1", "pstn2"):
        office.lines.conditions[name] = LineCondition.RESTING
    office.phone_dials("101", "110")
    assert (await office.line_dials("110")).address == "gsm1"
    assert office.lines.freed == ["gsm1"]


async def test_an_emergency_call_tries_every_line_again(office: Office) -> None:
    office.lines.fails = dict.fromkeys(("gsm1", "gsm2", "pstn1", "pstn2"), Cause.NO_CIRCUIT)
    phone = office.phone_dials("101", "110")
    await office.until(lambda: len(office.lines.dialled) == 4)
    office.lines.fails.clear()
    await office.until(lambda: len(office.lines.dialled) == 5)
    centre = office.lines.legs[-1]
    assert centre.address == "gsm1"
    centre.far.answers()
    await office.talking(phone, centre)


async def test_the_dry_run_tells_the_group(office: Office) -> None:
    number = office.outbound.plan.read(LOCAL)
    said = office.outbound.explain(number, "101", datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.UTC))
    zh, en = ([in_language(one, language) for one in said] for language in ("zh", "en"))
    assert en[1] == "goes by trunk group city, mobiles"
    assert zh[1] == "走中继组 city, mobiles"
    assert [line.split()[0] for line in en[2:]] == ["pstn1", "pstn2", "gsm2", "gsm1"]


def test_groups_and_rules_survive_being_written_down() -> None:
    settings = OutboundSettings(groups=(CITY, MOBILES), routes=RULES)
    assert msgspec.json.decode(msgspec.json.encode(settings), type=OutboundSettings) == settings
