"""Packets into jitter rings: whose they are, where they belong, which stream they begin; see `jitter.py`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import FRAME, U8, whole_frames
from firmware.media.jitter_state import (
    COLD_TICKS,
    DEPTH,
    GUARD,
    LATE_RUN,
    LEAD_STEP,
    NEVER,
    NO_ROWS,
    NO_SSRC,
    OFF_GRID_RUN,
    REBASE,
    WINDOW,
    Bools,
    JitterState,
    Rows,
    signed32,
)
from firmware.media.rtp import VERSION_2, RtpPacket


class JitterIntake(JitterState):
    """The receiving side of the rings."""

    # Packets in

    def receive_next(
        self,
        which: Rows | slice,
        leads: npt.NDArray[np.uint64],
        ssrcs: npt.NDArray[np.int64],
        payloads: U8,
        odd: Sequence[int] = (),
    ) -> Rows:
        """Take packets of exactly one frame that are just what was to come next: nearly all there are.

        Args:
            which: Row of each packet, each once, shape (packets,); a slice where they follow one another.
            leads: The first 8 octets of each packet as a number; only version 2 without padding, extension,
                CSRCs and marker is ever taken.
            ssrcs: SSRCs.
            payloads: Shape (packets, 160).
            odd: Indices of packets that are not to be taken.

        Returns:
            Indices of the packets that were not taken, and not looked at further.
        """
        taken: Bools = leads - self._lead[which] == LEAD_STEP
        taken &= self._following[which] == ssrcs
        frames = self._newest[which] + 1
        # Below 0 is far beyond the window in unsigned numbers.
        taken &= (frames - self._play[which]).view(np.uint64) < WINDOW
        if odd:
            taken[odd] = False
        left, words = NO_ROWS, whole_frames(payloads)
        if np.count_nonzero(taken) < len(leads):
            left = np.flatnonzero(~taken)
            which, leads = self.rows_of(which)[taken], leads[taken]
            frames, words = frames[taken], words[taken]
        self._store(which, frames, words)
        self._newest[which] = frames
        self._lead[which] = leads
        return left

    def rows_of(self, which: Rows | slice) -> Rows:
        """Return rows that may be given as a slice."""
        return self._rows[which] if isinstance(which, slice) else which

    def receive_frames(
        self,
        rows: Rows,
        sequences: npt.NDArray[np.uint16],
        timestamps: npt.NDArray[np.uint32],
        ssrcs: npt.NDArray[np.uint32],
        payloads: U8,
    ) -> Bools:
        """Take packets of exactly one frame that continue their rows' streams.

        Args:
            rows: Row of each packet, each once, shape (packets,).
            sequences: RTP sequence numbers.
            timestamps: RTP timestamps.
            ssrcs: SSRCs; only a running row has one to match.
            payloads: Shape (packets, 160).

        Returns:
            Which packets were taken; the others must go through `receive` one by one.
        """
        samples = (timestamps - self._base[rows]).view(np.int32)
        short = samples // FRAME
        ahead = short - self._play[rows]
        taken: Bools = (
            (self.ssrc[rows] == ssrcs) & (samples == short * FRAME) & (ahead >= 0) & (ahead < WINDOW)
        )
        frames = short.astype(np.int64)
        if not taken.all():
            rows, frames, payloads, sequences = rows[taken], frames[taken], payloads[taken], sequences[taken]
            timestamps, ssrcs = timestamps[taken], ssrcs[taken]
        self._store(rows, frames, whole_frames(payloads))
        newest = frames >= self._newest[rows]
        rows = rows[newest]
        self._newest[rows] = frames[newest]
        self._lead[rows] = _leads(self.payload_type[rows], sequences[newest], timestamps[newest])
        self._following[rows] = ssrcs[newest]
        return taken

    def _store(self, which: Rows | slice, frames: npt.NDArray[np.int64], words: npt.NDArray[np.void]) -> None:
        """Lay whole frames into the rings, each row once."""
        rows = self.rows_of(which)
        slots = frames & (DEPTH - 1)
        slots *= self.capacity
        slots += rows
        whole_frames(self._ring).reshape(-1)[slots] = words
        self._have.reshape(-1)[slots] = frames
        self._received[which] += 1
        self._heard[which] = self._ticks
        self.received += len(rows)
        if self._irregular:
            for row in self._irregular.intersection(rows.tolist()):
                self._late_run[row] = self._off_grid[row] = 0
                self._irregular.discard(row)

    def receive(self, row: int, packet: RtpPacket) -> None:
        """Take one audio packet of any length."""
        count = len(packet.payload)
        if packet.payload_type != self.payload_type[row] or count == 0:
            self.malformed += 1
            return
        self.received += 1
        if not self._running[row] or self.quiet(row) >= COLD_TICKS:
            if self._is_straggler(row, packet):
                self._note_late(row, self._since_base(row, packet) // FRAME)
                return
            self._start(row, packet)
        elif packet.ssrc != self.ssrc[row] and not self._jump_confirmed(row, packet):
            return
        start = self._since_base(row, packet)
        if start + count <= self._play[row] * FRAME:
            self._note_late(row, start // FRAME)
            follows = self._late_following.get(row) == packet.timestamp
            self._late_run[row] = self._late_run[row] + 1 if follows else 1
            self._late_following[row] = (packet.timestamp + count) % (1 << 32)
            if self._late_run[row] < LATE_RUN:
                return
            self._start(row, packet)
        elif start >= (self._play[row] + WINDOW) * FRAME:
            if not self._jump_confirmed(row, packet):
                return
        elif count == FRAME and start % FRAME:
            self._off_grid[row] += 1
            self._irregular.add(row)
            if self._off_grid[row] >= OFF_GRID_RUN:
                self._start(row, packet)
        self._write(row, self._since_base(row, packet), np.frombuffer(packet.payload, np.uint8))
        self._received[row] += 1
        self._heard[row] = self._ticks
        self._late_run[row] = 0
        frame, off_grid = divmod(self._since_base(row, packet), FRAME)
        whole = count == FRAME and not off_grid and frame == self._newest[row]
        self._following[row] = packet.ssrc if whole else NO_SSRC
        self._lead[row] = (
            (VERSION_2 << 8 | packet.payload_type) << 48 | packet.sequence << 32 | packet.timestamp
        )

    def comfort(self, row: int, payload: bytes) -> None:
        """Take a comfort-noise packet: the party pauses once the ring is played empty."""
        self._gaps.describe_noise(row, payload)
        if not self._running[row]:
            self._gaps.hiss(row)

    def _note_late(self, row: int, frame: int) -> None:
        """Count a packet that came too late, unless it is a copy; wait for the next that isn't there."""
        known = int(self._have[frame % DEPTH, row])
        self.late += 1
        if known == frame:
            return
        # It was received all the same, and not lost (RFC 3550 section 6.4.1).
        self._received[row] += 1
        self._late[row] += 1
        self._irregular.add(row)
        if known < frame:
            self._growing.add(row)

    def _is_straggler(self, row: int, packet: RtpPacket) -> bool:
        """Tell whether a packet to a cold row is one of before the pause."""
        if packet.ssrc != self._last_ssrc[row] or self.quiet(row) >= COLD_TICKS:
            return False
        return self._since_base(row, packet) // FRAME <= int(self._newest[row])

    def _since_base(self, row: int, packet: RtpPacket) -> int:
        return signed32(packet.timestamp - int(self._base[row]))

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
        if packet.ssrc != self._last_ssrc[row]:
            self._last_ssrc[row] = packet.ssrc
            self._begin_count(row, packet.sequence)
        self.ssrc[row] = packet.ssrc
        first = self._ticks % REBASE
        self._base[row] = (packet.timestamp - first * FRAME) % (1 << 32)
        self._first[row] = first
        thin = self._age_of(row) < GUARD
        uneven = len(packet.payload) % FRAME != 0
        self._play[row] = first - int(thin) - int(uneven) - self._extra[row]
        self._newest[row] = first - 1
        self._have[:, row] = NEVER
        self._ring[:, row] = self._silence(row)
        self._running[row] = True
        self._misses[row] = self._held[row] = self._calm[row] = 0
        self._least[row] = DEPTH
        self._margin[row] = np.inf
        self._transit[row] = np.nan
        self._late_run[row] = self._off_grid[row] = 0
        self._starting[row] = int(self._received[row])
        self._repeat.discard(row)
        self._growing.discard(row)
        self._give_back.pop(row, None)
        self._gaps.hush(row)

    def _write(self, row: int, start: int, words: U8) -> None:
        """Lay codewords at a sample position; what is past or too far ahead falls off."""
        first = max(start, int(self._play[row]) * FRAME)
        end = min(start + len(words), (int(self._play[row]) + WINDOW) * FRAME)
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


def _leads(
    payload_types: U8, sequences: npt.NDArray[np.uint16], timestamps: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint64]:
    """Return the first 8 octets of packets with these headers, as numbers."""
    leads = payload_types.astype(np.uint64)
    for bits, field in ((16, sequences), (32, timestamps)):
        leads <<= np.uint64(bits)
        leads |= field
    leads |= np.uint64(VERSION_2 << 56)
    return leads
