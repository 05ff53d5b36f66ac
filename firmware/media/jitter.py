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

import numpy as np

from firmware.core.media import G722, PCMA
from firmware.media.g711 import ALAW, FRAME, I16, LAWS, U8, ULAW, whole_frames
from firmware.media.jitter_in import JitterIntake
from firmware.media.jitter_state import (
    COLD_MISSES,
    CROSSFADE,
    DEPTH,
    FORGIVEN,
    GUARD,
    I64,
    LATE_MEMORY,
    LOOK_TICKS,
    MAX_EXTRA,
    MAX_HOLD,
    MAX_PATIENCE,
    NO_ROWS,
    NO_SSRC,
    QUIET_PEAK,
    REBASE,
    REVIEW_TICKS,
    TICK,
    Bools,
    Rows,
)


class JitterRings(JitterIntake):
    """The rings of so many rows, with the side that plays."""

    # Frames out

    def play(self) -> U8:
        """Move on by one tick; return (and keep in `payload`) what every row plays, shape (rows, 160)."""
        top = self._top
        now = self._play[:top]
        slots = now & (DEPTH - 1)
        slots *= self.capacity
        slots += self._rows[:top]
        ahead = self._newest[:top] - now
        there = self._have.take(slots) == now
        there &= ahead >= 0
        there &= self._running[:top]
        payload = self.payload[:top]
        missing, last = NO_ROWS, payload[:0]
        if np.count_nonzero(there) < top:
            missing = np.flatnonzero(~there)
            last = payload[missing]
        whole_frames(self._ring).reshape(-1).take(slots, out=whole_frames(payload), mode="clip")
        if len(missing):
            payload[missing] = last
        self._played[:top] += there
        now += 1
        if self._any_missed:
            self._misses[:top] *= ~there
            self._any_missed = bool(self._misses.any())
        np.minimum(self._least[:top], ahead, out=self._least[:top])
        self._settle(missing, ahead)
        self._ticks += 1
        if self._ticks % REVIEW_TICKS == 0:
            self._review()
        self._gaps.fill_pauses(self.payload, self.payload_type)
        for row in self._muted:
            self.payload[row] = self._silence(row)
        return self.payload

    def _settle(self, missing: Rows, ahead: I64) -> None:
        """See to the few rows whose tick is no ordinary one; `play` has moved on for all."""
        lost = missing
        if len(missing):
            lost = missing[self._running[missing] & (self._play[missing] > self._first[missing])]
        if self._starting:
            self._trim_starts()
        if self._gaps.active:
            self._note_arrivals(lost)
        if len(lost) or self._gaps.active:
            self._conceal(lost, ahead)
        if self._give_back or self._repeat:
            self._adjust()

    def _conceal(self, lost: Rows, ahead: I64) -> None:
        """Make up the frames that are lost, and join what was made up to what is there again."""
        concealed = [row for row in lost.tolist() if not self._caught_up(row, int(ahead[row]))]
        rows = self._gaps.fill(np.array(concealed, np.intp), self.payload, self.payload_type, self._past)
        if len(rows):
            frames = self._play[rows] - 1
            blank = self._have[frames % DEPTH, rows] != frames
            self._ring[frames[blank] % DEPTH, rows[blank]] = self.payload[rows[blank]]
        for row in concealed:
            self._miss(row, int(ahead[row]))

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
        self._any_missed = True
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
        self.ssrc[row] = self._following[row] = NO_SSRC
        self._held[row] = self._misses[row] = 0
        self._repeat.discard(row)
        self.payload[row] = self._silence(row)
        self._gaps.forget_gap(row)
        self._gaps.hiss(row)

    def _past(self, rows: Rows, count: int) -> I16:
        """Return the frames before the one that `rows` miss, decoded; see `gaps.Past`."""
        frames = self._play[rows, None] - 1 - np.arange(count, 0, -1)
        words = self._ring[frames % DEPTH, rows[:, None]].reshape(len(rows), -1)
        types = self.payload_type[rows]
        linear: I16 = np.where((types == PCMA)[:, None], ALAW.decoded[words], ULAW.decoded[words])
        return linear

    # Slips

    def _adjust(self) -> None:
        """Leave out or repeat a frame where that is wanted and can't be heard."""
        for row, patience_over in list(self._give_back.items()):
            at_once = self._ticks >= patience_over
            if not at_once and (self._ticks + row) % LOOK_TICKS:
                continue
            following = int(self._play[row])
            if not self._running[row] or self._newest[row] < following or self._misses[row]:
                continue
            if self._have[following % DEPTH, row] != following:
                continue
            joined = self._joined(row, self._ring[following % DEPTH, row], at_once=at_once)
            if joined is not None:
                self.payload[row] = joined
                self._play[row] += 1
                self._extra[row] = max(0, int(self._extra[row]) - 1)
                del self._give_back[row]
        if self._repeat and self._ticks % LOOK_TICKS == 0:
            rows = np.fromiter(self._repeat, np.intp, len(self._repeat))
            rows = rows[(self._misses[rows] == 0) & self._are_quiet(rows)]
            self._play[rows] -= 1
            self._repeat.difference_update(rows.tolist())

    def _are_quiet(self, rows: Rows) -> Bools:
        """Tell of which rows a frame may be repeated unheard."""
        types = self.payload_type[rows]
        # Whether a frame of G.722 is quiet can't be seen without decoding it.
        quiet: Bools = types == G722
        for payload_type, law in LAWS.items():
            own = types == payload_type
            quiet[own] = np.abs(law.decoded[self.payload[rows[own]]]).max(axis=1, initial=0) < QUIET_PEAK
        return quiet

    def _joined(self, row: int, following: U8, *, at_once: bool) -> U8 | None:
        """Return a row's frame and the following crossfaded into one, or None to wait for quieter ones."""
        law = LAWS.get(int(self.payload_type[row]))
        if law is None:
            return following if at_once else None
        early, late = law.decoded[self.payload[row]], law.decoded[following]
        if not at_once and not np.abs(early).max() < QUIET_PEAK > np.abs(late).max():
            return None
        return law.encode((early + (late - early.astype(np.int32)) * CROSSFADE).astype(np.int16))

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
        for row in np.flatnonzero(self._running & (self._play > REBASE)).tolist():
            self._base[row] += np.uint32(REBASE * FRAME)
            for numbers in (self._play, self._newest, self._first):
                numbers[row] -= REBASE
            self._have[:, row] -= REBASE
            self._transit[row] = np.nan
