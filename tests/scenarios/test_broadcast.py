"""Something is announced to all phones, told as stories in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from firmware.core.media import PlayFile
from firmware.switch.call import Call
from ivr.broadcast import Everybody, broadcast
from tests.scenarios.mailboxes import at_once, speech
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr("asyncio.to_thread", at_once)
    office = Office(tmp_path)
    office.media.voice = speech(30)
    return office


def _announces(office: Office, free: list[FakeLeg], talking: list[Any], scratch: Path) -> FakeLeg:
    async def script(call: Call) -> None:
        await broadcast(call, office.prompts, Everybody(lambda: free, lambda: talking, scratch))

    phone = FakeLeg.incoming("102", "102", media=office.media)
    office.exchange.take(phone, script)
    return phone


async def _spoken(office: Office, phone: FakeLeg) -> None:
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(4)
    phone.far.presses("#")
    await office.hears(phone, "review-prompt")
    await asyncio.sleep(0.5)
    phone.far.presses("1")


async def test_free_phones_hear_it_twice_and_those_in_a_talk_on_top_of_it(
    office: Office, tmp_path: Path
) -> None:
    by_itself = FakeLeg.outgoing("101", media=office.media, answer_after=0.5)
    never = FakeLeg.outgoing("103", media=office.media)
    talk = await office.media.open_rtp("127.0.0.1")
    phone = _announces(office, [by_itself, never], [talk.port_id], tmp_path)
    await _spoken(office, phone)
    await office.until(lambda: "broadcast-done" in office.has_heard(phone))
    heard = [name for name in office.media.files_played(talk.port_id) if name == "emergency-broadcast.wav"]
    assert len(heard) == 2
    assert office.has_heard(by_itself).count("emergency-broadcast") == 2 or by_itself.ending is not None
    played = [one for one in office.media.played if any(_is_announcement(item) for item in one.items)]
    assert len(played) == 2, "the phone that answered, and the one in a talk"
    journey = await office.journey()
    assert "2 phones heard it" in trace(journey)
    assert list(tmp_path.glob("announcement-*")) == []


def _is_announcement(item: object) -> bool:
    return isinstance(item, PlayFile) and "announcement-" in item.path


async def test_who_hangs_up_before_keeping_it_announces_nothing(office: Office, tmp_path: Path) -> None:
    other = FakeLeg.outgoing("101", media=office.media, answer_after=0.5)
    phone = _announces(office, [other], [], tmp_path)
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(4)
    phone.far.ends()
    await office.journey()
    assert other.history == []
