"""What callers meet in menus, told as stories in virtual time."""

from __future__ import annotations

import asyncio
import datetime
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import pytest

from firmware.core.causes import Cause
from firmware.core.media import PlayItem, PlaySilence
from firmware.core.records import Outcome
from firmware.switch.call import Call
from ivr.hours import Schedule
from ivr.menu import (
    Answering,
    Listed,
    Menu,
    Menus,
    NameBook,
    answer_with_menus,
    first_menus,
    problems,
)
from ivr.menu.model import (
    Action,
    Announce,
    Back,
    DialByName,
    GoTo,
    HangUp,
    Repeat,
    SetLanguage,
    ToExtension,
    ToGroup,
    ToOperator,
    ToQueue,
    ToVoicemail,
)
from ivr.prompts.spoken import ATOMS
from ivr.recording_consent import Consent
from tests.ivr.menus import KNOWN
from tests.scenarios.office import PROMPT_SECONDS, Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime

SUNDAY_EVENING = datetime.datetime(2026, 11, 22, 13, 5, tzinfo=datetime.UTC)
MONDAY_MORNING = datetime.datetime(2026, 11, 23, 2, 0, tzinfo=datetime.UTC)
NATIONAL_DAY = datetime.datetime(2026, 10, 3, 2, 0, tzinfo=datetime.UTC)
PEOPLE = NameBook(
    [Listed("101", "Li", "li wei"), Listed("103", "Wang", "wang wei"), Listed("102", "Desk", "")]
)

SALES = Menu(
    greeting=("language-choice",),
    keys={"1": ToGroup("sales"), "2": ToQueue("service", unanswered="message"), "*": Back(), "#": Repeat()},
    no_key=HangUp(),
    wrong_key=HangUp(),
)
MESSAGE = Menu(greeting=("nobody",), attempts=1, no_key=ToVoicemail("office"), wrong_key=HangUp())
MAIN = Menu(
    greeting=("greeting",),
    keys={
        "0": ToOperator(),
        "2": GoTo("sales"),
        "3": ToExtension("103"),
        "6": Announce(("own/welcome",), then="main"),
        "7": SetLanguage("zh-CN", "sales"),
        "8": DialByName(),
        "9": HangUp(),
    },
    direct_dial=True,
    attempts=2,
)
MENUS = Menus(start="main", menus={"main": MAIN, "sales": SALES, "message": MESSAGE})


def _asked(call: Call) -> str:
    return f"in {call.language or 'en'}{'' if call.recordings else ', not recorded'}"


class Services:
    """Groups, queues and mailboxes that do what a story says, and remember what was asked of them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.comes_of_it = Cause.NO_ANSWER

    async def group(self, call: Call, name: str) -> Cause:
        self.asked.append(f"group {name} {_asked(call)}")
        await asyncio.sleep(10)
        return self.comes_of_it

    async def queue(self, call: Call, name: str) -> Cause:
        self.asked.append(f"queue {name} {_asked(call)}")
        await asyncio.sleep(10)
        return self.comes_of_it

    async def voicemail(self, call: Call, mailbox: str) -> None:
        self.asked.append(f"voicemail {mailbox} {_asked(call)}")

    async def unanswered(self, call: Call, number: str, words: Sequence[PlayItem]) -> bool:
        return False


class MenuOffice(Office):
    """The office with menus, in English until the caller chooses; every prompt lasts two seconds."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        place = folder / "prompts" / "en"
        self.services = Services()
        (place / "own").mkdir()
        shutil.copy(place / "greeting.wav", place / "own" / "welcome.wav")
        for key in ATOMS["en"]:
            shutil.copy(place / "greeting.wav", place / f"{key}.wav")
        shutil.copytree(place, folder / "prompts" / "zh-CN")
        self.answering = Answering(
            MENUS, self.prompts, targets=self.services, names=PEOPLE, consent=Consent.NONE
        )

    def caller_meets(self, menus: Menus = MENUS, **changes: object) -> FakeLeg:
        """Have somebody call from outside."""
        answering = msgspec.structs.replace(self.answering, menus=menus, **changes)
        caller = FakeLeg.incoming("gsm1", "13800138000", media=self.media)
        self.exchange.take(caller, partial(answer_with_menus, answering=answering))
        return caller

    async def keys_after(self, leg: FakeLeg, prompt: str, digits: str) -> None:
        """Have a caller key digits half a second into a prompt."""
        await self.hears(leg, prompt)
        await asyncio.sleep(0.5)
        leg.far.presses(digits)

    def languages_heard(self, leg: FakeLeg) -> list[str]:
        """Return in which language each prompt was played."""
        return [
            Path(item.path).parent.name
            for playback in self.media.played
            if playback.port_id == leg.port
            for item in playback.items
            if hasattr(item, "path")
        ]


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


async def test_a_chosen_language_is_spoken_and_passed_on(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "7")
    await office.hears(caller, "language-choice")
    assert office.languages_heard(caller) == ["en", "zh-CN"]
    caller.far.presses("1")
    await office.until(lambda: office.services.asked == ["group sales in zh-CN"])


async def test_an_announcement_is_heard_out_and_leads_on(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "6")
    await office.hears(caller, "welcome")
    await office.hears(caller, "greeting")
    caller.far.presses("9")
    journey = await office.journey()
    assert office.has_heard(caller) == ["greeting", "welcome", "greeting", "goodbye"]
    assert journey.hung_up_by == "switchboard"


async def test_a_name_that_one_person_has_is_rung(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "8")
    await office.keys_after(caller, "spell-name", "926")
    await office.phone_rings("103")
    caller.far.ends()
    assert "menu main: spelled the name of 103" in trace(await office.journey())


async def test_of_several_people_the_caller_chooses_by_extension(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "8")
    await office.keys_after(caller, "spell-name", "934#")
    offer = ["for-extension", "say-1", "say-0", "say-1", "press", "say-1"]
    offer += ["for-extension", "say-1", "say-0", "say-3", "press", "say-2"]
    await office.until(lambda: office.has_heard(caller)[-12:] == offer)
    caller.far.presses("2")
    await office.phone_rings("103")


async def test_a_name_nobody_has_brings_the_caller_back(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "8")
    await office.keys_after(caller, "spell-name", "999")
    await office.until(lambda: office.has_heard(caller)[-2:] == ["no-such-name", "spell-name"])
    await office.until(lambda: office.has_heard(caller)[-1:] == ["greeting"])


@pytest.mark.parametrize(
    ("now", "heard", "decision"),
    [
        (MONDAY_MORNING, ["greeting"], "Monday 10:00: open: opening hours until 2026-11-23 18:00: menu main"),
        (
            SUNDAY_EVENING,
            ["closed-now", "we-open-again", "say-tomorrow", "say-9", "say-am", "we-open-again-end"],
            "Sunday 21:05: closed: outside opening hours until 2026-11-23 09:00: menu closed",
        ),
        (
            NATIONAL_DAY,
            ["goodbye"],
            "Saturday 10:00: closed: National Day until 2026-10-08 09:00: menu feast",
        ),
    ],
)
async def test_the_hours_decide_which_menu_a_caller_meets_and_the_journey_says_why(
    office: MenuOffice, now: datetime.datetime, heard: list[str], decision: str
) -> None:
    first = first_menus()
    feast = Menu(greeting=("goodbye",), attempts=1, no_key=HangUp(), wrong_key=HangUp())
    menus = msgspec.structs.replace(first, menus={**first.menus, "feast": feast}, holiday="feast")
    caller = office.caller_meets(menus, schedule=Schedule(), now=lambda: now)
    await office.until(lambda: office.has_heard(caller) == heard)
    caller.far.ends()
    assert trace(await office.journey()) == [decision]


async def test_while_the_clock_is_not_set_the_office_is_taken_for_open(office: MenuOffice) -> None:
    caller = office.caller_meets(first_menus(), schedule=Schedule(), now=lambda: None)
    await office.hears(caller, "greeting")
    caller.far.ends()
    assert trace(await office.journey()) == ["the clock isn't set, so the hours aren't known: menu main"]


async def test_the_recording_notice_comes_before_the_first_menu_and_only_there(office: MenuOffice) -> None:
    caller = office.caller_meets(consent=Consent.NOTICE)
    await office.keys_after(caller, "greeting", "2")
    await office.hears(caller, "language-choice")
    assert office.has_heard(caller) == ["recording-notice", "greeting", "language-choice"]


async def test_a_caller_who_is_asked_and_agrees_is_recorded(office: MenuOffice) -> None:
    caller = office.caller_meets(consent=Consent.ASK)
    await office.keys_after(caller, "recording-consent", "1")
    await office.keys_after(caller, "greeting", "3")
    phone = await office.phone_rings("103")
    phone.far.answers()
    await office.until(lambda: len(office.media.recordings) == 1)


@pytest.mark.parametrize("keys", ["2", "", "9"])
async def test_a_caller_who_does_not_agree_is_not_recorded_by_anybody(office: MenuOffice, keys: str) -> None:
    caller = office.caller_meets(consent=Consent.ASK)
    await office.keys_after(caller, "recording-consent", keys)
    await office.keys_after(caller, "greeting", "2")
    await office.keys_after(caller, "language-choice", "1")
    await office.keys_after(caller, "language-choice", "*")
    assert office.services.asked == ["group sales in en, not recorded"]
    await office.keys_after(caller, "greeting", "3")
    phone = await office.phone_rings("103")
    phone.far.answers()
    await asyncio.sleep(5)
    assert office.media.recordings == []


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
