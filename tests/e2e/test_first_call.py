"""The first call, with real processes, a real phone and real audio: what did each side hear?"""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.records import Outcome
from firmware.sim.listening import Heard, Samples, find_tone
from tests.e2e.box import Box, dump

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

TONE_DBFS = -15 - 6.15
"""What the tones are sent with: -15 dBm0, where 0 dBm0 is 6.15 dB below the RMS of full scale."""


def tone(samples: Samples, hertz: float) -> Heard:
    """Return a tone that must be there, at the level it was sent with, within 2 dB, without gaps."""
    heard = find_tone(samples, 8000, hertz)
    assert heard is not None, f"no {hertz} Hz in {len(samples) / 8000:.1f} s of audio"
    assert heard.hertz == pytest.approx(hertz, abs=2)
    assert heard.level_dbfs == pytest.approx(TONE_DBFS, abs=2)
    assert heard.longest_gap_ms <= 40
    return heard


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_caller_reaches_a_phone_and_both_hear_each_other(box: Box, transport: str) -> None:
    phone = await box.phone("101", auto_answer=True, transport=transport)
    caller = await box.talking()
    await asyncio.sleep(3)
    await caller.hang_up()
    await phone.event("CALL_CLOSED")
    journey = await box.journey()
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert (journey.caller, journey.called, journey.hung_up_by) == ("13800138000", "101", "caller")
    assert tone(box.heard_by(phone), 440).lasted_seconds > 2.5
    assert tone(box.heard("13800138000"), 1000).lasted_seconds > 2.5
    left, right = box.recording(journey)
    assert tone(left, 440).lasted_seconds > 2.5
    assert tone(right, 1000).lasted_seconds > 2.5
    assert find_tone(left, 8000, 1000) is None
    assert find_tone(right, 8000, 440) is None
