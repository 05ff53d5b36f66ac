"""Codecs, headers and files, against the standards' own values."""

from __future__ import annotations

import io
import wave

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.media import MediaError
from firmware.media import protocol, rtcp
from firmware.media.g711 import ALAW, ULAW, Law
from firmware.media.rtp import MAX_PACKET, RtpPacket, build, parse
from firmware.media.wavefile import mono_samples

# The digital milliwatt, a 1 kHz sine at 0 dBm0 (G.711 tables 5 and 6).
MILLIWATT = {"ulaw": "1E0B0B1E9E8B8B9E", "alaw": "34212134B4A1A1B4"}


@pytest.mark.parametrize(("law", "words"), [(ULAW, MILLIWATT["ulaw"]), (ALAW, MILLIWATT["alaw"])])
def test_the_digital_milliwatt_is_at_0_dbm0(law: Law, words: str) -> None:
    samples = np.tile(law.decoded[np.frombuffer(bytes.fromhex(words), np.uint8)], 100).astype(float)
    full_scale = 32767 / np.sqrt(2)
    assert 20 * np.log10(np.sqrt(np.mean(samples**2)) / full_scale) == pytest.approx(-3.15, abs=0.1)


@pytest.mark.parametrize("law", [ULAW, ALAW])
def test_every_codeword_survives_decoding_and_encoding_but_the_second_zero(law: Law) -> None:
    words = np.arange(256, dtype=np.uint8)
    linear = np.empty(256, np.int16)
    law.decode(words, linear)
    again = law.encode(linear)
    assert (linear == law.decoded).all()
    assert {int(word) for word in words[again != words]} == ({0x7F} if law is ULAW else set())


@pytest.mark.parametrize(("law", "largest"), [(ULAW, 32124), (ALAW, 32256)])
def test_encoding_picks_the_nearest_value_and_saturates(law: Law, largest: int) -> None:
    linear = np.arange(-32768, 32768).astype(np.int16)
    decoded = law.decoded[law.encode(linear)].astype(int)
    wanted = np.abs(law.decoded.astype(int)[:, None] - linear[::97].astype(int)).min(axis=0)
    assert (np.abs(decoded[::97] - linear[::97]) == wanted).all()
    assert (decoded.min(), decoded.max()) == (-largest, largest)


@given(st.binary(max_size=MAX_PACKET + 10))
def test_parsing_rtp_never_raises(data: bytes) -> None:
    packet = parse(data)
    assert packet is None or len(packet.payload) <= len(data) - 12


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x81\xc8\x00\x0c", b"\x81\xc9\x00\x07"]))
def test_parsing_rtcp_never_raises(data: bytes, head: bytes) -> None:
    rtcp.parse(head + data, 7, 1.7e9)


def test_rtp_survives_building_and_parsing() -> None:
    packet = RtpPacket(8, True, 65535, 2**32 - 1, 2**32 - 1, b"abc")
    assert parse(build(packet)) == packet


def test_csrcs_extension_and_padding_are_taken_off() -> None:
    data = (
        bytes([0x80 | 0x20 | 0x10 | 2, 0])
        + bytes(10)
        + bytes(8)
        + b"\xbe\xde\x00\x01"
        + bytes(4)
        + b"voice"
        + b"\0\0\x03"
    )
    packet = parse(data)
    assert packet is not None and packet.payload == b"voice"


@pytest.mark.parametrize(
    "data",
    [bytes([0x8F, 0]) + bytes(10), bytes([0x90, 0]) + bytes(14), bytes([0xA0, 0]) + bytes(10) + b"\xff"],
)
def test_headers_that_promise_more_than_there_is_are_refused(data: bytes) -> None:
    packet = parse(data)
    assert packet is None or packet.payload == b""


@given(st.binary(max_size=300))
def test_control_messages_either_parse_or_are_refused(data: bytes) -> None:
    try:
        protocol.decode_command(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return


@given(st.binary(max_size=200))
def test_files_are_read_or_refused(data: bytes) -> None:
    for content in (data, b"RIFF\0\0\0\0WAVE" + data):
        try:
            mono_samples(content)
        except MediaError:
            continue


def test_a_cut_off_file_gives_what_it_has() -> None:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(2000))
    assert len(mono_samples(buffer.getvalue()[:-1000])) == 500
