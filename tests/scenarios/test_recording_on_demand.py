"""Staff record by a key where calls are not recorded: the others know before it begins."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.media import PlayFile
from firmware.core.records import EntryKind
from firmware.switch.call import Call
from firmware.switch.destinations import ToExtension
from ivr.recording_consent import Consent, tell_of_recording
from ivr.recording_in_talk import TellInTalk
from tests.scenarios.desk import Desk
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


@pytest.fixture
async def desk(office: Office) -> Desk:
    return Desk(office)


def _tells(desk: Desk, consent: Consent) -> None:
    """Have nothing be recorded by itself, and a country ask for consent."""
    desk.office.exchange.recordings = None
    desk.in_call.tell_of_recording = TellInTalk(lambda call: desk.office.prompts, lambda: consent)


def _hears(office: Office, leg: FakeLeg, prompt: str) -> bool:
    """Tell whether a prompt plays to a leg now."""
    playback = office.media.playing(leg.port) if leg.port is not None else None
    items = playback.items if playback is not None else ()
    return any(isinstance(one, PlayFile) and one.path.endswith(f"{prompt}.wav") for one in items)


async def test_a_caller_who_was_told_of_nothing_is_told_before_it_begins(desk: Desk, office: Office) -> None:
    _tells(desk, Consent.NOTICE)
    caller, phone = await desk.talk()
    phone.far.presses("*3")
    await office.until(lambda: _hears(office, caller, "recording-notice"))
    assert office.media.recordings == []
    assert not _hears(office, phone, "recording-notice")
    await office.until(lambda: len(office.media.recordings) == 1)
    assert not _hears(office, caller, "recording-notice")
    phone.far.presses("*3")
    await office.until(lambda: not office.media.recordings[0].running)
    phone.far.presses("*3")
    await office.until(lambda: len(office.media.recordings) == 2)
    caller.far.ends()
    heard = [one.text for one in (await office.journey()).timeline if one.kind is EntryKind.HEARD]
    assert heard.count("told of the recording") == 1, "once a call"


async def test_where_callers_must_agree_the_caller_is_asked_amid_the_talk(desk: Desk, office: Office) -> None:
    _tells(desk, Consent.ASK)
    caller, phone = await desk.talk()
    phone.far.presses("*3")
    await office.until(lambda: _hears(office, caller, "recording-consent"))
    caller.far.presses("1")
    await office.until(lambda: len(office.media.recordings) == 1)
    caller.far.ends()
    assert any("the caller agreed" in line for line in trace(await office.journey()))


@pytest.mark.parametrize("key", ["2", ""])
async def test_who_does_not_agree_is_not_recorded(desk: Desk, office: Office, key: str) -> None:
    _tells(desk, Consent.ASK)
    caller, phone = await desk.talk()
    phone.far.presses("*3")
    await office.until(lambda: _hears(office, caller, "recording-consent"))
    caller.far.presses(key)
    await office.until(lambda: phone.port is not None and office.media.playing(phone.port) is not None)
    await asyncio.sleep(1)
    phone.far.presses("*3")
    await asyncio.sleep(30)
    assert office.media.recordings == []
    assert caller.port is not None
    assert phone.port is not None
    assert office.media.bridged(caller.port, phone.port)


async def test_a_colleague_who_is_called_is_told_too(desk: Desk, office: Office) -> None:
    _tells(desk, Consent.NOTICE)
    phone = office.phone_dials("101", "102")
    other = await desk.answers("102")
    await office.talking(phone, other)
    phone.far.presses("*3")
    await office.until(lambda: _hears(office, other, "recording-notice"))
    await office.until(lambda: len(office.media.recordings) == 1)


async def test_a_talk_that_ends_during_the_question_is_over_at_once(desk: Desk, office: Office) -> None:
    _tells(desk, Consent.ASK)
    caller, phone = await desk.talk()
    phone.far.presses("*3")
    await office.until(lambda: _hears(office, caller, "recording-consent"))
    phone.far.ends()
    began = asyncio.get_running_loop().time()
    await office.journey()
    assert asyncio.get_running_loop().time() - began < 1
    assert office.media.recordings == []


async def test_recording_on_demand(desk: Desk, office: Office) -> None:
    folder = office.exchange.recordings
    office.exchange.recordings = None
    assert folder is not None
    _, phone = await desk.talk()
    phone.far.presses("*3")
    await office.until(lambda: len(office.media.recordings) == 1)
    phone.far.presses("*3")
    await office.until(lambda: not office.media.recordings[0].running)


async def test_staff_can_not_record_a_caller_who_did_not_agree_not_even_after_handing_on(
    desk: Desk, office: Office
) -> None:
    async def script(call: Call) -> None:
        await tell_of_recording(call, office.prompts, Consent.ASK)
        await office.destinations.lead(call, ToExtension("101"))

    caller = office.somebody_rings_in(script)
    await office.hears(caller, "recording-consent")
    caller.far.presses("2")
    phone = await desk.answers("101")
    await office.talking(caller, phone)
    phone.far.presses("*3")
    await office.until(lambda: phone.port is not None and office.media.playing(phone.port) is not None)
    assert office.media.recordings == []
    phone.far.presses("##103")
    other = await desk.answers("103")
    await office.talking(caller, other)
    other.far.presses("*3")
    await asyncio.sleep(2)
    assert office.media.recordings == []
    caller.far.ends()
    told = [line for line in trace(await office.journey()) if "did not agree to it" in line]
    assert [line.split()[0] for line in told] == ["101", "103"]
