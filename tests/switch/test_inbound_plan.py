"""Which rule decides, and what the dry run says of it."""

from __future__ import annotations

import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.switch.destinations import Refuse, ToExtension, ToGroup, ToQueue, ToReception
from firmware.switch.inbound import InboundPlan, Period, Rule, Situation, decide, explain
from firmware.switch.numbering import Numbering, NumberPlan

NUMBERS = NumberPlan("CN", Numbering(area="010"))
SUNDAY_EVENING = datetime.datetime(2026, 11, 22, 21, 5, tzinfo=datetime.UTC)
MONDAY_MORNING = datetime.datetime(2026, 11, 23, 9, 0, tzinfo=datetime.UTC)
WEEKEND = Period(days=(6, 7))

PLAN = InboundPlan(
    rules=(
        Rule("the boss's family", (ToExtension("101"),), callers=("known",)),
        Rule("weekend", (ToGroup("night watch"), ToReception("night")), when=(WEEKEND,)),
        Rule("Shanghai", (ToQueue("shanghai"),), callers=("021*",)),
        Rule("fax line", (ToExtension("105"),), lines=("gsm2",)),
        Rule("hot line", (ToQueue("service"),), dids=("010 6666 7777",)),
        Rule("closed", (ToReception("closed"),), office=("closed", "holiday")),
    ),
    blocked=("13900139000", "0085*", "010 1234*"),
    known={"138 0013 8000": "Mother"},
    direct_digits=3,
)


def _goes_to(situation: Situation, plan: InboundPlan = PLAN) -> list[str]:
    decision = decide(plan, NUMBERS, situation, lambda digits: digits in ("101", "102"))
    return [str(place) for place in decision.places]


@pytest.mark.parametrize(
    ("situation", "places"),
    [
        (Situation(SUNDAY_EVENING, "gsm1", "+8613800138000"), ["extension 101"]),
        (Situation(SUNDAY_EVENING, "gsm1", "13700137000"), ["group night watch", "menu night"]),
        (Situation(MONDAY_MORNING, "gsm1", "02161234567"), ["queue shanghai"]),
        (Situation(MONDAY_MORNING, "gsm1", "+862161234567"), ["queue shanghai"]),
        (Situation(MONDAY_MORNING, "gsm2", "13700137000"), ["extension 105"]),
        (Situation(MONDAY_MORNING, "gsm1", "13700137000", "01066667777"), ["queue service"]),
        (Situation(MONDAY_MORNING, "gsm1", "13700137000", "66667777"), ["queue service"]),
        (Situation(MONDAY_MORNING, "gsm1", "13700137000", "01088888101"), ["extension 101", "reception"]),
        (Situation(MONDAY_MORNING, "gsm1", "13700137000", "01088888199"), ["reception"]),
        (Situation(MONDAY_MORNING, "gsm1", "13700137000", None, "holiday"), ["menu closed"]),
        (Situation(MONDAY_MORNING, "gsm1", None), ["reception"]),
        (Situation(SUNDAY_EVENING, "gsm1", "013900139000"), ["refused"]),
    ],
)
def test_the_first_rule_that_fits_decides(situation: Situation, places: list[str]) -> None:
    assert _goes_to(situation) == places


def test_a_known_caller_is_never_blocked() -> None:
    plan = msgspec.structs.replace(PLAN, blocked=("138*",))
    assert _goes_to(Situation(MONDAY_MORNING, "gsm1", "13800138000"), plan) == ["extension 101"]


def test_the_dry_run_tells_what_would_happen() -> None:
    said = explain(PLAN, NUMBERS, Situation(SUNDAY_EVENING, "gsm1", "13700137000", office="closed"))
    assert [str(words) for words in said] == [
        "Sunday 21:05, closed: 13700137000 on gsm1",
        "rule “weekend”: group night watch, else menu night",
        "→ group night watch",
        "→ menu night",
    ]


def test_the_dry_run_presses_keys() -> None:
    plan = InboundPlan(withheld="challenge")
    withheld = Situation(MONDAY_MORNING, "gsm1")

    def menu(place: ToReception, situation: Situation, keys: str) -> list[str]:
        return [f"menu main, key {keys}"]

    said = explain(plan, NUMBERS, withheld, "52", at_place={ToReception: menu})
    assert [str(words) for words in said[-3:]] == [
        "pressed 5: goes on",
        "→ reception",
        "menu main, key 2",
    ]
    assert str(explain(plan, NUMBERS, withheld, "2")[-1]) == "did not press it: hung up"


@pytest.mark.parametrize(
    ("period", "at", "holds"),
    [
        (Period((1,), "08:30", "17:30"), MONDAY_MORNING, True),
        (Period((1,), "09:01", "17:30"), MONDAY_MORNING, False),
        (Period((7,), "20:00", "07:00"), SUNDAY_EVENING, True),
        (Period((7,), "20:00", "10:00"), MONDAY_MORNING, True),
        (Period((1,), "20:00", "10:00"), MONDAY_MORNING, False),
        (Period((7,)), SUNDAY_EVENING, True),
        (Period(), MONDAY_MORNING, True),
    ],
)
def test_periods(period: Period, at: datetime.datetime, holds: bool) -> None:
    assert period.holds(at) is holds


@given(
    st.one_of(st.none(), st.text(max_size=40)),
    st.one_of(st.none(), st.text(max_size=40)),
    st.text(max_size=9),
)
def test_any_caller_gets_a_decision_with_reasons(caller: str | None, did: str | None, keys: str) -> None:
    decision = decide(PLAN, NUMBERS, Situation(MONDAY_MORNING, "gsm1", caller, did))
    assert decision.places
    assert len(decision.reasons) >= 2
    assert explain(PLAN, NUMBERS, Situation(SUNDAY_EVENING, "gsm1", caller, did), keys)


def test_a_plan_survives_a_round_trip_and_typing_errors_are_refused() -> None:
    assert msgspec.json.decode(msgspec.json.encode(PLAN), type=InboundPlan) == PLAN
    with pytest.raises(msgspec.ValidationError, match="begin"):
        msgspec.json.decode(
            b'{"rules":[{"name":"x","to":[{"type":"reception"}],"begin":1}]}', type=InboundPlan
        )
    assert msgspec.convert({"type": "refuse"}, Refuse) == Refuse()
