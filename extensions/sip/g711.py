"""A-law by table (ITU-T G.711), for the test phone; calls of the box are coded by the media process."""

from __future__ import annotations

import array
import sys

# G.711 even-bit inversion.
_INVERT = 0x55
_SIGN = 0x80


def _decode_one(code: int) -> int:
    """Return the 16-bit linear value of an A-law code (ITU-T G.711, table 1, scaled by 8)."""
    code ^= _INVERT
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (mantissa << 4) + 8
    if exponent:
        magnitude = (magnitude + 256) << (exponent - 1)
    return magnitude if code & _SIGN else -magnitude


_DECODE = tuple(_decode_one(code) for code in range(256))


def _encode_table() -> bytes:
    """Return the nearest code of every 16-bit value shifted right by four, from -2048 up."""
    by_value = sorted((value, code) for code, value in enumerate(_DECODE))
    table = bytearray()
    place = 0
    for coarse in range(-2048, 2048):
        value = (coarse << 4) + 8
        while place + 1 < len(by_value) and abs(by_value[place + 1][0] - value) <= abs(
            by_value[place][0] - value
        ):
            place += 1
        table.append(by_value[place][1])
    return bytes(table)


_ENCODE = _encode_table()


def encode(samples: bytes) -> bytes:
    """Return the A-law octets of signed 16-bit little-endian samples."""
    linear = array.array("h", samples)
    if sys.byteorder == "big":
        linear.byteswap()
    return bytes(_ENCODE[(sample >> 4) + 2048] for sample in linear)


def decode(octets: bytes) -> bytes:
    """Return signed 16-bit little-endian samples of A-law octets."""
    linear = array.array("h", (_DECODE[octet] for octet in octets))
    if sys.byteorder == "big":
        linear.byteswap()
    return linear.tobytes()
