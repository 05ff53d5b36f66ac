"""Every case of a dialog with SIPp at the other end, with and without packets getting lost.

Loss is on the side of SIPp when it calls. As the called phone SIPp takes a repeated INVITE, whose answer it
threw away itself, for a fault of ours: those cases are told under loss on virtual time, by the leg contract.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from extensions.accounts import Account, Accounts
from extensions.phones import Phones
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause, Side
from firmware.core.leg import Leg, LegEnded, LegEvent, LegState, Party, TransferRequested
from tests.interop import sipp
from tests.interop.baresip import free_port
from tests.interop.script import Called, Caller
from tests.interop.sipp import Sipp
from tests.media.fake_media import FakeMedia

pytestmark = [pytest.mark.e2e]

KEY = "k7mn2pq9rs4tvw6xyz3a"
CALLER = Party("13800138000", "Li Lei")
LOST_PERCENT = 5
WITH_AND_WITHOUT_LOSS = pytest.mark.parametrize(
    "lost", [0, pytest.param(LOST_PERCENT, marks=pytest.mark.slow)], ids=["good", "lossy"]
)


class Box:
    def __init__(self) -> None:
        self.media = FakeMedia()
        accounts = Accounts([Account("101", "Ann", KEY), Account("102", "Bob", KEY)])
        self.phones = Phones(accounts, self.media, "127.0.0.1", 0)
        self.calls: asyncio.Queue[SipLeg] = asyncio.Queue()
        self.phones.on_incoming = lambda leg, _: self.calls.put_nowait(leg)

    async def call(self) -> SipLeg:
        """Return the next call from a phone."""
        return await asyncio.wait_for(self.calls.get(), 20)


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    box = Box()
    await box.phones.start()
    yield box
    await box.phones.stop()
    assert box.phones.counters["bugs"] == 0
    assert box.media.ports == {}


async def until(condition: Callable[[], bool], complaint: str) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)
    assert condition(), complaint


def calling(folder: Path, box: Box, script: Caller, lost: int) -> asyncio.Task[Sipp]:
    """Have 101 call 102 as the script says."""
    run = sipp.run(
        folder, script.write(folder), registrar_port=box.phones.port, user="101", secret=KEY, number="102",
        local_port=free_port(socket.SOCK_DGRAM), lost_percent=lost, within_s=60,
    )  # fmt: skip
    return asyncio.create_task(run)


async def registered(folder: Path, box: Box) -> int:
    """Register 101's phone; return its port."""
    port = free_port(socket.SOCK_DGRAM)
    done = await sipp.run(
        folder, "register", registrar_port=box.phones.port, local_port=port, user="101", secret=KEY
    )
    assert done.succeeded, done.report()
    return port


async def is_over(leg: Leg, script: asyncio.Task[Sipp]) -> None:
    """The phone hangs up, and went through its script."""
    ending = await asyncio.wait_for(leg.ended(), 60)
    assert (ending.cause, ending.by) == (Cause.NORMAL, Side.THEM)
    done = await asyncio.wait_for(script, 60)
    assert done.succeeded, done.report()


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
    await asyncio.sleep(0.5)
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


# The phone is called


async def called(folder: Path, box: Box, script: Called) -> tuple[SipLeg, asyncio.Task[Sipp]]:
    """Ring 101's phone, which follows the script."""
    port = await registered(folder, box)
    run = sipp.run(folder, script.write(folder), registrar_port=box.phones.port, local_port=port, within_s=30)
    running = asyncio.create_task(run)
    await asyncio.sleep(0.3)
    leg = box.phones.leg_to("101")
    await leg.ring(CALLER)
    return leg, running


async def test_the_phones_own_announcement_before_it_answers(tmp_path: Path, box: Box) -> None:
    script = Called("early-media").is_invited()
    script.says(183, "Require: 100rel", "RSeq: 7", body=True, text="Session Progress")
    script.hears("PRACK", header="RAck", value="7 1 INVITE").answers()
    script.waits(300).says(200, body=True).hears("ACK").waits(200).asks("BYE").hears(200)
    leg, running = await called(tmp_path, box, script)
    await until(lambda: leg.port is not None, "no early audio")
    assert leg.state is LegState.ALERTING
    await asyncio.wait_for(leg.answered(), 10)
    await is_over(leg, running)


async def test_a_call_that_forks_behind_the_phone(tmp_path: Path, box: Box) -> None:
    script = (
        Called("forks").is_invited().says(180, tag="a", text="Ringing").says(180, tag="b", text="Ringing")
    )
    script.waits(200).says(200, tag="b", body=True).hears("ACK").waits(200).asks("BYE", tag="b").hears(200)
    leg, running = await called(tmp_path, box, script)
    await asyncio.wait_for(leg.answered(), 10)
    await is_over(leg, running)


async def test_a_phone_that_sends_callers_elsewhere(tmp_path: Path, box: Box) -> None:
    script = Called("redirects").is_invited()
    script.says(302, contact="Contact: <sip:105@127.0.0.1>", text="Moved").hears("ACK")
    leg, running = await called(tmp_path, box, script)
    with pytest.raises(LegEnded) as told:
        await asyncio.wait_for(leg.answered(), 10)
    assert told.value.ending.redirected_to == "105"
    done = await running
    assert done.succeeded, done.report()


async def test_the_called_phone_changes_its_mind_about_the_session(tmp_path: Path, box: Box) -> None:
    script = Called("updates").is_invited().says(180, text="Ringing").says(200, body=True).hears("ACK")
    script.waits(200).asks("UPDATE", body=True, direction="sendonly")
    script.hears(200, header="body", value="a=recvonly")
    script.waits(200).asks("INVITE", body=True).hears(100, optional=True)
    script.hears(200, header="body", value="a=sendrecv").acknowledges()
    script.waits(200).asks("BYE").hears(200)
    leg, running = await called(tmp_path, box, script)
    await asyncio.wait_for(leg.answered(), 10)
    await is_over(leg, running)


async def test_why_a_phone_refuses_is_told_in_its_reason(tmp_path: Path, box: Box) -> None:
    script = (
        Called("reason")
        .is_invited()
        .says(500, 'Reason: Q.850;cause=17;text="busy"', text="Oops")
        .hears("ACK")
    )
    leg, running = await called(tmp_path, box, script)
    with pytest.raises(LegEnded) as told:
        await asyncio.wait_for(leg.answered(), 10)
    assert told.value.ending.cause is Cause.BUSY
    done = await running
    assert done.succeeded, done.report()
