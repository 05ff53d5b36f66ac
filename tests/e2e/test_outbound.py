"""A phone of the office calls out over the GSM line; help is reached whatever the line is doing."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.leg import Direction
from firmware.core.records import Outcome
from firmware.sim.listening import find_tone
from hal.fake.network import PartyScript
from tests.e2e.box import Box, dump

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(90)]

MOBILE = "13900139000"


async def _number_answers(box: Box, number: str) -> None:
    script = PartyScript(play=("tone:440:-15",), loop=True, hear=str(box.folder / f"heard-{number}.wav"))
    await box.world.set_number(number, "answers", 1.0, script)


async def test_a_phone_calls_a_mobile_and_both_hear_each_other(box: Box) -> None:
    await _number_answers(box, MOBILE)
    phone = await box.phone("101")
    await phone.dial(MOBILE)
    await phone.event("CALL_ESTABLISHED")
    await asyncio.sleep(3)
    await phone.hang_up()
    journey = await box.journey()
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert journey.direction is Direction.OUTGOING
    assert journey.line == "101"
    assert "gsm1" in [leg.address for leg in journey.legs]
    heard = find_tone(box.heard_by(phone), 8000, 440)
    assert heard is not None
    assert heard.lasted_seconds > 2
    assert find_tone(box.heard(MOBILE), 8000, 1000) is not None


async def test_abroad_is_barred_and_the_line_is_not_touched(box: Box) -> None:
    phone = await box.phone("101")
    await phone.dial("0012125550100")
    await phone.event("CALL_CLOSED", "CALL_ESTABLISHED")
    await phone.hang_up()
    journey = await box.journey()
    assert journey.outcome is not Outcome.ANSWERED, dump(journey)
    assert [leg.address for leg in journey.legs] == ["101"], dump(journey)
    commands = (await box.world.history())["commands"]
    assert not [entry for entry in commands if entry["command"].upper().startswith("ATD")]


async def test_an_emergency_call_takes_the_line_from_a_caller(box: Box) -> None:
    await _number_answers(box, "110")
    await box.phone("102", auto_answer=True)
    caller = await box.talking(extension="102")
    phone = await box.phone("101")
    await phone.dial("110")
    await phone.event("CALL_ESTABLISHED")
    assert await caller.ended() == "modem hung up"
    await asyncio.sleep(2)
    await phone.hang_up()
    await box.journey(2)
    assert find_tone(box.heard_by(phone), 8000, 440) is not None
    faults = (await box.status()).faults
    assert any("110" in str(fault) for fault in faults), faults
