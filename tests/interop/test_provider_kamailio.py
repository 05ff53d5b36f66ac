"""A provider's line at Kamailio: registered, called and calling, with another of its customers (baresip)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from extensions.provider.account import CallerId, ProviderAccount, Server
from extensions.provider.leg import ProviderLeg
from extensions.provider.line import ProviderLine
from firmware.core.causes import Cause, Side
from firmware.core.leg import LegEnded, LegState, Party
from tests.interop.baresip import Baresip, free_port
from tests.interop.kamailio import MIN_EXPIRES_S, Kamailio
from tests.interop.scripted import until
from tests.media.fake_media import FakeMedia

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

OURS, THEIRS = "02087654321", "13800138000"
KEY = "k7mn2pq9rs4tvw6xyz3a"
CALLER = Party("101", "Ann")


class Office:
    """Our end: a line at the provider, and who called over it."""

    def __init__(self, *ports: int, secret: str = KEY, expires_s: int = 600, transport: str = "udp") -> None:
        self.media = FakeMedia()
        servers = tuple(Server("127.0.0.1", port, transport) for port in ports)
        account = ProviderAccount(
            "provider1", servers, OURS, secret, expires_s=expires_s, caller_id=CallerId.ACCOUNT
        )
        self.line = ProviderLine(account, self.media, "127.0.0.1")
        self.calls: asyncio.Queue[tuple[ProviderLeg, str]] = asyncio.Queue()
        self.line.on_incoming = lambda leg, dialled: self.calls.put_nowait((leg, dialled))

    async def is_up(self, within_s: float = 10) -> None:
        async with asyncio.timeout(within_s):
            while not self.line.status.up:
                await asyncio.sleep(0.05)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Kamailio]:
    async with Kamailio.running(tmp_path / "provider", {OURS: KEY, THEIRS: KEY}) as provider:
        yield provider


@pytest.fixture
async def far(tmp_path: Path, provider: Kamailio) -> AsyncIterator[Baresip]:
    """Another customer."""
    async with Baresip.running(tmp_path / "far", THEIRS, KEY, registrar_port=provider.port) as far:
        # Baresip registers for a minute, which this provider finds too brief; baresip obeys.
        await far.registered()
        yield far


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_calls_out_and_in(provider: Kamailio, far: Baresip, transport: str) -> None:
    office = Office(provider.port, transport=transport)
    await office.line.start()
    await office.is_up()

    leg = office.line.leg_to(THEIRS)
    await leg.ring(CALLER)
    event = await far.event("CALL_INCOMING")
    assert OURS in str(event["peeruri"])
    await until(lambda: leg.state is LegState.ALERTING, "not told that it rings")
    await far.accept()
    await asyncio.wait_for(leg.answered(), 10)
    assert leg.port is not None and office.media.aims[leg.port][-1].send
    await leg.hold()
    await until(lambda: leg.state is LegState.HELD, "not held")
    await leg.resume()
    # A hang-up that crosses the resumption is another story.
    await asyncio.sleep(0.5)
    await far.hang_up()
    ending = await asyncio.wait_for(leg.ended(), 10)
    assert (ending.cause, ending.by) == (Cause.NORMAL, Side.THEM)

    await far.dial(f"sip:{OURS}@127.0.0.1:{provider.port}")
    incoming, dialled = await asyncio.wait_for(office.calls.get(), 10)
    assert (dialled, incoming.party.number) == (OURS, THEIRS)
    await incoming.progress()
    await incoming.answer()
    await far.event("CALL_ESTABLISHED")
    await incoming.hang_up()
    await far.event("CALL_CLOSED")
    await office.line.stop()
    assert office.media.ports == {}


async def test_a_customer_who_declines_and_a_number_that_nobody_has(provider: Kamailio, far: Baresip) -> None:
    office = Office(provider.port)
    await office.line.start()
    await office.is_up()
    declined = office.line.leg_to(THEIRS)
    await declined.ring(CALLER)
    await far.event("CALL_INCOMING")
    await far.hang_up()
    with pytest.raises(LegEnded) as told:
        await asyncio.wait_for(declined.answered(), 10)
    assert told.value.ending.cause in (Cause.BUSY, Cause.REJECTED)
    nobody = office.line.leg_to("13700137000")
    await nobody.ring(CALLER)
    with pytest.raises(LegEnded) as told:
        await asyncio.wait_for(nobody.answered(), 10)
    assert told.value.ending.cause is Cause.UNALLOCATED_NUMBER
    await office.line.stop()


async def test_a_registration_that_is_too_brief_is_lengthened(provider: Kamailio) -> None:
    office = Office(provider.port, expires_s=MIN_EXPIRES_S // 2)
    await office.line.start()
    await office.is_up()
    await office.line.stop()


async def test_a_wrong_secret_is_told(provider: Kamailio) -> None:
    office = Office(provider.port, secret=KEY[::-1])
    await office.line.start()
    await until(lambda: office.line.status.detail.startswith(("401", "403")), "not told")
    assert not office.line.status.up
    await office.line.stop()


async def test_the_next_server_where_the_first_is_dead(provider: Kamailio, far: Baresip) -> None:
    office = Office(free_port(), provider.port)
    await office.line.start()
    # A request is given up after 32 s (timer F).
    await office.is_up(within_s=45)
    assert office.line.status.detail == f"127.0.0.1:{provider.port}"
    leg = office.line.leg_to(THEIRS)
    await leg.ring(CALLER)
    await far.event("CALL_INCOMING")
    await leg.hang_up()
    await office.line.stop()


async def test_a_provider_that_starts_anew_is_found_again_over_tcp(tmp_path: Path) -> None:
    async with Kamailio.running(tmp_path / "before", {OURS: KEY}) as before:
        office = Office(before.port, transport="tcp")
        await office.line.start()
        await office.is_up()
        port = before.port
    async with asyncio.timeout(10):
        while office.line.status.up:
            await asyncio.sleep(0.05)
    async with Kamailio.running(tmp_path / "after", {OURS: KEY}, port):
        # Nothing was there when the connection broke: after a minute it is tried again.
        await office.is_up(within_s=75)
        await office.line.stop()


async def test_a_server_that_dies_is_missed_and_left(tmp_path: Path, provider: Kamailio) -> None:
    async with Kamailio.running(tmp_path / "first", {OURS: KEY}) as first:
        office = Office(first.port, provider.port)
        await office.line.start()
        await office.is_up()
        assert office.line.status.detail == f"127.0.0.1:{first.port}"
        await first.stop()
        # OPTIONS after 25 s, given up 32 s later; the second server answers at once.
        async with asyncio.timeout(75):
            while office.line.status.detail != f"127.0.0.1:{provider.port}":
                await asyncio.sleep(0.1)
    await office.line.stop()
