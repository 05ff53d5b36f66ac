"""The memory of all jitter rings, and what is measured of their streams; `jitter.py` has the theory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.media.codecs import SILENCE
from firmware.media.g711 import FRAME, ULAW
from firmware.media.gaps import HISTORY_FRAMES, GapFiller
from firmware.media.rows import grown

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

DEPTH: Final = 16
"""Frames a ring holds; a power of two."""
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
LOOK_TICKS: Final = 4
"""Between two looks for a quiet frame to repeat or leave out: a clock 300 ppm slow loses 24 µs meanwhile."""
QUIET_PEAK: Final = 250
"""Peak (-39 dBm0) under which a frame may be left out or repeated unheard."""
SEQUENCE_JUMP: Final = 3000
"""A greater step of the sequence numbers between two samples is no loss (RFC 3550 appendix A.1)."""
JITTER_GAIN: Final = 1 / 16
"""Of RFC 3550's estimator (section 6.4.1)."""

LEAD_STEP: Final = np.uint64((1 << 32) + FRAME)
"""From one packet's lead (the first 8 octets of its header, as a number) to that of the next: one sequence
number, one frame. Where the timestamp wraps it isn't, once in 149 hours."""
NO_SSRC: Final = -1
NO_ROWS: Final[Rows] = np.zeros(0, np.intp)
NEVER: Final = -(1 << 40)
REBASE: Final = 1 << 20
"""Frames (5.8 h) after which counting starts anew, before 32 bits of samples are used up; a multiple of
DEPTH."""
HALF_CIRCLE: Final = 1 << 31
CROSSFADE: Final = np.linspace(0, 1, FRAME)


def signed32(value: int) -> int:
    """Return a difference of RTP timestamps as a signed number (they wrap at 2³²)."""
    return (value + HALF_CIRCLE) % (1 << 32) - HALF_CIRCLE


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


class JitterState:
    """The rings of `capacity` rows, and what is known of each.

    Args:
        capacity: Rows.
        age_of: Returns how many seconds before this tick a row's newest packet arrived.
    """

    def __init__(self, capacity: int, age_of: Callable[[int], float] = lambda row: TICK / 2) -> None:
        self.capacity = capacity
        self._age_of = age_of
        self.payload_type = np.full(capacity, 255, np.uint8)
        """Accepted RTP payload type per row; 255 accepts nothing."""
        self.payload = np.full((capacity, FRAME), ULAW.silence, np.uint8)
        """What each row plays in this tick, in its own codec; shape (rows, 160)."""
        self.ssrc = np.full(capacity, NO_SSRC, np.int64)
        """Of the running stream; -1 while the row is cold."""
        self.lost = 0
        self.late = 0
        self.malformed = 0
        self.received = 0
        self._muted: set[int] = set()
        """Rows whose audio is replaced by silence (hold)."""
        self._heard = np.full(capacity, -COLD_TICKS, np.int64)
        """Tick of the last packet."""
        self._ring = np.full((DEPTH, capacity, FRAME), ULAW.silence, np.uint8)
        self._have = np.full((DEPTH, capacity), NEVER, np.int64)
        self._lead = np.zeros(capacity, np.uint64)
        """Of the last packet that was taken."""
        self._following = np.full(capacity, NO_SSRC, np.int64)
        """SSRC of the packet that continues the last one, which held the newest frame; -1 where it didn't."""
        self._first = np.zeros(capacity, np.int64)
        """Number of a stream's first frame."""
        self._base = np.zeros(capacity, np.uint32)
        self._play = np.full(capacity, NEVER, np.int64)
        self._newest = np.full(capacity, NEVER, np.int64)
        """Last frame that is complete."""
        self._running = np.zeros(capacity, np.bool_)
        self._misses = np.zeros(capacity, np.int64)
        """Ticks in a row without a frame, of running rows."""
        self._any_missed = False
        """Whether one may have."""
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
        self._highest = np.zeros(capacity, np.int64)
        """Sequence number of the last packet, extended, as of the last sample."""
        self._first_sequence = np.zeros(capacity, np.int64)
        self._delay = np.zeros(capacity)
        self._jitter = np.zeros(capacity)
        self._transit = np.full(capacity, np.nan)
        self._last_ssrc = np.full(capacity, -1, np.int64)
        self._candidate: dict[int, tuple[int, int]] = {}
        """Per row, the SSRC and timestamp that the next packet of a jump would have."""
        self._last_late = np.full(capacity, NEVER, np.int64)
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
        self._rows: Rows = np.arange(capacity, dtype=np.intp)
        self._top = 0
        """One more than the last row that was ever opened."""

    def grow(self, capacity: int) -> None:
        """Make room for more rows; what is there stays."""
        fresh = JitterState(capacity)
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
        self._top = max(self._top, row + 1)
        self.payload_type[row] = 255
        self._muted.discard(row)
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
            self.payload[row] = SILENCE[payload_type]
        (self._muted.add if muted else self._muted.discard)(row)

    def _chill(self, row: int) -> None:
        """Have a row believe the next packet, whoever sends it."""
        self._running[row] = False
        self._misses[row] = 0
        self._heard[row] = self._ticks - COLD_TICKS
        self.ssrc[row] = self._following[row] = NO_SSRC
        self._candidate.pop(row, None)
        self._late_following.pop(row, None)
        self._gaps.forget(row)
        for waiting in (self._repeat, self._growing, self._irregular):
            waiting.discard(row)
        self._starting.pop(row, None)
        self._give_back.pop(row, None)

    def _silence(self, row: int) -> int:
        return SILENCE.get(int(self.payload_type[row]), ULAW.silence)

    def running(self) -> Rows:
        """Return the rows with a running stream."""
        return np.flatnonzero(self._running)

    def quiet(self, row: int) -> int:
        """Return the ticks since a row's last packet."""
        return self._ticks - int(self._heard[row])

    # Margins

    def sample(self, rows: Rows, ages: F64) -> None:
        """Take measurements: the rows' newest packets arrived `ages` seconds before this tick.

        Rows that got no packet in this tick are left out.
        """
        fresh = self._running[rows] & (self._heard[rows] == self._ticks)
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
        sequences = (self._lead[rows] >> np.uint64(32)).astype(np.int64) & 0xFFFF
        step = (sequences - self._highest[rows] + 0x8000) % 0x10000 - 0x8000
        self._highest[rows] += np.maximum(step, 0)
        for row in rows[np.abs(step) > SEQUENCE_JUMP].tolist():
            self._begin_count(row, int(self._lead[row]) >> 32 & 0xFFFF)

    def _extend_one(self, row: int) -> None:
        """As `_extend`, for one row: numbers are quicker than arrays of one."""
        sequence, highest = int(self._lead[row]) >> 32 & 0xFFFF, int(self._highest[row])
        step = (sequence - highest + 0x8000) % 0x10000 - 0x8000
        if abs(step) > SEQUENCE_JUMP:
            self._begin_count(row, sequence)
        elif step > 0:
            self._highest[row] = highest + step

    def _begin_count(self, row: int, sequence: int) -> None:
        """Count loss anew: another stream, or the same with other numbers."""
        self._received[row] = 0
        self._highest[row] = self._first_sequence[row] = sequence

    def reception(self, row: int) -> Reception:
        """Return how a row's stream has been received."""
        known = self._last_ssrc[row] >= 0
        if known:
            self._extend_one(row)
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
