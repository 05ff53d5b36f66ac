"""A call for help stands until one of the two who talk ends it: no fault of audio or SIM is a reason to."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import Ending, Leg, LegState, Party
from firmware.core.media import FellSilent
from firmware.switch.ringing import Attempt, Race
from firmware.trunks.line_leg import REOPENINGS, LineLeg
from hal.fake.network import Answering, FarNumber
from hal.fake.quirks import Quirks
from hal.fake.sim_card import SimCard
from hal.line import LineState
from tests.switch.fake_leg import FakeLeg
from tests.trunks.one_line import Office, office

pytestmark = pytest.mark.looptime
HELP, CALLER = "120", Party("101")


async def calls_for_help(place: Office) -> LineLeg:
    """Dial, and have the other side answer."""
    place.bench.network.numbers[HELP] = FarNumber(Answering.ANSWERS, after=2.0)
    leg = place.trunks.emergency(HELP, "gsm1")
    await leg.ring(CALLER)
    while not leg.is_taken:
        await asyncio.sleep(0.1)
    return leg


async def test_audio_that_is_refused_for_a_minute_does_not_end_it() -> None:
    async with office(Quirks(audio_refused_seconds=60.0)) as place:
        leg = await calls_for_help(place)
        await asyncio.sleep(55)
        assert place.bench.is_talking(), "the centre can trace who is in the line"
        assert (leg.ending, leg.state) == (None, LegState.ALERTING)
        await asyncio.wait_for(leg.answered(), 10)
        assert leg.port is not None
        assert place.bench.commands("AT+CHUP") == place.bench.commands("AT+CRESET") == []
        await leg.hang_up()
        await asyncio.sleep(3)
        assert place.bench.commands("AT+CRESET") == ["AT+CRESET"], "then the modem's audio is cured"


async def test_audio_that_never_comes_does_not_end_it_and_the_centre_may() -> None:
    async with office(Quirks(audio_broken=True)) as place:
        leg = await calls_for_help(place)
        await asyncio.sleep(300)
        assert place.bench.is_talking() and leg.ending is None
        assert place.bench.commands("AT+CHUP") == place.bench.commands("AT+CRESET") == []
        place.bench.hang_up()
        assert (await asyncio.wait_for(leg.ended(), 10)).by is Side.THEM
        await asyncio.sleep(3)
        assert place.bench.commands("AT+CRESET") == ["AT+CRESET"]
        await place.ready()


async def test_the_next_call_is_no_call_for_help_any_more() -> None:
    async with office(Quirks(audio_refused_seconds=60.0)) as place:
        leg = await calls_for_help(place)
        await leg.hang_up()
        await asyncio.sleep(10)
        await place.ready()
        place.bench.modem.quirks.audio_broken = True
        caller = await place.caller()
        await caller.answer()
        assert (await asyncio.wait_for(caller.ended(), 20)).cause is Cause.BEARER_NOT_AVAILABLE


async def test_a_device_that_is_missing_is_opened_when_it_comes() -> None:
    async with office() as place:
        place.media.missing_devices.add("/pcm")
        leg = await calls_for_help(place)
        await asyncio.sleep(60)
        assert place.bench.is_talking() and leg.ending is None
        place.media.missing_devices.clear()
        await asyncio.wait_for(leg.answered(), 20)
        assert leg.port is not None
        await leg.hang_up()


async def test_audio_that_fails_again_and_again_is_opened_again_and_again() -> None:
    async with office() as place:
        leg = await calls_for_help(place)
        await leg.answered()
        assert leg.port is not None
        for _ in range(3 * REOPENINGS):
            place.media.fail_port(leg.port, "Input/output error")
            place.media.missing_devices.add("/pcm")
            await asyncio.sleep(10)
            place.media.missing_devices.clear()
            await asyncio.sleep(3)
        assert leg.ending is None and place.bench.is_talking()
        assert len(place.media.reopened) == 3 * REOPENINGS
        await leg.hang_up()


async def test_silence_is_no_hang_up() -> None:
    async with office() as place:
        leg = await calls_for_help(place)
        await leg.answered()
        assert leg.port is not None
        place.media.notice(leg.port, FellSilent(60_000))
        await asyncio.sleep(5)
        assert leg.ending is None and place.bench.is_talking()
        await leg.hang_up()


async def test_a_sim_card_that_goes_away_does_not_end_it_and_is_missed_afterwards() -> None:
    async with office() as place:
        leg = await calls_for_help(place)
        await leg.answered()
        bench = place.bench
        bench.modem.sim = SimCard(present=False)
        bench.act(lambda: bench.modem.notify("+CPIN: NOT READY"))
        await asyncio.sleep(30)
        assert leg.ending is None and bench.is_talking()
        await leg.hang_up()
        await asyncio.sleep(10)
        assert (bench.line.state, bench.line.detail) == (LineState.STARTING, "no SIM card in the modem")


async def test_who_has_answered_is_not_hung_up_for_ringing_too_long() -> None:
    class Journey:
        """What a race needs of a call."""

        def __init__(self) -> None:
            self.caller: Leg = FakeLeg.incoming("101")

        def ringing_began(self, leg: Leg, attempt: Attempt) -> None: ...

        def ringing_ended(self, leg: Leg, cause: Cause) -> None: ...

    async with office(Quirks(audio_refused_seconds=100.0)) as place:
        place.bench.network.numbers[HELP] = FarNumber(Answering.ANSWERS, after=2.0)
        leg = place.trunks.emergency(HELP, "gsm1")
        race = Race(Journey(), place.media, [Attempt(HELP, lambda: leg, seconds=60.0)])
        rung = await asyncio.wait_for(race.run(), 120)
        assert rung.leg is leg
        assert leg.state is LegState.CONNECTED
        await leg.hang_up()
        assert leg.ending == Ending(Cause.NORMAL, Side.US)
