"""A place for boxes that lose their power again and again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_SHARED_MEMORY = Path("/dev", "shm")


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, on the disk where a system has none.

    A kill takes nothing from the kernel, and what was synced the faulty card knows itself: a real disk's
    fsync would only be waited for.
    """
    folder = tempfile.mkdtemp(prefix="zjcard", dir=_SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None)
    yield Path(folder)
    shutil.rmtree(folder)
