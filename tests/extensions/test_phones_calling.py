"""Calls from the office's phones on virtual time: what they are told, what they offer, what they key."""

from __future__ import annotations

import asyncio

import pytest

from extensions.sip.events import CallEnded
from extensions.sip.headers import Reason
from firmware.core.causes import Cause, Side
from firmware.core.leg import DigitPressed, Leg, LegEnded, LegEvent
from tests.extensions.office import Office, offered, opened

pytestmark = pytest.mark.looptime


async def incoming(place: Office, extension: str = "102", number: str = "101") -> Leg:
    far = await place.phone(extension)
    far.dial(number)
    leg, dialled = await asyncio.wait_for(place.incoming.get(), 5)
    assert dialled == number
    return leg


async def test_what_a_caller_at_a_phone_is_told() -> None:
    for cause, status in (
        (Cause.BUSY, 486),
        (Cause.NO_ANSWER, 480),
        (Cause.SUBSCRIBER_ABSENT, 480),
        (Cause.UNALLOCATED_NUMBER, 404),
        (Cause.REJECTED, 603),
        (Cause.NO_CIRCUIT, 503),
    ):
        place = await opened()
        far = await place.phone("102")
        far.dial("101")
        leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
        await leg.hang_up(cause)
        await place.settle()
        assert far.ended is not None
        assert (far.ended.status, far.ended.reason) == (status, Reason("Q.850", cause.value))


async def test_digits_by_info_and_by_audio_reach_the_listener() -> None:
    place = await opened()
    far, leg = await offered(place)
    await leg.answer()
    await place.settle()
    digits: list[str] = []

    def note(event: LegEvent) -> None:
        if isinstance(event, DigitPressed):
            digits.append(event.digit)

    leg.subscribe(note)
    assert far.call is not None and far.call.dialog is not None
    for kind, body in (
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
        ("application/dtmf-relay", b"Signal= *\nDuration=160"),
        ("application/dtmf", b"d"),
        ("application/dtmf", b"rubbish"),
    ):
        info = far.call.dialog.request("INFO")
        info.headers.set("content-type", kind)
        info.body = body
        with far.driver.turn() as now:
            far.agent.transactions.request(info, far.call.dialog.flow, far.call, now)
        await place.settle()
    assert leg.port is not None
    place.media.press(leg.port, "9")
    assert digits == ["5", "*", "D", "9"]


async def test_a_phone_that_offers_nothing_is_offered_something() -> None:
    place = await opened()
    far = await place.phone("102")
    far.dial("101", body=b"")
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
    await asyncio.wait_for(leg.answer(), 5)
    assert leg.port is not None
    assert place.media.aims[leg.port][-1].port == 4000
    assert far.is_talking()
    await leg.hang_up()
    await place.settle()
    assert far.is_free()


async def test_a_phone_that_answers_our_offer_with_nothing_is_hung_up() -> None:
    place = await opened()
    far = await place.phone("102")
    far.answers_offers = False
    far.dial("101", body=b"")
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
    with pytest.raises(LegEnded) as told:
        await asyncio.wait_for(leg.answer(), 5)
    assert told.value.ending.cause is Cause.INCOMPATIBLE
    await place.settle()
    assert far.is_free()


async def test_a_phone_without_a_codec_of_ours_is_refused() -> None:
    place = await opened()
    far = await place.phone("102")
    far.dial(
        "101",
        body=b"v=0\r\no=- 1 1 IN IP4 x\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n",
    )
    await place.settle()
    assert far.ended is not None
    assert far.ended.status == 488
    assert place.incoming.empty()


async def test_the_audio_port_breaks_in_mid_call() -> None:
    place = await opened()
    leg = await incoming(place)
    await leg.answer()
    await place.settle()
    assert leg.port is not None
    place.media.fail_port(leg.port, "address already gone")
    assert leg.ending is not None
    assert (leg.ending.by, leg.ending.detail) == (Side.WIRE, "address already gone")
    assert any(data.startswith(b"BYE") for data in place.net.carried)


async def test_stopping_hangs_up() -> None:
    place = await opened()
    far, leg = await offered(place)
    await leg.answer()
    await place.settle()
    await place.phones.stop()
    assert leg.ending is not None
    await place.settle()
    assert isinstance(far.ended, CallEnded)
