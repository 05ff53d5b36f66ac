"""All calls in progress: takes a new caller, runs its script as a task, and ends everything cleanly.

line or phone ─► Exchange.take(leg, script) ─► Call.run(script) ─► JourneyStore
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from firmware.core.causes import Cause
from firmware.core.clock import Clock
from firmware.core.ids import CallId
from firmware.core.leg import Leg
from firmware.core.media import MediaPlane
from firmware.core.records import Journey, JourneyStore
from firmware.core.tones import tones_of
from firmware.switch.call import Call, Script
from firmware.switch.directory import Directory
from firmware.switch.journey import JourneyWriter

logger = logging.getLogger(__name__)

# Far above what such an office's lines and phones can produce; a flood must not exhaust the box.
MAX_LIVE_CALLS = 200


class Exchange:
    """The calls in progress.

    Args:
        store: Where journeys go.
        clock: Measures them.
        media: Where audio goes.
        directory: Whom scripts may ring.
    """

    def __init__(
        self,
        store: JourneyStore,
        clock: Clock,
        media: MediaPlane,
        directory: Directory,
    ) -> None:
        self._store = store
        self._clock = clock
        self._media = media
        self._directory = directory
        self.tones = tones_of("CN")
        """The country's tones, for calls that begin from now on."""
        self.recordings: Path | None = None
        """Folder for recordings of calls that begin from now on; None when nothing is to be recorded."""
        self._calls: dict[CallId, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.refused = 0
        """Calls turned away because there were too many, or because the switch was stopping."""

    def take(self, caller: Leg, script: Script, *, called: str | None = None) -> None:
        """Begin a call. Returns at once; what becomes of it is written into its journey.

        Args:
            caller: An incoming leg, offered and not yet answered.
            script: What the caller is to meet.
            called: What the caller dialled, where that is known from the start.
        """
        journey = JourneyWriter(self._store, self._clock, caller, caller.address, called)
        call = Call(caller, journey, self._media, self._directory, self.tones, self.recordings)
        if self._stopping or len(self._calls) >= MAX_LIVE_CALLS:
            self.refused += 1
            script = _refuse
        self._calls[journey.id] = call
        task = asyncio.create_task(self._run(call, script), name=f"call {journey.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def live(self) -> list[Journey]:
        """Return the journeys of the calls in progress, oldest first."""
        return [call.journey.journey for call in self._calls.values()]

    async def stop(self) -> None:
        """End every call, write every journey, take no new one."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, call: Call, script: Script) -> None:
        try:
            await call.run(script)
        except Exception:
            logger.exception("%s: the call could not be wound up", call.journey.id)
        finally:
            self._calls.pop(call.journey.id, None)


async def _refuse(call: Call) -> None:
    call.journey.route("refused: the switchboard has as many calls as it can carry")
    await call.refuse(Cause.CONGESTION)
