"""The sockets: one address for UDP and TCP, bounded connections, a message that never ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from extensions.accounts import Accounts
from extensions.phones import Phones
from extensions.sip.net import connection, endpoint
from extensions.sip.net.datagrams import Received, UdpSocket
from tests.media.fake_media import FakeMedia

pytestmark = pytest.mark.e2e

OPTIONS = (
    "OPTIONS sip:box SIP/2.0\r\nVia: SIP/2.0/{} 127.0.0.1:9;rport;branch=z9hG4bK{}\r\n"
    "From: <sip:a@b>;tag=1\r\nTo: <sip:box>\r\nCall-ID: {}\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 70\r\nContent-Length : 0\r\n\r\n"
)


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    phones = Phones(Accounts([]), FakeMedia(), "127.0.0.1", 0)
    await phones.start()
    yield phones
    await phones.stop()


async def dribble(writer: asyncio.StreamWriter) -> None:
    """Send a header that never ends, a byte at a time."""
    writer.write(b"OPTIONS sip:box SIP/2.0\r\nSubject: ")
    while not writer.is_closing():
        writer.write(b"x")
        await asyncio.sleep(0.02)


async def cut_off(reader: asyncio.StreamReader) -> None:
    """Wait until the box has closed or reset the connection."""
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_udp_and_tcp_answer_on_the_same_port(phones: Phones) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        await loop.sock_sendto(peer, OPTIONS.format("UDP", 1, 1).encode(), ("127.0.0.1", phones.port))
        assert (await asyncio.wait_for(loop.sock_recv(peer, 4096), 5)).startswith(b"SIP/2.0 200 OK")
    reader, writer = await asyncio.open_connection("127.0.0.1", phones.port)
    writer.write(b"\r\n\r\n")
    assert await asyncio.wait_for(reader.readexactly(2), 5) == b"\r\n"
    for octet in OPTIONS.format("TCP", 2, 2).encode():
        writer.write(bytes([octet]))
    assert (await asyncio.wait_for(reader.readline(), 5)) == b"SIP/2.0 200 OK\r\n"
    writer.close()


async def test_a_port_that_somebody_has_for_tcp_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = [other.getsockname()[1]]

        class FirstTaken(UdpSocket):
            """The system chooses that one first."""

            def __init__(self, host: str, port: int, received: Received) -> None:
                super().__init__(host, taken.pop() if taken else port, received)

        monkeypatch.setattr(endpoint, "UdpSocket", FirstTaken)
        phones = Phones(Accounts([]), FakeMedia(), "127.0.0.1", 0)
        await phones.start()
        assert phones.port not in (0, other.getsockname()[1])
        _, writer = await asyncio.open_connection("127.0.0.1", phones.port)
        writer.close()
        await phones.stop()


async def test_a_port_that_was_asked_for_is_taken_or_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        phones = Phones(Accounts([]), FakeMedia(), "127.0.0.1", other.getsockname()[1])
        with pytest.raises(OSError, match="Address already in use"):
            await phones.start()


async def test_a_message_that_never_ends_costs_a_bounded_time(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_MESSAGE_WITHIN_S", 0.2)
    silent, nothing = await asyncio.open_connection("127.0.0.1", phones.port)
    slow, writer = await asyncio.open_connection("127.0.0.1", phones.port)
    dribbling = asyncio.create_task(dribble(writer))
    for reader in (silent, slow):
        await cut_off(reader)
    dribbling.cancel()
    assert phones.counters["refused"] == 2
    nothing.close()
    writer.close()


async def test_a_message_begun_after_a_good_one_must_end_as_soon(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_MESSAGE_WITHIN_S", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", phones.port)
    writer.write(OPTIONS.format("TCP", 3, 3).encode())
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.write(b"OPTIONS sip:box SIP/2.0\r\nSub")
    await cut_off(reader)
    assert phones.counters["refused"] == 1
    writer.close()


async def test_one_host_gets_so_many_connections(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_MOST_PER_HOST", 3)
    pairs = [await asyncio.open_connection("127.0.0.1", phones.port) for _ in range(3)]
    with contextlib.suppress(ConnectionError):
        reader, _ = await asyncio.open_connection("127.0.0.1", phones.port)
        await cut_off(reader)
    assert phones.counters["refused"] == 1
    for _, writer in pairs:
        writer.close()


class Unread(asyncio.Transport):
    """A connection whose other end doesn't read."""

    def __init__(self, unsent: int) -> None:
        super().__init__({"peername": ("10.0.0.9", 5060), "sockname": ("10.0.0.1", 5060)})
        self.unsent = unsent
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.unsent += len(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.looptime
@pytest.mark.parametrize(("heard", "is_cut"), [(b"", True), (b"\r\n\r\n", False), (b"\r\n\r\nREG", True)])
async def test_a_phone_that_only_keeps_its_connection_alive_keeps_it(heard: bytes, is_cut: bool) -> None:
    peer = Unread(0)
    phones = Phones(Accounts([]), FakeMedia(), "127.0.0.1", 0)
    assert isinstance(phones.driver, endpoint.Endpoint)
    line = connection.Connection(phones.driver, "tcp")
    line.connection_made(peer)
    line.data_received(heard)
    await asyncio.sleep(3600)
    assert peer.aborted == is_cut
    line.connection_lost(None)


@pytest.mark.parametrize(("unsent", "cut"), [(1000, False), (300_000, True)])
async def test_a_peer_that_does_not_read_is_cut_off(phones: Phones, unsent: int, cut: bool) -> None:
    peer = Unread(unsent)
    assert isinstance(phones.driver, endpoint.Endpoint)
    line = connection.Connection(phones.driver, "tcp")
    line.connection_made(peer)
    line.write(b"SIP/2.0 200 OK\r\n\r\n")
    assert (peer.aborted, phones.counters["refused"]) == (cut, int(cut))
    line.connection_lost(None)
