"""Digits as RFC 4733 telephone events, receiving side.

One keypress is a train of packets with one RTP timestamp; any of them may be lost, the first as well as
the last three. So a digit is reported at the first packet of its timestamp that arrives, whichever it
is, and later packets of that timestamp are the same keypress. A reordered straggler of an older keypress is
told from a new one by its timestamp, which lies behind.
"""

from __future__ import annotations

from typing import Final

DIGITS: Final = "0123456789*#ABCD"
"""Event codes 0-15 (RFC 4733 section 3.2)."""
_HALF_CIRCLE: Final = 1 << 31


class EventReceiver:
    """The telephone events of one RTP port."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def receive(self, ssrc: int, timestamp: int, payload: bytes) -> str | None:
        """Return the digit when this packet is the first seen of a keypress, else None.

        Codes that are no digits (flash, tones) and payloads shorter than 4 bytes are ignored.
        """
        if len(payload) < 4 or payload[0] >= len(DIGITS):
            return None
        if self._last is not None:
            last_ssrc, last_timestamp = self._last
            if ssrc == last_ssrc and (last_timestamp - timestamp) % (1 << 32) < _HALF_CIRCLE:
                return None
        self._last = (ssrc, timestamp)
        return DIGITS[payload[0]]
