"""Card numbers and PINs keyed during a talk are not in its recording."""

from __future__ import annotations

import asyncio

import pytest

from firmware.switch.discretion import QUIET_SECONDS
from tests.scenarios.office import Office
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


async def _talking(office: Office) -> tuple[FakeLeg, FakeLeg]:
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    caller.far.presses("101")
    phone = await office.phone_rings("101")
    phone.far.answers()
    await office.talking(caller, phone)
    await office.until(lambda: bool(office.media.recordings))
    return caller, phone


async def test_a_card_number_is_silence_in_the_recording_and_a_pause_in_the_record(office: Office) -> None:
    caller, phone = await _talking(office)
    (recording,) = office.media.recordings
    assert recording.compact
    await asyncio.sleep(10)
    for digit in "6222021234567890":
        caller.far.presses(digit)
        assert recording.muted
        await asyncio.sleep(1.5)
    await asyncio.sleep(QUIET_SECONDS)
    assert not recording.muted
    assert recording.mutes == [True, False], "one stretch, not sixteen"
    await asyncio.sleep(5)
    phone.far.ends()
    journey = await office.journey()
    (pause,) = journey.recordings[0].pauses
    assert pause.ended_ms is not None
    assert pause.ended_ms - pause.started_ms == pytest.approx(15 * 1500 + QUIET_SECONDS * 1000, abs=100)
    assert pause.reason == "keys"


async def test_a_talk_that_ends_while_keys_are_pressed_ends_the_pause(office: Office) -> None:
    caller, _ = await _talking(office)
    await asyncio.sleep(5)
    caller.far.presses("1")
    await asyncio.sleep(1)
    caller.far.ends()
    journey = await office.journey()
    (pause,) = journey.recordings[0].pauses
    assert pause.ended_ms == pytest.approx(pause.started_ms + 1000, abs=50)


async def test_keys_before_the_talk_leave_no_pause(office: Office) -> None:
    _, phone = await _talking(office)
    await asyncio.sleep(5)
    phone.far.ends()
    assert (await office.journey()).recordings[0].pauses == []
