"""Tasks that run as long as the switch: none ends unseen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

logger = logging.getLogger(__name__)


def keep(running: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run `work` until the switch ends; what it raises is logged."""

    async def watched() -> None:
        try:
            await work
        except Exception:
            logger.exception("%s ended by a fault of ours", name)

    task = asyncio.create_task(watched(), name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    running.push_async_callback(end)
    return task
