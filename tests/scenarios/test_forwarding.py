"""Members' own wishes: do not disturb, forwarding, follow-me; and nothing else leads a caller outside."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from extensions.forwarding import CallerRule, Personal, Reacher, When
from firmware.core.causes import Cause, Side
from firmware.core.records import Outcome
from firmware.switch.call import Call
from firmware.switch.destinations import ToExtension
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


def _wishes(office: Office, **personal: Personal) -> Reacher:
    by_number = {name.removeprefix("e"): wishes for name, wishes in personal.items()}
    reacher = Reacher(by_number, office.outbound, lambda: office.local_time)
    office.exchange.reach = reacher.reach
    return reacher


def _calls(office: Office, number: str = "101", line: str = "gsm1") -> FakeLeg:
    async def script(call: Call) -> None:
        await office.destinations.lead(call, ToExtension(number))

    return office.somebody_rings_in(script, line=line)


async def test_do_not_disturb_rings_nothing(office: Office) -> None:
    _wishes(office, e101=Personal(do_not_disturb=True))
    _calls(office)
    journey = await office.journey()
    assert office.legs == []
    assert "101: do not disturb" in trace(journey)


@pytest.mark.parametrize(
    ("why", "cause"),
    [(When.BUSY, Cause.BUSY), (When.UNREGISTERED, Cause.SUBSCRIBER_ABSENT)],
)
async def test_busy_and_unregistered_phones_are_forwarded(office: Office, why: When, cause: Cause) -> None:
    _wishes(office, e101=Personal(forward={why: "103"}))
    _calls(office)
    (await office.phone_rings("101")).far.ends(cause)
    await office.phone_rings("103")


async def test_why_a_phone_did_not_ring_is_told_in_both_languages(office: Office) -> None:
    _calls(office)
    phone = await office.phone_rings("101")
    phone.far.ends(Cause.SUBSCRIBER_ABSENT, "not registered", by=Side.WIRE)
    (entry,) = [one for one in (await office.journey()).timeline if "101 ended" in one.text]
    assert entry.text == "101 ended: not registered (not there)"
    assert entry.in_language("zh-CN") == "101 已结束：未注册（不在线）"


async def test_no_answer_is_forwarded_after_the_members_own_time(office: Office) -> None:
    _wishes(office, e101=Personal(forward={When.NO_ANSWER: "103"}, no_answer_seconds=7))
    loop = asyncio.get_running_loop()
    began = loop.time()
    _calls(office)
    await office.phone_rings("103")
    assert loop.time() - began == pytest.approx(7, abs=0.1)


async def test_forwarding_in_a_circle_ends(office: Office) -> None:
    _wishes(office, e101=Personal(forward={When.ALWAYS: "103"}), e103=Personal(forward={When.ALWAYS: "101"}))
    _calls(office)
    assert "forwarding in a circle ends here" in " ".join(trace(await office.journey()))


async def test_follow_me_over_a_second_line_and_one_journey(office: Office) -> None:
    _wishes(office, e101=Personal(mobile="13900139000", follow_me=True, no_answer_seconds=6))
    caller = _calls(office)
    mobile = await office.line_dials("13900139000")
    assert mobile.address == "gsm2"
    mobile.far.answers()
    await asyncio.sleep(1)
    assert not office.are_talking(caller, mobile)
    mobile.far.presses("1")
    await office.talking(caller, mobile)
    caller.far.ends()
    journey = await office.journey()
    assert journey.outcome is Outcome.ANSWERED
    assert [leg.address for leg in journey.legs] == ["gsm1", "101", "gsm2"]


async def test_a_mobiles_own_voicemail_never_takes_the_call(office: Office) -> None:
    _wishes(office, e101=Personal(mobile="13900139000", follow_me=True, no_answer_seconds=6))
    caller = _calls(office)
    mobile = await office.line_dials("13900139000")
    mobile.far.answers()
    await office.until(lambda: mobile.ending is not None)
    assert (await office.journey()).outcome is Outcome.UNANSWERED
    assert caller.ending is not None


async def test_phone_and_mobile_ring_at_once_and_the_phone_wins(office: Office) -> None:
    _wishes(office, e101=Personal(mobile="13900139000", mobile_rings_at_once=True))
    caller = _calls(office)
    phone, mobile = await office.phone_rings("101"), await office.line_dials("13900139000")
    phone.far.answers()
    await office.talking(caller, phone)
    assert mobile.far.refusal is Cause.ANSWERED_ELSEWHERE


async def test_some_callers_have_their_own_way(office: Office) -> None:
    rules = (CallerRule(("138*",), to="103"),)
    _wishes(office, e101=Personal(rules=rules))
    _calls(office)
    await office.phone_rings("103")


async def test_a_member_forwards_only_where_its_rights_reach(office: Office) -> None:
    _wishes(office, e101=Personal(forward={When.ALWAYS: "00442079460018"}))
    _calls(office)
    journey = await office.journey()
    assert office.lines.dialled == []
    assert "101: 101 may not forward to international numbers" in trace(journey)


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    keys=st.lists(st.text("0123456789*#", min_size=1, max_size=14), max_size=5),
    forwards=st.booleans(),
    seed=st.integers(0, 999),
)
def test_no_caller_from_outside_reaches_an_outside_line_but_by_a_members_forwarding(
    tmp_path: Path, keys: list[str], forwards: bool, seed: int
) -> None:
    """A caller keys whatever it likes, at reception; only what a member has set is ever dialled."""
    import looptime

    async def story() -> None:
        office = Office(tmp_path)
        wishes = (
            Personal(mobile="13900139000", follow_me=True, no_answer_seconds=5) if forwards else Personal()
        )
        _wishes(office, e101=wishes, e102=wishes)
        caller = office.caller_rings_in()
        dice = random.Random(seed)
        for keyed in keys:
            await asyncio.sleep(dice.uniform(0.5, 9))
            if caller.ending is None:
                caller.far.presses(keyed)
        await asyncio.sleep(dice.uniform(1, 40))
        caller.far.ends()
        await office.until(lambda: not office.exchange.live())
        allowed = {"13900139000"} if forwards else set()
        assert {digits for _, digits in office.lines.dialled} <= allowed

    loop = looptime.new_event_loop()
    try:
        loop.run_until_complete(story())
        loop.run_until_complete(Office.close_all())
    finally:
        loop.close()


def test_a_members_pin_is_shown_nowhere() -> None:
    assert "4711" not in repr(Personal(pin="4711", mobile="13900139000"))
    assert "13900139000" in repr(Personal(pin="4711", mobile="13900139000"))
