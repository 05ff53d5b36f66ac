"""The office's phones on virtual time: what a caller is told, and what a phone may do."""

from __future__ import annotations

import asyncio

import pytest

from extensions.sip.causes import cause_of, reason_of, status_of
from extensions.sip.events import CallEnded
from extensions.sip.flow import Flow
from extensions.sip.headers import Reason
from firmware.core.causes import Cause, Side
from firmware.core.leg import DigitPressed, Leg, LegEnded, LegEvent, LegState, Party
from tests.extensions.far_phone import FarPhone
from tests.extensions.office import Office
from tests.extensions.sip_net import ONE_BYTE, NetDriver

pytestmark = pytest.mark.looptime

CALLER = Party("13800138000", "Li Lei")


async def office(line: object = None) -> Office:
    made = Office() if line is None else Office(ONE_BYTE)
    await made.open()
    return made


async def refused(leg: Leg) -> tuple[Cause, Side, str]:
    """Wait until the leg was refused; return why."""
    with pytest.raises(LegEnded) as told:
        await asyncio.wait_for(leg.answered(), 100)
    return told.value.ending.cause, told.value.ending.by, told.value.ending.detail


# Calls to phones


async def test_nobody_registered() -> None:
    place = await office()
    leg = place.phones.leg_to("101")
    with pytest.raises(LegEnded) as told:
        await leg.ring(CALLER)
    assert told.value.ending.cause is Cause.SUBSCRIBER_ABSENT
    assert place.media.ports == {}


async def test_a_phone_that_lost_its_power() -> None:
    place = await office()
    far = await place.phone("101")
    far.vanish()
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    assert await refused(leg) == (Cause.NO_USER_RESPONDING, Side.WIRE, "no answer to INVITE")
    assert place.media.ports == {}


async def test_a_phone_whose_connection_closed_is_absent_at_once() -> None:
    place = await office("tcp")
    far = await place.phone("101")
    assert far.flow is not None
    (binding,) = place.phones.bindings("101")
    place.phones.driver.connection_lost(binding.flow)  # type: ignore[attr-defined] # the test's driver
    leg = place.phones.leg_to("101")
    with pytest.raises(LegEnded):
        await leg.ring(CALLER)


@pytest.mark.parametrize(
    ("status", "cause", "detail"),
    [
        (486, Cause.BUSY, "486 Busy Here"),
        (600, Cause.BUSY, "600 Busy Everywhere"),
        (603, Cause.REJECTED, "603 Decline"),
        (480, Cause.NO_USER_RESPONDING, "480 Temporarily Unavailable"),
        (404, Cause.UNALLOCATED_NUMBER, "404 Not Found"),
        (488, Cause.INCOMPATIBLE, "488 Not Acceptable Here"),
    ],
)
async def test_a_phone_refuses(status: int, cause: Cause, detail: str) -> None:
    place = await office()
    far = await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    far.refuse(status)
    assert await refused(leg) == (cause, Side.THEM, detail)


async def test_the_phone_shows_who_calls() -> None:
    place = await office()
    far = await place.phone("101")
    for party, user, name in (
        (CALLER, "13800138000", "Li Lei"),
        (Party("+8613800138000", "李雷"), "+8613800138000", "李雷"),
        (Party(None, withheld=True), "anonymous", "Anonymous"),
    ):
        leg = place.phones.leg_to("101")
        await leg.ring(party)
        await place.settle()
        assert far.offered is not None
        shown = far.offered.invite.from_
        assert (shown.sip_uri.user, shown.display) == (user, name)
        await leg.hang_up()
        await place.settle()


async def test_all_phones_of_an_extension_ring_and_the_first_answer_wins() -> None:
    place = await office()
    desk, sofa = await place.phone("101"), await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    assert desk.is_rung() and sofa.is_rung()
    sofa.answer()
    await asyncio.wait_for(leg.answered(), 5)
    await place.settle()
    assert sofa.is_talking()
    assert desk.ended is not None
    assert cause_of(desk.ended.status, desk.ended.reason) is Cause.ANSWERED_ELSEWHERE
    await leg.hang_up()
    await place.settle()
    assert sofa.is_free()


async def test_two_phones_answer_at_once_and_one_is_hung_up() -> None:
    place = await office()
    desk, sofa = await place.phone("101"), await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    desk.answer()
    sofa.answer()
    await place.settle()
    assert [desk.is_talking(), sofa.is_talking()].count(True) == 1
    assert [desk.is_free(), sofa.is_free()].count(True) == 1


async def test_one_busy_phone_does_not_end_the_ringing_of_another() -> None:
    place = await office()
    desk, sofa = await place.phone("101"), await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    desk.refuse(486)
    await place.settle()
    assert leg.ending is None
    sofa.vanish()
    sofa.refuse(480)
    await leg.hang_up()
    assert place.media.ports == {}


async def test_a_phone_that_declines_silences_the_others() -> None:
    place = await office()
    desk, sofa = await place.phone("101"), await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    desk.refuse(603)
    assert (await refused(leg))[0] is Cause.REJECTED
    await place.settle()
    assert sofa.is_free()


async def talking(place: Office) -> tuple[FarPhone, Leg]:
    """Return a phone in a call that the box placed, and the call's leg."""
    far = await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    far.answer()
    await asyncio.wait_for(leg.answered(), 5)
    await place.settle()
    return far, leg


async def test_a_phone_that_hangs_up_as_it_is_put_on_hold_has_hung_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = await office()
    far, leg = await talking(place)
    lost: list[bytes] = []
    carry = place.net.carry

    def loses_the_first_bye(sender: NetDriver, data: bytes, flow: Flow) -> None:
        if data.startswith(b"BYE") and not lost:
            lost.append(data)
        else:
            carry(sender, data, flow)

    monkeypatch.setattr(place.net, "carry", loses_the_first_bye)
    far.hang_up()
    await leg.hold()
    ending = await asyncio.wait_for(leg.ended(), 5)
    assert lost
    assert (ending.cause, ending.by, ending.detail) == (Cause.NORMAL, Side.THEM, "BYE")


async def test_a_phone_that_restarted_in_a_call_did_not_hang_up() -> None:
    place = await office()
    far, leg = await talking(place)
    assert far.call is not None
    far.agent.forget(far.call)
    await leg.hold()
    ending = await asyncio.wait_for(leg.ended(), 5)
    assert (ending.cause, ending.by) == (Cause.DESTINATION_OUT_OF_ORDER, Side.WIRE)


async def test_no_port_for_the_audio() -> None:
    place = await office()
    far = await place.phone("101")
    place.media.rtp_exhausted = True
    leg = place.phones.leg_to("101")
    with pytest.raises(LegEnded) as told:
        await leg.ring(CALLER)
    assert told.value.ending.cause is Cause.BEARER_NOT_AVAILABLE
    assert not far.is_rung()


# Calls from phones


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
        place = await office()
        far = await place.phone("102")
        far.dial("101")
        leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
        await leg.hang_up(cause)
        await place.settle()
        assert far.ended is not None
        assert (far.ended.status, far.ended.reason) == (status, Reason("Q.850", cause.value))


async def test_every_cause_has_a_status_and_every_status_a_cause() -> None:
    assert all(400 <= status_of(cause) < 700 for cause in Cause)
    assert all(isinstance(cause_of(status, None), Cause) for status in range(300, 700))
    assert cause_of(503, Reason("Q.850", 34)) is Cause.NO_CIRCUIT
    assert cause_of(503, Reason("Q.850", 99)) is Cause.UNSPECIFIED
    assert cause_of(None, None) is Cause.NORMAL
    assert str(reason_of(Cause.BUSY)) == "Q.850;cause=17"


async def test_digits_by_info_and_by_audio_reach_the_listener() -> None:
    place = await office()
    far = await place.phone("102")
    far.dial("101")
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
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
    place = await office()
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
    place = await office()
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
    place = await office()
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
    place = await office()
    leg = await incoming(place)
    await leg.answer()
    await place.settle()
    assert leg.port is not None
    place.media.fail_port(leg.port, "address already gone")
    assert leg.ending is not None
    assert (leg.ending.by, leg.ending.detail) == (Side.WIRE, "address already gone")
    assert any(data.startswith(b"BYE") for data in place.net.carried)


async def test_hold_right_after_the_answer_is_said_once_the_phone_has_acknowledged() -> None:
    place = await office()
    far = await place.phone("102")
    far.dial("101")
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
    await leg.answer()
    await leg.hold()
    await place.settle()
    assert far.is_held()
    await leg.resume()
    await leg.hold()
    await place.settle()
    assert far.is_held()
    await leg.resume()
    await place.settle()
    assert far.is_talking()
    assert leg.state is LegState.CONNECTED


async def test_hold_while_the_phone_resumes_is_said_once_that_is_over() -> None:
    place = await office()
    far = await place.phone("102")
    far.dial("101")
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
    await leg.answer()
    await place.settle()
    far.hold(on=True)
    await place.settle()
    far.hold(on=False)
    # The box has answered the phone's re-INVITE, and waits for its ACK.
    await asyncio.sleep(0.007)
    assert leg.state is LegState.CONNECTED
    await leg.hold()
    await place.settle()
    assert far.is_held()


async def test_we_hold_while_the_phone_holds() -> None:
    place = await office()
    far = await place.phone("102")
    far.dial("101")
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
    await leg.answer()
    await place.settle()
    await leg.hold()
    await place.settle()
    far.hold(on=True)
    await place.settle()
    await leg.resume()
    await place.settle()
    assert leg.state is LegState.HELD
    far.hold(on=False)
    await place.settle()
    assert [leg.state, far.is_talking()] == [LegState.CONNECTED, True]


async def test_stopping_hangs_up() -> None:
    place = await office()
    far = await place.phone("102")
    far.dial("101")
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
    await leg.answer()
    await place.settle()
    await place.phones.stop()
    assert leg.ending is not None
    await place.settle()
    assert isinstance(far.ended, CallEnded)
