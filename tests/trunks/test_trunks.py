"""All lines of the box: which of them a call takes, what is told of them."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.leg import LegState, Party
from firmware.trunks.health import FIRST_PAUSE
from firmware.trunks.trunks import LineStatus
from hal.line import LineState
from tests.trunks.one_line import office

pytestmark = pytest.mark.looptime


async def test_a_line_that_fails_three_calls_gets_no_more_for_a_while() -> None:
    async with office() as place:
        place.bench.modem.quirks.audio_broken = True
        for _ in range(3):
            place.bench.will_answer("13900139000")
            leg = place.trunks.outgoing("13900139000")
            assert leg is not None
            await leg.ring(Party("101"))
            await asyncio.wait_for(leg.ended(), 60)
            place.bench.modem.quirks.audio_broken = True
            while place.bench.line.state is not LineState.READY:
                await asyncio.sleep(0.1)
        assert place.trunks.outgoing("13900139000") is None
        assert "sick" in place.trunks.status()[0].detail
        place.bench.modem.quirks.audio_broken = False
        await asyncio.sleep(FIRST_PAUSE)
        leg = place.trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(Party("101"))
        await asyncio.wait_for(leg.answered(), 60)
        assert "sick" not in place.trunks.status()[0].detail


async def test_a_line_taken_out_of_service_is_left_alone_but_for_help() -> None:
    async with office() as place:
        place.trunks.health.out_of_service = frozenset({"gsm1"})
        assert place.trunks.outgoing("13900139000") is None
        assert place.trunks.lines_for_emergency() == ["gsm1"]


async def test_a_line_in_a_call_takes_no_other() -> None:
    async with office() as place:
        leg = await place.caller()
        assert place.trunks.outgoing("13900139000") is None
        await leg.hang_up()
        await place.ready()
        assert place.trunks.outgoing("13900139000", "gsm1") is not None
        assert place.trunks.outgoing("13900139000", "gsm2") is None


async def test_a_call_ringing_when_the_box_stops_is_refused() -> None:
    async with office() as place:
        leg = await place.caller()
        await place.trunks.stop()
        assert leg.state is LegState.ENDED
        assert place.bench.is_free()


async def test_line_changes_are_told_without_numbers() -> None:
    async with office() as place:
        told: list[LineStatus] = []
        place.trunks.on_change = told.append
        leg = await place.caller("13800138000")
        await leg.hang_up()
        await place.ready()
        assert {status.state for status in told} >= {"in call", "ready"}
        assert "13800138000" not in repr(told)


async def test_help_is_called_on_a_line_that_has_no_network() -> None:
    async with office() as place:
        place.bench.act(lambda: place.bench.modem.set_registration(8))
        await asyncio.sleep(1)
        assert place.trunks.outgoing("112") is None
        assert place.trunks.lines_for_emergency() == ["gsm1"]
        place.bench.will_answer("112")
        leg = place.trunks.emergency("112", "gsm1")
        await leg.ring(Party(None))
        await asyncio.sleep(10)
        assert leg.state is LegState.CONNECTED
        await leg.hang_up()
        with pytest.raises(KeyError):
            place.trunks.emergency("112", "gsm9")


async def test_the_doctor_examines_every_line() -> None:
    async with office() as place:
        (verdicts,) = place.trunks.checkup().values()
        steps = ["power", "sim", "signal", "registration", "caller_id", "audio", "hang_up"]
        assert [verdict.step for verdict in verdicts] == steps


async def test_messages_are_no_business_of_a_call_on_the_line() -> None:
    async with office() as place:
        texts: list[str] = []
        place.trunks.on_text = lambda line, event: texts.append(f"{line.name} {type(event).__name__}")
        leg = await place.caller()
        await leg.answer()
        place.bench.text("10086", "hello")
        await asyncio.sleep(5)
        assert leg.state is LegState.CONNECTED
        assert "gsm1 SmsReceived" in texts
        assert place.trunks.messaging() is place.bench.line
        assert place.trunks.messaging("gsm9") is None
        await leg.hang_up()
