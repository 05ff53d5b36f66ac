"""Webhooks put to work: calls and alarms become events for those the settings name."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import msgspec

from firmware.app.parts import Parts
from firmware.cloud.webhooks import Hook, Webhooks
from firmware.core.errors import DeviceError
from firmware.core.leg import Direction
from firmware.core.records import Journey, Outcome
from firmware.settings.document import Settings
from firmware.store.records import RecordEvent

logger = logging.getLogger(__name__)

_MISSED = frozenset({Outcome.ABANDONED, Outcome.UNANSWERED, Outcome.FAILED})


def events_of(what: RecordEvent, journey: Journey) -> list[str]:
    """Return what a change of a record is called."""
    match what:
        case RecordEvent.BEGAN:
            return ["call.began"]
        case RecordEvent.CHANGED:
            return ["call.changed"]
        case RecordEvent.ENDED:
            events = ["call.ended"]
            if journey.direction is Direction.INCOMING and journey.outcome in _MISSED:
                events.append("call.missed")
            if journey.voicemails:
                events.append("voicemail.left")
            return events


class Telling:
    """The webhooks of the settings in force; changed settings begin anew, what waits stays."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._task: asyncio.Task[None] | None = None
        self._notes: set[asyncio.Task[None]] = set()
        self.hooks: Webhooks | None = None

    async def start(self, running: AsyncExitStack) -> None:
        """Begin to tell."""
        parts = self._parts
        self._begin(parts.settings.current)
        running.callback(parts.settings.subscribe(self._changed))
        running.callback(parts.store.subscribe(self._happened))
        running.push_async_callback(self._end)
        parts.alarms.listeners.append(lambda text: self._note("alarm", {"text": str(text)}))

    def _changed(self, before: Settings, after: Settings) -> None:
        if before.integrations != after.integrations:
            self._begin(after)

    def _begin(self, settings: Settings) -> None:
        if self._task is not None:
            self._task.cancel()
        hooks = [Hook(one.url, one.secret, one.events) for one in settings.integrations.webhooks]
        # An alarm about an alarm that can't be told would never end.
        self.hooks = Webhooks(self._parts.store, hooks, self._parts.clock, logger.error)
        self._task = asyncio.create_task(self.hooks.run(), name="webhooks")

    def _happened(self, what: RecordEvent, journey: Journey) -> None:
        if self.hooks is None:
            return
        for event in events_of(what, journey):
            if self.hooks.wants(event):
                self._note(event, msgspec.to_builtins(journey))

    def _note(self, event: str, data: object) -> None:
        if self.hooks is None or not self.hooks.wants(event):
            return
        task = asyncio.create_task(self._tell(self.hooks, event, data))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _tell(self, hooks: Webhooks, event: str, data: object) -> None:
        try:
            await hooks.tell(event, data)
        except DeviceError as error:
            logger.warning("nobody will be told of %s: %s", event, error)

    async def _end(self) -> None:
        if self._notes:
            await asyncio.wait(self._notes, timeout=1.0)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
