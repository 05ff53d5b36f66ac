"""During a call: handing on, consulting, parking, picking up, conferences, supervisors, star codes."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from extensions.feature_codes import CodeBook, Feature
from extensions.forwarding import Personal, When
from firmware.core.causes import Cause
from firmware.core.errors import UserError
from firmware.core.leg import LegState, TransferRequested
from firmware.core.records import Outcome, TransferKind
from firmware.switch.call import Call
from firmware.switch.destinations import ToExtension
from firmware.switch.hold_music import melody
from tests.scenarios.desk import Desk
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


@pytest.fixture
async def desk(office: Office) -> Desk:
    return Desk(office)


async def test_blind_transfer_by_keys(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("##103")
    other = await desk.answers("103")
    await desk.office.talking(caller, other)
    await desk.office.until(lambda: phone.ending is not None)
    other.far.ends()
    journey = await desk.office.journey()
    (transfer,) = journey.transfers
    assert (transfer.kind, transfer.by, transfer.to, transfer.completed) == (
        TransferKind.BLIND,
        "101",
        "103",
        True,
    )
    assert len(journey.recordings) == 2
    assert journey.outcome is Outcome.ANSWERED


async def test_blind_transfer_by_the_phones_own_key(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone._emit(TransferRequested("103"))
    other = await desk.answers("103")
    await desk.office.talking(caller, other)


async def test_who_hands_a_caller_into_a_room_is_free_at_once_whoever_waits_there(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("##800")
    await desk.office.until(lambda: phone.ending is not None)
    await desk.office.until(lambda: len(desk.conferences.members("team")) == 1)
    other = desk.office.phone_dials("102", "800")
    await desk.office.talking(caller, other)
    other.far.ends()
    caller.far.ends()
    await desk.office.until(lambda: not desk.office.exchange.live())
    transfers = [one for journey in desk.office.store.closed for one in journey.transfers]
    assert [(one.kind, one.to, one.completed) for one in transfers] == [(TransferKind.BLIND, "800", True)]


async def test_who_hands_a_caller_into_a_room_with_a_pin_is_there_until_it_was_keyed(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("##801")
    await desk.office.until(lambda: "conference-pin" in desk.office.words.said)
    assert phone.ending is None
    caller.far.presses("1234#")
    await desk.office.until(lambda: phone.ending is not None)
    assert caller.ending is None
    caller.far.ends()
    await desk.office.until(lambda: not desk.office.exchange.live())


async def test_a_transfer_nobody_takes_comes_back(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("##103")
    (await desk.office.phone_rings("103")).far.ends(Cause.BUSY)
    await desk.office.talking(caller, phone)
    phone.far.presses("##103")
    other = await desk.office.phone_rings("103")
    phone.far.ends()
    other.far.ends(Cause.BUSY)
    again = await desk.answers("101")
    await desk.office.talking(caller, again)


async def test_a_caller_from_outside_is_never_sent_out_again(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("##13900139000#")
    await asyncio.sleep(2)
    await desk.office.talking(caller, phone)
    assert desk.office.lines.dialled == []
    caller.far.presses("##103#")
    await asyncio.sleep(5)
    assert [leg.address for leg in desk.office.legs] == ["101"]


async def test_a_phone_that_called_out_hands_the_other_party_on_and_leaves(desk: Desk) -> None:
    phone = desk.office.phone_dials("101", "13900139000")
    customer = await desk.office.line_dials("13900139000")
    customer.far.answers()
    await desk.office.talking(phone, customer)
    phone.far.presses("##103")
    other = await desk.answers("103")
    await desk.office.talking(customer, other)
    await desk.office.until(lambda: phone.ending is not None)
    await asyncio.sleep(10)
    assert desk.office.are_talking(customer, other)
    customer.far.ends()
    journey = await desk.office.journey()
    assert journey.hung_up_by == "caller"


async def test_attended_transfer_joins_two_calls_in_the_callers_journey(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.holds()
    second = desk.office.phone_dials("101", "103")
    other = await desk.answers("103")
    await desk.office.talking(second, other)
    second._emit(TransferRequested("", phone))
    await desk.office.talking(caller, other)
    await desk.office.until(lambda: phone.ending is not None and second.ending is not None)
    await asyncio.sleep(20)
    assert desk.office.are_talking(caller, other)
    other.far.ends()
    await desk.office.until(lambda: len(desk.office.store.closed) == 2)
    own, callers = desk.office.store.closed
    assert callers.caller == "13800138000"
    assert own.tags == [f"part-of:{callers.id}"]
    assert callers.transfers[0].kind is TransferKind.ATTENDED
    assert "103" in [leg.address for leg in callers.legs]


async def test_consulting_and_handing_on_by_hanging_up(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("*2103")
    other = await desk.answers("103")
    await desk.office.talking(phone, other)
    assert not desk.office.are_talking(caller, phone)
    phone.far.ends()
    await desk.office.talking(caller, other)


async def test_consulting_and_coming_back(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("*2103")
    other = await desk.answers("103")
    await desk.office.talking(phone, other)
    phone.far.presses("*1")
    await desk.office.talking(caller, phone)
    assert other.ending is not None


async def test_all_three_talk(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("*2103")
    other = await desk.answers("103")
    await desk.office.talking(phone, other)
    phone.far.presses("*3")
    await desk.office.talking(caller, other)
    await desk.office.talking(caller, phone)
    await desk.office.talking(other, phone)
    phone.far.ends()
    await asyncio.sleep(5)
    await desk.office.talking(caller, other)


async def test_parking_announces_the_slot_and_any_phone_fetches_the_call(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("*5")
    await desk.office.until(lambda: desk.office.words.said[-2:] == ["parked-at", "71"])
    await desk.office.until(lambda: phone.ending is not None)
    fetching = desk.office.phone_dials("103", "71")
    await desk.office.talking(caller, fetching)
    fetching.far.ends()
    await desk.office.until(lambda: len(desk.office.store.closed) == 2)
    callers = next(j for j in desk.office.store.closed if j.caller == "13800138000")
    assert callers.transfers[0].kind is TransferKind.PARK
    assert desk.lot.parked() == {}


async def test_a_parked_call_nobody_fetches_rings_who_parked_it(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("*5")
    await desk.office.until(lambda: phone.ending is not None)
    again = await desk.answers("101")
    await desk.office.talking(caller, again)


async def test_an_empty_slot_says_so(desk: Desk) -> None:
    desk.office.phone_dials("103", "72")
    await desk.office.journey()
    assert desk.office.words.said == ["nothing-parked"]


@pytest.mark.parametrize("code", ["*8", "**101"])
async def test_another_phone_picks_the_call_up(desk: Desk, code: str) -> None:
    async def script(call: Call) -> None:
        await desk.office.destinations.lead(call, ToExtension("101"))

    caller = desk.office.somebody_rings_in(script)
    ringing = await desk.office.phone_rings("101")
    picking = desk.office.phone_dials("103", code)
    await desk.office.talking(caller, picking)
    assert ringing.far.refusal is Cause.ANSWERED_ELSEWHERE
    caller.far.ends()
    await desk.office.until(lambda: len(desk.office.store.closed) == 2)
    callers = next(j for j in desk.office.store.closed if j.caller == "13800138000")
    assert callers.transfers[0].kind is TransferKind.PICKUP
    assert callers.outcome is Outcome.ANSWERED


async def test_nothing_to_pick_up(desk: Desk) -> None:
    phone = desk.office.phone_dials("103", "*8")
    await desk.office.journey()
    assert phone.far.refusal is Cause.NO_USER_RESPONDING


async def test_a_conference_mixes_everybody_and_mutes(desk: Desk) -> None:
    members = [desk.office.phone_dials(number, "800") for number in ("101", "102", "103")]
    await desk.office.until(lambda: len(desk.conferences.members("team")) == 3)
    for one in members:
        for other in members:
            assert one is other or desk.office.are_talking(one, other)
    members[0].far.presses("1")
    await desk.office.until(lambda: not desk.office.are_talking(members[0], members[1]))
    assert desk.office.are_talking(members[1], members[2])
    for member in members:
        member.far.ends()
    await desk.office.until(lambda: not desk.office.exchange.live())
    assert desk.conferences.members("team") == []


async def test_a_conference_with_pins_begins_and_ends_with_its_moderator(desk: Desk) -> None:
    member = desk.office.phone_dials("101", "801")
    await desk.office.until(lambda: "conference-pin" in desk.office.words.said)
    member.far.presses("1234#")
    await desk.office.until(lambda: "conference-wait" in desk.office.words.said)
    moderator = desk.office.phone_dials("102", "801")
    await desk.office.until(lambda: desk.office.words.said.count("conference-pin") == 2)
    moderator.far.presses("9876#")
    await desk.office.talking(member, moderator)
    moderator.far.ends()
    await desk.office.until(lambda: member.ending is not None)
    assert "conference-over" in desk.office.words.said


async def test_a_wrong_conference_pin_lets_nobody_in(desk: Desk) -> None:
    stranger = desk.office.phone_dials("101", "801")
    for tries in range(1, 4):
        await desk.office.until(partial(_said, desk.office, "conference-pin", tries))
        stranger.far.presses("0000#")
    await desk.office.journey()
    assert desk.conferences.members("board") == []


def _said(office: Office, key: str, times: int) -> bool:
    return office.words.said.count(key) >= times


async def test_a_supervisor_listens_whispers_and_joins(desk: Desk) -> None:
    media = desk.office.media
    caller, phone = await desk.talk()
    boss = desk.office.phone_dials("102", "*222101")
    await desk.office.until(lambda: boss.port is not None and media.hears(boss.port, phone.port or boss.port))
    assert caller.port is not None
    assert phone.port is not None
    assert boss.port is not None
    assert media.hears(boss.port, caller.port)
    assert not media.hears(phone.port, boss.port)
    assert "being-monitored" in desk.office.words.said
    boss.far.presses("5")
    await desk.office.until(lambda: media.hears(phone.port, boss.port))  # type: ignore[arg-type]  # asserted above
    assert not media.hears(caller.port, boss.port)
    boss.far.presses("6")
    await desk.office.until(lambda: media.hears(caller.port, boss.port))  # type: ignore[arg-type]  # asserted above
    boss.far.ends()
    await asyncio.sleep(1)
    assert desk.office.are_talking(caller, phone)


async def test_only_supervisors_listen(desk: Desk) -> None:
    await desk.talk()
    nosy = desk.office.phone_dials("103", "*222101")
    await desk.office.until(lambda: nosy.ending is not None)
    assert nosy.far.refusal is Cause.NOT_PERMITTED


async def test_star_codes_set_a_members_wishes(desk: Desk) -> None:
    for dialled, wishes in (
        ("*78", Personal(do_not_disturb=True)),
        ("*79", Personal()),
        ("*72103", Personal(forward={When.ALWAYS: "103"})),
        ("*73", Personal()),
    ):
        phone = desk.office.phone_dials("101", dialled)
        await desk.office.journey()
        assert desk.personal["101"] == wishes
        assert phone.state is LegState.ENDED


async def test_forwarding_abroad_can_not_be_set_by_who_may_not_dial_there(desk: Desk) -> None:
    desk.office.phone_dials("101", "*7200442079460018")
    await desk.office.journey()
    assert desk.office.words.said == ["feature-failed"]
    assert desk.personal == {}


async def test_the_emergency_path_is_tested_without_dialling(desk: Desk) -> None:
    desk.office.phone_dials("101", "*911")
    journey = await desk.office.journey()
    assert "1. gsm1 (ready) would dial 110" in trace(journey)
    assert desk.office.lines.dialled == []


def test_codes_are_editable_and_never_ambiguous() -> None:
    book = CodeBook({Feature.DND_ON: "*69", Feature.HELP: ""})
    assert book.read("*69") == (Feature.DND_ON, "")
    assert book.read("*78") is None
    assert book.read("*00") is None
    assert book.read("*7213800138000#") == (Feature.FORWARD_ALWAYS, "13800138000")
    with pytest.raises(UserError, match="both"):
        CodeBook({Feature.DND_ON: "*79"})
    with pytest.raises(UserError, match="begin with"):
        CodeBook({Feature.DND_ON: "78"})


async def test_who_is_on_hold_hears_music_and_the_talk_goes_on_after(desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.holds()
    await desk.office.until(lambda: caller.port is not None and _hears_music(desk, caller))
    phone.far.resumes()
    await desk.office.until(lambda: not _hears_music(desk, caller))
    assert desk.office.are_talking(caller, phone)


def _hears_music(desk: Desk, leg: FakeLeg) -> bool:
    playing = desk.office.media.playing(leg.port) if leg.port is not None else None
    return playing is not None and playing.music and tuple(playing.items) == melody()
