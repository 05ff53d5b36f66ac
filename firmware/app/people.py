"""The people of the office and how they are reached, put into force from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack

from firmware.app import agent_time, owner, remembering
from firmware.app.api import routing as answers
from firmware.app.parts import Parts
from firmware.core.tones import tones_of
from firmware.core.trace import Said, Text, in_language
from firmware.settings.document import Settings


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Put routing to work and follow the settings; calls in progress keep what they began with."""
    _apply(parts, parts.settings.current)
    running.callback(parts.settings.subscribe(lambda _, after: _apply(parts, after)))
    parts.routing.connect()
    running.callback(parts.settings.subscribe(lambda _, after: parts.routing.apply(after)))
    running.callback(parts.routing.desk.stop)
    parts.phones.on_registered.append(parts.routing.registered)
    await agent_time.start(parts, running)
    await remembering.start(parts, running)
    parts.alarms.listeners.append(lambda text: _tell_front_desk(parts, text))
    await owner.start(parts, running)
    answers.serve(parts)


def _tell_front_desk(parts: Parts, text: Text) -> None:
    """Show whoever sits at the front desk that somebody calls for help, so that the door is open for it."""
    if isinstance(text, Said) and text.code.startswith("emergency."):
        office = parts.settings.current.office
        parts.phones.texts.send(office.operator, office.operator, f"⚠ {in_language(text, office.language)}")


def _apply(parts: Parts, settings: Settings) -> None:
    parts.exchange.tones = tones_of(settings.office.country)
    parts.exchange.recordings = parts.paths.recordings if settings.recording.enabled else None
