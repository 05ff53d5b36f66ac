"""Every case of a dialog with SIPp at the other end, with and without packets getting lost.

Where SIPp calls it loses them itself (`-lost 5`); to a called phone the path loses as many (`lossy.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware.core.causes import Cause
from firmware.core.leg import LegEvent, LegState, TransferRequested
from tests.interop.script import Called, Caller
from tests.interop.scripted import (
    WITH_AND_WITHOUT_LOSS,
    Box,
    called,
    calling,
    is_over,
    open_box,
    until,
)

pytestmark = [pytest.mark.e2e]


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with open_box() as box:
        yield box


# The phone calls


@WITH_AND_WITHOUT_LOSS
async def test_an_offer_that_comes_late(tmp_path: Path, box: Box, lost: int) -> None:
    script = Caller("delayed-offer").invites(offer=False).hears(180, optional=True)
    script.hears(200, header="body", value="m=audio").acknowledges(answer=True).waits(200).hangs_up()
    running = calling(tmp_path, box, script, lost)
    leg = await box.call()
    await leg.progress()
    await leg.answer()
    assert leg.port is not None and box.media.aims[leg.port][-1].payload_type == 8
    await is_over(leg, running)


@WITH_AND_WITHOUT_LOSS
async def test_ringing_that_must_be_acknowledged(tmp_path: Path, box: Box, lost: int) -> None:
    script = Caller("prack").invites("Require: 100rel").hears(180, header="RSeq", value="1")
    script.pracks().hears(200).acknowledges().waits(200).hangs_up()
    running = calling(tmp_path, box, script, lost)
    leg = await box.call()
    await leg.progress()
    # The script wants the ringing acknowledged before the answer: what is lost is said again by then.
    await asyncio.sleep(4 if lost else 0.5)
    await leg.answer()
    await is_over(leg, running)


@WITH_AND_WITHOUT_LOSS
async def test_audio_before_the_answer(tmp_path: Path, box: Box, lost: int) -> None:
    script = Caller("early").invites("Supported: 100rel").hears(183, header="body", value="m=audio")
    script.pracks().hears(200).acknowledges().waits(200).hangs_up()
    running = calling(tmp_path, box, script, lost)
    leg = await box.call()
    assert await leg.open_early()
    assert leg.port is not None
    await asyncio.sleep(0.5)
    await leg.answer()
    await is_over(leg, running)


@WITH_AND_WITHOUT_LOSS
@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
async def test_the_phone_holds_and_resumes(tmp_path: Path, box: Box, lost: int, method: str) -> None:
    script = Caller(f"holds-{method.lower()}").invites().hears(180, optional=True).hears(200).acknowledges()
    for ours, theirs in (("sendonly", "recvonly"), ("sendrecv", "sendrecv")):
        # A lost ACK comes again only with the next 200.
        script.waits(2500 if lost else 300).asks(method, body=True, direction=ours)
        script.hears(200, header="body", value=f"a={theirs}")
        if method == "INVITE":
            script.acknowledges()
    running = calling(tmp_path, box, script.waits(300).hangs_up(), lost)
    leg = await box.call()
    await leg.answer()
    states: list[LegState] = []
    leg.subscribe(lambda _: states.append(leg.state))
    await is_over(leg, running)
    assert states == [LegState.HELD, LegState.CONNECTED, LegState.ENDED]


@WITH_AND_WITHOUT_LOSS
async def test_a_session_is_kept_alive(tmp_path: Path, box: Box, lost: int) -> None:
    script = Caller("timer").invites("Supported: timer", "Session-Expires: 120;refresher=uac")
    script.hears(180, optional=True).hears(200, header="Session-Expires", value="120;refresher=uac")
    script.acknowledges().waits(200).asks("UPDATE", "Supported: timer", "Session-Expires: 120;refresher=uac")
    script.hears(200, header="Session-Expires", value="120").hangs_up()
    running = calling(tmp_path, box, script, lost)
    leg = await box.call()
    await leg.answer()
    await is_over(leg, running)


async def test_a_session_that_is_too_short(tmp_path: Path, box: Box) -> None:
    script = Caller("brief").invites("Supported: timer", "Session-Expires: 30")
    script.hears(422, header="Min-SE", value="90").acknowledges()
    done = await calling(tmp_path, box, script, 0)
    assert done.succeeded, done.report()


@WITH_AND_WITHOUT_LOSS
async def test_the_phone_transfers(tmp_path: Path, box: Box, lost: int) -> None:
    script = Caller("refers").invites().hears(180, optional=True).hears(200).acknowledges().waits(200)
    script.asks("REFER", "Refer-To: <sip:105@[remote_ip]:[remote_port]>").hears(202)
    script.hears("NOTIFY", header="body", value="SIP/2.0 100").answers()
    script.hears("NOTIFY", header="body", value="SIP/2.0 200").answers().hangs_up()
    running = calling(tmp_path, box, script, lost)
    leg = await box.call()
    asked: list[TransferRequested] = []

    def take_on(event: LegEvent) -> None:
        if isinstance(event, TransferRequested):
            asked.append(event)
            leg.accept_transfer()

    leg.subscribe(take_on)
    await leg.answer()
    await until(lambda: bool(asked), "no REFER came")
    await asyncio.sleep(1.0)
    leg.transfer_finished(Cause.NORMAL)
    await is_over(leg, running)
    assert asked == [TransferRequested("105", None)]


@WITH_AND_WITHOUT_LOSS
async def test_two_offers_cross(tmp_path: Path, box: Box, lost: int) -> None:
    """Both put the other on hold at once: the phone's comes first and ours is refused; we try again."""
    script = Caller("glare").invites().hears(180, optional=True).hears(200).acknowledges()
    # SIPp answers our re-INVITE with 491 as a phone does whose own is under way.
    script.hears("INVITE", header="body", value="a=sendonly")
    script.refuses("491 Request Pending").hears("ACK")
    script.hears("INVITE", header="body", value="a=sendonly").answers(body=True, direction="recvonly")
    script.hears("ACK").waits(200).hangs_up()
    running = calling(tmp_path, box, script, lost)
    leg = await box.call()
    await leg.answer()
    await leg.hold()
    await is_over(leg, running)


@WITH_AND_WITHOUT_LOSS
async def test_an_offer_while_ours_is_under_way(tmp_path: Path, box: Box, lost: int) -> None:
    """The phone's re-INVITE meets ours and is refused with 491; ours, repeated, is answered."""
    script = Caller("meets").invites().hears(180, optional=True).hears(200).acknowledges()
    script.hears("INVITE", header="body", value="a=sendonly")
    script.asks("INVITE", body=True).hears(100, optional=True).hears(491).refused()
    script.hears("INVITE").answers(body=True, direction="recvonly")
    script.hears("ACK").waits(200).hangs_up()
    running = calling(tmp_path, box, script, lost)
    leg = await box.call()
    await leg.answer()
    await leg.hold()
    await is_over(leg, running)


@WITH_AND_WITHOUT_LOSS
async def test_the_phone_changes_the_codec(tmp_path: Path, box: Box, lost: int) -> None:
    script = Caller("codec").invites().hears(180, optional=True).hears(200).acknowledges()
    script.waits(2500 if lost else 300).asks("INVITE", body=True, codec=0)
    script.hears(100, optional=True).hears(200, header="body", value="m=audio [0-9]+ RTP/AVP 0 101")
    running = calling(tmp_path, box, script.acknowledges().waits(300).hangs_up(), lost)
    leg = await box.call()
    await leg.answer()
    port = leg.port
    assert port is not None
    await is_over(leg, running)
    assert [aim.payload_type for aim in box.media.aims[port]] == [8, 0]


@pytest.mark.slow
async def test_the_box_keeps_a_session_alive_where_the_phone_wants_it_to(tmp_path: Path, box: Box) -> None:
    script = Caller("refreshed").invites("Supported: timer", "Session-Expires: 90;refresher=uas")
    script.hears(180, optional=True).hears(200, header="Session-Expires", value="90;refresher=uas")
    # A silent phone is asked whether it is there; the session is refreshed at half its time.
    script.acknowledges().hears("OPTIONS").answers()
    script.hears("UPDATE", header="Session-Expires", value="90;refresher=uac")
    running = calling(tmp_path, box, script.answers().waits(200).hangs_up(), 0)
    leg = await box.call()
    await leg.answer()
    await is_over(leg, running)


# The phone is called


@WITH_AND_WITHOUT_LOSS
async def test_the_phones_own_announcement_before_it_answers(tmp_path: Path, box: Box, lost: int) -> None:
    script = Called("early-media").is_invited()
    script.says(183, "Require: 100rel", "RSeq: 7", body=True, text="Session Progress")
    script.hears("PRACK", header="RAck", value="7 1 INVITE").answers()
    script.waits(300).says(200, body=True).hears("ACK").waits(200).asks("BYE").hears(200)
    leg, running = await called(tmp_path, box, script, lost)
    await until(lambda: leg.port is not None, "no early audio")
    assert leg.state is LegState.ALERTING
    await asyncio.wait_for(leg.answered(), 10)
    await is_over(leg, running)


@WITH_AND_WITHOUT_LOSS
async def test_a_call_that_forks_behind_the_phone(tmp_path: Path, box: Box, lost: int) -> None:
    script = (
        Called("forks").is_invited().says(180, tag="a", text="Ringing").says(180, tag="b", text="Ringing")
    )
    script.waits(200).says(200, tag="b", body=True).hears("ACK").waits(200).asks("BYE", tag="b").hears(200)
    leg, running = await called(tmp_path, box, script, lost)
    await asyncio.wait_for(leg.answered(), 10)
    await is_over(leg, running)


@WITH_AND_WITHOUT_LOSS
async def test_the_called_phone_changes_its_mind_about_the_session(
    tmp_path: Path, box: Box, lost: int
) -> None:
    script = Called("updates").is_invited().says(180, text="Ringing").says(200, body=True).hears("ACK")
    script.waits(200).asks("UPDATE", body=True, direction="sendonly")
    script.hears(200, header="body", value="a=recvonly")
    script.waits(200).asks("INVITE", body=True).hears(100, optional=True)
    script.hears(200, header="body", value="a=sendrecv").acknowledges()
    script.waits(200).asks("BYE").hears(200)
    leg, running = await called(tmp_path, box, script, lost)
    await asyncio.wait_for(leg.answered(), 10)
    await is_over(leg, running)
