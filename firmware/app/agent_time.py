"""Agents' working time, written into the records as each stretch of it ends."""

from __future__ import annotations

import asyncio
import functools
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from extensions.queue import Mode
from extensions.queue.events import Span
from firmware.core.clock import Clock, Instant
from firmware.core.errors import DeviceError, UserError
from firmware.core.ids import CallId
from firmware.core.records import AgentSpan, AgentState, Journey
from firmware.store.records import SqliteJourneyStore

if TYPE_CHECKING:
    from firmware.app.parts import Parts

logger = logging.getLogger(__name__)

# Stretches that wait for the card; beyond it the oldest is lost, which a report shows as less time.
_MOST_WAITING = 1000

_STATES = {
    Mode.READY: AgentState.READY,
    Mode.RINGING: AgentState.READY,
    Mode.TALKING: AgentState.READY,
    Mode.WRAP_UP: AgentState.WRAP_UP,
    Mode.PAUSED: AgentState.BREAK,
}


class AgentTime:
    """Writes stretches one after the other.

    Args:
        store: Takes them.
        clock: Dates them.
    """

    def __init__(self, store: SqliteJourneyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[AgentSpan, str]] = asyncio.Queue()

    def ended(self, queue: str, span: Span) -> None:
        """Note a stretch that ends now; for `QueueDesk.on_span`."""
        state = _STATES.get(span.mode)
        if state is None:
            return
        if self._waiting.qsize() >= _MOST_WAITING:
            self._waiting.get_nowait()
        now, lasted_ms = self._clock.now(), round(span.seconds * 1000)
        began = Instant(now.wall_ms - lasted_ms, now.mono_ms - lasted_ms, now.boot_id, now.clock_set)
        written = AgentSpan(span.agent, state, began, lasted_ms, span.reason, queue)
        self._waiting.put_nowait((written, span.served))

    async def run(self) -> None:
        """Write, for ever."""
        while True:
            await self._write(*await self._waiting.get())

    async def drain(self) -> None:
        """Write what still waits."""
        while not self._waiting.empty():
            await self._write(*self._waiting.get_nowait())

    async def _write(self, span: AgentSpan, served: str) -> None:
        """Write a stretch; the end of after-call work also into the call it belongs to."""
        try:
            await self._store.note_agent_time(span)
            if span.state is AgentState.WRAP_UP and served:
                await self._store.amend(CallId(served), functools.partial(_wrapped_up, span=span))
        except UserError as error:
            # The call goes on elsewhere, or was cleared away: its after-call work is in the stretch alone.
            logger.info("%s: after-call work is not written into the call: %s", served, error)
        except DeviceError as error:
            seconds = span.duration_ms // 1000
            logger.warning("%d s of %s's time could not be written: %s", seconds, span.agent, error)


def _wrapped_up(journey: Journey, span: AgentSpan) -> None:
    for wrap_up in journey.wrap_ups:
        if wrap_up.agent == span.agent and wrap_up.ended_ms is None:
            wrap_up.ended_ms = wrap_up.started_ms + span.duration_ms


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Write agents' time from now on."""
    time = AgentTime(parts.store, parts.clock)
    parts.routing.desk.on_span = time.ended
    task = asyncio.create_task(time.run(), name="agents' time")

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await time.drain()

    running.push_async_callback(stop)
