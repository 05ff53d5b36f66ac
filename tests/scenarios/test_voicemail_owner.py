"""The door of a mailbox and what its owner sets, told as stories in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.core.causes import Cause
from firmware.core.tones import tones_of
from tests.scenarios.mailboxes import Box, at_once
from tests.scenarios.office import trace

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr("asyncio.to_thread", at_once)
    return Box(tmp_path)


async def test_the_owner_signs_in_from_outside_with_the_pin(office: Box) -> None:
    await office.leaves("101", 5)
    await office.voicemail.door.set_pin(office.box("101"), "4711")
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("*")
    await office.keys_after(caller, "enter-pin", "4711#")
    await office.until(lambda: "vm-you-have" in office.has_heard(caller))
    caller.far.ends()
    journey = await office.journey()
    assert not any("4711" in entry.text for entry in journey.timeline)


async def test_wrong_pins_lock_the_mailbox_longer_and_longer(office: Box) -> None:
    box = office.box("101")
    await office.voicemail.door.set_pin(box, "4711")
    for _ in range(5):
        assert await office.voicemail.door.open(box, "0000") is None
    assert await office.voicemail.door.open(box, "4711") is None, "locked: even the right one is not taken"
    office.wall_ms += 16 * 60_000
    assert await office.voicemail.door.open(box, "0000") is None
    office.wall_ms += 16 * 60_000
    assert await office.voicemail.door.open(box, "4711") is None, "locked for half an hour now"
    office.wall_ms += 16 * 60_000
    assert await office.voicemail.door.open(box, "4711") is not None
    assert (await office.voicemail.store.mailbox("101")).wrong_pins == 0


async def test_three_wrong_pins_end_a_call_from_outside(office: Box) -> None:
    await office.voicemail.door.set_pin(office.box("101"), "4711")
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("*")
    for tries in range(3):
        await office.until(lambda: office.has_heard(caller).count("enter-pin") == tries + 1)  # noqa: B023
        await asyncio.sleep(0.5)
        caller.far.presses("1234#")
    journey = await office.journey()
    assert caller.far.refusal is Cause.NORMAL
    assert trace(journey).count("mailbox 101: a wrong PIN") == 3


async def test_a_mailbox_without_a_pin_opens_to_nobody_outside(office: Box) -> None:
    await office.leaves("101", 5)
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("*")
    for tries in range(3):
        await office.until(lambda: office.has_heard(caller).count("enter-pin") == tries + 1)  # noqa: B023
        await asyncio.sleep(0.5)
        caller.far.presses("#")
    await office.journey()
    assert "vm-you-have" not in office.has_heard(caller)


async def test_the_owner_says_until_when_away(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.keys_after(phone, "vm-keys", "0")
    await office.keys_after(phone, "vm-settings", "4")
    await office.keys_after(phone, "vm-back-on", "1201")
    await office.until(lambda: "vm-greeting-kept" in office.has_heard(phone))
    phone.far.ends()
    await office.journey()
    caller = office.caller_comes_to("101")
    await office.until(lambda: len(office.media.recordings) == 2)
    heard = office.has_heard(caller)
    assert heard[4:] == ["vm-away", "say-month-12", "say-nth-1", "vm-leave"]


async def test_the_owner_records_a_greeting(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.keys_after(phone, "vm-keys", "0")
    await office.keys_after(phone, "vm-settings", "1")
    await office.until(lambda: len(office.media.recordings) == 2)
    await asyncio.sleep(4)
    phone.far.presses("#")
    await office.keys_after(phone, "review-prompt", "1")
    await office.until(lambda: "vm-greeting-kept" in office.has_heard(phone))
    phone.far.ends()
    await office.journey()
    caller = office.caller_comes_to("101")
    await office.until(lambda: len(office.media.recordings) == 3)
    assert office.has_heard(caller) == [office.voicemail.greeting_file("101").stem]


async def test_the_owner_sets_a_pin_and_easy_ones_are_refused(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.keys_after(phone, "vm-keys", "0")
    await office.keys_after(phone, "vm-settings", "5")
    await office.keys_after(phone, "vm-new-pin", "1234#")
    await office.until(lambda: "vm-pin-refused" in office.has_heard(phone))
    await office.keys_after(phone, "vm-settings", "5")
    await office.keys_after(phone, "vm-new-pin", "4711#")
    await office.keys_after(phone, "vm-pin-again", "4711#")
    await office.until(lambda: "vm-pin-kept" in office.has_heard(phone))
    assert await office.voicemail.door.open(office.box("101"), "4711") is not None
    phone.far.ends()
    assert not any("4711" in entry.text for entry in (await office.journey()).timeline)


async def test_the_tones_that_end_messages_are_the_countrys(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    assert caller.port is not None
    assert office.media.options_of(caller.port).tones_of == "CN"
    assert tones_of("CN").busy.frequencies == (450,)
