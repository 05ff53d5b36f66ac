"""RTP on its way in: one tick's packets, sorted into jitter rings and keypresses.

network ─► batch ─┬─ exactly one frame, plain header ──► all at once ─► jitter rings ◄─ ages, a sample a tick
                  └─ anything else ─► one by one ─┬─ audio ────────────► jitter rings
                                                  ├─ telephone event ──► digit
                                                  └─ nonsense ─────────► counted
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.g711 import FRAME
from firmware.media.jitter import JitterRings
from firmware.media.jitter_state import COLD_TICKS, Bools, Rows
from firmware.media.rows import grown
from firmware.media.rtcp import is_report
from firmware.media.rtp import HEADER, HEADER_DTYPE, MAX_PACKET, VERSION_2, parse
from firmware.media.rtp_network import NOTHING, SLOT, Batch, RtpNetwork
from firmware.media.telephone_event import EventReceiver
from firmware.media.transmit import PACKET

FIRST_BATCH: Final = 256
"""Packets a tick can take at the start."""
PACKETS_PER_ROW: Final = 4
"""For which there is room in a tick: 10 ms packets, twice over."""
EXPECT_TICKS: Final = 10
"""Between two looks at which rows have running streams, and so are asked for a packet without being told."""
SAMPLE_TICKS: Final = 5
SAMPLE_GROUPS: Final = 10
"""Arrivals are measured of a tenth of the running rows every 100 ms: of each, once a second."""
FEW: Final = 6
"""Packets that are sooner looked at one by one."""
COMFORT_NOISE: Final = 13
"""RTP payload type of RFC 3389, which some phones send in pauses."""
NO_EVENTS: Final = 255
"""In place of a payload type, for a peer without telephone events."""

_BATCH_DTYPE: Final = np.dtype(
    [
        *((name, HEADER_DTYPE[name]) for name in HEADER_DTYPE.names or ()),
        ("payload", "u1", (FRAME,)),
        ("rest", "u1", (SLOT - PACKET,)),
    ]
)


class RtpIntake:
    """The receiving side of `capacity` rows."""

    def __init__(self, network: RtpNetwork, capacity: int) -> None:
        self.jitter = JitterRings(capacity, network.age)
        self.malformed = 0
        self.reports: list[tuple[int, bytes]] = []
        """RTCP packets that came to RTP ports."""
        self._network = network
        self._set_batch(FIRST_BATCH)
        self._event_type = np.full(capacity, NO_EVENTS, np.uint8)
        self._events: dict[int, EventReceiver] = {}
        self._ticks = 0
        self._running: Rows = np.zeros(0, np.intp)
        """Rows with a running stream, as of the last look."""

    def grow(self, capacity: int) -> None:
        """Make room for more rows."""
        self.jitter.grow(capacity)
        self._event_type = grown(self._event_type, np.full(capacity, NO_EVENTS, np.uint8))
        if self._batch.capacity < PACKETS_PER_ROW * capacity:
            self._set_batch(PACKETS_PER_ROW * capacity)

    def _set_batch(self, capacity: int) -> None:
        self._batch = Batch(capacity)
        self._packets = self._batch.data.view(_BATCH_DTYPE).ravel()
        self._network.expect(self._batch, [])

    def open(self, row: int) -> None:
        """Make a row fresh, believing nothing; whoever was there before has no packets to be asked about."""
        self._running = self._running[self._running != row]
        self.jitter.open(row)
        self._event_type[row] = NO_EVENTS
        self._events[row] = EventReceiver()

    def aim(self, row: int, payload_type: int, event_type: int, *, muted: bool) -> None:
        """Say what a row accepts; see `JitterRings.aim`."""
        self.jitter.aim(row, payload_type, muted=muted)
        self._event_type[row] = event_type

    def receive(self) -> list[tuple[int, str]] | None:
        """Take what has arrived; return the keypresses by row, or None when nothing came at all."""
        self._ticks += 1
        batch = self._batch
        if self._ticks % EXPECT_TICKS == 0:
            self._running = self.jitter.running()
            if not np.array_equal(self._running, batch.expected):
                self._network.expect(batch, self._running.tolist())
        batch.clear()
        expected = batch.expected
        self._network.receive(batch, self._is_quiet)
        keyed: list[tuple[int, str]] = []
        came = bool(batch.long)
        for begin, rows in ((0, expected), (len(expected), np.array(batch.rows, np.intp))):
            if len(rows):
                came |= self._receive_slots(begin, rows, keyed)
        for row, data in batch.long:
            self._receive_one(row, memoryview(data), keyed)
        if self._ticks % SAMPLE_TICKS == 0:
            self._sample(self._running[self._ticks // SAMPLE_TICKS % SAMPLE_GROUPS :: SAMPLE_GROUPS])
        return keyed if came else None

    def _receive_slots(self, begin: int, rows: Rows, keyed: list[tuple[int, str]]) -> bool:
        """Sort the packets of the slots from `begin` on; return whether there were any."""
        lengths = self._batch.lengths[begin : begin + len(rows)]
        packets = self._packets[begin : begin + len(rows)]
        # Headers lie together in the copy; field by field they would be gathered over the whole batch.
        heads = self._batch.data[begin : begin + len(rows), :HEADER].copy().view(HEADER_DTYPE)[:, 0]
        if begin and len(rows) <= FEW:
            for index, row in enumerate(rows.tolist(), begin):
                if self._batch.lengths[index] != NOTHING:
                    self._receive_one(row, self._batch.views[index][: self._batch.lengths[index]], keyed)
            return True
        plain: Bools = heads["flags"] == VERSION_2
        plain &= (heads["payload_type"] & 0x7F) == self.jitter.payload_type[rows]
        if lengths.count(PACKET) != len(lengths):
            plain &= np.array(lengths) == PACKET
        if begin and len(set(rows.tolist())) != len(rows):
            plain &= False
        every = bool(plain.all())
        own = heads if every else heads[plain]
        left = self.jitter.receive_frames(
            rows if every else rows[plain],
            own["sequence"].astype(np.uint16),
            own["timestamp"].astype(np.uint32),
            own["ssrc"].astype(np.uint32),
            packets["payload"] if every else packets["payload"][plain],
        )
        if every and not left.any():
            return True
        plain[np.flatnonzero(plain)[left]] = False
        came = every or bool(plain.any())
        for index in np.flatnonzero(~plain).tolist():
            if lengths[index] != NOTHING:
                came = True
                view = self._batch.views[begin + index][: lengths[index]]
                self._receive_one(int(rows[index]), view, keyed)
        return came

    def _sample(self, rows: Rows) -> None:
        if len(rows):
            age = self._network.age
            self.jitter.sample(rows, np.array([age(row) for row in rows.tolist()]))

    def _receive_one(self, row: int, data: memoryview, keyed: list[tuple[int, str]]) -> None:
        if is_report(data):
            self.reports.append((row, bytes(data)))
            return
        packet = parse(data) if HEADER <= len(data) <= MAX_PACKET else None
        if packet is None:
            self.malformed += 1
        elif packet.payload_type == self._event_type[row]:
            digit = self._events[row].receive(packet.ssrc, packet.timestamp, packet.payload)
            if digit is not None:
                keyed.append((row, digit))
        elif packet.payload_type == COMFORT_NOISE:
            self.jitter.comfort(row, packet.payload)
        else:
            self.jitter.receive(row, packet)

    def _is_quiet(self, row: int) -> bool:
        return bool(self.jitter.quiet[row] >= COLD_TICKS)
