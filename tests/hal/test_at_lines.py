"""Cutting a modem's bytes into lines: framing, rubbish, prompts, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.at.lines import MAX_LINE, LineSplitter, Prompt, TextLine, Token

# Bytes that make interesting streams: separators, prompts, text, rubbish.
STREAMS = st.lists(
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"\r\n",
            b"\r\r\n",
            b"> ",
            b">",
            b" ",
            b"OK",
            b"RING",
            b"\0",
            b"\xff\xfe",
            b"\xe4\xb8",
            b"A" * 700,
        ]
    )
    | st.binary(max_size=5),
    max_size=30,
).map(b"".join)


def texts(data: bytes) -> list[str]:
    return [token.text for token in LineSplitter().feed(data) if isinstance(token, TextLine)]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"\r\nOK\r\n", ["OK"]),
        (b"AT+CSQ\r\r\n+CSQ: 21,99\r\n\r\nOK\r\n", ["AT+CSQ", "+CSQ: 21,99", "OK"]),
        (b"\r\r\n+CRING: VOICE\r\r\n", ["+CRING: VOICE"]),
        (b"\r\r\n+RXDTMF: 8\r\r\n", ["+RXDTMF: 8"]),
        (b"\0\0\xff\x80 \r\n\0RDY\r\n", ["RDY"]),
        (b'\r\n+COPS: 0,0,"\xe4\xb8\xad\xe5\x9b\xbd",7\r\n', ['+COPS: 0,0,"中国",7']),
        (b"\r\nRI\x00NG\r\n", ["RING"]),
        (b"OK", []),
        (b"\r\n\r\n \r\n", []),
    ],
)
def test_lines_as_modems_frame_them(data: bytes, lines: list[str]) -> None:
    assert texts(data) == lines


def test_the_prompt_has_no_line_end() -> None:
    assert LineSplitter().feed(b"\r\n> ") == [Prompt()]


def test_a_greater_than_sign_inside_a_line_is_no_prompt() -> None:
    assert LineSplitter().feed(b"a > b\r\n") == [TextLine("a > b")]


def test_a_line_of_ten_thousand_bytes_is_refused_and_the_next_one_read() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"\r\n" + b"x" * 10_000 + b"\r\nOK\r\n") == [TextLine("OK")]
    assert splitter.refused == 1


def test_a_line_of_a_thousand_bytes_is_read() -> None:
    assert texts(b"+CPOL: " + b"1" * 1000 + b"\r\n") == ["+CPOL: " + "1" * 1000]


def test_a_flood_without_line_ends_takes_no_memory() -> None:
    splitter = LineSplitter()
    for _ in range(1000):
        splitter.feed(b"x" * 1000)
    assert splitter.refused == 1
    assert len(splitter._partial) <= MAX_LINE


@given(STREAMS, st.lists(st.integers(0, 60), max_size=20))
def test_the_chunking_does_not_matter(data: bytes, cuts: list[int]) -> None:
    whole, cut, byte_by_byte = LineSplitter(), LineSplitter(), LineSplitter()
    expected = whole.feed(data)
    pieces: list[Token] = []
    at = 0
    for length in [*cuts, len(data)]:
        pieces += cut.feed(data[at : at + length])
        at += length
    single = [token for i in range(len(data)) for token in byte_by_byte.feed(data[i : i + 1])]
    assert pieces == expected
    assert single == expected
    assert whole.refused == cut.refused == byte_by_byte.refused
