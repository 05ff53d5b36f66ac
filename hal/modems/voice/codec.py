"""A voice modem's 8-bit audio to and from signed 16-bit little-endian, 8000 Hz (ITU-T G.711)."""

from __future__ import annotations

import array
import dataclasses
import functools
import sys


@dataclasses.dataclass(frozen=True)
class Format:
    """One way a modem codes its samples, an octet each."""

    name: str
    to_linear: tuple[bytes, ...]
    """By octet: two octets of S16LE."""
    from_linear: bytes
    """By the sample's upper 14 bits, offset by half: an octet."""


def _ulaw(octet: int) -> int:
    octet = ~octet & 0xFF
    value = (((octet & 0x0F) << 3) + 0x84) << ((octet & 0x70) >> 4)
    return 0x84 - value if octet & 0x80 else value - 0x84


def _alaw(octet: int) -> int:
    octet ^= 0x55
    segment, step = (octet & 0x70) >> 4, (octet & 0x0F) << 4
    value = step + 8 if segment == 0 else (step + 0x108) << (segment - 1)
    return value if octet & 0x80 else -value


def _unsigned(octet: int) -> int:
    return (octet - 128) << 8


@functools.cache
def _format(name: str) -> Format:
    decode = {"ulaw": _ulaw, "alaw": _alaw, "linear": _unsigned}[name]
    values = sorted((decode(octet), octet) for octet in range(256))
    nearest = bytearray()
    at = 0
    # Samples in steps of four, from the lowest: the nearest value only ever moves upwards.
    for sample in range(-32768, 32768, 4):
        while at + 1 < len(values) and abs(values[at + 1][0] - sample) <= abs(values[at][0] - sample):
            at += 1
        nearest.append(values[at][1])
    pairs = tuple(decode(octet).to_bytes(2, "little", signed=True) for octet in range(256))
    return Format(name, pairs, bytes(nearest))


_NAMES = {
    "ULAW": "ulaw",
    "U-LAW": "ulaw",
    "MULAW": "ulaw",
    "G.711U": "ulaw",
    "ALAW": "alaw",
    "A-LAW": "alaw",
    "G.711A": "alaw",
    "UNSIGNED LINEAR": "linear",
    "UNSIGNED PCM": "linear",
    "8-BIT LINEAR": "linear",
}


ULAW = _format("ulaw")


def format_called(vendor_name: str) -> Format | None:
    """Return the format that a modem's list (AT+VSM=?) calls so; None for one we don't speak."""
    name = _NAMES.get(vendor_name.upper())
    return _format(name) if name is not None else None


def decode(coding: Format, data: bytes) -> bytes:
    """Return S16LE samples, one for each octet of `data`."""
    return b"".join(map(coding.to_linear.__getitem__, data))


def encode(coding: Format, samples: bytes) -> bytes:
    """Return an octet for each whole S16LE sample."""
    values = array.array("h", samples[: len(samples) // 2 * 2])
    if sys.byteorder == "big":
        values.byteswap()
    table = coding.from_linear
    return bytes([table[(value + 32768) >> 2] for value in values])


def loudness(samples: bytes) -> int:
    """Return the greatest amplitude among S16LE samples, 0 to 32768."""
    values = array.array("h", samples[: len(samples) // 2 * 2])
    if sys.byteorder == "big":
        values.byteswap()
    return max((abs(value) for value in values), default=0)
