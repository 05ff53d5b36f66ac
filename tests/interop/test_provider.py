"""A provider's line against other stacks: SIPp as the provider's registrar, baresip at the provider's end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from extensions.provider.account import CallerId, ProviderAccount, Server
from extensions.provider.leg import ProviderLeg
from extensions.provider.line import ProviderLine
from firmware.core.causes import Cause, Side
from firmware.core.leg import Party
from tests.interop import sipp
from tests.interop.baresip import Baresip, free_port
from tests.interop.test_sip_baresip import until
from tests.media.fake_media import FakeMedia

pytestmark = [pytest.mark.e2e]

CALLER = Party("13900139000", "Han Meimei")
KEY = "k7mn2pq9rs4tvw6xyz3a"


def account(port: int, *, registers: bool) -> ProviderAccount:
    return ProviderAccount(
        "provider1", (Server("127.0.0.1", port),), "02087654321", KEY,
        registers=registers, expires_s=600, caller_id=CallerId.FROM,
    )  # fmt: skip


async def test_a_registrar_that_wants_more_time_and_credentials(tmp_path: Path) -> None:
    port = free_port()
    line = ProviderLine(account(port, registers=True), FakeMedia(), "127.0.0.1")
    async with sipp.running(tmp_path, "uas_registrar", registrar_port=9, local_port=port) as registrar:
        await asyncio.sleep(0.3)
        await line.start()
        await until(lambda: line.status.up, "the line never came up")
    assert registrar.succeeded, registrar.report()
    await line.stop()


@pytest.mark.slow
async def test_calls_out_and_in(tmp_path: Path) -> None:
    port = free_port()
    media = FakeMedia()
    async with Baresip.running(
        tmp_path / "far", "13800138000", KEY, registrar_port=9, registers=False, listens_at=port
    ) as far:
        line = ProviderLine(account(port, registers=False), media, "127.0.0.1")
        calls: asyncio.Queue[tuple[ProviderLeg, str]] = asyncio.Queue()
        line.on_incoming = lambda leg, dialled: calls.put_nowait((leg, dialled))
        await line.start()
        await until(lambda: line.status.up, "the line never came up")

        leg = line.leg_to("13800138000")
        await leg.ring(CALLER)
        event = await far.event("CALL_INCOMING")
        assert "13900139000" in str(event["peeruri"])
        await far.accept()
        await asyncio.wait_for(leg.answered(), 10)
        await far.hang_up()
        ending = await asyncio.wait_for(leg.ended(), 10)
        assert (ending.cause, ending.by) == (Cause.NORMAL, Side.THEM)

        assert line.link.flow is not None
        await far.dial(f"sip:02011112222@127.0.0.1:{line.link.flow.local_port}")
        incoming, dialled = await asyncio.wait_for(calls.get(), 10)
        assert (dialled, incoming.party.number) == ("02011112222", "13800138000")
        await incoming.answer()
        await far.event("CALL_ESTABLISHED")
        await incoming.hang_up()
        await far.event("CALL_CLOSED")
        await line.stop()
    assert media.ports == {}
