"""Set-up for the tests of this folder."""

from __future__ import annotations

import asyncio

import pytest


@pytest.fixture(autouse=True, scope="session")
def no_stray_event_loop() -> None:
    """Have looptime find no loop in a test without one; asyncio would make a loop that nobody closes."""
    asyncio.set_event_loop(None)
