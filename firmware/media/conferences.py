"""Conferences: every member hears all others, not itself (`dsp/conference.py` does the mixing)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.media.dsp.conference import Conference
from firmware.media.g711 import I16
from firmware.media.members import Members


class _Room(msgspec.Struct, frozen=True):
    members: Members
    mixer: Conference


def _room() -> _Room:
    mixer = Conference()
    return _Room(Members(mixer.resize, mixer.reset), mixer)


class Conferences:
    """All conferences, by name."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}

    def arrange(self, members: Mapping[str, Sequence[int]]) -> None:
        """Take over who is in which conference, as rows. Who stays is heard as before, whoever comes or
        goes: were all heard in full again, thirty rooms' noise would swell with every step at the door."""
        self._rooms = {name: self._rooms.get(name) or _room() for name in members}
        for name, rows in members.items():
            room = self._rooms[name]
            room.members.set(set(rows))
            room.mixer.parties = len(room.members.places)

    def forget(self, row: int) -> None:
        """Forget a row's port: the next one is another party."""
        for room in self._rooms.values():
            room.members.forget(row)

    @property
    def rows(self) -> set[int]:
        """Rows that are in a conference."""
        return {row for room in self._rooms.values() for row in room.members.places}

    def run(self, linear: I16, heard: dict[int, npt.NDArray[Any]]) -> None:
        """Add what every member hears to `heard`.

        Args:
            linear: Decoded input of all rows, shape (rows + 1, 160), the last row silence.
            heard: Frames of 160 samples by row, wider than 16 bits where several were added.
        """
        for room in self._rooms.values():
            frames = linear[room.members.rows]
            out = np.empty_like(frames)
            room.mixer.mix(frames, out)
            for row, place in room.members.places.items():
                frame = out[place]
                heard[row] = heard[row] + frame.astype(np.int32) if row in heard else frame
