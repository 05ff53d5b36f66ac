"""What callers hear, by the settings file, put together as in the product; stories in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from extensions.hunt import HuntGroup, Member
from firmware.app.voice import Voice
from firmware.core.causes import Cause
from firmware.core.records import EntryKind
from firmware.core.texts import ReceivedText
from firmware.settings.closure import ClosureSettings
from firmware.switch.destinations import ToGroup
from firmware.switch.inbound import InboundPlan
from ivr.menu import MenuBook, first_menus
from ivr.survey import Survey
from ivr.voicemail import Mailbox
from tests.scenarios.mailboxes import at_once
from tests.scenarios.voiced import VoicedOffice

pytestmark = pytest.mark.looptime

SALES = HuntGroup("sales", (Member("101"),), number="600")
MOBILE = "13800138000"


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[VoicedOffice]:
    async def nobody(_: Voice) -> None:
        """Spell no names: that is a process of its own."""

    monkeypatch.setattr("asyncio.to_thread", at_once)
    monkeypatch.setattr(Voice, "learn_names", nobody)
    office = VoicedOffice(tmp_path)
    await office.start()
    yield office
    await office.stop()


async def _sold_to(office: VoicedOffice, **sections: Any) -> None:
    """Lead every caller to the group of sales."""
    await office.change(groups=(SALES,), inbound=InboundPlan(otherwise=(ToGroup("sales"),)), **sections)


async def test_a_caller_meets_menu_person_and_mailbox(office: VoicedOffice) -> None:
    caller = office.calls_in()
    await office.until(lambda: "greeting" in office.has_heard(caller))
    assert office.has_heard(caller)[0] == "recording-notice"
    caller.far.presses("101")
    (await office.phone_rings("101")).far.ends(Cause.BUSY)
    await office.until(lambda: "vm-leave" in office.has_heard(caller))
    await asyncio.sleep(10)
    caller.far.ends()
    await office.journey()
    await office.until(lambda: "101" in office.lamps.lit)
    assert office.lamps.source.mailbox("101").new == 1


async def test_a_closed_office_says_so_to_callers_and_serves_its_own_phones(office: VoicedOffice) -> None:
    await office.change(closure=ClosureSettings(active=True))
    caller = office.calls_in()
    await office.until(lambda: bool(office.has_heard(caller)))
    await office.journey()
    assert office.has_heard(caller) == ["closed-for-now"]
    phone = office.dials("103", "101")
    await office.talks(phone, "101")


async def test_callers_of_a_group_are_asked_after_the_talk(office: VoicedOffice) -> None:
    await _sold_to(office, surveys=(Survey("how", queues=("sales",)),))
    caller = office.calls_in()
    phone = await office.talks(caller, "101")
    phone.far.ends()
    await office.until(lambda: "survey-question" in office.has_heard(caller))
    caller.far.presses("4")
    await office.until(lambda: "survey-thanks" in office.has_heard(caller))
    (answer,) = (await office.journey()).survey
    assert (answer.question, answer.points) == ("satisfied", 4)


async def test_by_text_message_the_answer_comes_into_the_journey_later(office: VoicedOffice) -> None:
    await _sold_to(office, surveys=(Survey("how", by="sms"),))
    caller = office.calls_in(MOBILE)
    phone = await office.talks(caller, "101")
    phone.far.ends()
    journey = await office.journey()
    ((number, _, purpose),) = office.texts.sent
    assert (number, purpose) == (MOBILE, "survey")
    received = ReceivedText(1, "gsm1", MOBILE, "5", 0)
    for hear in office.texts.hears:
        hear(received)
    await asyncio.sleep(0.1)
    assert [one.points for one in journey.survey] == [5]


async def test_other_groups_callers_are_not_asked(office: VoicedOffice) -> None:
    await _sold_to(office, surveys=(Survey("how", queues=("support",)),))
    caller = office.calls_in()
    phone = await office.talks(caller, "101")
    phone.far.ends()
    await office.journey()
    assert "survey-question" not in office.has_heard(caller)
    assert office.texts.sent == []


async def test_news_of_a_message_go_out_by_letter_and_text(office: VoicedOffice) -> None:
    own = Mailbox("101", email="li@example.org", sms="13912345678", email_audio=True)
    now = office.settings.current.voicemail
    await office.change(voicemail=msgspec.structs.replace(now, mailboxes=(own,)))
    phone = office.dials("103", "*86101")
    await office.until(lambda: "vm-leave" in office.has_heard(phone))
    await asyncio.sleep(10)
    phone.far.ends()
    await office.journey()
    await office.until(lambda: bool(office.letters.sent and office.texts.sent))
    ((to, subject, attached),) = office.letters.sent
    assert to == "li@example.org"
    assert "Message from" in subject
    assert Path(attached[0]).is_file()
    assert office.texts.sent[0][0] == "13912345678"


async def test_staff_record_only_who_was_told(office: VoicedOffice) -> None:
    off = msgspec.structs.replace(office.settings.current.recording, enabled=False)
    await _sold_to(office, recording=off)
    office.exchange.recordings = None
    caller = office.calls_in()
    phone = await office.talks(caller, "101")
    assert "recording-notice" not in office.has_heard(caller)
    phone.far.presses("*3")
    await office.until(lambda: "recording-notice" in office.has_heard(caller))
    assert office.media.recordings == []
    await office.until(lambda: len(office.media.recordings) == 1)
    caller.far.ends()
    heard = [one.text for one in (await office.journey()).timeline if one.kind is EntryKind.HEARD]
    assert "told of the recording" in heard


async def test_the_draft_of_the_menus_is_tried_from_a_phone_while_callers_meet_those_in_force(
    office: VoicedOffice,
) -> None:
    first = first_menus()
    main = msgspec.structs.replace(first.menus["main"], greeting=("hours-day",))
    draft = msgspec.structs.replace(first, menus={**first.menus, "main": main})
    await office.change(menus=MenuBook(draft=draft))
    phone = office.dials("103", "*61")
    await office.until(lambda: "hours-day" in office.has_heard(phone))
    caller = office.calls_in()
    await office.until(lambda: "greeting" in office.has_heard(caller))
    assert "hours-day" not in office.has_heard(caller)


async def test_the_switch_is_turned_by_a_code_and_only_who_may_speaks_for_the_office(
    office: VoicedOffice,
) -> None:
    phone = office.dials("103", "*60")
    await office.until(lambda: "hours-night" in office.has_heard(phone))
    assert office.settings.current.hours.of().switch.mode == "night"
    refused = office.dials("103", "*63")
    await office.until(lambda: refused.far.refusal is not None)
    assert refused.far.refusal is Cause.NOT_PERMITTED
    operator = office.dials("102", "*63")
    await office.until(lambda: bool(office.media.recordings))
    assert operator.far.refusal is None
