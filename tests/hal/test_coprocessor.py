"""The link to the coprocessor: frames, both ends over every kind of wire, and the box's peer."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.coprocessor import events, words
from hal.coprocessor.frames import MAX_CONTENT, Decoder, crc, encode
from hal.coprocessor.link import ATTEMPTS, MAX_QUEUE, RESEND, Link
from hal.coprocessor.peer import CoprocessorPeer


def test_the_check_is_the_one_everybody_knows() -> None:
    assert crc(b"123456789") == 0x29B1


@given(
    st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=MAX_CONTENT)), max_size=5), st.integers(1, 7)
)
def test_frames_survive_whatever_the_chunks(frames: list[tuple[int, bytes]], size: int) -> None:
    data = b"".join(encode(control, content) for control, content in frames)
    decoder = Decoder()
    found = [f for i in range(0, len(data), size) for f in decoder.feed(data[i : i + size])]
    assert found == frames
    assert decoder.refused == 0


@given(st.binary(max_size=400))
def test_rubbish_raises_nothing_and_the_next_frame_is_read(rubbish: bytes) -> None:
    decoder = Decoder()
    decoder.feed(rubbish)
    assert decoder.feed(b"\x7e" + encode(5, b"hello"))[-1] == (5, b"hello")


@given(st.binary(min_size=1, max_size=MAX_CONTENT), st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_frame_is_refused(content: bytes, where: int, flip: int) -> None:
    frame = bytearray(encode(5, content))
    frame[1 + where % (len(frame) - 2)] ^= flip
    assert (5, content) not in Decoder().feed(bytes(frame))


class Wire:
    """Carries octets with loss, damage and delay, seeded."""

    def __init__(self, seed: int, loss: float, late: int, *, single: bool) -> None:
        self.dice = random.Random(seed)
        self.loss, self.late, self.single = loss, late, single
        self.under_way: list[tuple[int, bytes]] = []
        self.cut = False

    def put(self, data: bytes, now: int) -> None:
        for piece in (data[i : i + 1] for i in range(len(data))) if self.single else [data]:
            if piece and not self.cut and self.dice.random() >= self.loss:
                due = now + self.dice.randrange(self.late + 1)
                due = max([due, *(when for when, _ in self.under_way[-1:])])
                self.under_way.append((due, piece))

    def take(self, now: int) -> bytes:
        arrived = b"".join(piece for when, piece in self.under_way if when <= now)
        self.under_way = [(when, piece) for when, piece in self.under_way if when > now]
        return arrived


WIRES = {
    "good": (0.0, 0, False),
    "one byte at a time": (0.0, 2, True),
    "lossy": (0.2, 0, False),
    "late": (0.0, 40, False),
    "losing single bytes": (0.005, 0, True),
}


class Pair:
    def __init__(self, wire: str = "good", seed: int = 1) -> None:
        loss, late, single = WIRES[wire]
        self.ends = [Link(1), Link(2)]
        self.wires = [Wire(seed + n, loss, late, single=single) for n in (0, 1)]
        self.heard: list[list[bytes]] = [[], []]
        self.now = 0

    def run(self, milliseconds: int) -> None:
        for _ in range(milliseconds):
            self.now += 1
            for n in (0, 1):
                end = self.ends[n]
                end.handle_timer(self.now)
                self.wires[n].put(end.data_to_send(), self.now)
                end.receive_data(self.wires[1 - n].take(self.now), self.now)
                self.wires[n].put(end.data_to_send(), self.now)
                while (message := end.next_message()) is not None:
                    self.heard[n].append(message)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("seed", [1, 20, 300])
def test_messages_arrive_once_and_in_order(wire: str, seed: int) -> None:
    pair = Pair(wire, seed)
    pair.run(5000)
    assert [end.up for end in pair.ends] == [True, True]
    sent: list[list[bytes]] = [[], []]
    for number in range(60):
        for n in (0, 1):
            message = bytes([n, number]) + bytes([0x7E, 0x7D]) * (number % 8)
            pair.ends[n].send(message, pair.now)
            sent[n].append(message)
        pair.run(300)
    pair.run(5000)
    for n in (0, 1):
        if pair.ends[n].overflowed == 0:
            assert pair.heard[1 - n] == sent[n]
        else:
            # The link went down for a while; what arrived is in order and without repetition.
            left = iter(sent[n])
            assert all(message in left for message in pair.heard[1 - n])
            assert len(pair.heard[1 - n]) >= 50


def test_a_cut_wire_brings_the_link_down_and_it_comes_back_without_repetitions() -> None:
    pair = Pair()
    pair.run(100)
    pair.ends[0].send(b"one", pair.now)
    pair.run(100)
    pair.wires[1].cut = True
    pair.ends[0].send(b"two", pair.now)
    pair.run(RESEND * (ATTEMPTS + 2))
    assert not pair.ends[0].up
    pair.wires[1].cut = False
    pair.run(1500)
    pair.ends[0].send(b"three", pair.now)
    pair.run(200)
    assert pair.heard[1] == [b"one", b"two", b"three"]


def test_an_end_that_was_given_up_is_told_so_and_tells_everything_again() -> None:
    pair = Pair()
    pair.run(100)
    assert [end.risen for end in pair.ends] == [1, 1]
    for wire in pair.wires:
        wire.cut = True
    pair.ends[0].send(b"one", pair.now)
    pair.run(RESEND * (ATTEMPTS + 2))
    assert [end.up for end in pair.ends] == [False, True], "who has nothing to say notices nothing"
    for wire in pair.wires:
        wire.cut = False
    pair.run(1500)
    assert [(end.up, end.risen) for end in pair.ends] == [(True, 2), (True, 2)]
    assert [end.restarted for end in pair.ends] == [0, 1]


def test_an_acknowledged_hello_of_before_brings_no_link_up() -> None:
    end = Link(1)

    def is_up_once_acknowledged(now: int) -> bool:
        end.receive_data(encode(0xC0, b"\x01\x00\x02"), now)
        return end.up

    end.handle_timer(0)
    assert is_up_once_acknowledged(1)
    end.reset(2)
    assert not is_up_once_acknowledged(3)
    end.handle_timer(4)
    assert is_up_once_acknowledged(5)


def test_an_end_that_restarts_is_noticed() -> None:
    pair = Pair()
    pair.run(100)
    pair.ends[0].send(b"before", pair.now)
    pair.run(50)
    pair.ends[1] = Link(77)
    pair.run(2000)
    assert pair.ends[0].restarted == 1
    pair.ends[0].send(b"after", pair.now)
    pair.ends[1].send(b"reply", pair.now)
    pair.run(100)
    assert (pair.heard[1], pair.heard[0]) == ([b"before", b"after"], [b"reply"])


def test_another_version_is_not_talked_to() -> None:
    pair = Pair()
    pair.ends[1] = Link(2, version=9)
    pair.run(3000)
    assert [end.up for end in pair.ends] == [False, False]
    assert pair.ends[0].mismatch == 9


def test_a_flood_of_messages_takes_bounded_memory() -> None:
    pair = Pair()
    pair.run(100)
    for _ in range(1000):
        pair.ends[0].send(b"x", pair.now)
    assert pair.ends[0].overflowed == 1000 - MAX_QUEUE


# The box's peer


class Box:
    """The peer and a bare link in place of the board."""

    def __init__(self) -> None:
        self.peer = CoprocessorPeer(1)
        self.board = Link(2)
        self.now = 0.0
        self.told: list[bytes] = []
        self.events: list[events.CoprocessorEvent] = []

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 200)):
            self.now += 0.005
            timer = self.peer.get_timer()
            if timer is not None and timer <= self.now:
                self.peer.handle_timer(self.now)
            moment = round(self.now * 1000)
            self.board.receive_data(self.peer.data_to_send(), moment)
            self.board.handle_timer(moment)
            self.peer.receive_data(self.board.data_to_send(), self.now)
            while (message := self.board.next_message()) is not None:
                self.told.append(message)
            while (event := self.peer.next_event()) is not None:
                self.events.append(event)

    def says(self, *message: int) -> None:
        self.board.send(bytes(message), round(self.now * 1000))
        self.run(0.05)


def test_the_heart_beats_once_a_second() -> None:
    box = Box()
    box.run(10.5)
    assert box.events == [events.LinkUp()]
    assert 9 <= box.told.count(bytes([words.HEARTBEAT])) <= 11


def test_what_the_board_tells_becomes_events() -> None:
    box = Box()
    box.run(1)
    box.says(words.RING, 3, 232)
    box.says(words.HOOK, 1)
    box.says(words.PULSES, 7)
    box.says(words.BUTTON, 0, 0xFF, 0xFF)
    box.says(words.LINE, words.LINE_BATTERY)
    box.says(words.FAR_HANG_UP)
    assert box.events[1:] == [
        events.RingBurst(1.0),
        events.HandsetHook(off=True),
        events.HandsetDigit("7"),
        events.ButtonPressed(0, None),
        events.LineChanged(battery=True, loop=False, reversed=False),
        events.FarHangUp(),
    ]


def test_what_makes_no_sense_is_counted() -> None:
    box = Box()
    box.run(1)
    for message in ([], [0xEE], [words.RING, 1], [words.PULSES, 12], [words.RING_OVER, 1]):
        box.says(*message)
    assert (box.peer.malformed, len(box.events)) == (5, 1)


def test_lamps_are_told_again_to_a_board_that_restarted() -> None:
    box = Box()
    box.peer.led(0, words.LED_ON, 0.0)
    box.run(1)
    box.peer.seize(box.now, on=True)
    box.board = Link(99)
    box.told.clear()
    box.run(2)
    assert events.LinkDown("the board restarted") in box.events
    assert bytes([words.LED, 0, words.LED_ON]) in box.told
    assert bytes([words.SEIZE, 1]) not in box.told


def test_a_board_of_another_version_is_named() -> None:
    box = Box()
    box.run(1)
    box.board = Link(99, version=2)
    box.run(2)
    assert box.events[-1] == events.LinkDown("the board speaks version 2 of the protocol: flash it anew")


@given(st.binary(max_size=10))
def test_no_message_raises(message: bytes) -> None:
    events.parse(message)
