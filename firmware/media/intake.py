"""RTP on its way in: one tick's packets, sorted into jitter rings and keypresses.

network ─► batch ─┬─ exactly one frame, plain header ──► all at once ─► jitter rings
                  └─ anything else ─► one by one ─┬─ audio ────────────► jitter rings
                                                  ├─ telephone event ──► digit
                                                  └─ nonsense ─────────► counted
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.g711 import FRAME
from firmware.media.jitter import COLD_TICKS, JitterRings
from firmware.media.rows import grown
from firmware.media.rtp import HEADER, HEADER_DTYPE, MAX_PACKET, VERSION_2, parse
from firmware.media.rtp_sockets import STRIDE, Batch, RtpNetwork
from firmware.media.telephone_event import EventReceiver
from firmware.media.transmit import PACKET

FIRST_BATCH: Final = 256
"""Packets a tick can take at the start."""
PACKETS_PER_ROW: Final = 4
"""For which there is room in a tick: 10 ms packets, twice over."""
COMFORT_NOISE: Final = 13
"""RTP payload type of RFC 3389, which some phones send in pauses; the pause itself says it all."""
NO_EVENTS: Final = 255
"""In place of a payload type, for a peer without telephone events."""

_BATCH_DTYPE: Final = np.dtype(
    [
        *((name, HEADER_DTYPE[name]) for name in HEADER_DTYPE.names or ()),
        ("payload", "u1", (FRAME,)),
        ("rest", "u1", (STRIDE - PACKET,)),
    ]
)


class RtpIntake:
    """The receiving side of `capacity` rows."""

    def __init__(self, network: RtpNetwork, capacity: int) -> None:
        self.jitter = JitterRings(capacity)
        self.malformed = 0
        self._network = network
        self._batch = Batch(FIRST_BATCH)
        self._event_type = np.full(capacity, NO_EVENTS, np.uint8)
        self._events: dict[int, EventReceiver] = {}

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        self.jitter.grow(capacity)
        self._event_type = grown(self._event_type, np.full(capacity, NO_EVENTS, np.uint8))
        if self._batch.capacity < PACKETS_PER_ROW * capacity:
            self._batch = Batch(PACKETS_PER_ROW * capacity)

    def open(self, row: int) -> None:
        """Make a row fresh, believing nothing."""
        self.jitter.open(row)
        self._event_type[row] = NO_EVENTS
        self._events[row] = EventReceiver()

    def aim(self, row: int, payload_type: int, event_type: int, *, muted: bool) -> None:
        """Say what a row accepts; see `JitterRings.aim`."""
        self.jitter.aim(row, payload_type, muted=muted)
        self._event_type[row] = event_type

    def receive(self) -> list[tuple[int, str]] | None:
        """Take what has arrived; return the keypresses by row, or None when nothing came at all."""
        batch = self._batch
        batch.clear()
        self._network.receive(batch, self._is_quiet)
        count = batch.count
        if not count:
            return None
        packets = batch.data.view(_BATCH_DTYPE).ravel()[:count]
        rows = np.array(batch.rows, np.intp)
        plain = np.array(batch.lengths) == PACKET
        plain &= packets["flags"] == VERSION_2
        plain &= (packets["payload_type"] & 0x7F) == self.jitter.payload_type[rows]
        chosen = np.flatnonzero(plain)
        every = len(chosen) == count
        own = packets if every else packets[chosen]
        left = self.jitter.receive_frames(
            rows if every else rows[chosen],
            own["timestamp"].astype(np.uint32),
            own["ssrc"].astype(np.uint32),
            own["payload"],
        )
        if every and not left.any():
            return []
        plain[chosen[left]] = False
        keyed: list[tuple[int, str]] = []
        for index in np.flatnonzero(~plain).tolist():
            row = batch.rows[index]
            digit = self._receive_one(row, batch.views[index][: batch.lengths[index]])
            if digit is not None:
                keyed.append((row, digit))
        return keyed

    def _receive_one(self, row: int, data: memoryview) -> str | None:
        packet = parse(data) if HEADER <= len(data) <= MAX_PACKET else None
        if packet is None:
            self.malformed += 1
        elif packet.payload_type == self._event_type[row]:
            return self._events[row].receive(packet.ssrc, packet.timestamp, packet.payload)
        elif packet.payload_type != COMFORT_NOISE:
            self.jitter.receive(row, packet)
        return None

    def _is_quiet(self, row: int) -> bool:
        return bool(self.jitter.quiet[row] >= COLD_TICKS)
