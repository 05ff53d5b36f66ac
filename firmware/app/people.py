"""The country's tones and whether calls are recorded, put into force from the settings."""

from __future__ import annotations

from firmware.app.parts import Parts
from firmware.core.tones import tones_of
from firmware.settings.document import Settings


def start(parts: Parts) -> None:
    """Follow the settings; calls in progress keep what they began with."""
    _apply(parts, parts.settings.current)
    parts.settings.subscribe(lambda _, after: _apply(parts, after))


def _apply(parts: Parts, settings: Settings) -> None:
    parts.exchange.tones = tones_of(settings.office.country)
    parts.exchange.recordings = parts.paths.recordings if settings.recording.enabled else None
