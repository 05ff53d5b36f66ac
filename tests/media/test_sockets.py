"""The sockets of RTP ports, over loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

from firmware.media.expected import MISS_TICKS, UNEVEN_TICKS
from firmware.media.g711 import U8
from firmware.media.rtp_network import EXPECTED_SIZE, MISSED, Batch
from firmware.media.rtp_sockets import PILED_UP, RtpSockets
from firmware.media.transmit import PACKET

HOST = "127.0.0.1"
PORTS = (22300, 22399)


class Desk:
    """Ports, phones and the packets of a tick."""

    def __init__(self) -> None:
        self.ports = RtpSockets(*PORTS)
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
        self.ports.sending({row: memoryview(self.packets[row]) for row in rows})
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


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
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


def test_what_strangers_sent_before_anybody_was_to_be_believed_never_enters_the_call(desk: Desk) -> None:
    stranger, phone = desk.phone(), desk.phone()
    address = desk.ports.open(0, HOST, 0)
    for _ in range(300):
        stranger.sendto(bytes(PACKET), address)
    desk.ports.aim(0, *phone.getsockname())
    phone.sendto(b"\x01" * PACKET, address)
    batch = Batch(400)
    desk.ports.receive(batch, lambda row: False)
    assert batch.packets == [b"\x01" * PACKET]


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
    desk.tick(0, 2)
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


def came(batch: Batch) -> dict[int, bytes | None]:
    """Return the packet of every expected row, in the order they were read; None where there was none."""
    return {
        int(batch.expected[rank]): (
            None if batch.lengths[rank] == MISSED else bytes(batch.places[rank][: batch.lengths[rank]])
        )
        for rank in batch.rank
    }


class Intake:
    """What arrives at row 0, which a packet is expected of in every tick."""

    def __init__(self, desk: Desk) -> None:
        self.phone, self.address = desk.call(0)
        self._ports = desk.ports
        self._batch = Batch(16)

    def tick(self, *packets: bytes) -> tuple[list[bytes], list[int], set[int]]:
        """Send packets to the row; return what a tick takes, its unexpected rows, and whom it missed."""
        for packet in packets:
            self.phone.sendto(packet, self.address)
        batch = self._batch
        self._ports.expect(batch, [0])
        batch.clear()
        self._ports.receive(batch, lambda row: False)
        expected = came(batch)
        missed = {row for row, packet in expected.items() if packet is None}
        return [one for one in expected.values() if one is not None] + batch.packets, list(batch.rows), missed


def test_an_expected_packet_that_does_not_come_is_missing_and_an_empty_one_is_not(desk: Desk) -> None:
    row = Intake(desk)
    assert row.tick(b"a" * PACKET) == ([b"a" * PACKET], [], set())
    assert row.tick(b"") == ([b""], [], set())
    assert row.tick() == ([], [], {0})
    # It is watched from now on: what comes two at a time is taken in one tick.
    assert row.tick(b"b", b"c") == ([b"b", b"c"], [0], set())


def test_a_row_that_goes_over_to_long_packets_loses_one_and_then_none(desk: Desk) -> None:
    row, long = Intake(desk), b"l" * 500
    assert row.tick(b"a" * PACKET) == ([b"a" * PACKET], [], set())
    assert row.tick(long) == ([long[:EXPECTED_SIZE]], [], set())
    for _ in range(3):
        assert row.tick(long) == ([long], [0], set())


def test_packets_read_in_another_order_lie_at_their_own_rows(desk: Desk) -> None:
    phones = {row: desk.call(row) for row in (3, 5, 4)}
    batch = Batch(16)
    desk.ports.expect(batch, [5, 3, 4])
    for row, length in ((3, PACKET), (5, 20)):
        phone, address = phones[row]
        phone.sendto(bytes([row]) * length, address)
    desk.ports.receive(batch, lambda row: False)
    assert batch.expected.tolist() == [3, 4, 5]
    assert batch.lengths == [PACKET, MISSED, 20]
    assert list(came(batch).items()) == [(5, b"\x05" * 20), (3, b"\x03" * PACKET), (4, None)]
    assert not batch.is_empty


class Readings:
    """Three rows that a packet is expected of in every tick."""

    def __init__(self, desk: Desk) -> None:
        self._ports = desk.ports
        self._phones = {row: desk.call(row) for row in (0, 1, 2)}
        self._batch = Batch(16)

    def tick(self, *, silent: int | None = None) -> list[int]:
        """Have every phone but one send a packet; return the expected rows, in the order they are read."""
        for row, (phone, address) in self._phones.items():
            if row != silent:
                phone.sendto(bytes([row]) * PACKET, address)
        batch = self._batch
        self._ports.expect(batch, [0, 1, 2])
        batch.clear()
        self._ports.receive(batch, lambda row: False)
        expected = came(batch)
        for row, packet in expected.items():
            assert packet == (None if row == silent else bytes([row]) * PACKET)
        return list(expected)


def test_who_sends_just_while_it_is_read_is_read_last_then_first_again(desk: Desk) -> None:
    readings = Readings(desk)
    for _ in range(2):
        assert readings.tick(silent=0) == [0, 1, 2]
    assert readings.tick() == [1, 2, 0]
    for _ in range(UNEVEN_TICKS):
        readings.tick()
    for _ in range(2):
        assert readings.tick(silent=0) == [1, 2, 0]
    assert readings.tick() == [0, 1, 2]


def test_a_single_lost_packet_moves_nobody(desk: Desk) -> None:
    readings = Readings(desk)
    assert readings.tick(silent=0) == [0, 1, 2]
    for _ in range(MISS_TICKS):
        assert readings.tick() == [0, 1, 2]
    assert readings.tick(silent=0) == [0, 1, 2]
    assert readings.tick() == [0, 1, 2]


def test_who_is_missed_first_and_last_is_not_expected_for_two_seconds(desk: Desk) -> None:
    readings = Readings(desk)
    orders = [readings.tick(silent=0) for _ in range(UNEVEN_TICKS)]
    assert orders[2:4] == [[1, 2, 0]] * 2
    assert orders[4:] == [[1, 2]] * (UNEVEN_TICKS - 4)
    assert readings.tick() == [1, 2, 0]


def test_a_packet_that_lay_longer_than_a_tick_has_others_behind_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, now = Intake(desk), time.time
    row.tick(b"a" * PACKET)
    assert row.tick(b"b" * PACKET, b"c" * PACKET) == ([b"b" * PACKET], [], set())
    desk.ports.ages([0])
    assert row.tick(b"d" * PACKET) == ([b"c" * PACKET], [], set())
    monkeypatch.setattr(time, "time", lambda: now() + PILED_UP)
    assert row.tick() == ([b"d" * PACKET], [], set())
    row.tick(b"e" * PACKET, b"f" * PACKET, b"g" * PACKET)
    desk.ports.ages([0])
    assert row.tick(b"h" * PACKET) == ([packet * PACKET for packet in (b"f", b"g", b"h")], [0, 0], set())


def test_of_whom_nothing_ever_came_nothing_has_piled_up(desk: Desk) -> None:
    row = Intake(desk)
    desk.ports.receive(Batch(16), lambda row: False)
    assert desk.ports.ages([0, 0]).tolist() == [0.0, 0.0]
    assert row.tick(b"a" * PACKET, b"b" * PACKET) == ([b"a" * PACKET], [], set())


def test_a_phone_that_is_gone_does_not_keep_the_others_from_being_sent_to(desk: Desk) -> None:
    calls = {row: desk.call(row) for row in range(4)}
    for row in (0, 2):
        calls[row][0].close()
    for _ in range(3):
        desk.tick(*calls)
    for row in (1, 3):
        phone, address = calls[row]
        for _ in range(3):
            assert desk.heard(phone) == (desk.packet(row), address)
    assert desk.ports.send_failures > 0
