"""Puts the board's files where they can be imported, as they lie on the board."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def board_path() -> Iterator[None]:
    """Have the board's modules importable for one test, and forget them after it."""
    folders = [str(REPOSITORY / "board" / name) for name in ("coprocessor", "bench")]
    sys.path[:0] = folders
    before = set(sys.modules)
    yield
    for folder in folders:
        sys.path.remove(folder)
    for name in set(sys.modules) - before:
        if (str(getattr(sys.modules[name], "__file__", "") or "")).startswith(tuple(folders)):
            del sys.modules[name]
