"""The acceptance test's steps that the HAT does: the handset is lifted, the power-fail relay falls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from firmware.app.parts import Parts
from firmware.self_care.acceptance import Result
from hal.coprocessor.board import Coprocessor
from hal.coprocessor.events import CoprocessorEvent, HandsetHook, RelayMoved
from hal.coprocessor.handset_line import HandsetLine
from hal.coprocessor.line_base import BoardLine

_HANDSET_S: Final = 60.0
"""For a person to walk over and lift it."""

_REST_S: Final = 6.0
"""Without heartbeat: the board gives up after 3.5 s (`hal.coprocessor.words.HEARTBEAT_LIMIT`)."""

_BACK_S: Final = 10.0

Step = Callable[[], Awaitable[Result]]


def steps_of(parts: Parts) -> dict[str, Step]:
    """Return the steps of the boards that this box has; none without a HAT."""
    found: dict[str, Step] = {}
    for line in parts.trunks.lines:
        if isinstance(line, BoardLine):
            found["power_fail"] = partial(_relay, parts, line.board)
        if isinstance(line, HandsetLine):
            found["handset"] = partial(_handset, line.board)
    return found


class _Events:
    """A board's events of one kind, waited for in order."""

    def __init__(self, board: Coprocessor) -> None:
        self._queue: asyncio.Queue[CoprocessorEvent] = asyncio.Queue()
        self.forget = board.subscribe(self._queue.put_nowait)

    async def until(self, wanted: CoprocessorEvent) -> None:
        while await self._queue.get() != wanted:
            pass


async def _handset(board: Coprocessor) -> Result:
    events = _Events(board)
    try:
        async with asyncio.timeout(_HANDSET_S):
            await events.until(HandsetHook(off=True))
            lifted = asyncio.get_running_loop().time()
            await events.until(HandsetHook(off=False))
            return Result(status="passed", figure=f"{asyncio.get_running_loop().time() - lifted:.1f} s")
    except TimeoutError:
        return Result(status="failed", figure="–")
    finally:
        events.forget()


async def _relay(parts: Parts, board: Coprocessor) -> Result:
    if parts.exchange.live():
        return Result(status="failed", figure="calls in progress")
    events = _Events(board)
    began = asyncio.get_running_loop().time()
    try:
        board.rest(_REST_S)
        async with asyncio.timeout(_REST_S):
            await events.until(RelayMoved(held=False))
        fell = asyncio.get_running_loop().time() - began
        async with asyncio.timeout(_BACK_S):
            await events.until(RelayMoved(held=True))
        return Result(status="passed", figure=f"{fell:.1f} s")
    except TimeoutError:
        return Result(status="failed", figure="–")
    finally:
        events.forget()
