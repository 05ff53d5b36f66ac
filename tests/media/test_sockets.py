"""The sockets of RTP ports, over loopback: by one raw socket for all, and each by its own."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from firmware.media import raw_sender
from firmware.media.g711 import U8
from firmware.media.rtp_network import EXPECTED_SIZE, Batch
from firmware.media.rtp_sockets import RtpSockets
from firmware.media.transmit import PACKET

HOST = "127.0.0.1"
PORTS = (22300, 22399)


def raw_socket() -> socket.socket:
    """Return what audio is sent by."""
    try:
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    except PermissionError:
        pytest.skip("to open a raw socket takes CAP_NET_RAW")


class Desk:
    """Ports, phones and the packets of a tick."""

    def __init__(self, raw: socket.socket | None) -> None:
        self.ports = RtpSockets(*PORTS, raw)
        self.packets: U8 = np.random.default_rng(3).integers(0, 256, (16, PACKET), np.uint8)
        self.phones: list[socket.socket] = []

    def phone(self, host: str = HOST) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        phone = socket.socket(family, socket.SOCK_DGRAM)
        phone.bind((host, 0))
        phone.settimeout(0.5)
        self.phones.append(phone)
        return phone

    def call(self, row: int, host: str = HOST) -> tuple[socket.socket, tuple[str, int]]:
        """Open a port and aim it at a phone; return the phone and the port's address."""
        phone = self.phone(host)
        address = self.ports.open(row, host, 0)
        self.ports.aim(row, host, phone.getsockname()[1])
        return phone, address

    def tick(self, *rows: int) -> None:
        self.ports.sending(self.packets, rows)
        self.ports.transmit()

    def heard(self, phone: socket.socket) -> tuple[bytes, tuple[str, int]]:
        packet, (host, port, *_) = phone.recvfrom(2048)
        return packet, (host, port)

    def packet(self, row: int) -> bytes:
        octets: bytes = self.packets[row].tobytes()
        return octets

    def close(self) -> None:
        self.ports.close_all()
        for phone in self.phones:
            phone.close()


def hears_nothing(phone: socket.socket) -> bool:
    phone.setblocking(False)
    try:
        phone.recv(2048)
    except BlockingIOError:
        return True
    return False


@pytest.fixture(params=["together", "one by one"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk(raw_socket() if request.param == "together" else None)
    yield desk
    desk.close()


@pytest.fixture
def together() -> Iterator[Desk]:
    desk = Desk(raw_socket())
    yield desk
    desk.close()


def test_every_phone_gets_its_rows_packet_from_the_ports_own_address(desk: Desk) -> None:
    calls = {row: desk.call(row) for row in (1, 3, 4, 9)}
    for _ in range(3):
        desk.packets += 1
        desk.tick(*calls)
        for row, (phone, address) in calls.items():
            assert desk.heard(phone) == (desk.packet(row), address)
    assert all(hears_nothing(phone) for phone, _ in calls.values())
    assert desk.ports.send_failures == 0


def test_who_is_aimed_elsewhere_sends_there_from_the_next_tick_on(desk: Desk) -> None:
    phone, address = desk.call(0)
    desk.tick(0)
    other = desk.phone()
    desk.ports.aim(0, *other.getsockname())
    desk.ports.transmit()
    assert desk.heard(other) == (desk.packet(0), address)
    assert desk.heard(phone) == (desk.packet(0), address)
    assert hears_nothing(phone)


def test_a_phone_that_sends_from_another_port_is_sent_to_there(desk: Desk) -> None:
    phone, address = desk.call(0)
    desk.tick(0)
    truly = desk.phone()
    truly.sendto(bytes(PACKET), address)
    desk.ports.receive(Batch(16), lambda row: True)
    desk.ports.transmit()
    assert desk.heard(truly) == (desk.packet(0), address)
    assert desk.heard(phone)[1] == address and hears_nothing(phone)


def test_a_closed_port_sends_nothing_and_the_others_go_on(desk: Desk) -> None:
    calls = {row: desk.call(row) for row in range(3)}
    desk.tick(0, 1, 2)
    for phone, _ in calls.values():
        desk.heard(phone)
    desk.ports.close(1)
    desk.ports.transmit()
    assert [hears_nothing(calls[row][0]) for row in range(3)] == [False, True, False]
    assert desk.ports.send_failures == 0


def test_ipv6_and_ports_that_nobody_aimed_do_not_disturb_the_others(desk: Desk) -> None:
    try:
        phone, address = desk.call(0, "::1")
    except OSError:
        pytest.skip("no IPv6 here")
    desk.ports.open(1, HOST, 0)
    other, other_address = desk.call(2)
    desk.tick(0, 1, 2)
    assert desk.heard(phone) == (desk.packet(0), address)
    assert desk.heard(other) == (desk.packet(2), other_address)
    assert desk.ports.send_failures == 1


def test_what_is_not_sent_together_goes_out_by_its_own_socket(
    together: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {row: together.call(row) for row in range(6)}
    sendmmsg, began = raw_sender._sendmmsg, 0

    def refusing(descriptor: int, address: ctypes.c_void_p, count: int, flags: int) -> int:
        """As a kernel that takes at most two at a time, and the third and the last not at all."""
        nonlocal began
        if count in (4, 1):
            return -1
        taken = int(sendmmsg(descriptor, address, min(count, 2), flags))
        began += taken
        return taken

    monkeypatch.setattr(raw_sender, "_sendmmsg", refusing)
    together.tick(*calls)
    for row, (phone, address) in calls.items():
        assert together.heard(phone) == (together.packet(row), address)
        assert hears_nothing(phone)
    assert (began, together.ports.send_failures) == (4, 0)


def test_a_socket_that_sends_nothing_at_all_costs_no_packet() -> None:
    useless, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with far, contextlib.closing(Desk(useless)) as desk:
        calls = {row: desk.call(row) for row in range(2)}
        desk.tick(*calls)
        for row, (phone, address) in calls.items():
            assert desk.heard(phone) == (desk.packet(row), address)


class Intake:
    """What arrives at row 0, which a packet is expected of in every tick."""

    def __init__(self, desk: Desk) -> None:
        self.phone, self.address = desk.call(0)
        self._ports = desk.ports
        self._batch = Batch(16)

    def tick(self, *packets: bytes) -> tuple[list[bytes], list[int], set[int]]:
        """Send packets to the row; return what a tick takes, its unexpected rows, and what it missed."""
        for packet in packets:
            self.phone.sendto(packet, self.address)
        batch = self._batch
        self._ports.expect(batch, [0])
        batch.clear()
        self._ports.receive(batch, lambda row: False)
        return list(batch.packets), list(batch.rows), set(batch.missing)


def test_an_expected_packet_that_does_not_come_is_missing_and_an_empty_one_is_not(desk: Desk) -> None:
    row = Intake(desk)
    assert row.tick(b"a" * PACKET) == ([b"a" * PACKET], [], set())
    assert row.tick(b"") == ([b""], [], set())
    assert row.tick() == ([b""], [], {0})
    # It is watched from now on: what comes two at a time is taken in one tick.
    assert row.tick(b"b", b"c") == ([b"b", b"c"], [0], set())


def test_a_row_that_goes_over_to_long_packets_loses_one_and_then_none(desk: Desk) -> None:
    row, long = Intake(desk), b"l" * 500
    assert row.tick(b"a" * PACKET) == ([b"a" * PACKET], [], set())
    assert row.tick(long) == ([long[:EXPECTED_SIZE]], [], set())
    for _ in range(3):
        assert row.tick(long) == ([long], [0], set())


def wire() -> socket.socket:
    """Return a socket that gets every UDP packet with its headers."""
    try:
        found = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    except PermissionError:
        pytest.skip("to listen to the wire takes CAP_NET_RAW")
    found.settimeout(0.5)
    return found


def on_the_wire(listener: socket.socket, port: int) -> bytes:
    """Return the next packet from a port."""
    while True:
        packet = listener.recv(2048)
        if int.from_bytes(packet[20:22], "big") == port:
            return packet


def test_both_ways_send_the_same_headers() -> None:
    seen = []
    for raw in (raw_socket(), None):
        with contextlib.closing(Desk(raw)) as desk, wire() as listener:
            desk.ports.open(0, HOST, PORTS[0])
            desk.ports.aim(0, HOST, 5004)
            desk.tick(0)
            packet = on_the_wire(listener, PORTS[0])
            # All but the identification and the two checksums.
            seen.append((packet[:4], packet[6:10], packet[12:26], packet[28:]))
    assert seen[0] == seen[1]


def test_checksums_are_those_of_rfc_768_and_never_none(together: Desk) -> None:
    _, (_, port) = together.call(0)
    random = np.random.default_rng(7)
    for _ in range(50):
        together.packets[0] = random.integers(0, 256, PACKET, np.uint8)
        with wire() as listener:
            together.tick(0)
            packet = on_the_wire(listener, port)
            words = np.frombuffer(packet[12:20] + b"\0\x11" + packet[24:26] + packet[20:], ">u2").astype(int)
            assert words.sum() % 0xFFFF == 0 and packet[26:28] != b"\0\0"
            # With this added to its last word, the sum of the rest is 0.
            last = (words[-1] + int.from_bytes(packet[26:28], "big")) % 0xFFFF
            together.packets[0, -2:] = divmod(int(last), 256)
            together.tick(0)
            assert on_the_wire(listener, port)[26:28] == b"\xff\xff"


SECOND_SOCKET = """
import os, socket, subprocess, sys
from firmware.media.raw_right import open_raw_socket
try:
    raw = open_raw_socket()
    print("none" if raw is None else "one")
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
except PermissionError:
    again = "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)"
    print("refused", subprocess.run([sys.executable, "-c", again], stderr=subprocess.DEVNULL).returncode)
"""


def test_the_right_to_open_a_raw_socket_is_used_once_and_no_program_gets_it_back() -> None:
    raw_socket().close()
    assert _run(sys.executable, "-c", SECOND_SOCKET) == "one\nrefused 1\n"


def test_without_the_right_there_is_no_raw_socket() -> None:
    without = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
    raw_socket().close()
    assert _run(*without, sys.executable, "-c", SECOND_SOCKET) == "none\nrefused 1\n"


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
