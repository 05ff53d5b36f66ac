"""The site under test, signed in or not."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web_admin.rig import Visitor, visiting


@pytest.fixture
async def stranger() -> AsyncIterator[Visitor]:
    """Somebody at the door of a box that was just unpacked."""
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        async with visiting(Path(folder)) as visitor:
            yield visitor


@pytest.fixture
async def admin(stranger: Visitor) -> Visitor:
    """The same, signed in."""
    await stranger.signs_in()
    return stranger
