"""Conferences: every member hears all others, not itself (`dsp/conference.py` does the mixing)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware.media.dsp.conference import Conference
from firmware.media.g711 import I16
from firmware.media.rows import row_array


class Conferences:
    """All conferences, by name."""

    def __init__(self) -> None:
        self._mixers: dict[str, tuple[npt.NDArray[np.intp], Conference]] = {}

    def arrange(self, members: Mapping[str, Sequence[int]]) -> None:
        """Take over who is in which conference, as rows."""
        fresh: dict[str, tuple[npt.NDArray[np.intp], Conference]] = {}
        for name, rows in members.items():
            known = self._mixers.get(name)
            wanted = row_array(list(rows))
            same = known is not None and np.array_equal(known[0], wanted)
            # Whoever comes or goes, all begin at full level, and fall from there as they are silent.
            fresh[name] = known if known is not None and same else (wanted, Conference(len(wanted)))
        self._mixers = fresh

    @property
    def rows(self) -> set[int]:
        """Rows that are in a conference."""
        return {int(row) for rows, _ in self._mixers.values() for row in rows}

    def run(self, linear: I16, heard: dict[int, npt.NDArray[Any]]) -> None:
        """Add what every member hears to `heard`.

        Args:
            linear: Decoded input of all rows.
            heard: Frames of 160 samples by row, wider than 16 bits where several were added.
        """
        for rows, mixer in self._mixers.values():
            frames = linear[rows]
            out = np.empty_like(frames)
            mixer.mix(frames, out)
            for row, frame in zip(rows.tolist(), out, strict=True):
                heard[row] = heard[row] + frame.astype(np.int32) if row in heard else frame
