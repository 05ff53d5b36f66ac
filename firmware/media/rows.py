"""Rows: the small numbers by which ports live in the arrays."""

from __future__ import annotations

import heapq
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=np.generic)


def grown(old: npt.NDArray[T], new: npt.NDArray[T]) -> npt.NDArray[T]:
    """Return `new` with the contents of the shorter `old` at its beginning."""
    new[: len(old)] = old
    return new


class RowAllocator:
    """Hands out the lowest free row, so that arrays stay dense."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._next = 0

    def take(self) -> int:
        """Return a row nobody has."""
        if self._free:
            return heapq.heappop(self._free)
        self._next += 1
        return self._next - 1

    def give_back(self, row: int) -> None:
        heapq.heappush(self._free, row)


def row_array(rows: list[int] | list[Any]) -> npt.NDArray[np.intp]:
    """Return rows as numpy wants its indices."""
    return np.array(rows, dtype=np.intp)
