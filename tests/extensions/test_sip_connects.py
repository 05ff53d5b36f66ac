"""Who opens TCP connections: a phone as often as it must, an attacker no oftener."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import errno
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from extensions.accounts import Account, Accounts
from extensions.certificates import Certificates
from extensions.phones import Phones
from extensions.provisioning.desk import ProvisioningDesk
from extensions.provisioning.http import ProvisioningServer
from extensions.sip.net import listener
from extensions.sip.sources import KNOWN, KNOWN_FOR_S, STRANGER, Budget, Sources
from extensions.softphone import SoftPhone
from tests.media.fake_media import FakeMedia

GREEDY, PHONE = "10.0.0.66", "10.0.0.20"


def taken(sources: Sources, host: str, times: int, begin_s: float, every_s: float) -> int:
    """Return how many of a host's connections are taken."""
    return sum(sources.connects(host, begin_s + every_s * number) for number in range(times))


def test_a_phone_that_connects_anew_every_second_is_never_kept_waiting() -> None:
    assert taken(Sources(), PHONE, 3600, 0.0, 1.0) == 3600


def test_a_whole_office_behind_one_address_comes_back_at_once_after_a_power_cut() -> None:
    assert taken(Sources(), PHONE, 50, 0.0, 0.0) == 50


def test_who_connects_as_fast_as_possible_is_taken_at_first_and_not_again_until_a_pause() -> None:
    sources = Sources()
    # A thousand a second for ten seconds: what fits into the bucket, then nothing.
    first = taken(sources, GREEDY, 10_000, 0.0, 0.001)
    assert first <= STRANGER.connects_at_once + 2
    assert taken(sources, PHONE, 10, 5.0, 0.1) == 10, "another host must not wait for it"
    pause = 2 * STRANGER.connects_at_once / STRANGER.connects_per_s
    assert not sources.connects(GREEDY, 10.5)
    assert sources.connects(GREEDY, 10.5 + pause)


def test_who_connects_a_little_too_fast_gets_the_rate_it_may() -> None:
    sources = Sources()
    for second in range(60):
        taken(sources, GREEDY, 5, float(second), 0.2)
    assert taken(sources, GREEDY, 100, 60.0, 1 / STRANGER.connects_per_s) == 100


def test_a_host_where_somebody_has_authenticated_may_connect_oftener_until_it_is_forgotten() -> None:
    sources = Sources()
    assert not all(sources.connects(PHONE, 0.0) for _ in range(int(KNOWN.connects_at_once)))
    sources.vouch(PHONE, 0.0)
    assert all(sources.connects(PHONE, 0.0) for _ in range(int(KNOWN.connects_at_once)))
    later = KNOWN_FOR_S + 1
    assert not all(sources.connects(PHONE, later) for _ in range(int(KNOWN.connects_at_once)))


def test_connections_take_nothing_from_what_a_host_may_send() -> None:
    sources = Sources()
    taken(sources, PHONE, 1000, 0.0, 0.0)
    assert all(sources.takes(PHONE, 0.0, request=True) for _ in range(int(STRANGER.requests_at_once)))
    assert sources.shakes_hands(PHONE, 0.0)


SELDOM = Budget(per_s=100, burst=100, transactions=10, connects_per_s=1 / 3600, connects_at_once=3)
"""Three connections, and no more within the time of a test."""


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    accounts = Accounts([Account("101", "Ann", "key-of-101")])
    phones = Phones(accounts, FakeMedia(), "127.0.0.1", 0, sources=Sources(SELDOM))
    await phones.start()
    yield phones
    await phones.stop()


async def is_taken(port: int, host: str) -> bool:
    """Connect from `host` and ask whether anybody is there, as phones do (RFC 5626 section 4.4.1)."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
        with contextlib.closing(writer):
            writer.write(b"\r\n\r\n")
            return await asyncio.wait_for(reader.readexactly(2), 5) == b"\r\n"
    return False


@pytest.mark.e2e
async def test_one_host_connects_so_often_and_another_all_the_same(phones: Phones) -> None:
    assert [await is_taken(phones.port, "127.0.0.2") for _ in range(6)] == [True] * 3 + [False] * 3
    assert phones.counters["flooded"] == 3
    phone = SoftPhone("127.0.0.1", phones.port, "101", "key-of-101", transport="tcp")
    await phone.start()
    await phone.register()
    # Somebody there has proved who he is.
    assert [await is_taken(phones.port, "127.0.0.1") for _ in range(6)] == [True] * 6
    await phone.stop()


@pytest.mark.e2e
async def test_a_box_out_of_descriptors_takes_connections_again_when_it_has_some(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = socket.socket.accept
    refused: list[socket.socket] = []

    def fails_at_first(self: socket.socket) -> tuple[socket.socket, tuple[str, int]]:
        if len(refused) < 2:
            refused.append(self)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", fails_at_first)
    assert await is_taken(phones.port, "127.0.0.1")
    assert len(refused) == 2


@pytest.mark.e2e
async def test_so_many_shake_hands_at_once_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_MOST_AT_ONCE", 2)
    certificates = Certificates(tmp_path)
    certificates.ensure(["127.0.0.1"], datetime.datetime.now(datetime.UTC))
    phones = Phones(Accounts([]), FakeMedia(), "127.0.0.1", 0, tls=certificates.server_context(), tls_port=0)
    await phones.start()
    slow = [await asyncio.open_connection("127.0.0.1", phones.tls_port) for _ in range(2)]
    await asyncio.sleep(0)
    with contextlib.suppress(ConnectionError):
        reader, writer = await asyncio.open_connection("127.0.0.1", phones.tls_port)
        assert await asyncio.wait_for(reader.read(), 2) == b"", "it was kept waiting beside the others"
        writer.close()
    for _, writer in slow:
        writer.close()
    await phones.stop()


@pytest.mark.e2e
async def test_configurations_are_asked_for_so_often_too() -> None:
    desk = ProvisioningDesk(lambda _: None, lambda _, __: None, lambda: b"-----BEGIN CERTIFICATE-----")
    server = ProvisioningServer(desk, "127.0.0.1", 0, sources=Sources(SELDOM))
    await server.start()

    async def fetches(host: str) -> bool:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=(host, 0))
            with contextlib.closing(writer):
                writer.write(b"GET /ca.pem HTTP/1.1\r\n\r\n")
                return (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 200")
        return False

    assert [await fetches("127.0.0.2") for _ in range(5)] == [True] * 3 + [False] * 2
    assert await fetches("127.0.0.1")
    assert desk.counters["refused"] == 2
    await server.stop()


async def serves_both(desk: ProvisioningDesk) -> ProvisioningServer:
    """Serve every address, at a port that is free in both families: the system looks in one."""
    for left in reversed(range(5)):
        server = ProvisioningServer(desk, "::", 0)
        try:
            await server.start()
        except OSError:
            if not left:
                raise
        else:
            break
    return server


@pytest.mark.e2e
async def test_configurations_are_served_to_both_families_where_the_box_has_both() -> None:
    desk = ProvisioningDesk(lambda _: None, lambda _, __: None, lambda: b"-----BEGIN CERTIFICATE-----")
    server = await serves_both(desk)
    for host in ("127.0.0.1", "::1"):
        reader, writer = await asyncio.open_connection(host, server.port)
        writer.write(b"GET /ca.pem HTTP/1.1\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 200")
        writer.close()
    await server.stop()
