"""SIPp plays phones against the real sockets: registration, refusals, cancelling, loss, and rubbish."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from extensions.accounts import Account, Accounts
from extensions.phones import Phones
from firmware.core.causes import Cause, Side
from firmware.core.leg import Leg, LegEnded, LegState, Party
from tests.bench import sip_bench
from tests.bench.sip_load import NoFlood
from tests.interop import sipp
from tests.interop.baresip import free_port
from tests.interop.two_legs import TwoLegs
from tests.media.fake_media import FakeMedia

pytestmark = [pytest.mark.e2e]

KEY = "k7mn2pq9rs4tvw6xyz3a"
WRONG_KEY = KEY[::-1]
CALLER = Party("13800138000", "Li Lei")


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    accounts = Accounts([Account("101", "Ann", KEY), Account("102", "Bob", KEY)])
    phones = Phones(accounts, FakeMedia(), "127.0.0.1", 0)
    await phones.start()
    yield phones
    await phones.stop()


def assert_alerting(leg: Leg) -> None:
    assert leg.state is LegState.ALERTING


async def register(folder: Path, phones: Phones, extension: str, transport: str = "udp") -> int:
    """Register a SIPp phone; return its port, which the next scenario must use."""
    port = free_port()
    done = await sipp.run(
        folder, "register", registrar_port=phones.port, local_port=port, user=extension, secret=KEY,
        transport=transport,
    )  # fmt: skip
    assert done.succeeded, done.report()
    return port


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_registers_and_unregisters(tmp_path: Path, phones: Phones, transport: str) -> None:
    port = free_port()
    for scenario in ("register", "unregister"):
        done = await sipp.run(
            tmp_path, scenario, registrar_port=phones.port, local_port=port, user="101", secret=KEY,
            transport=transport,
        )  # fmt: skip
        assert done.succeeded, done.report()
        if scenario == "register" and transport == "udp":
            assert [status.extension for status in phones.registrations()] == ["101"]
    assert phones.registrations() == []


async def test_a_wrong_secret_is_refused_and_counted(tmp_path: Path, phones: Phones) -> None:
    done = await sipp.run(
        tmp_path, "register", registrar_port=phones.port, local_port=free_port(),
        user="101", secret=WRONG_KEY, within_s=5,
    )  # fmt: skip
    assert not done.succeeded
    assert phones.counters["auth_failed"] >= 1
    assert not phones.is_registered("101")


@pytest.mark.parametrize(
    ("scenario", "cause", "detail"),
    [("uas_busy", Cause.BUSY, "486 Busy Here"), ("uas_declines", Cause.REJECTED, "603 Decline")],
)
async def test_a_phone_refuses(
    tmp_path: Path, phones: Phones, scenario: str, cause: Cause, detail: str
) -> None:
    port = await register(tmp_path, phones, "101")
    async with sipp.running(tmp_path, scenario, registrar_port=phones.port, local_port=port) as phone:
        leg = phones.leg_to("101")
        await leg.ring(CALLER)
        with pytest.raises(LegEnded) as told:
            await asyncio.wait_for(leg.answered(), 10)
    assert (told.value.ending.cause, told.value.ending.by) == (cause, Side.THEM)
    assert told.value.ending.detail == detail
    assert phone.succeeded, phone.report()


async def test_a_phone_that_never_answers_is_cancelled(tmp_path: Path, phones: Phones) -> None:
    port = await register(tmp_path, phones, "101")
    async with sipp.running(
        tmp_path, "uas_never_answers", registrar_port=phones.port, local_port=port
    ) as phone:
        leg = phones.leg_to("101")
        await leg.ring(CALLER)
        async with asyncio.timeout(10):
            while leg.state is LegState.RINGING:
                await asyncio.sleep(0.05)
        assert_alerting(leg)
        await leg.hang_up(Cause.NO_ANSWER)
    assert phone.succeeded, phone.report()


async def test_phone_calls_phone(tmp_path: Path, phones: Phones) -> None:
    switch = TwoLegs(phones)
    port = await register(tmp_path, phones, "102")
    async with sipp.running(
        tmp_path, "uas_answers", registrar_port=phones.port, local_port=port, calls=5
    ) as called:
        caller = await sipp.run(
            tmp_path, "uac_calls", registrar_port=phones.port, local_port=free_port(),
            user="101", secret=KEY, number="102", calls=5,
        )  # fmt: skip
        assert caller.succeeded, caller.report()
    assert called.succeeded, called.report()
    assert switch.connected == 5
    await switch.close()


async def test_a_caller_gives_up(tmp_path: Path, phones: Phones) -> None:
    switch = TwoLegs(phones)
    port = await register(tmp_path, phones, "102")
    async with sipp.running(
        tmp_path, "uas_never_answers", registrar_port=phones.port, local_port=port
    ) as called:
        caller = await sipp.run(
            tmp_path, "uac_cancels", registrar_port=phones.port, local_port=free_port(),
            user="101", secret=KEY, number="102",
        )  # fmt: skip
        assert caller.succeeded, caller.report()
    assert called.succeeded, called.report()
    await switch.close()


@pytest.mark.slow
async def test_calls_succeed_though_packets_get_lost(tmp_path: Path, phones: Phones) -> None:
    switch = TwoLegs(phones)
    port = await register(tmp_path, phones, "102")
    # Only the caller's side loses packets: a SIPp that plays the called phone takes a repeated INVITE, whose
    # 180 and 200 it threw away itself, for a fault of ours. Loss on all sides is told on virtual time.
    async with sipp.running(
        tmp_path, "uas_answers", registrar_port=phones.port, local_port=port, calls=20
    ) as called:
        caller = await sipp.run(
            tmp_path, "uac_calls", registrar_port=phones.port, local_port=free_port(),
            user="101", secret=KEY, number="102", calls=20, lost_percent=5, rate=5, within_s=60,
        )  # fmt: skip
        assert caller.succeeded, caller.report()
    assert switch.connected == 20
    assert called.returncode is not None
    await switch.close()


@pytest.mark.slow
@pytest.mark.parametrize("case", ["flood", "mad-phone"])
def test_a_flood_from_one_host_does_not_delay_anothers_calls(tmp_path: Path, case: str) -> None:
    # The best of three: whatever else this computer does may delay a call, the flood must not.
    best = math.inf
    for attempt in range(3):
        with contextlib.suppress(sip_bench.CallsFailed, NoFlood):
            best = min(best, sip_bench.bystander(tmp_path / str(attempt), sip_bench.FLOODS[case]))
        if best < 100:
            break
    assert best < 100


@pytest.mark.slow
@pytest.mark.parametrize("case", ["flood", "mad-phone"])
def test_without_budgets_the_same_flood_is_felt(tmp_path: Path, case: str) -> None:
    flood = msgspec.structs.replace(sip_bench.FLOODS[case], limited=False)
    worst = 0.0
    for attempt in range(3):
        try:
            worst = max(worst, sip_bench.bystander(tmp_path / str(attempt), flood))
        except sip_bench.CallsFailed:
            worst = math.inf
        except NoFlood:
            continue
        if worst > 100:
            break
    assert worst > 100


@pytest.mark.slow
def test_a_proxy_with_many_phones_behind_it_is_not_taken_for_a_flood() -> None:
    rows = sip_bench.run(["50cps"])
    assert {row["figure"] for row in rows} >= {"setups_per_s", "cpu_ms_per_setup"}


async def test_an_invite_of_64_kilobytes_is_refused_and_nothing_else_notices(
    tmp_path: Path, phones: Phones
) -> None:
    head = (
        "INVITE sip:102@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKbig\r\n"
        "From: <sip:101@127.0.0.1>;tag=1\r\nTo: <sip:102@127.0.0.1>\r\nCall-ID: big\r\nCSeq: 1 INVITE\r\n"
        "Contact: <sip:101@127.0.0.1:9>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n"
    )
    body = b"a=" + b"x" * 64_000
    packet = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    answer = await _ask(phones.port, packet)
    assert answer.startswith(b"SIP/2.0 513 ")
    assert phones.counters["oversize"] == 1

    reader, writer = await asyncio.open_connection("127.0.0.1", phones.port)
    writer.write(packet)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert phones.counters["oversize"] == 2
    await register(tmp_path, phones, "101")


async def test_rubbish_is_counted_and_nothing_else_notices(tmp_path: Path, phones: Phones) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for rubbish in (
            b"\xff" * 300,
            b"INVITE\r\n\r\n",
            b"SIP/2.0 999 x\r\n\r\n",
            b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ):
            stranger.sendto(rubbish, ("127.0.0.1", phones.port))
    reader, writer = await asyncio.open_connection("127.0.0.1", phones.port)
    writer.write(b"Content-Length: nonsense\r\n" * 3000)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await register(tmp_path, phones, "101")
    # The CRLFs were a keep-alive, not a fault.
    assert phones.counters["malformed"] == 4
    assert phones.counters["oversize"] == 1
    assert phones.counters["bugs"] == 0


async def _ask(port: int, packet: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        peer.bind(("127.0.0.1", 0))
        await loop.sock_sendto(peer, packet, ("127.0.0.1", port))
        return await asyncio.wait_for(loop.sock_recv(peer, 65536), 5)
