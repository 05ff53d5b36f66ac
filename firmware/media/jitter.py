"""Jitter rings of all ports: packets in by RTP timestamp, one 20 ms frame a tick out.

Theory of operation
-------------------
Every port (row) has a ring of `DEPTH` frames of 160 codewords. RTP time is counted from the stream's first
timestamp (`base`) and cut into frames; frame f lies in slot f mod DEPTH, and `have` says which frame a slot
holds. Each tick plays frame `play` of every row and moves on:

    COLD ──first packet──► RUNNING ──nothing for `COLD_MISSES` ticks, or comfort noise──► COLD

    RUNNING, frame there                      play it
    RUNNING, frame missing, later one there   lost: conceal it; where late packets were seen, wait for it
    RUNNING, frame missing, nothing later     starved: conceal, and wait up to `MAX_HOLD` ticks for it

A wait that ends with the frame was right: the delay has grown by what was waited. One that ends with a later
frame was a loss: what was waited is caught up at once, so losses cost no delay.

Delay is kept in time, not in frames. A packet's *margin* is how long before its tick it arrived: its age at
the drain (the kernel stamps arrivals) plus 20 ms for each frame in reserve. A stream starts at the tick of
its first packet if that leaves `GUARD`, else one tick later; so on a clean LAN the delay is 2 to 22 ms by
the chance of phase. Margins are sampled twice a second and row:

    never less than a frame and `GUARD` too much, for `patience` reviews   give one frame back
    margin below `THIN` (the sender's clock is slower than ours)           play one frame twice

Both wait for a quiet frame; giving back does so for two seconds at most and then crossfades two frames into
one. Every growth doubles the patience, so a network that is bad now and then is not tried again every 2 s.

A new SSRC or a far jump of the timestamp is believed at its second packet in a row (RFC 3550 appendix A.1),
or at once when the row is cold; five late packets in a row are a jump too.

Frames are numbered so that `play` is near the number of the tick, and a ring's slots lie apart by tick, not
by row: what is written or played in one tick lies together in memory. Most packets are exactly one frame on
the grid of the first; those are handled all at once. Any other number of samples takes the path packet by
packet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.core.media import PCMA
from firmware.media.g711 import ALAW, FRAME, I16, LAWS, U8, ULAW
from firmware.media.gaps import HISTORY_FRAMES, GapFiller
from firmware.media.rows import grown
from firmware.media.rtp import RtpPacket

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

DEPTH: Final = 16
"""Frames a ring holds."""
WINDOW: Final = DEPTH - HISTORY_FRAMES
"""Frames ahead that are taken (260 ms, more than any burst worth waiting for); the rest of a ring keeps what
was played, for concealment."""
GUARD: Final = 0.002
"""Seconds a packet should lie there before its tick: a switch's and a phone's own unevenness."""
THIN: Final = 0.001
"""Seconds of margin below which a frame is played twice before packets begin to be late."""
TICK: Final = 0.02
"""Seconds."""
MAX_HOLD: Final = 2
"""Ticks a starved row waits for its next frame before time moves on without it."""
MAX_EXTRA: Final = 8
"""Frames of delay learned at most."""
COLD_MISSES: Final = 5
"""Ticks in a row without a frame after which the next packet starts afresh, at its own phase."""
COLD_TICKS: Final = 25
"""Ticks (0.5 s) without any packet after which a stream counts as gone, and another may take its place."""
REVIEW_TICKS: Final = 100
"""Ticks (2 s) over which the smallest reserve is sought before a frame is given back."""
MAX_PATIENCE: Final = 16
"""Reviews (32 s)."""
FORGIVEN: Final = 30
"""Reviews (1 min) without growth after which patience is at its beginning again."""
LATE_RUN: Final = 5
"""Late packets in a row, each continuing the one before, that mean the sender's timestamps jumped back."""
LATE_MEMORY: Final = 100
"""Ticks (2 s) within which a second late packet makes the delay grow; a single one is concealed and left."""
OFF_GRID_RUN: Final = 3
"""Whole frames in a row off the grid after which the grid is moved to them."""
QUIET_PEAK: Final = 250
"""Peak (-39 dBm0) under which a frame may be left out or repeated unheard."""
SEQUENCE_JUMP: Final = 3000
"""A greater step of the sequence numbers between two samples is no loss (RFC 3550 appendix A.1)."""
JITTER_GAIN: Final = 1 / 16
"""Of RFC 3550's estimator (section 6.4.1)."""

_NEVER: Final = -(1 << 40)
_REBASE: Final = 1 << 20
"""Frames (5.8 h) after which counting starts anew, before 32 bits of samples are used up; a multiple of
DEPTH."""
_HALF_CIRCLE: Final = 1 << 31
_CROSSFADE: Final = np.linspace(0, 1, FRAME)


def _signed32(value: int) -> int:
    """Return a difference of RTP timestamps as a signed number (they wrap at 2³²)."""
    return (value + _HALF_CIRCLE) % (1 << 32) - _HALF_CIRCLE


class Reception(msgspec.Struct, frozen=True):
    """How one row's stream has been received, since the row was opened."""

    ssrc: int
    """-1 before the first packet."""
    highest: int
    """Extended highest sequence number of the present SSRC."""
    received: int
    """Packets of the present SSRC."""
    expected: int
    """Packets of the present SSRC that its sequence numbers promise."""
    jitter: float
    """Interarrival jitter in seconds (RFC 3550 section 6.4.1), estimated from two arrivals a second."""
    delay: float
    """Seconds that a packet lies in the ring, mean."""
    played: int
    """Frames played."""
    late: int
    """Packets that came after their moment."""
    concealed: int
    """Frames made up because none was there."""


class JitterRings:
    """The rings of `capacity` rows.

    Args:
        capacity: Rows.
        age_of: Returns how many seconds before this tick a row's newest packet arrived.
    """

    def __init__(self, capacity: int, age_of: Callable[[int], float] = lambda row: TICK / 2) -> None:
        self.capacity = capacity
        self._age_of = age_of
        self.payload_type = np.full(capacity, 255, np.uint8)
        """Accepted RTP payload type per row; 255 accepts nothing."""
        self.muted = np.zeros(capacity, np.bool_)
        """Rows whose audio is replaced by silence (hold)."""
        self.payload = np.full((capacity, FRAME), ULAW.silence, np.uint8)
        """What each row plays in this tick, in its own codec; shape (rows, 160)."""
        self.ssrc = np.full(capacity, -1, np.int64)
        """Of the running stream; -1 while the row is cold."""
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
        """Ticks in a row without a frame."""
        self._held = np.zeros(capacity, np.int64)
        """Ticks waited for the frame that is missing now."""
        self._least = np.full(capacity, DEPTH, np.int64)
        """Smallest reserve since the last review, in frames."""
        self._margin = np.full(capacity, np.inf)
        """Smallest margin sampled since the last review, in seconds."""
        self._extra = np.zeros(capacity, np.int64)
        """Frames of delay that this network has been found to need."""
        self._patience = np.ones(capacity, np.int64)
        self._calm = np.zeros(capacity, np.int64)
        """Reviews since a frame could have been given back."""
        self._peace = np.zeros(capacity, np.int64)
        """Reviews since the delay grew."""
        self._late_run = np.zeros(capacity, np.int64)
        self._off_grid = np.zeros(capacity, np.int64)
        self._received = np.zeros(capacity, np.int64)
        self._late = np.zeros(capacity, np.int64)
        self._concealed = np.zeros(capacity, np.int64)
        self._played = np.zeros(capacity, np.int64)
        self._sequence = np.zeros(capacity, np.uint16)
        """Of the newest packet."""
        self._highest = np.zeros(capacity, np.int64)
        """The same, extended, as of the last sample."""
        self._first_sequence = np.zeros(capacity, np.int64)
        self._delay = np.zeros(capacity)
        self._jitter = np.zeros(capacity)
        self._transit = np.full(capacity, np.nan)
        self._last_ssrc = np.full(capacity, -1, np.int64)
        self._candidate: dict[int, tuple[int, int]] = {}
        """Per row, the SSRC and timestamp that the next packet of a jump would have."""
        self._last_late = np.full(capacity, _NEVER, np.int64)
        """Tick of the last late packet that was waited for."""
        self._late_following: dict[int, int] = {}
        """Per row, the timestamp that would continue the run of late packets."""
        self._starting: dict[int, int] = {}
        """Rows whose first frame is to come, and how many packets they had before."""
        self._give_back: dict[int, int] = {}
        """Rows that shall skip a frame, and the tick after which any frame will do."""
        self._repeat: set[int] = set()
        """Rows that shall play a quiet frame twice."""
        self._growing: set[int] = set()
        """Rows that wait for the next frame they miss."""
        self._irregular: set[int] = set()
        """Rows with a late or off-grid run."""
        self._gaps = GapFiller()
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
        for counts in (self._extra, self._received, self._late, self._concealed, self._played, self._jitter):
            counts[row] = 0
        self._delay[row] = 0
        self._patience[row] = 1
        self._last_ssrc[row] = -1
        self.payload[row] = ULAW.silence

    def aim(self, row: int, payload_type: int, *, muted: bool) -> None:
        """Say what a row accepts from now on; another codec starts a new stream."""
        if self.payload_type[row] != payload_type:
            self._chill(row)
            self.payload_type[row] = payload_type
            self.payload[row] = LAWS[payload_type].silence
        self.muted[row] = muted

    def _chill(self, row: int) -> None:
        """Have a row believe the next packet, whoever sends it."""
        self._running[row] = False
        self.quiet[row] = COLD_TICKS
        self.ssrc[row] = -1
        self._candidate.pop(row, None)
        self._late_following.pop(row, None)
        self._gaps.forget(row)
        for waiting in (self._repeat, self._growing, self._irregular):
            waiting.discard(row)
        self._starting.pop(row, None)
        self._give_back.pop(row, None)

    # Packets in

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
            sequences: RTP sequence numbers, native byte order, as the following.
            timestamps: RTP timestamps.
            ssrcs: SSRCs; only a running row has one to match.
            payloads: Shape (packets, 160).

        Returns:
            Which packets were not taken, and must go through `receive` one by one.
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
        slots = frames % DEPTH
        self._ring[slots, rows] = payloads
        self._have[slots, rows] = frames
        self._newest[rows] = np.maximum(self._newest[rows], frames)
        self._sequence[rows] = sequences
        self._received[rows] += 1
        self.quiet[rows] = 0
        self.received += len(rows)
        if self._irregular:
            for row in self._irregular.intersection(rows.tolist()):
                self._late_run[row] = self._off_grid[row] = 0
                self._irregular.discard(row)
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
        self._sequence[row] = packet.sequence
        self._received[row] += 1
        self.quiet[row] = 0
        self._late_run[row] = 0

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
        self._late[row] += 1
        self._irregular.add(row)
        if known < frame:
            self._growing.add(row)

    def _is_straggler(self, row: int, packet: RtpPacket) -> bool:
        """Tell whether a packet to a cold row is one of before the pause."""
        if packet.ssrc != self._last_ssrc[row] or self.quiet[row] >= COLD_TICKS:
            return False
        return self._since_base(row, packet) // FRAME <= int(self._newest[row])

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
        if packet.ssrc != self._last_ssrc[row]:
            self._last_ssrc[row] = packet.ssrc
            self._begin_count(row, packet.sequence)
        self.ssrc[row] = packet.ssrc
        first = self._ticks % _REBASE
        self._base[row] = (packet.timestamp - first * FRAME) % (1 << 32)
        self._first[row] = first
        thin = self._age_of(row) < GUARD
        uneven = len(packet.payload) % FRAME != 0
        self._play[row] = first - int(thin) - int(uneven) - self._extra[row]
        self._newest[row] = first - 1
        self._have[:, row] = _NEVER
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

    def _silence(self, row: int) -> int:
        return ALAW.silence if self.payload_type[row] == PCMA else ULAW.silence

    def running(self) -> Rows:
        """Return the rows with a running stream."""
        return np.flatnonzero(self._running)

    # Margins

    def sample(self, rows: Rows, ages: F64) -> None:
        """Take measurements: the rows' newest packets arrived `ages` seconds before this tick.

        Rows that got no packet in this tick are left out.
        """
        fresh = self._running[rows] & (self.quiet[rows] == 0)
        rows, ages = rows[fresh], ages[fresh]
        reserve = self._newest[rows] - self._play[rows]
        margin = ages + reserve * TICK
        self._margin[rows] = np.minimum(self._margin[rows], margin)
        delay = self._delay[rows]
        self._delay[rows] = np.where(delay == 0, margin, delay + (margin - delay) / 8)
        transit = (self._ticks - self._newest[rows]) * TICK - ages
        change = np.abs(transit - self._transit[rows])
        jitter = self._jitter[rows]
        self._jitter[rows] = np.where(np.isnan(change), jitter, jitter + (change - jitter) * JITTER_GAIN)
        self._transit[rows] = transit
        self._extend(rows)
        self._repeat.update(rows[(reserve == 0) & (margin < THIN)].tolist())
        if self._repeat:
            self._repeat.difference_update(rows[margin >= GUARD].tolist())

    def _extend(self, rows: Rows) -> None:
        """Follow the cycles of the sequence numbers; called often enough for them not to lap."""
        step = (self._sequence[rows] - self._highest[rows] + 0x8000) % 0x10000 - 0x8000
        self._highest[rows] += np.maximum(step, 0)
        for row in rows[np.abs(step) > SEQUENCE_JUMP].tolist():
            self._begin_count(row, int(self._sequence[row]))

    def _begin_count(self, row: int, sequence: int) -> None:
        """Count loss anew: another stream, or the same with other numbers."""
        self._received[row] = 0
        self._highest[row] = self._first_sequence[row] = sequence

    def reception(self, row: int) -> Reception:
        """Return how a row's stream has been received."""
        known = self._last_ssrc[row] >= 0
        if known:
            self._extend(np.array([row], np.intp))
        return Reception(
            ssrc=int(self._last_ssrc[row]),
            highest=int(self._highest[row]),
            received=int(self._received[row]),
            expected=int(self._highest[row] - self._first_sequence[row] + 1) if known else 0,
            jitter=float(self._jitter[row]),
            delay=float(self._delay[row]),
            played=int(self._played[row]),
            late=int(self._late[row]),
            concealed=int(self._concealed[row]),
        )

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
        self._played += there
        now += 1
        if len(missing):
            self.payload[missing] = last
        self._misses *= ~there
        np.minimum(self._least, ahead, out=self._least)
        self._settle(missing, ahead)
        self.quiet += 1
        self._ticks += 1
        if self._ticks % REVIEW_TICKS == 0:
            self._review()
        self._gaps.fill_pauses(self.payload, self.payload_type)
        if self.muted.any():
            for row in np.flatnonzero(self.muted).tolist():
                self.payload[row] = self._silence(row)
        return self.payload

    def _settle(self, missing: Rows, ahead: I64) -> None:
        """See to the few rows whose tick is no ordinary one; `play` has moved on for all."""
        lost = missing[self._running[missing] & (self._play[missing] > self._first[missing])]
        ordinary = not (self._starting or self._give_back or self._repeat or self._gaps.active)
        if ordinary and not len(lost):
            return
        if self._starting:
            self._trim_starts()
        if self._gaps.active:
            self._note_arrivals(lost)
        concealed = [row for row in lost.tolist() if not self._caught_up(row, int(ahead[row]))]
        rows = self._gaps.fill(np.array(concealed, np.intp), self.payload, self.payload_type, self._past)
        if len(rows):
            frames = self._play[rows] - 1
            blank = self._have[frames % DEPTH, rows] != frames
            self._ring[frames[blank] % DEPTH, rows[blank]] = self.payload[rows[blank]]
        for row in concealed:
            self._miss(row, int(ahead[row]))
        if self._give_back or self._repeat:
            self._adjust()

    def _trim_starts(self) -> None:
        """Where a stream's first packets came in a burst, begin with its end."""
        for row, before in list(self._starting.items()):
            if self._play[row] > self._first[row]:
                del self._starting[row]
                excess = int(self._newest[row] - self._play[row] - self._extra[row])
                if excess > 0 and self._received[row] - before > 2:
                    self._play[row] += excess

    def _note_arrivals(self, lost: Rows) -> None:
        """Where a frame that was waited for has come, the delay has grown."""
        waited = np.flatnonzero(self._held)
        for row in np.setdiff1d(waited, lost).tolist():
            # A slow clock that slipped is no need of the network's, and one late packet is an accident.
            once = self._ticks - self._last_late[row] > LATE_MEMORY
            self._last_late[row] = self._ticks
            if not self._running[row] or (once and self._dropped(row, int(self._held[row]))):
                continue
            if row not in self._repeat:
                self._grew(row, int(self._held[row]))
            self._repeat.discard(row)
        self._held[waited] *= self._misses[waited] > 0

    def _dropped(self, row: int, held: int) -> bool:
        """Leave out what came late and was concealed, if what is due now is there; the delay stays."""
        due = int(self._play[row]) - 1 + held
        if self._have[due % DEPTH, row] != due or self._newest[row] < due:
            return False
        self.payload[row] = self._ring[due % DEPTH, row]
        self._play[row] = due + 1
        self.late += held
        self._late[row] += held
        return True

    def _grew(self, row: int, frames: int) -> None:
        self._extra[row] = min(MAX_EXTRA, int(self._extra[row]) + frames)
        self._patience[row] = min(MAX_PATIENCE, 2 * int(self._patience[row]))
        self._calm[row] = self._peace[row] = 0
        self._growing.discard(row)

    def _caught_up(self, row: int, ahead: int) -> bool:
        """Play a later frame where the one that was waited for is lost; return whether there is one."""
        held = int(self._held[row])
        if not held or ahead <= 0:
            return False
        missed = int(self._play[row]) - 1
        for frame in range(missed + 1, missed + 1 + min(held, ahead)):
            if self._have[frame % DEPTH, row] == frame:
                self.payload[row] = self._ring[frame % DEPTH, row]
                self._play[row] = frame + 1
                self.lost += frame - missed
                self._played[row] += 1
                self._held[row] = self._misses[row] = 0
                return True
        return False

    def _miss(self, row: int, ahead: int) -> None:
        """Wait for a row's missing frame, or give it up."""
        self._misses[row] += 1
        self._concealed[row] += 1
        starved = ahead <= 0
        pausing = starved and self._gaps.has_noise(row)
        if pausing or (starved and self._misses[row] >= COLD_MISSES):
            self._cool(row)
        elif self._held[row] < MAX_HOLD and (starved or row in self._growing):
            self._play[row] -= 1
            self._held[row] += 1
        else:
            self.lost += not starved
            self._held[row] = 0
            self._growing.discard(row)

    def _cool(self, row: int) -> None:
        """Have the next packet start afresh; what it is believed for is the SSRC it had."""
        self._running[row] = False
        self.ssrc[row] = -1
        self._held[row] = 0
        self.payload[row] = self._silence(row)
        self._gaps.forget_gap(row)
        self._gaps.hiss(row)

    def _past(self, rows: Rows) -> I16:
        """Return the frames before the one that `rows` miss, decoded; see `gaps.Past`."""
        frames = self._play[rows, None] - 1 - np.arange(HISTORY_FRAMES, 0, -1)
        words = self._ring[frames % DEPTH, rows[:, None]].reshape(len(rows), -1)
        types = self.payload_type[rows]
        linear: I16 = np.where((types == PCMA)[:, None], ALAW.decoded[words], ULAW.decoded[words])
        return linear

    # Slips

    def _adjust(self) -> None:
        """Leave out or repeat a frame where that is wanted and can't be heard."""
        for row, patience_over in list(self._give_back.items()):
            following = int(self._play[row])
            if not self._running[row] or self._newest[row] < following or self._misses[row]:
                continue
            if self._have[following % DEPTH, row] != following:
                continue
            law = LAWS[int(self.payload_type[row])]
            early, late = law.decoded[self.payload[row]], law.decoded[self._ring[following % DEPTH, row]]
            if self._ticks >= patience_over or np.abs(early).max() < QUIET_PEAK > np.abs(late).max():
                self.payload[row] = law.encode(
                    (early + (late - early.astype(np.int32)) * _CROSSFADE).astype(np.int16)
                )
                self._play[row] += 1
                self._extra[row] = max(0, int(self._extra[row]) - 1)
                del self._give_back[row]
        for row in list(self._repeat):
            law = LAWS[int(self.payload_type[row])]
            if not self._misses[row] and np.abs(law.decoded[self.payload[row]]).max() < QUIET_PEAK:
                self._play[row] -= 1
                self._repeat.discard(row)

    def _review(self) -> None:
        """Decide where a frame may be given back; keep frame numbers small."""
        self._peace += 1
        self._patience[self._peace >= FORGIVEN] = 1
        roomy = self._running & (self._least >= 1) & (self._least < DEPTH) & (self._margin >= TICK + GUARD)
        self._calm = np.where(roomy, self._calm + 1, 0)
        for row in np.flatnonzero(self._calm >= self._patience).tolist():
            self._calm[row] = 0
            self._give_back.setdefault(row, self._ticks + REVIEW_TICKS)
        self._least.fill(DEPTH)
        self._margin.fill(np.inf)
        for row in np.flatnonzero(self._running & (self._play > _REBASE)).tolist():
            self._base[row] += np.uint32(_REBASE * FRAME)
            for numbers in (self._play, self._newest, self._first):
                numbers[row] -= _REBASE
            self._have[:, row] -= _REBASE
            self._transit[row] = np.nan
