"""Digits on their way out, to one port: RFC 4733 events, or tones.

Theory of operation
-------------------
    queue ─► MARK (duration, a packet a tick) ─► END (three packets, one a tick) ─► PAUSE ─► next digit

All packets of a digit bear the timestamp of its beginning and grow in duration; the last, with the end bit,
is sent three times (RFC 4733 section 2.5.1.4), in a tick each, so that one burst of loss doesn't take all.
While events are sent audio is not; the sequence numbers run on.

As tones the same digits are samples mixed onto what the port hears.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from firmware.media.dsp.tones import dtmf
from firmware.media.g711 import FRAME, I16
from firmware.media.telephone_event import DIGITS

MIN_MS: Final = 40
"""Q.24: shorter is not to be recognised by everybody."""
MAX_MS: Final = 6000
"""The duration field of an event holds 8191 (RFC 4733 section 2.3.5)."""
PAUSE_MS: Final = 60
MAX_QUEUED: Final = 64
"""Digits waiting at one port; nobody dials longer."""
VOLUME: Final = 10
"""-dBm0, as events say it."""
END_PACKETS: Final = 3
_TICK_MS: Final = 20
_END: Final = 0x80


class EventOut:
    """One event packet's payload and place in time."""

    __slots__ = ("first", "payload", "since")

    def __init__(self, payload: bytes, *, first: bool, since: int) -> None:
        self.payload = payload
        self.first = first
        """Whether it begins a digit and so bears the marker."""
        self.since = since
        """Samples since the digit began."""


class EventSender:
    """The events of one RTP port."""

    def __init__(self) -> None:
        self._queue: deque[tuple[str, int]] = deque()
        self._tick = 0
        """Of the present digit."""

    def key(self, digits: str, duration_ms: int) -> None:
        """Add digits; what is none of the keypad is left out."""
        for digit in digits.upper():
            if digit in DIGITS and len(self._queue) < MAX_QUEUED:
                self._queue.append((digit, min(max(duration_ms, MIN_MS), MAX_MS)))

    def next(self) -> EventOut | None:
        """Return this tick's packet; None in pauses. `idle` tells when all is over."""
        if not self._queue:
            return None
        digit, duration_ms = self._queue[0]
        ticks = -(-duration_ms // _TICK_MS)
        tick = self._tick
        self._tick += 1
        packets = ticks + END_PACKETS - 1
        if tick >= packets:
            if tick >= packets + PAUSE_MS // _TICK_MS - 1:
                self._queue.popleft()
                self._tick = 0
            return None
        # Duration counts up to and including the present tick; the end packets repeat the last.
        samples = (min(tick, ticks - 1) + 1) * FRAME
        last = _END if tick >= ticks - 1 else 0
        payload = struct.pack("!BBH", DIGITS.index(digit), last | VOLUME, samples)
        return EventOut(payload, first=tick == 0, since=tick * FRAME)

    @property
    def idle(self) -> bool:
        return not self._queue


class ToneSender:
    """The same digits as tones."""

    def __init__(self) -> None:
        self._samples: I16 = np.zeros(0, np.int16)

    def key(self, digits: str, duration_ms: int) -> None:
        """Add digits; what is none of the keypad is left out."""
        wanted = "".join(digit for digit in digits.upper() if digit in DIGITS)[:MAX_QUEUED]
        on_ms = min(max(duration_ms, MIN_MS), MAX_MS)
        self._samples = np.concatenate((self._samples, dtmf(wanted, on_ms=on_ms, off_ms=PAUSE_MS)))

    def fill(self, out: I16) -> None:
        """Write the next frame, shape (160,)."""
        part = self._samples[:FRAME]
        out[: len(part)] = part
        out[len(part) :] = 0
        self._samples = self._samples[FRAME:]

    @property
    def idle(self) -> bool:
        return not len(self._samples)


class Keying:
    """Digits on their way out, of all ports, by row."""

    def __init__(self) -> None:
        self.events: dict[int, EventSender] = {}
        self.tones: dict[int, ToneSender] = {}

    def key(self, row: int, digits: str, duration_ms: int, *, as_events: bool) -> None:
        """Send digits to a row."""
        if as_events:
            self.events.setdefault(row, EventSender()).key(digits, duration_ms)
        else:
            self.tones.setdefault(row, ToneSender()).key(digits, duration_ms)

    def render(self, played: dict[int, npt.NDArray[Any]]) -> None:
        """Add this tick's tones to what ports are played, by row."""
        for row, sender in self.tones.items():
            frame = np.empty(FRAME, np.int16)
            sender.fill(frame)
            played[row] = played[row] + frame.astype(np.int32) if row in played else frame

    def tidy(self) -> bool:
        """Forget rows that are done; return whether there were any."""
        done = [row for row, keying in self.events.items() if keying.idle]
        done += [row for row, sounding in self.tones.items() if sounding.idle]
        for row in done:
            self.forget(row)
        return bool(done)

    def forget(self, row: int) -> None:
        """Send a row nothing more."""
        self.events.pop(row, None)
        self.tones.pop(row, None)
