"""RTP on its way in: one tick's packets, sorted into jitter rings and keypresses.

network ─► batch ─┬─ exactly one frame, plain header ──► all at once ─► jitter rings ◄─ ages, a sample of them
                  └─ anything else ─► one by one ─┬─ audio ────────────► jitter rings
                                                  ├─ telephone event ──► digit
                                                  └─ nonsense ─────────► counted
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import FRAME
from firmware.media.jitter import JitterRings
from firmware.media.jitter_state import COLD_TICKS, Rows
from firmware.media.rows import grown
from firmware.media.rtcp import is_report
from firmware.media.rtp import HEADER, MAX_PACKET, VERSION_2, parse
from firmware.media.rtp_network import EXPECTED_SIZE, MISSED, Batch, RtpNetwork
from firmware.media.telephone_event import EventReceiver
from firmware.media.transmit import PACKET

FIRST_BATCH: Final = 256
"""Packets a tick can take at the start."""
PACKETS_PER_ROW: Final = 4
"""For which there is room in a tick: 10 ms packets, twice over."""
EXPECT_TICKS: Final = 10
"""Between two looks at which rows have running streams, and so are asked for a packet without being told."""
SAMPLE_TICKS: Final = 10
SAMPLE_GROUPS: Final = 5
"""Arrivals are measured of a fifth of the running rows every 200 ms: of each, once a second."""
FEW: Final = 6
"""Packets that are sooner looked at one by one."""
COMFORT_NOISE: Final = 13
"""RTP payload type of RFC 3389, which some phones send in pauses."""
NO_EVENTS: Final = 255
"""In place of a payload type, for a peer without telephone events."""


def _packets_of(size: int) -> np.dtype[np.void]:
    """Return packets of one frame, each at the head of `size` octets; the lead is the first four fields as
    one number."""
    return np.dtype(
        {
            "names": ["lead", "flags", "payload_type", "sequence", "timestamp", "ssrc", "payload"],
            "formats": [">u8", "u1", "u1", ">u2", ">u4", ">u4", ("u1", (FRAME,))],
            "offsets": [0, 0, 1, 2, 4, 8, HEADER],
            "itemsize": size,
        }
    )


_EXPECTED: Final = _packets_of(EXPECTED_SIZE)
_JOINED: Final = _packets_of(PACKET)
_NO_PACKET: Final = bytes(PACKET)
"""In place of one of another length."""


class RtpIntake:
    """The receiving side of `capacity` rows."""

    def __init__(self, network: RtpNetwork, capacity: int) -> None:
        self.jitter = JitterRings(capacity, lambda row: float(network.ages([row])[0]))
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
            self._network.expect(batch, self._running.tolist())
        batch.clear()
        self._network.receive(batch, self._is_quiet)
        keyed: list[tuple[int, str]] = []
        self._receive_expected(keyed)
        begin = 0
        for end in _run_ends(batch.rows):
            self._receive_others(batch.rows[begin:end], batch.packets[begin:end], keyed)
            begin = end
        if self._ticks % SAMPLE_TICKS == 0:
            self._sample(self._running[self._ticks // SAMPLE_TICKS % SAMPLE_GROUPS :: SAMPLE_GROUPS])
        return None if batch.is_empty else keyed

    def _receive_expected(self, keyed: list[tuple[int, str]]) -> None:
        """Sort the packets that were asked for."""
        rows, lengths, places = self._batch.expected, self._batch.lengths, self._batch.places
        left: Sequence[int] = range(len(rows))
        if len(rows) > FEW:
            packets = self._batch.octets[: len(rows)].view(_EXPECTED)[:, 0]
            first, end = int(rows[0]), int(rows[-1]) + 1
            dense = end - first == len(rows)
            left = self._receive_frames(slice(first, end) if dense else rows, packets, lengths)
        for index in left:
            if lengths[index] != MISSED:
                self._receive_one(int(rows[index]), places[index][: lengths[index]], keyed)

    def _receive_others(self, rows: list[int], data: list[bytes], keyed: list[tuple[int, str]]) -> None:
        """Sort packets nobody had asked for, each of another row."""
        left: Sequence[int] = range(len(rows))
        if len(rows) > FEW:
            whole = [packet if len(packet) == PACKET else _NO_PACKET for packet in data]
            packets = np.frombuffer(b"".join(whole), _JOINED)
            left = self._receive_frames(np.array(rows, np.intp), packets, list(map(len, data)))
        for index in left:
            self._receive_one(rows[index], memoryview(data[index]), keyed)

    def _receive_frames(
        self, which: Rows | slice, packets: npt.NDArray[np.void], lengths: list[int]
    ) -> Sequence[int]:
        """Take what is exactly one frame, all at once; return which packets have to be taken one by one.

        Args:
            which: Row of each packet, each once; a slice, which is cheaper, where they follow one another.
            packets: What came, or what came before where its length is another one.
            lengths: Octets that came.
        """
        odd: list[int] = []
        if lengths.count(PACKET) < len(lengths):
            odd = [index for index, length in enumerate(lengths) if length != PACKET]
        leads = packets["lead"].astype(np.uint64)
        ssrcs = packets["ssrc"].astype(np.int64)
        left = self.jitter.receive_next(which, leads, ssrcs, packets["payload"], odd)
        others = [index for index in left.tolist() if lengths[index] == PACKET]
        if len(others) > FEW:
            rows = self.jitter.rows_of(which)
            packets = packets[others]
            plain = packets["flags"] == VERSION_2
            plain &= packets["payload_type"] & 0x7F == self.jitter.payload_type[rows[others]]
            packets = packets[plain]
            plain[plain] = self.jitter.receive_frames(
                rows[others][plain],
                packets["sequence"].astype(np.uint16),
                packets["timestamp"].astype(np.uint32),
                packets["ssrc"].astype(np.uint32),
                packets["payload"],
            )
            others = [index for index, taken in zip(others, plain.tolist(), strict=True) if not taken]
        return others + odd

    def _sample(self, rows: Rows) -> None:
        if len(rows):
            self.jitter.sample(rows, self._network.ages(rows.tolist()))

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
        return self.jitter.quiet(row) >= COLD_TICKS


def _run_ends(rows: list[int]) -> list[int]:
    """Return where runs of packets end, in a run each of another row."""
    ends: list[int] = []
    seen: set[int] = set()
    for index, row in enumerate(rows):
        if row in seen:
            ends.append(index)
            seen.clear()
        seen.add(row)
    return [*ends, len(rows)]
