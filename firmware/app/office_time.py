"""The switch's local time is the office's: rules, traces, figures and file names all speak of one clock."""

from __future__ import annotations

from contextlib import AsyncExitStack

from firmware.app.parts import Parts
from firmware.core.clock import live_by
from firmware.settings.document import Settings


def start(parts: Parts, running: AsyncExitStack) -> None:
    """Live by the office's time zone as the settings have it, until the end."""
    running.callback(live_by(_zone(parts.settings.current)))
    running.callback(parts.settings.subscribe(lambda _, after: _follow(after)))


def _follow(settings: Settings) -> None:
    live_by(_zone(settings))


def _zone(settings: Settings) -> str:
    return settings.hours.of().timezone
