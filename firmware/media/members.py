"""Which ports use a bank of `dsp`: port rows on one side, bank rows on the other."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Final

import numpy as np

from firmware.media.rows import RowAllocator, row_array

SILENT_ROW: Final = -1
"""The last row of decoded audio; feeds bank rows that nobody has."""


class Members:
    """Which bank row each port has. A row keeps its place while others come and go."""

    def __init__(self, resize: Callable[[int], None], reset: Callable[[int], None]) -> None:
        self.rows = row_array([])
        """Port row of every bank row; `SILENT_ROW` where it is free."""
        self.places: dict[int, int] = {}
        self._free = RowAllocator()
        self._resize = resize
        self._reset = reset

    def __bool__(self) -> bool:
        return bool(self.places)

    def forget(self, row: int) -> None:
        """Have a port row no longer, and what was known of it, even if it is another port's at once."""
        if row in self.places:
            self.set(self.places.keys() - {row})

    def set(self, wanted: Set[int]) -> None:
        """Have these port rows, and no others, in the bank."""
        for row in self.places.keys() - wanted:
            place = self.places.pop(row)
            self.rows[place] = SILENT_ROW
            self._free.give_back(place)
        for row in sorted(wanted - self.places.keys()):
            place = self._free.take()
            if place == len(self.rows):
                self.rows = np.append(self.rows, SILENT_ROW)
                self._resize(len(self.rows))
            self.rows[place] = row
            self.places[row] = place
            self._reset(place)
