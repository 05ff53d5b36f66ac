"""Messages that callers leave, told as stories in virtual time."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import Any

import pytest

from firmware.core.causes import Cause
from firmware.core.media import FellSilent, ToneNoticed
from firmware.core.messages import Counts, MessageState
from firmware.core.records import TransferKind
from firmware.switch.call import Call
from firmware.switch.destinations import ToVoicemail
from tests.scenarios.desk import Desk
from tests.scenarios.mailboxes import Box, at_once
from tests.scenarios.office import trace

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr("asyncio.to_thread", at_once)
    return Box(tmp_path)


async def test_a_caller_leaves_a_message_and_hangs_up(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    assert office.has_heard(caller) == [
        "vm-extension",
        "say-1",
        "say-0",
        "say-1",
        "vm-unavailable",
        "vm-leave",
    ]
    assert not office.media.recordings[0].compact
    await asyncio.sleep(12)
    caller.far.ends()
    journey = await office.journey()
    (message,) = office.messages()
    assert (message.state, message.caller, message.complete) == (MessageState.NEW, "13800138000", True)
    assert 11_900 <= message.duration_ms <= 12_100
    (record,) = journey.voicemails
    assert (record.mailbox, record.path, record.heard) == ("101", message.path, False)
    assert record.duration_ms == message.duration_ms
    with wave.open(str(office.voicemail.folder / message.path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 8000)
    assert office.lamps == [("101", Counts(new=1))]
    assert office.voicemail.waiting("101") == Counts(new=1)


async def test_a_key_skips_the_greeting(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("#")
    await office.until(lambda: bool(office.media.recordings))
    assert office.monotonic() < 1.2


async def test_a_message_is_reviewed_and_sent(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(5)
    caller.far.presses("#")
    await office.keys_after(caller, "vm-review", "2")
    await office.until(lambda: len([p for p in office.has_heard(caller) if p == "vm-review"]) == 2)
    own = [name for name in office.has_heard(caller) if name.startswith("0")]
    assert len(own) == 1, "the caller hears the message"
    caller.far.presses("1")
    await office.until(lambda: "vm-sent" in office.has_heard(caller))
    await office.journey()
    (message,) = office.messages()
    # The key that ended it is not in it.
    assert message.duration_ms == pytest.approx(5000 - 250, abs=60)


async def test_a_message_recorded_again_is_one_message(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(20)
    caller.far.presses("#")
    await office.keys_after(caller, "vm-review", "3")
    await office.until(lambda: len(office.media.recordings) == 2)
    await asyncio.sleep(5)
    caller.far.ends()
    journey = await office.journey()
    (message,) = office.messages()
    assert message.duration_ms == pytest.approx(5000, abs=60)
    assert "records the message again" in trace(journey)
    assert len(list(office.voicemail.folder.rglob("*.wav"))) == 1


async def test_an_urgent_message_comes_first(office: Box) -> None:
    await office.leaves("101", 5)
    await office.leaves("101", 5, urgent=True)
    listed = await office.voicemail.store.listed("101", [MessageState.NEW])
    assert [message.urgent for message in listed] == [True, False]
    assert office.voicemail.counts("101") == Counts(new=2, urgent=1)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (FellSilent(10_000), "nobody spoke any more"),
        (ToneNoticed("busy", 3), "the line sounded busy"),
        (ToneNoticed("congestion", 4), "the line sounded busy"),
    ],
)
async def test_a_caller_who_is_gone_without_a_hang_up_is_noticed(office: Box, event: Any, why: str) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    assert caller.port is not None
    listens = office.media.options_of(caller.port)
    assert (listens.silence_ms, listens.tones_of) == (10_000, "CN")
    await asyncio.sleep(5)
    office.media.notice(caller.port, event)
    journey = await office.journey()
    assert any(why in entry for entry in trace(journey))
    assert len(office.messages()) == 1


async def test_ringing_heard_on_the_line_ends_no_message(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    assert caller.port is not None
    office.media.notice(caller.port, ToneNoticed("ringback", 5))
    office.media.notice(caller.port, ToneNoticed("busy", 1))
    await asyncio.sleep(5)
    assert office.media.recordings[0].running


async def test_the_longest_message_ends_by_itself(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: "vm-sent" in office.has_heard(caller), seconds=300)
    (message,) = office.messages()
    assert message.duration_ms == pytest.approx(180_000, abs=100)


async def test_who_says_nothing_leaves_nothing(office: Box) -> None:
    office.media.voice = None
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(5)
    caller.far.presses("#")
    await office.keys_after(caller, "vm-review", "1")
    await office.until(lambda: "vm-nothing" in office.has_heard(caller))
    journey = await office.journey()
    assert office.messages() == []
    assert list(office.voicemail.folder.rglob("*.wav")) == []
    assert journey.voicemails == []
    assert office.lamps == []


async def test_an_unknown_mailbox_is_no_place(office: Box) -> None:
    office.caller_comes_to("999")
    await office.journey()
    assert office.cause is Cause.UNALLOCATED_NUMBER


async def test_a_groups_message_lights_the_lamps_of_its_members(office: Box) -> None:
    await office.leaves("sales", 5)
    assert [office.voicemail.waiting(number).new for number in ("101", "102", "103")] == [1, 0, 1]
    assert office.box("800").name == "sales"


@pytest.fixture
def desk(office: Box) -> Desk:
    """The office in which callers are handed on by keys, also into mailboxes: 8102, 8999."""

    async def takes(call: Call, place: ToVoicemail) -> Cause:
        return await office.takes_message(call, place.mailbox)

    office.destinations.register(ToVoicemail, takes)
    office.numbers.update({"8102": ToVoicemail("102"), "8999": ToVoicemail("999")})
    return Desk(office)


async def test_who_hands_a_caller_into_a_mailbox_is_free_as_soon_as_the_caller_is_there(
    office: Box, desk: Desk
) -> None:
    caller, phone = await desk.talk()
    of_the_talk = len(office.media.recordings)
    phone.far.presses("##8102")
    await office.until(lambda: phone.ending is not None)
    assert caller.ending is None
    assert len(office.media.recordings) == of_the_talk, "while the greeting is still heard"
    await office.until(lambda: len(office.media.recordings) > of_the_talk)
    await asyncio.sleep(5)
    caller.far.ends()
    journey = await office.journey()
    assert len(office.messages("102")) == 1
    assert [(one.kind, one.to, one.completed) for one in journey.transfers] == [
        (TransferKind.BLIND, "8102", True)
    ]


async def test_a_caller_handed_into_a_mailbox_that_is_none_comes_back(office: Box, desk: Desk) -> None:
    caller, phone = await desk.talk()
    phone.far.presses("##8999")
    await asyncio.sleep(5)
    await office.talking(caller, phone)
    assert office.messages() == []
