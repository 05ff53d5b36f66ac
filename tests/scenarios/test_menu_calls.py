"""Callers among the menus, told as stories in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from firmware.core.causes import Cause
from firmware.core.media import PlaySilence
from firmware.core.records import Outcome
from ivr.menu import (
    Menu,
    Menus,
    problems,
)
from ivr.menu.model import (
    Action,
    ToExtension,
)
from tests.ivr.menus import KNOWN
from tests.scenarios.menu_office import (
    MAIN,
    MENUS,
    MenuOffice,
)
from tests.scenarios.office import PROMPT_SECONDS, trace

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path) -> MenuOffice:
    return MenuOffice(tmp_path)


def test_the_menus_of_these_stories_are_good() -> None:
    assert problems(MENUS, KNOWN) == []


async def test_a_caller_goes_down_a_menu_comes_back_and_reaches_a_person(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "2")
    await office.keys_after(caller, "language-choice", "*")
    await office.keys_after(caller, "greeting", "3")
    phone = await office.phone_rings("103")
    phone.far.answers()
    await asyncio.sleep(30)
    phone.far.ends()
    journey = await office.journey()
    assert journey.outcome is Outcome.ANSWERED
    assert journey.called == "103"
    assert trace(journey) == [
        "menu main: keyed 2: menu sales",
        "menu sales: keyed *: back",
        "menu main: keyed 3: extension 103",
    ]


async def test_an_extension_is_dialled_straight_through_the_menu(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "101")
    await office.phone_rings("101")
    caller.far.ends()
    assert trace(await office.journey()) == ["menu main: dialled 101: Li"]


async def test_a_key_stops_the_greeting_at_once_unless_the_menu_says_otherwise(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.hears(caller, "greeting")
    assert caller.port is not None
    greeting = office.media.playing(caller.port)
    assert greeting is not None
    pressed = asyncio.get_running_loop().time()
    caller.far.presses("2")
    await office.until(lambda: not greeting.running)
    assert asyncio.get_running_loop().time() - pressed <= 0.06


async def test_without_barge_in_keys_count_from_the_end_of_the_greeting(office: MenuOffice) -> None:
    patient = msgspec.structs.replace(MAIN, barge_in=False)
    menus = msgspec.structs.replace(MENUS, menus={**MENUS.menus, "main": patient})
    caller = office.caller_meets(menus)
    await office.keys_after(caller, "greeting", "3")
    await asyncio.sleep(PROMPT_SECONDS)
    assert office.legs == []
    caller.far.presses("2")
    await office.hears(caller, "language-choice")


async def test_the_hash_key_is_a_choice_during_the_question_after_it_and_typed_ahead(
    office: MenuOffice,
) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "2")
    await office.hears(caller, "language-choice")
    caller.far.presses("#")
    await office.until(lambda: office.has_heard(caller).count("language-choice") == 2)
    await asyncio.sleep(PROMPT_SECONDS + 5)
    caller.far.presses("#")
    await office.until(lambda: office.has_heard(caller).count("language-choice") == 3)
    caller.far.presses("##")
    await office.until(lambda: office.has_heard(caller).count("language-choice") == 5)
    assert "no-key" not in office.has_heard(caller)


async def test_a_caller_who_keys_nothing_hears_so_and_reaches_the_operator(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.phone_rings("102")
    assert office.has_heard(caller) == ["greeting", "no-key", "greeting", "to-operator"]
    caller.far.ends()
    assert trace(await office.journey()) == [
        "menu main: keyed nothing",
        "menu main: keyed nothing, attempt 2: the operator",
    ]


async def test_a_wrong_number_is_told_and_asked_for_again(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "199")
    await office.hears(caller, "greeting")
    await office.until(lambda: "wrong-key" in office.has_heard(caller))
    await office.keys_after(caller, "greeting", "101")
    await office.phone_rings("101")


async def test_a_busy_extension_brings_the_caller_back_to_the_menu(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "3")
    phone = await office.phone_rings("103")
    phone.far.ends(Cause.BUSY)
    await office.until(lambda: office.has_heard(caller)[-2:] == ["busy", "greeting"])
    await office.keys_after(caller, "greeting", "101")
    await office.phone_rings("101")
    caller.far.ends()
    assert "103 was not reached: busy" in trace(await office.journey())


async def test_a_phone_that_goes_away_without_a_reason_is_not_taken_for_a_talk(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "3")
    phone = await office.phone_rings("103")
    phone.far.ends(Cause.NORMAL)
    await office.until(lambda: office.has_heard(caller)[-2:] == ["unreachable", "greeting"])


async def test_a_group_deleted_since_is_unreachable_not_an_unknown_extension(office: MenuOffice) -> None:
    office.services.comes_of_it = Cause.UNALLOCATED_NUMBER
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "2")
    await office.keys_after(caller, "language-choice", "1")
    await office.until(lambda: "unreachable" in office.has_heard(caller))


async def test_when_the_operator_is_not_there_either_a_silent_caller_hears_a_farewell(
    office: MenuOffice,
) -> None:
    caller = office.caller_meets()
    operator = await office.phone_rings("102")
    operator.far.ends(Cause.BUSY)
    await office.until(lambda: office.has_heard(caller)[-2:] == ["busy", "nobody"])
    journey = await office.journey()
    assert journey.outcome is Outcome.UNANSWERED


async def test_a_queue_without_agents_leads_on_to_the_mailbox(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "2")
    await office.keys_after(caller, "language-choice", "2")
    journey = await office.journey()
    assert office.services.asked == ["queue service in en", "voicemail office in en"]
    assert trace(journey)[-3:] == [
        "service was not reached: no answer",
        "menu sales: nobody there: on to menu message",
        "menu message: keyed nothing, attempt 1: voicemail office",
    ]
    assert caller.far.refusal is Cause.NORMAL


async def test_a_talk_with_a_group_is_the_end_of_the_menu(office: MenuOffice) -> None:
    office.services.comes_of_it = Cause.NORMAL
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "2")
    await office.keys_after(caller, "language-choice", "1")
    await office.journey()
    assert office.services.asked == ["group sales in en"]
    assert office.has_heard(caller)[-1] == "language-choice"


async def test_an_announcement_is_heard_out_and_leads_on(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "6")
    await office.hears(caller, "welcome")
    await office.hears(caller, "greeting")
    caller.far.presses("9")
    journey = await office.journey()
    assert office.has_heard(caller) == ["greeting", "welcome", "greeting", "goodbye"]
    assert journey.hung_up_by == "switchboard"


async def test_a_caller_who_goes_round_is_told_goodbye(office: MenuOffice) -> None:
    menus = msgspec.structs.replace(MENUS, max_questions=5)
    caller = office.caller_meets(menus)
    for prompt, key in [("greeting", "2"), ("language-choice", "*")] * 2 + [("greeting", "2")]:
        await office.keys_after(caller, prompt, key)
    journey = await office.journey()
    assert office.has_heard(caller)[-1] == "goodbye"
    assert trace(journey)[-1] == "menu sales: 5 questions were asked: enough"


async def test_an_extension_deleted_since_the_menu_was_made_is_said_to_be_none(office: MenuOffice) -> None:
    gone: Action = ToExtension("777")
    menus = Menus(start="main", menus={"main": Menu(greeting=("greeting",), keys={"1": gone})})
    caller = office.caller_meets(menus)
    await office.keys_after(caller, "greeting", "1")
    await office.until(lambda: office.has_heard(caller)[-2:] == ["no-such-extension", "greeting"])


async def test_a_telephone_number_is_played_with_pauses(office: MenuOffice) -> None:
    items = office.prompts(*office.prompts.spoken.phone("62345678"))
    assert [isinstance(item, PlaySilence) for item in items] == [False] * 4 + [True] + [False] * 4


async def test_a_caller_may_hang_up_at_any_moment_of_a_menu(office: MenuOffice) -> None:
    for seconds in (0.5, 2.5, 7.0, 11.0, 20.0, 40.0):
        caller = office.caller_meets()
        await asyncio.sleep(seconds)
        caller.far.ends()
        journey = await office.journey()
        assert journey.outcome in (Outcome.ABANDONED, Outcome.UNANSWERED), seconds
        assert office.media.ports == {}
