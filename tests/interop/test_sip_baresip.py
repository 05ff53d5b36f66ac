"""baresip against the real sockets, over UDP and TCP: registers, is called, calls, holds, hangs up."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from extensions.accounts import Account, Accounts
from extensions.certificates import Certificates
from extensions.phones import Phones
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause, Side
from firmware.core.leg import Leg, LegEnded, LegEvent, LegState, Party, TransferRequested
from tests.interop.baresip import Baresip
from tests.media.fake_media import FakeMedia

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
]

KEY = "k7mn2pq9rs4tvw6xyz3a"
CALLER = Party("13800138000", "Li Lei")


class Box:
    def __init__(self, certificates: Certificates | None = None) -> None:
        tls = None if certificates is None else certificates.server_context()
        accounts = Accounts([Account("101", "Ann", KEY), Account("102", "Bob", KEY)])
        self.media = FakeMedia()
        self.phones = Phones(accounts, self.media, "127.0.0.1", 0, tls=tls, tls_port=0)
        self.incoming: asyncio.Queue[tuple[SipLeg, str]] = asyncio.Queue()
        self.phones.on_incoming = lambda leg, dialled: self.incoming.put_nowait((leg, dialled))


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    box = Box()
    await box.phones.start()
    yield box
    await box.phones.stop()
    assert box.phones.counters["bugs"] == 0


async def becomes(leg: Leg, state: LegState) -> None:
    """Wait until the leg is in a state."""
    await until(lambda: leg.state is state, f"{leg} never became {state}")


async def until(condition: Callable[[], bool], complaint: str) -> None:
    try:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(complaint) from None


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_is_called_holds_and_hangs_up(tmp_path: Path, box: Box, transport: str) -> None:
    async with Baresip.running(
        tmp_path / "ann", "101", KEY, registrar_port=box.phones.port, transport=transport
    ) as ann:
        await ann.registered()
        (status,) = box.phones.registrations()
        assert (status.extension, status.transport) == ("101", transport)
        assert "baresip" in status.user_agent

        leg = box.phones.leg_to("101")
        await leg.ring(CALLER)
        event = await ann.event("CALL_INCOMING")
        assert "13800138000" in str(event["peeruri"])
        await becomes(leg, LegState.ALERTING)
        await ann.accept()
        await asyncio.wait_for(leg.answered(), 10)
        assert leg.port is not None

        aims = box.media.aims[leg.port]
        assert aims[-1].payload_type == 8
        await ann.hold()
        await becomes(leg, LegState.HELD)
        await until(lambda: not aims[-1].send, "we still send to a phone that holds us")
        await ann.resume()
        await becomes(leg, LegState.CONNECTED)
        await until(lambda: aims[-1].send, "we don't send to a phone that resumed")
        await leg.hold()
        await until(lambda: not aims[-1].receive, "the phone never accepted our hold")
        await leg.resume()
        await until(lambda: aims[-1].receive, "the phone never accepted our resume")

        await ann.hang_up()
        ending = await asyncio.wait_for(leg.ended(), 10)
        assert (ending.cause, ending.by, ending.detail) == (Cause.NORMAL, Side.THEM, "BYE")
        assert box.media.ports == {}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_calls_and_is_hung_up(tmp_path: Path, box: Box, transport: str) -> None:
    async with Baresip.running(
        tmp_path / "ann", "101", KEY, registrar_port=box.phones.port, transport=transport
    ) as ann:
        await ann.registered()
        await ann.dial("102")
        leg, dialled = await asyncio.wait_for(box.incoming.get(), 10)
        assert (leg.party.number, dialled) == ("101", "102")
        await leg.progress()
        await ann.event("CALL_RINGING")
        await leg.answer()
        await ann.event("CALL_ESTABLISHED")
        await leg.hang_up()
        await ann.event("CALL_CLOSED")


async def test_a_phone_calls_and_gives_up(tmp_path: Path, box: Box) -> None:
    async with Baresip.running(tmp_path / "ann", "101", KEY, registrar_port=box.phones.port) as ann:
        await ann.registered()
        await ann.dial("102")
        leg, _ = await asyncio.wait_for(box.incoming.get(), 10)
        await leg.progress()
        await ann.event("CALL_RINGING")
        await ann.hang_up()
        ending = await asyncio.wait_for(leg.ended(), 10)
        assert (ending.by, ending.detail) == (Side.THEM, "CANCEL")


async def test_a_phone_declines_and_another_rings_in_vain(tmp_path: Path, box: Box) -> None:
    async with Baresip.running(tmp_path / "ann", "101", KEY, registrar_port=box.phones.port) as ann:
        await ann.registered()
        leg = box.phones.leg_to("101")
        await leg.ring(CALLER)
        await ann.event("CALL_INCOMING")
        await ann.hang_up()
        with pytest.raises(LegEnded) as told:
            await asyncio.wait_for(leg.answered(), 10)
        assert told.value.ending.by is Side.THEM

        leg = box.phones.leg_to("101")
        await leg.ring(CALLER)
        await ann.event("CALL_INCOMING")
        await leg.hang_up(Cause.NO_ANSWER)
        await ann.event("CALL_CLOSED")


async def test_one_extension_rings_on_two_phones_and_one_takes_the_call(tmp_path: Path, box: Box) -> None:
    port = box.phones.port
    async with (
        Baresip.running(tmp_path / "desk", "101", KEY, registrar_port=port) as desk,
        Baresip.running(tmp_path / "sofa", "101", KEY, registrar_port=port, transport="tcp") as sofa,
    ):
        await desk.registered()
        await sofa.registered()
        assert len(box.phones.registrations()) == 2
        leg = box.phones.leg_to("101")
        await leg.ring(CALLER)
        await desk.event("CALL_INCOMING")
        await sofa.event("CALL_INCOMING")
        await sofa.accept()
        await asyncio.wait_for(leg.answered(), 10)
        await desk.event("CALL_CLOSED")
        assert leg.state is LegState.CONNECTED
        await leg.hang_up()
        await sofa.event("CALL_CLOSED")


async def test_a_phone_talks_over_tls(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "tls")
    certificates.ensure(["127.0.0.1"], datetime.datetime.now(datetime.UTC))
    box = Box(certificates)
    await box.phones.start()
    async with Baresip.running(
        tmp_path / "ann", "101", KEY, registrar_port=box.phones.tls_port, transport="tls",
        authority=certificates.authority,
    ) as ann:  # fmt: skip
        await ann.registered()
        (status,) = box.phones.registrations()
        assert status.transport == "tls"
        leg = box.phones.leg_to("101")
        await leg.ring(CALLER)
        await ann.event("CALL_INCOMING")
        await ann.accept()
        await asyncio.wait_for(leg.answered(), 10)
        await ann.hang_up()
        assert (await asyncio.wait_for(leg.ended(), 10)).cause is Cause.NORMAL
    await box.phones.stop()


async def test_a_phone_asks_for_a_transfer(tmp_path: Path, box: Box) -> None:
    async with Baresip.running(tmp_path / "ann", "101", KEY, registrar_port=box.phones.port) as ann:
        await ann.registered()
        await ann.dial("102")
        leg, _ = await asyncio.wait_for(box.incoming.get(), 10)
        asked: list[TransferRequested] = []

        def take_on(event: LegEvent) -> None:
            if isinstance(event, TransferRequested):
                asked.append(event)
                leg.accept_transfer()

        leg.subscribe(take_on)
        await leg.answer()
        await ann.event("CALL_ESTABLISHED")
        await ann.transfer(f"sip:105@127.0.0.1:{box.phones.port}")
        await until(lambda: bool(asked), "the transfer never arrived")
        assert asked == [TransferRequested("105", None)]
        leg.transfer_finished(Cause.NORMAL)
        await asyncio.wait_for(leg.ended(), 10)
