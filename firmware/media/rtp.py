"""RTP's fixed header (RFC 3550 section 5.1), one packet at a time and as numpy rows.

The vectorised reading of a whole tick's packets is in `intake.py`; what is here serves the exceptions and
the tests.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec
import numpy as np

HEADER: Final = 12
"""Bytes of the fixed header."""
MAX_PACKET: Final = 2048
"""Bytes; 200 ms of G.711 is 1612. What is longer is no telephone's packet."""

HEADER_DTYPE: Final = np.dtype(
    [("flags", "u1"), ("payload_type", "u1"), ("sequence", ">u2"), ("timestamp", ">u4"), ("ssrc", ">u4")]
)
VERSION_2: Final = 0x80
MARKER: Final = 0x80
_PADDING: Final = 0x20
_EXTENSION: Final = 0x10


class RtpPacket(msgspec.Struct, frozen=True):
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def payload_start(data: bytes | memoryview) -> int | None:
    """Return where a packet's payload begins, after CSRCs and extension; None when it is no RTP version 2."""
    if len(data) < HEADER or data[0] >> 6 != 2:
        return None
    start = HEADER + 4 * (data[0] & 0x0F)
    if data[0] & _EXTENSION:
        if start + 4 > len(data):
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    return start if start <= len(data) else None


def parse(data: bytes | memoryview) -> RtpPacket | None:
    """Return the packet, CSRCs, extension and padding taken off; None when it is no RTP version 2."""
    start = payload_start(data)
    if start is None or len(data) > MAX_PACKET:
        return None
    flags, type_and_marker, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
    end = len(data)
    if flags & _PADDING:
        end -= data[-1]
        if data[-1] == 0:
            return None
    if start > end:
        return None
    return RtpPacket(
        payload_type=type_and_marker & 0x7F,
        marker=bool(type_and_marker & MARKER),
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=bytes(data[start:end]),
    )


def build(packet: RtpPacket) -> bytes:
    """Return the packet's bytes, without CSRCs, extension or padding."""
    return (
        struct.pack(
            "!BBHII",
            VERSION_2,
            packet.payload_type | (MARKER if packet.marker else 0),
            packet.sequence & 0xFFFF,
            packet.timestamp & 0xFFFFFFFF,
            packet.ssrc,
        )
        + packet.payload
    )
