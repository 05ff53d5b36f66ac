"""Waiting in real time for what other processes, threads and tasks do; on a busy machine, longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_SECONDS = 30.0
"""Only somebody who waits in vain waits that long."""

_LOOK_EVERY_SECONDS = 0.005


async def until(
    condition: Callable[[], object],
    complaint: str | Callable[[], object] = "it never came about",
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Wait until a condition, sync or async, holds.

    Raises:
        AssertionError: It didn't; with the complaint, or what that returns then.
    """
    try:
        async with asyncio.timeout(seconds):
            while True:
                holds = condition()
                if asyncio.iscoroutine(holds):
                    holds = await holds
                if holds:
                    return
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
    except TimeoutError:
        raise AssertionError(complaint if isinstance(complaint, str) else complaint()) from None
