"""The first call, with real processes, a real phone and real audio: what did each side hear?"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from firmware.core.records import Outcome
from firmware.sim.listening import Heard, Samples, find_tone
from tests.e2e.box import Box, dump

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

TONE_DBFS = -15 - 6.15
"""What the tones are sent with: -15 dBm0, where 0 dBm0 is 6.15 dB below the RMS of full scale."""


class Gap(AssertionError):
    """A tone was there, and broke off for longer than one lost packet explains."""


def tone(samples: Samples, hertz: float) -> Heard:
    """Return a tone that must be there, at the level it was sent with, within 2 dB, without gaps.

    Raises:
        Gap: It has one, which a computer that is busy elsewhere can cause, too.
    """
    heard = find_tone(samples, 8000, hertz)
    assert heard is not None, f"no {hertz} Hz in {len(samples) / 8000:.1f} s of audio"
    assert heard.hertz == pytest.approx(hertz, abs=2)
    assert heard.level_dbfs == pytest.approx(TONE_DBFS, abs=2)
    if heard.longest_gap_ms > 40:
        raise Gap(f"{heard}")
    return heard


async def clearly(talk: Callable[[int], Awaitable[None]]) -> None:
    """Have a call up to three times, told which one it is, until no tone in it has a gap."""
    for attempt in (1, 2):
        with contextlib.suppress(Gap):
            await talk(attempt)
            return
    await talk(3)


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


async def test_phone_calls_phone(box: Box) -> None:
    caller = await box.phone("101", plays=700)
    callee = await box.phone("102", plays=1000)
    await caller.dial("102")
    await callee.event("CALL_INCOMING")
    await callee.accept()
    await caller.event("CALL_ESTABLISHED")
    await asyncio.sleep(3)
    await callee.hang_up()
    await caller.event("CALL_CLOSED")
    journey = await box.journey()
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert (journey.line, journey.called, journey.hung_up_by) == ("101", "102", "102")
    assert tone(box.heard_by(caller), 1000).lasted_seconds > 2.5
    assert tone(box.heard_by(callee), 700).lasted_seconds > 2.5


@pytest.mark.parametrize("moment", ["greeting", "ringing", "talking"])
async def test_the_caller_hangs_up(box: Box, moment: str) -> None:
    phone = await box.phone("101", auto_answer=moment == "talking")
    caller = await box.calls("13800138000", digits="" if moment == "greeting" else "101")
    await caller.answered()
    match moment:
        case "ringing":
            await phone.event("CALL_INCOMING")
        case "talking":
            await phone.event("CALL_ESTABLISHED")
    await asyncio.sleep(1)
    await caller.hang_up()
    if moment != "greeting":
        await phone.event("CALL_CLOSED")
    journey = await box.journey()
    expected = Outcome.ANSWERED if moment == "talking" else Outcome.ABANDONED
    assert journey.outcome is expected, dump(journey)
    assert journey.hung_up_by == "caller"
    await box.until(lambda: _ports_closed(box))


async def _ports_closed(box: Box) -> bool:
    return (await box.status()).media["ports"] == 0


async def test_a_key_pressed_in_the_greeting_interrupts_it(box: Box) -> None:
    phone = await box.phone("101")
    caller = await box.calls("13800138000", digits="101", digits_after=3.0)
    await phone.event("CALL_INCOMING")
    await asyncio.sleep(6)
    await caller.hang_up()
    began = box.heard_prompt("13800138000", "recording-notice")
    assert began is not None
    assert began < 1.0
    # Three keys take about a second; the notice alone would last two seconds longer.
    assert began + len(box.prompt("recording-notice")) / 8000 > 5.0
    ringing = find_tone(box.heard("13800138000"), 8000, 450)
    assert ringing is not None
    assert ringing.began_seconds < 4.5
