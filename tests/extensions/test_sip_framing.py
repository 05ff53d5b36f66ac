"""Messages cut from a TCP stream, however it arrives."""

from __future__ import annotations

import random

import pytest

from extensions.sip.errors import MalformedMessage, TooLarge
from extensions.sip.framing import PING, StreamFramer

ONE = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length : 4\r\n\r\nbody"
TWO = b"OPTIONS sip:c@d SIP/2.0\r\nl:0\r\n\r\n"
NONE = b"OPTIONS sip:e@f SIP/2.0\r\nVia: x\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_come_out_whole_in_any_pieces(size: int) -> None:
    stream = ONE + b"\r\n\r\n" + TWO + b"\r\n" + NONE
    framer = StreamFramer()
    frames = [
        frame for start in range(0, len(stream), size) for frame in framer.feed(stream[start : start + size])
    ]
    assert frames == [ONE, PING, TWO, NONE]
    assert not framer.partial


def test_a_begun_message_is_partial_and_keepalives_are_not() -> None:
    framer = StreamFramer()
    assert framer.feed(b"\r\n") == []
    assert not framer.partial
    assert framer.feed(b"\r\nOPT") == [PING]
    assert framer.partial


def test_an_endless_header_and_a_huge_body_are_refused() -> None:
    framer = StreamFramer()
    with pytest.raises(TooLarge):
        for _ in range(1000):
            framer.feed(b"A: b\r\n" * 10)
    with pytest.raises(TooLarge):
        StreamFramer().feed(b"A b c\r\nContent-Length: 65000\r\n\r\n")


@pytest.mark.parametrize("length", [b"-1", b"x", b"", b"99999999999999999999", "²".encode()])
def test_a_length_that_is_none_ends_the_stream(length: bytes) -> None:
    with pytest.raises((MalformedMessage, TooLarge)):
        StreamFramer().feed(b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: " + length + b"\r\n\r\n")


def test_no_bytes_break_the_framer() -> None:
    dice = random.Random(7)
    for _ in range(300):
        framer = StreamFramer()
        try:
            for _ in range(20):
                framer.feed(bytes(dice.choice(b"\r\n:aL0 9") for _ in range(dice.randrange(40))))
        except (MalformedMessage, TooLarge):
            continue
