"""The people of the office, put into force from the settings."""

from __future__ import annotations

from firmware.app.parts import Parts
from firmware.core.tones import tones_of
from firmware.settings.document import Settings
from firmware.switch.directory import Extension


def start(parts: Parts) -> None:
    """Follow the settings; calls in progress keep what they began with."""
    _apply(parts, parts.settings.current)
    parts.settings.subscribe(lambda _, after: _apply(parts, after))


def _apply(parts: Parts, settings: Settings) -> None:
    people = [Extension(one.number, one.name) for one in settings.extensions]
    parts.directory.replace(people, settings.office.operator)
    parts.exchange.tones = tones_of(settings.office.country)
    parts.exchange.recordings = parts.paths.recordings if settings.recording.enabled else None
