"""What callers meet before the first menu: hours, language, recording; told as stories in virtual time."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import msgspec
import pytest

from ivr.hours import Schedule
from ivr.menu import (
    Menu,
    first_menus,
)
from ivr.menu.model import (
    HangUp,
)
from ivr.recording_consent import Consent
from tests.scenarios.menu_office import (
    MONDAY_MORNING,
    NATIONAL_DAY,
    SUNDAY_EVENING,
    MenuOffice,
)
from tests.scenarios.office import trace

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path) -> MenuOffice:
    return MenuOffice(tmp_path)


async def test_a_chosen_language_is_spoken_and_passed_on(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "7")
    await office.hears(caller, "language-choice")
    assert office.languages_heard(caller) == ["en", "zh-CN"]
    caller.far.presses("1")
    await office.until(lambda: office.services.asked == ["group sales in zh-CN"])


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
