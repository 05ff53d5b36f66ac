"""Set-up for every test."""

from __future__ import annotations

import asyncio
import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def no_stray_event_loop() -> None:
    """Have looptime find no loop in a test without one; asyncio would make a loop that nobody closes."""
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard() -> None:
    """Have Ctrl-C end what the tests start; a shell that runs them in the background has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
