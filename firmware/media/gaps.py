"""What a port plays where nothing came: concealment of losses, comfort noise in pauses.

    row misses a frame ─► slot of the concealer bank, seeded with what the row played last ─► made-up frame
    frame there again  ─► joined to the made-up sound ─► slot given back
    too many at once   ─► the rest: the last frame once more, backwards, fading out ─► silence ─► fading in

The concealer (`dsp/plc.py`) wants 60 ms of history of everything it may have to continue. To keep that for
all ports all the time would cost more than the rest of the tick, so the history is taken from the jitter
ring at the moment of a loss, which still holds what was played last.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.core.media import G722
from firmware.media.codecs import G722_SILENCE, SILENCE
from firmware.media.dsp.comfort import ComfortNoise
from firmware.media.dsp.plc import HISTORY, Concealer
from firmware.media.g711 import FRAME, I16, LAWS, U8, ULAW

HISTORY_FRAMES: Final = HISTORY // FRAME
"""Frames of the past that a concealment begins with."""
FIRST_SLOTS: Final = 4
MAX_FRESH: Final = 100
"""Rows whose concealment begins in one tick, at 25 µs each. Where more miss a frame at once, the network is
gone, and the others, at 2 µs each, fade out and are silent until their gap ends."""
_FADE_OUT: Final = np.linspace(1, 0, FRAME, dtype=np.float32)
_FADE_IN: Final = np.minimum(np.linspace(0, 4, FRAME, dtype=np.float32), 1)
"""Within 5 ms: of the first word nothing should be missing."""

Rows = npt.NDArray[np.intp]
Past = Callable[[Rows, int], I16]
"""Returns so many frames that rows played last, decoded, shape (rows, frames * 160)."""


class _SeededConcealer(Concealer):
    """A concealer whose rows can be given a past."""

    def seed(self, slots: list[int], history: I16) -> None:
        """Begin `slots` with what was played before, shape (slots, HISTORY)."""
        self._history[slots] = history
        self._lost[slots] = 0


class GapFiller:
    """Concealment and comfort noise for any rows that need them now."""

    def __init__(self) -> None:
        self._bank = _SeededConcealer(FIRST_SLOTS)
        self._slots: dict[int, int] = {}
        """Slot by row, for rows in a gap."""
        self._free = list(range(FIRST_SLOTS))
        self._silent: set[int] = set()
        """Rows in a gap that no slot was given to."""
        self._noise: dict[int, ComfortNoise] = {}
        self._hissing: set[int] = set()

    # Losses

    @property
    def active(self) -> bool:
        """Whether any row is in a gap, and so must be joined or continued in this tick."""
        return bool(self._slots or self._silent)

    def fill(self, lost: Rows, payload: U8, payload_types: U8, past: Past) -> Rows:
        """Make up the frames of `lost` rows, and join rows whose gap has just ended.

        Args:
            lost: Rows whose frame is missing.
            payload: Frames of all rows as codewords, shape (rows, 160); written for all rows returned.
            payload_types: Of all rows.
            past: See `Past`.

        Returns:
            The rows whose frames were made up or joined.
        """
        gone = lost.tolist()
        fresh = [row for row in gone if row not in self._slots and row not in self._silent]
        for row in self._silent.intersection(gone):
            payload[row] = SILENCE.get(int(payload_types[row]), ULAW.silence)
        self._fade_in(self._silent.difference(gone), payload, payload_types)
        self._silent.intersection_update(gone)
        if fresh:
            self._seed(fresh[:MAX_FRESH], past)
            self._fade_out(fresh[MAX_FRESH:], payload, payload_types, past)
            self._silent.update(fresh[MAX_FRESH:])
        rows = np.fromiter(self._slots, np.intp, len(self._slots))
        slots = np.fromiter(self._slots.values(), np.intp, len(self._slots))
        missing = np.isin(rows, lost)
        types = payload_types[rows]
        frames = np.zeros((len(self._slots) + len(self._free), FRAME), np.int16)
        for payload_type, law in LAWS.items():
            own = types == payload_type
            frames[slots[own]] = law.decoded[payload[rows[own]]]
        mask = np.zeros(len(frames), np.bool_)
        mask[slots] = missing
        self._bank.process(frames, mask)
        for payload_type, law in LAWS.items():
            own = types == payload_type
            payload[rows[own]] = law.encode(frames[slots[own]])
        # G.722 is passed on as it is, and whoever decodes it makes a fade of this.
        payload[rows[missing & (types == G722)]] = G722_SILENCE
        for row in rows[~missing].tolist():
            self.forget_gap(row)
        return np.concatenate((rows, np.fromiter(self._silent, np.intp, len(self._silent))))

    def _seed(self, rows: list[int], past: Past) -> None:
        if len(rows) > len(self._free):
            size = len(self._slots) + len(self._free)
            grown = 2 * size + len(rows)
            self._bank.resize(grown)
            self._free += range(size, grown)
        slots = [self._free.pop() for _ in rows]
        self._slots.update(zip(rows, slots, strict=True))
        self._bank.seed(slots, past(np.array(rows, np.intp), HISTORY_FRAMES))

    @staticmethod
    def _fade_out(rows: list[int], payload: U8, payload_types: U8, past: Past) -> None:
        """Play the last frame of rows backwards, so that it begins where it ended, down to nothing."""
        if not rows:
            return
        fading = np.array(rows, np.intp)
        frames = (past(fading, 1)[:, ::-1] * _FADE_OUT).astype(np.int16)
        types = payload_types[fading]
        payload[fading] = G722_SILENCE
        for payload_type, law in LAWS.items():
            own = types == payload_type
            payload[fading[own]] = law.encode(frames[own])

    @staticmethod
    def _fade_in(rows: Set[int], payload: U8, payload_types: U8) -> None:
        """Have rows that were silent be heard again without a click; of G.722 the decoder sees to that."""
        for row in rows:
            law = LAWS.get(int(payload_types[row]))
            if law is not None:
                payload[row] = law.encode((law.decoded[payload[row]] * _FADE_IN).astype(np.int16))

    def forget_gap(self, row: int) -> None:
        """Conceal a row no longer. Repeatable."""
        self._silent.discard(row)
        slot = self._slots.pop(row, None)
        if slot is not None:
            self._free.append(slot)

    # Pauses

    def describe_noise(self, row: int, payload: bytes) -> None:
        """Take a comfort-noise payload (RFC 3389)."""
        self._noise.setdefault(row, ComfortNoise(row)).describe(payload)

    def has_noise(self, row: int) -> bool:
        """Whether a row's pauses are to be filled with noise."""
        return row in self._noise

    def hiss(self, row: int) -> None:
        """Begin a row's noise, where it has any."""
        if row in self._noise:
            self._hissing.add(row)

    def hush(self, row: int) -> None:
        """End a row's noise: the party speaks. The next pause is described anew."""
        if self._noise:
            self._hissing.discard(row)
            self._noise.pop(row, None)

    def fill_pauses(self, payload: U8, payload_types: U8) -> None:
        """Write a frame of noise for every row in a pause."""
        for row in self._hissing:
            law = LAWS.get(int(payload_types[row]))
            if law is not None:
                frame = np.empty(FRAME, np.int16)
                self._noise[row].fill(frame)
                payload[row] = law.encode(frame)

    def forget(self, row: int) -> None:
        """Forget all about a row."""
        self.forget_gap(row)
        self.hush(row)
