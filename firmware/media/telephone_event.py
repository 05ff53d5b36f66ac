"""Digits as RFC 4733 telephone events, receiving side.

One keypress is a train of packets with one RTP timestamp; any of them may be lost, the first as well as
the last three. So a digit is reported at the first packet of its timestamp that arrives, whichever it
is, and later packets of that timestamp are the same keypress. A reordered straggler of an older keypress is
told from a new one by its timestamp, which lies behind.

A key held for longer than the duration field counts (8.2 s) comes in segments: the next begins, under its own
timestamp, where the one before was full and had no end (section 2.5.1.3).
"""

from __future__ import annotations

from typing import Final

DIGITS: Final = "0123456789*#ABCD"
"""Event codes 0-15 (RFC 4733 section 3.2)."""
_HALF_CIRCLE: Final = 1 << 31
_END: Final = 0x80
_FULL: Final = range(0xF000, 0x10000)
"""Samples after which a segment is full: the field's greatest, less the sender's last packet."""


class EventReceiver:
    """The telephone events of one RTP port."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        """SSRC and timestamp of the last keypress, or of the last segment of it."""
        self._code = 0
        self._ended = False

    def receive(self, ssrc: int, timestamp: int, payload: bytes) -> str | None:
        """Return the digit when this packet is the first seen of a keypress, else None.

        Codes that are no digits (flash, tones) and payloads shorter than 4 bytes are ignored.
        """
        if len(payload) < 4 or payload[0] >= len(DIGITS):
            return None
        code, ends = payload[0], bool(payload[1] & _END)
        goes_on = False
        if self._last is not None:
            last_ssrc, last_timestamp = self._last
            ahead = (timestamp - last_timestamp) % (1 << 32)
            if ssrc == last_ssrc and (ahead == 0 or ahead >= _HALF_CIRCLE):
                self._ended |= ends and ahead == 0
                return None
            goes_on = ssrc == last_ssrc and code == self._code and not self._ended and ahead in _FULL
        self._last = (ssrc, timestamp)
        self._code, self._ended = code, ends
        return None if goes_on else DIGITS[code]
