"""Calls on a phone line as legs: what the contract of legs doesn't tell."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import Ending, LegEnded, Party
from firmware.trunks.trunks import LineStatus
from hal.fake.quirks import Quirks
from tests.trunks.one_line import office

pytestmark = pytest.mark.looptime

US = Party("101")


async def test_a_caller_is_offered_with_number_and_line() -> None:
    async with office() as place:
        leg = await place.caller("+8613800138000")
        assert leg.party == Party("+8613800138000")
        assert (leg.kind, leg.address, leg.port) == ("gsm", "gsm1", None)


async def test_a_caller_who_withholds_the_number_is_marked_so() -> None:
    async with office() as place:
        leg = await place.caller(withheld=True)
        assert leg.party == Party(None, withheld=True)


async def test_a_caller_who_hangs_up_while_the_audio_is_awaited_has_hung_up() -> None:
    async with office(Quirks(audio_refused_seconds=60)) as place:
        leg = await place.caller()
        await leg.answer()
        await asyncio.sleep(3)
        place.bench.hang_up()
        ending = await leg.ended()
        assert ending.by is Side.THEM


async def test_a_caller_who_hangs_up_before_the_network_connects_ends_the_answer() -> None:
    async with office() as place:
        leg = await place.caller()
        answer = asyncio.create_task(leg.answer())
        place.bench.hang_up()
        with pytest.raises(LegEnded) as told:
            await answer
        assert told.value.ending.by is Side.THEM


async def test_the_modem_vanishing_is_what_the_record_says() -> None:
    async with office() as place:
        leg = await place.caller()
        await leg.answer()
        assert leg.port is not None
        # The audio port dies first; the AT port's end says a moment later what really happened.
        place.media.fail_port(leg.port, "Input/output error")
        await asyncio.sleep(0.8)
        place.bench.vanish()
        ending = await leg.ended()
        assert ending == Ending(Cause.NETWORK_OUT_OF_ORDER, Side.WIRE, "modem vanished")
        assert place.trunks.status() == [LineStatus("gsm1", "down", "the modem vanished")]
        place.bench.come_back()
        await place.ready()
        again = await place.caller()
        await again.answer()


async def test_an_outgoing_call_is_connected_once_it_can_be_heard() -> None:
    async with office(Quirks(audio_refused_seconds=2.0)) as place:
        place.bench.will_answer("13900139000")
        leg = place.trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(US)
        await leg.answered()
        assert leg.port in place.media.ports
        await leg.hang_up()
        await asyncio.sleep(1)
        assert place.bench.is_free()


async def test_nobody_answers_our_call() -> None:
    async with office() as place:
        place.bench.will_not_answer("13900139000")
        leg = place.trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(US)
        with pytest.raises(LegEnded) as told:
            await leg.answered()
        assert (told.value.ending.cause, told.value.ending.detail) == (Cause.NO_ANSWER, "NO ANSWER")


async def test_a_number_that_cannot_be_dialled_ends_the_leg() -> None:
    async with office() as place:
        leg = place.trunks.outgoing("12;+CFUN=0")
        assert leg is not None
        with pytest.raises(LegEnded):
            await leg.ring(US)
        assert place.bench.commands("ATD") == []
