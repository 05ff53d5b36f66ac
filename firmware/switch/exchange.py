"""All calls in progress: takes a new caller, runs its script as a task, and ends everything cleanly.

line or phone ─► Exchange.take(leg, script) ─► Call.run(script) ─► JourneyStore
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from firmware.core.causes import Cause
from firmware.core.clock import Clock
from firmware.core.ids import CallId
from firmware.core.leg import Leg, LegState
from firmware.core.media import MediaPlane, PlayItem
from firmware.core.records import Journey, JourneyStore
from firmware.core.tones import tones_of
from firmware.core.trace.calls import Calls
from firmware.switch.call import Call, Reach, Script
from firmware.switch.conversation import Features
from firmware.switch.directory import Directory
from firmware.switch.hold_music import melody
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
        self.hold_music: Sequence[PlayItem] = melody()
        """What those on hold hear, in calls that begin from now on."""
        self.reach: Reach | None = None
        """How extensions are reached; None rings their phones and nothing else."""
        self.features: Features | None = None
        """What people may do while they talk; None for talking only."""
        self.on_over: list[Callable[[], None]] = []
        """Called whenever a call is over and phones and lines are free again; not while the switch stops."""
        self._calls: dict[CallId, Call] = {}
        self._tasks: dict[CallId, asyncio.Task[None]] = {}
        self._stopping = False
        self.refused = 0
        """Calls turned away because there were too many, or because the switch was stopping."""

    def take(self, caller: Leg, script: Script, *, called: str | None = None, vital: bool = False) -> None:
        """Begin a call. Returns at once; what becomes of it is written into its journey.

        Args:
            caller: An incoming leg, offered and not yet answered.
            script: What the caller is to meet.
            called: What the caller dialled, where that is known from the start.
            vital: An emergency call: taken however many there are.
        """
        journey = JourneyWriter(self._store, self._clock, caller, caller.address, called)
        call = Call(
            caller,
            journey,
            self._media,
            self._directory,
            self.tones,
            self.recordings,
            self.reach,
            self.features,
        )
        call.hold_music = self.hold_music
        if self._stopping or (len(self._calls) >= MAX_LIVE_CALLS and not vital):
            self.refused += 1
            script = _refuse
        self._calls[journey.id] = call
        self._tasks[journey.id] = asyncio.create_task(self._run(call, script), name=f"call {journey.id}")

    def live(self) -> list[Journey]:
        """Return the journeys of the calls in progress, oldest first."""
        return [call.journey.journey for call in self._calls.values()]

    def calls(self) -> list[Call]:
        """Return the calls in progress, oldest first."""
        return list(self._calls.values())

    def calls_of(self, address: str) -> Iterator[tuple[Call, Leg]]:
        """Find the calls a phone or line takes part in, with its leg in each; ringing ones too."""
        for call in self.calls():
            for leg in call.legs():
                if leg.address == address:
                    yield call, leg

    def is_talking(self, address: str) -> bool:
        """Tell whether a phone or line is in a call that it has begun or taken."""
        return any(leg.state not in _NOT_TAKEN for _, leg in self.calls_of(address))

    def is_busy(self, address: str) -> bool:
        """Tell whether a phone or line has anything to do with a call, ringing included."""
        return next(self.calls_of(address), None) is not None

    def call_with(self, leg: Leg) -> Call | None:
        """Return the call a leg takes part in."""
        return next((call for call in self._calls.values() if leg in call.legs()), None)

    async def end(self, call_id: CallId) -> bool:
        """End a call as an administrator would; false when there is none of that id."""
        task = self._tasks.get(call_id)
        if task is None:
            return False
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return True

    async def stop(self) -> None:
        """End every call, write every journey, take no new one."""
        self._stopping = True
        while tasks := list(self._tasks.values()):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, call: Call, script: Script) -> None:
        try:
            await call.run(script)
        except Exception:
            logger.exception("%s: the call could not be wound up", call.journey.id)
        finally:
            self._calls.pop(call.journey.id, None)
            self._tasks.pop(call.journey.id, None)
            if not self._stopping:
                for tell in self.on_over:
                    tell()


_NOT_TAKEN = (LegState.IDLE, LegState.RINGING, LegState.ALERTING)


async def _refuse(call: Call) -> None:
    call.journey.route(Calls.TOO_MANY())
    await call.refuse(Cause.CONGESTION)
