"""Jitter rings of all ports: packets in by RTP timestamp, one 20 ms frame a tick out.

Theory of operation
-------------------
Every port (row) has a ring of `DEPTH` frames of 160 codewords. RTP time is counted from the stream's first
timestamp (`base`) and cut into frames; frame f lies in slot f mod DEPTH, and `have` says which frame a slot
holds. Each tick plays frame `play` of every row and moves on:

    COLD ──first packet──► RUNNING ──nothing for 0.5 s──► COLD

    RUNNING, frame there                     play it
    RUNNING, frame missing, later one there  lost: repeat the last frame, fading
    RUNNING, frame missing, nothing later    starved: repeat, and for up to `MAX_HOLD` ticks wait for it
                                             instead of moving on, so that a packet a little late is not lost
    every 2 s, never less than 2 in reserve  skip one frame: the delay is more than is needed

A stream starts with one frame in reserve, so an arrival may be up to 20 ms later than the first. A new SSRC
or a far jump of the timestamp is believed at its second packet in a row (RFC 3550 appendix A.1), or at once
when the row is cold; five late packets in a row are a jump too.

Frames are numbered so that `play` is near the number of the tick, and a ring's slots lie apart by tick, not
by row: what is written or played in one tick lies together in memory.

Most packets are exactly one frame on the grid of the first; those are handled all at once. Any other number
of samples takes the path packet by packet.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import ALAW, FRAME, LAWS, U8, ULAW
from firmware.media.rows import grown
from firmware.media.rtp import RtpPacket

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DEPTH: Final = 16
"""Frames a ring holds: 320 ms, more than any burst worth waiting for."""
RESERVE: Final = 1
"""Frames kept back at a stream's start."""
MAX_HOLD: Final = 2
"""Ticks a starved row waits for its next frame before time moves on without it."""
COLD_TICKS: Final = 25
"""Ticks (0.5 s) without a packet after which the next one starts afresh."""
REVIEW_TICKS: Final = 100
"""Ticks (2 s) over which the smallest reserve is sought before a frame is skipped."""
LATE_RUN: Final = 5
"""Late packets in a row that mean the sender's timestamps jumped back."""
OFF_GRID_RUN: Final = 3
"""Whole frames in a row off the grid after which the grid is moved to them."""
FADE: Final = 0.7
"""Each repeat of the last frame is 3 dB quieter than the one before."""
MAX_REPEATS: Final = 5
"""Repeats (100 ms) after which a gap is silence."""

_NEVER: Final = -(1 << 40)
_REBASE: Final = 1 << 20
"""Frames (5.8 h) after which counting starts anew, before 32 bits of samples are used up; a multiple of
DEPTH."""
_HALF_CIRCLE: Final = 1 << 31


def _signed32(value: int) -> int:
    """Return a difference of RTP timestamps as a signed number (they wrap at 2³²)."""
    return (value + _HALF_CIRCLE) % (1 << 32) - _HALF_CIRCLE


class JitterRings:
    """The rings of `capacity` rows. `payload_type` and `muted` are written by the engine."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.payload_type = np.full(capacity, 255, np.uint8)
        """Accepted RTP payload type per row; 255 accepts nothing."""
        self.muted = np.zeros(capacity, np.bool_)
        """Rows whose audio is replaced by silence (hold)."""
        self.payload = np.full((capacity, FRAME), ULAW.silence, np.uint8)
        """What each row plays in this tick, in its own codec; shape (rows, 160)."""
        self.ssrc = np.full(capacity, -1, np.int64)
        self.quiet = np.full(capacity, COLD_TICKS, np.int64)
        """Ticks since the last packet."""
        self.lost = 0
        self.late = 0
        self.malformed = 0
        self.received = 0
        self._ring = np.full((DEPTH, capacity, FRAME), ULAW.silence, np.uint8)
        self._have = np.full((DEPTH, capacity), _NEVER, np.int64)
        self._first = np.zeros(capacity, np.int64)
        """Number of a stream's first frame."""
        self._base = np.zeros(capacity, np.uint32)
        self._play = np.full(capacity, _NEVER, np.int64)
        self._newest = np.full(capacity, _NEVER, np.int64)
        """Last frame that is complete."""
        self._running = np.zeros(capacity, np.bool_)
        self._misses = np.zeros(capacity, np.int64)
        self._least = np.full(capacity, DEPTH, np.int64)
        """Smallest reserve since the last review, in frames."""
        self._late_run = np.zeros(capacity, np.int64)
        self._off_grid = np.zeros(capacity, np.int64)
        self._candidate: dict[int, tuple[int, int]] = {}
        """Per row, the SSRC and timestamp that the next packet of a jump would have."""
        self._ticks = 0
        self._rows = np.arange(capacity, dtype=np.int64)

    def grow(self, capacity: int) -> None:
        """Make room for more rows; what is there stays."""
        fresh = JitterRings(capacity)
        fresh._ring[:, : self.capacity] = self._ring
        fresh._have[:, : self.capacity] = self._have
        for name, new in vars(fresh).items():
            if isinstance(new, np.ndarray) and name not in ("_ring", "_have", "_rows"):
                grown(getattr(self, name), new)
            if isinstance(new, np.ndarray):
                setattr(self, name, new)
        self.capacity = capacity

    def open(self, row: int) -> None:
        """Make a row fresh: silent, and believing nothing."""
        self.payload_type[row] = 255
        self.muted[row] = False
        self._chill(row)

    def aim(self, row: int, payload_type: int, *, muted: bool) -> None:
        """Say what a row accepts from now on; another codec starts a new stream."""
        if self.payload_type[row] != payload_type:
            self._chill(row)
            self.payload_type[row] = payload_type
            self.payload[row] = LAWS[payload_type].silence
        self.muted[row] = muted

    def _chill(self, row: int) -> None:
        self._running[row] = False
        self.quiet[row] = COLD_TICKS
        self.ssrc[row] = -1
        self.payload[row] = ULAW.silence
        self._candidate.pop(row, None)

    # Packets in

    def receive_frames(
        self,
        rows: npt.NDArray[np.intp],
        timestamps: npt.NDArray[np.uint32],
        ssrcs: npt.NDArray[np.uint32],
        payloads: U8,
    ) -> Bools:
        """Take packets of exactly one frame that continue their rows' streams.

        Args:
            rows: Row of each packet, shape (packets,).
            timestamps: RTP timestamps, native byte order.
            ssrcs: Native byte order.
            payloads: Shape (packets, 160).

        Returns:
            Which packets were not taken, and must go through `receive` one by one.
        """
        samples = (timestamps - self._base[rows]).view(np.int32).astype(np.int64)
        frames = samples // FRAME
        play = self._play[rows]
        taken = (
            (self.ssrc[rows] == ssrcs)
            & self._running[rows]
            & (samples == frames * FRAME)
            & (frames >= play)
            & (frames < play + DEPTH)
        )
        if not taken.all():
            rows, frames, payloads = rows[taken], frames[taken], payloads[taken]
        slots = frames % DEPTH
        self._ring[slots, rows] = payloads
        self._have[slots, rows] = frames
        np.maximum.at(self._newest, rows, frames)
        self.quiet[rows] = 0
        self._late_run[rows] = 0
        self._off_grid[rows] = 0
        self.received += len(rows)
        refused: Bools = ~taken
        return refused

    def receive(self, row: int, packet: RtpPacket) -> None:
        """Take one audio packet of any length."""
        count = len(packet.payload)
        if packet.payload_type != self.payload_type[row] or count == 0:
            self.malformed += 1
            return
        self.received += 1
        if not self._running[row] or self.quiet[row] >= COLD_TICKS:
            self._start(row, packet)
        elif packet.ssrc != self.ssrc[row] and not self._jump_confirmed(row, packet):
            return
        start = self._since_base(row, packet)
        if start + count <= self._play[row] * FRAME:
            self.late += 1
            self._late_run[row] += 1
            if self._late_run[row] < LATE_RUN:
                return
            self._start(row, packet)
        elif start >= (self._play[row] + DEPTH) * FRAME:
            if not self._jump_confirmed(row, packet):
                return
        elif count == FRAME and start % FRAME:
            self._off_grid[row] += 1
            if self._off_grid[row] >= OFF_GRID_RUN:
                self._start(row, packet)
        self._write(row, self._since_base(row, packet), np.frombuffer(packet.payload, np.uint8))
        self.quiet[row] = 0
        self._late_run[row] = 0

    def _since_base(self, row: int, packet: RtpPacket) -> int:
        return _signed32(packet.timestamp - int(self._base[row]))

    def _jump_confirmed(self, row: int, packet: RtpPacket) -> bool:
        """Start afresh if this packet continues the one that first jumped; else wait for its successor."""
        if self._candidate.get(row) == (packet.ssrc, packet.timestamp):
            self._start(row, packet)
            return True
        following = (packet.timestamp + len(packet.payload)) % (1 << 32)
        self._candidate[row] = (packet.ssrc, following)
        return False

    def _start(self, row: int, packet: RtpPacket) -> None:
        self._candidate.pop(row, None)
        self.ssrc[row] = packet.ssrc
        first = self._ticks % _REBASE
        self._base[row] = (packet.timestamp - first * FRAME) % (1 << 32)
        self._first[row] = first
        self._play[row] = first - RESERVE
        self._newest[row] = first - 1
        self._have[:, row] = _NEVER
        self._running[row] = True
        self._misses[row] = 0
        self._least[row] = DEPTH
        self._late_run[row] = 0
        self._off_grid[row] = 0

    def _write(self, row: int, start: int, words: U8) -> None:
        """Lay codewords at a sample position; what is past or too far ahead falls off."""
        first = max(start, int(self._play[row]) * FRAME)
        end = min(start + len(words), (int(self._play[row]) + DEPTH) * FRAME)
        position = first
        while position < end:
            frame, offset = divmod(position, FRAME)
            stop = min(end, (frame + 1) * FRAME)
            slot = frame % DEPTH
            if self._have[slot, row] != frame:
                self._ring[slot, row] = self._silence(row)
                self._have[slot, row] = frame
            self._ring[slot, row, offset : offset + stop - position] = words[position - start : stop - start]
            position = stop
        self._newest[row] = max(int(self._newest[row]), end // FRAME - 1)

    def _silence(self, row: int) -> int:
        return ALAW.silence if self.payload_type[row] == 8 else ULAW.silence

    # Frames out

    def play(self) -> U8:
        """Move on by one tick; return (and keep in `payload`) what every row plays, shape (rows, 160)."""
        now = self._play
        slots = now % DEPTH * self.capacity + self._rows
        there = (self._have.take(slots) == now) & (self._newest >= now)
        there &= self._running
        ahead = self._newest - now
        missing = np.flatnonzero(~there)
        last = self.payload[missing]
        self._ring.reshape(-1, FRAME).take(slots, axis=0, out=self.payload, mode="clip")
        self._misses[there] = 0
        now += 1
        if len(missing):
            self.payload[missing] = last
            self._bridge_gaps(missing[self._running[missing]], ahead)
        np.minimum(self._least, ahead, out=self._least)
        self.quiet += 1
        self._ticks += 1
        if self._ticks % REVIEW_TICKS == 0:
            self._review()
        if self.muted.any():
            for row in np.flatnonzero(self.muted).tolist():
                self.payload[row] = self._silence(row)
        return self.payload

    def _bridge_gaps(self, rows: npt.NDArray[np.intp], ahead: I64) -> None:
        """Conceal the frame that `rows`, all running, miss in this tick; let starved ones wait for it."""
        if not len(rows):
            return
        begun = rows[self._play[rows] > self._first[rows]]
        self._misses[begun] += 1
        self.lost += int(np.count_nonzero(ahead[begun] > 0))
        self._conceal(begun)
        waiting = begun[(ahead[begun] <= 0) & (self._misses[begun] <= MAX_HOLD)]
        self._play[waiting] -= 1
        for row in rows[self.quiet[rows] >= COLD_TICKS].tolist():
            self._running[row] = False
            self.payload[row] = self._silence(row)

    def _conceal(self, rows: npt.NDArray[np.intp]) -> None:
        """Replace what `rows` played last by the same, quieter; by silence when that went on too long."""
        for payload_type, law in LAWS.items():
            own = rows[self.payload_type[rows] == payload_type]
            repeat = own[self._misses[own] <= MAX_REPEATS]
            self.payload[own[self._misses[own] > MAX_REPEATS]] = law.silence
            if len(repeat):
                linear = law.decoded[self.payload[repeat]]
                self.payload[repeat] = law.encode((linear * FADE).astype(np.int16))

    def _review(self) -> None:
        """Skip a frame where two or more were in reserve all the time; keep frame numbers small."""
        deep = np.flatnonzero(self._running & (self._least > RESERVE) & (self._least < DEPTH))
        self._play[deep] += 1
        self._least.fill(DEPTH)
        for row in np.flatnonzero(self._running & (self._play > _REBASE)):
            self._base[row] += np.uint32(_REBASE * FRAME)
            self._play[row] -= _REBASE
            self._newest[row] -= _REBASE
            self._first[row] -= _REBASE
            self._have[:, row] -= _REBASE
