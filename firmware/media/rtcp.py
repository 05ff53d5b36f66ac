"""RTCP reports (RFC 3550 section 6), sans IO: built for a peer, and read from one.

A compound packet begins with a sender report, or a receiver report where we don't send, and bears the
mandatory CNAME. From the peer only its report about our own stream is of interest:

    our SR at A ──► peer, which waits DLSR ──► its report at us: round trip = now - LSR - DLSR

Times in packets are NTP: 32 bits of seconds since 1900, 32 of fractions; LSR and DLSR are the middle 32.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from firmware.media.g711 import RATE

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
_DESCRIPTION: Final = 202
_CNAME: Final = 1
_NTP_EPOCH: Final = 2_208_988_800
"""Seconds from 1900 to 1970."""
_VERSION: Final = 0x80
_BLOCK: Final = struct.Struct("!IB3sIIII")
_SENDER: Final = struct.Struct("!IIIII")
MAX_ROUND_TRIP_MS: Final = 10_000.0
"""What is longer is a report with nonsense in it."""
_LAST_TYPE: Final = 204
"""Packet types 200 to 204 are RTCP's, which a peer may send to the RTP port (RFC 5761 section 4)."""


def is_report(data: bytes | memoryview) -> bool:
    """Tell RTCP from RTP by its second octet."""
    return len(data) >= 2 and SENDER_REPORT <= data[1] <= _LAST_TYPE


class FarReport(msgspec.Struct, frozen=True):
    """What a peer said about our stream."""

    loss_percent: float
    """Since its last report."""
    jitter_ms: float
    round_trip_ms: float | None
    """None as long as it has not seen a report of ours."""


class Heard(msgspec.Struct, frozen=True):
    """What one compound packet told."""

    sender_ntp: int | None
    """Middle 32 bits of the peer's NTP time, to be given back to it; None without a sender report."""
    report: FarReport | None
    """About our stream, if there was one."""


class Block(msgspec.Struct, frozen=True):
    """Our report about the peer's stream."""

    ssrc: int
    fraction_lost: int
    """In 256ths, since the last report."""
    lost: int
    """In all; negative with copies."""
    highest: int
    jitter: int
    """Samples."""
    last_sr: int
    delay_since_sr: int
    """1/65536 s."""


class Sent(msgspec.Struct, frozen=True):
    """What we have sent, for a sender report."""

    timestamp: int
    packets: int
    octets: int


def middle_ntp(wall: float) -> int:
    """Return the middle 32 bits of a time (seconds since 1970)."""
    return int((wall + _NTP_EPOCH) * 65536) & 0xFFFFFFFF


def build(ssrc: int, cname: str, wall: float, sent: Sent | None, blocks: list[Block]) -> bytes:
    """Return a compound packet.

    Args:
        ssrc: Ours.
        cname: Names us, without names of people: at most 255 bytes.
        wall: Now, seconds since 1970.
        sent: None where we don't send.
        blocks: At most 31.
    """
    body = b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost,
            (block.lost & 0xFFFFFF).to_bytes(3, "big"),
            block.highest & 0xFFFFFFFF,
            block.jitter & 0xFFFFFFFF,
            block.last_sr,
            block.delay_since_sr & 0xFFFFFFFF,
        )
        for block in blocks
    )
    kind = RECEIVER_REPORT
    if sent is not None:
        kind = SENDER_REPORT
        seconds = wall + _NTP_EPOCH
        whole = int(seconds)
        body = (
            _SENDER.pack(
                whole & 0xFFFFFFFF,
                int((seconds - whole) * (1 << 32)) & 0xFFFFFFFF,
                sent.timestamp & 0xFFFFFFFF,
                sent.packets & 0xFFFFFFFF,
                sent.octets & 0xFFFFFFFF,
            )
            + body
        )
    report = _header(kind, len(blocks), struct.pack("!I", ssrc) + body)
    name = cname.encode("ascii", "replace")[:255]
    item = struct.pack("!IBB", ssrc, _CNAME, len(name)) + name
    item += bytes(4 - len(item) % 4)
    return report + _header(_DESCRIPTION, 1, item)


def _header(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", _VERSION | count, kind, len(body) // 4) + body


def parse(data: bytes, own_ssrc: int, wall: float) -> Heard | None:
    """Read a compound packet from a peer; None when it is none (RFC 3550 appendix A.2).

    Args:
        data: Anything.
        own_ssrc: Ours; reports about others are passed over.
        wall: When it arrived, seconds since 1970.
    """
    if len(data) < 8 or data[0] >> 6 != 2 or data[1] not in (SENDER_REPORT, RECEIVER_REPORT):
        return None
    sender_ntp: int | None = None
    report: FarReport | None = None
    position = 0
    while position + 4 <= len(data):
        flags, kind, words = struct.unpack_from("!BBH", data, position)
        end = position + 4 + 4 * words
        if flags >> 6 != 2 or end > len(data):
            return None
        at = position + 8
        if kind == SENDER_REPORT and at + _SENDER.size <= end:
            seconds, fraction, *_ = _SENDER.unpack_from(data, at)
            sender_ntp = (seconds & 0xFFFF) << 16 | fraction >> 16
            at += _SENDER.size
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            for _ in range(flags & 0x1F):
                if at + _BLOCK.size > end:
                    return None
                ssrc, fraction, _lost, _highest, jitter, last, delay = _BLOCK.unpack_from(data, at)
                at += _BLOCK.size
                if ssrc == own_ssrc:
                    report = FarReport(
                        100 * fraction / 256, 1000 * jitter / RATE, _round_trip(wall, last, delay)
                    )
        position = end
    return Heard(sender_ntp, report)


def _round_trip(wall: float, last: int, delay: int) -> float | None:
    if last == 0:
        return None
    milliseconds = ((middle_ntp(wall) - last - delay) & 0xFFFFFFFF) * 1000 / 65536
    # A little below zero (the peer's rounding) wraps to the far end.
    if milliseconds > 65536 * 1000 - 100:
        return 0.0
    return milliseconds if milliseconds <= MAX_ROUND_TRIP_MS else None
