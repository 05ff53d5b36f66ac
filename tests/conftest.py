"""Set-up for every test."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have the files that may take longest begin first, where several processes share the tests."""
    if not hasattr(config, "workerinput"):
        return
    longest: dict[Path, float] = defaultdict(float)
    for item in items:
        for mark in item.iter_markers("timeout"):
            longest[item.path] = max(longest[item.path], float(mark.args[0]))
    items.sort(key=lambda item: -longest[item.path])


@pytest.fixture(autouse=True, scope="session")
def no_stray_event_loop() -> None:
    """Have looptime find no loop in a test without one; asyncio would make a loop that nobody closes."""
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard() -> None:
    """Have Ctrl-C end what the tests start; a shell that runs them in the background has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
