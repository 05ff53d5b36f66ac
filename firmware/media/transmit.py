"""Outgoing RTP of all ports: one array of ready packets, whose headers move on a tick at a time."""

from __future__ import annotations

import secrets
from typing import Final

import numpy as np

from firmware.media.g711 import FRAME, U8, ULAW
from firmware.media.keying import EventOut
from firmware.media.rows import grown
from firmware.media.rtcp import Sent
from firmware.media.rtp import HEADER, HEADER_DTYPE, MARKER, VERSION_2, RtpPacket, build

PACKET: Final = HEADER + FRAME
_PACKET_DTYPE: Final = np.dtype(
    [*((name, HEADER_DTYPE[name]) for name in HEADER_DTYPE.names or ()), ("payload", "u1", (FRAME,))]
)


class Transmitter:
    """The packets of `capacity` rows."""

    def __init__(self, capacity: int) -> None:
        self.packets = np.zeros(capacity, _PACKET_DTYPE)
        self.packets["flags"] = VERSION_2
        self.packets["payload"] = ULAW.silence
        self._sequence = np.zeros(capacity, np.uint16)
        self._timestamp = np.zeros(capacity, np.uint32)
        self._step = np.zeros(capacity, np.uint16)
        """1 for rows that send: a pause must not look like loss."""
        self._count = np.zeros(capacity, np.int64)
        """Packets sent."""
        self._marked: list[int] = []

    @property
    def payload(self) -> U8:
        """Where the crosspoint writes, shape (rows, 160)."""
        field: U8 = self.packets["payload"]
        return field

    def grow(self, capacity: int) -> None:
        fresh = Transmitter(capacity)
        for name in ("packets", "_sequence", "_timestamp", "_step", "_count"):
            setattr(self, name, grown(getattr(self, name), getattr(fresh, name)))

    def open(self, row: int) -> None:
        """Begin a stream as RFC 3550 section 5.1 wants it: with a random SSRC, sequence and timestamp.

        The sequence number is below 2^15, for those that count its rollovers (RFC 3711 section 3.3.1).
        """
        self.packets["ssrc"][row] = secrets.randbits(32)
        self._sequence[row] = secrets.randbits(15)
        self._timestamp[row] = secrets.randbits(32)
        self._step[row] = self._count[row] = 0

    def sent_by(self, row: int) -> Sent | None:
        """Return what a row has sent so far, for RTCP; None before its first packet."""
        packets = int(self._count[row])
        return Sent(int(self._timestamp[row]), packets, packets * FRAME) if packets else None

    def ssrc(self, row: int) -> int:
        return int(self.packets["ssrc"][row])

    def aim(self, row: int, payload_type: int, *, send: bool) -> None:
        """Say what a row sends; the first packet after a pause bears the marker."""
        begins = send and not self._step[row]
        self.packets["payload_type"][row] = payload_type | (MARKER if begins else 0)
        if begins:
            self._marked.append(row)
        self._step[row] = 1 if send else 0

    def stop(self, row: int) -> None:
        self._step[row] = 0

    def pause(self, row: int, *, paused: bool) -> None:
        """Leave a row's sequence numbers to `event` while digits take the place of its audio."""
        self._step[row] = 0 if paused else 1

    def event(self, row: int, payload_type: int, out: EventOut) -> bytes:
        """Return a row's packet with a telephone event, in place of its audio; after `stamp`."""
        self._sequence[row] += 1
        return build(
            RtpPacket(
                payload_type,
                out.first,
                int(self._sequence[row]),
                (int(self._timestamp[row]) - out.since) % (1 << 32),
                int(self.packets["ssrc"][row]),
                out.payload,
            )
        )

    def stamp(self) -> None:
        """Put this tick's sequence numbers and timestamps into the headers."""
        self._sequence += self._step
        self._count += self._step
        self._timestamp += np.uint32(FRAME)
        self.packets["sequence"] = self._sequence
        self.packets["timestamp"] = self._timestamp

    def sent(self) -> None:
        """Take the markers off the packets that have just gone out."""
        for row in self._marked:
            self.packets["payload_type"][row] &= 0x7F
        self._marked.clear()

    def views(self, rows: list[int]) -> dict[int, memoryview]:
        """Return the bytes of these rows' packets; valid until the next `grow`."""
        # All of one view: less to go through in a tick than a view of a row of an array each.
        flat = self.packets.view(np.uint8).data
        return {row: flat[row * PACKET : (row + 1) * PACKET] for row in rows}
