"""ITU-T G.711 codewords as linear values: the one table that everything which codes audio is built from.

Linear samples are 16 bits full scale: the 13-bit A-law and 14-bit µ-law values shifted left.
"""

from __future__ import annotations

import array
import sys

_SIGN = 0x80
# A-law inverts every other bit, µ-law all of them, so that silence keeps a line's clock busy.
_ALAW_INVERT = 0x55
_ULAW_INVERT = 0xFF
_ULAW_BIAS = 0x84


def _alaw(word: int) -> int:
    """Return the value of an A-law codeword (G.711 table 1)."""
    word ^= _ALAW_INVERT
    exponent, mantissa = (word >> 4) & 7, word & 15
    magnitude = (mantissa << 4) + 8
    if exponent:
        magnitude = (magnitude + 0x100) << (exponent - 1)
    return magnitude if word & _SIGN else -magnitude


def _ulaw(word: int) -> int:
    """Return the value of a µ-law codeword (G.711 table 2, bias 33)."""
    word ^= _ULAW_INVERT
    exponent, mantissa = (word >> 4) & 7, word & 15
    magnitude = (((mantissa << 3) + _ULAW_BIAS) << exponent) - _ULAW_BIAS
    return -magnitude if word & _SIGN else magnitude


ALAW: tuple[int, ...] = tuple(_alaw(word) for word in range(256))
ULAW: tuple[int, ...] = tuple(_ulaw(word) for word in range(256))


def _nearest_alaw() -> bytes:
    """Return the nearest A-law word of every 16-bit value shifted right by four, from -2048 up."""
    by_value = sorted((value, word) for word, value in enumerate(ALAW))
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


_ALAW_ENCODED = _nearest_alaw()


def encode_alaw(samples: bytes) -> bytes:
    """Return the A-law octets of signed 16-bit little-endian samples."""
    linear = array.array("h", samples)
    if sys.byteorder == "big":
        linear.byteswap()
    return bytes(_ALAW_ENCODED[(sample >> 4) + 2048] for sample in linear)


def decode_alaw(octets: bytes) -> bytes:
    """Return signed 16-bit little-endian samples of A-law octets."""
    linear = array.array("h", (ALAW[octet] for octet in octets))
    if sys.byteorder == "big":
        linear.byteswap()
    return linear.tobytes()
