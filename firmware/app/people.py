"""The people of the office and how they are reached, put into force from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack

from firmware.app import remembering
from firmware.app.api import routing as answers
from firmware.app.parts import Parts
from firmware.core.tones import tones_of
from firmware.settings.document import Settings


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Put routing to work and follow the settings; calls in progress keep what they began with."""
    _apply(parts, parts.settings.current)
    running.callback(parts.settings.subscribe(lambda _, after: _apply(parts, after)))
    parts.routing.connect()
    running.callback(parts.settings.subscribe(lambda _, after: parts.routing.apply(after)))
    running.callback(parts.routing.desk.stop)
    await remembering.start(parts, running)
    answers.serve(parts)


def _apply(parts: Parts, settings: Settings) -> None:
    parts.exchange.tones = tones_of(settings.office.country)
    parts.exchange.recordings = parts.paths.recordings if settings.recording.enabled else None
