"""Identifiers that sort by the time they were made and can be read over a telephone."""

from __future__ import annotations

import secrets
import time
from typing import NewType

CallId = NewType("CallId", str)
LegId = NewType("LegId", str)
PortId = NewType("PortId", str)

# Crockford's base 32: no I, L, O or U, so an id survives being read aloud or written by hand.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)


def _chance() -> str:
    """Return 6 random characters."""
    value = secrets.randbits(30)
    return _PAIRS[value >> 20] + _PAIRS[value >> 10 & 1023] + _PAIRS[value & 1023]


def _base32(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, remainder = divmod(value, 32)
        digits.append(_ALPHABET[remainder])
    return "".join(reversed(digits))


def new_call_id() -> CallId:
    """Return an id such as `01K8ZQ3V9TXM4C2P`: 10 characters of Unix milliseconds, 6 of chance.

    The time part only serves sorting; what the record says about time is kept apart, because the
    clock may not have been set when the id was made.
    """
    return CallId(_base32(time.time_ns() // 1_000_000, 10) + _chance())


def new_leg_id(kind: str) -> LegId:
    """Return an id such as `sip-7Q2M9K` for one party's side of a call."""
    return LegId(f"{kind}-{_chance()}")


def new_port_id(kind: str) -> PortId:
    """Return an id such as `rtp-3F8W1A` for one port of the media plane."""
    return PortId(f"{kind}-{_chance()}")
