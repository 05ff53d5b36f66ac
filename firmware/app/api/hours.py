"""The office's hours as the live picture shows them."""

from __future__ import annotations

import datetime

from firmware.control.picture import HoursNow
from firmware.core.clock import Instant
from ivr.hours import OfficeHours, Open, Schedule, describe, state_at
from ivr.prompts.catalogue import LANGUAGES

_LOOKED_AT_MS = 5000
"""Hours change by the minute; a picture is asked for several times a second."""


class HoursWatch:
    """Remembers for a moment what the hours said."""

    def __init__(self) -> None:
        self._hours: OfficeHours | None = None
        self._until_ms = 0
        self._said: HoursNow | None = None

    def look(self, hours: OfficeHours, at: Instant) -> HoursNow | None:
        """Return how callers meet the office; None while the clock can't be believed.

        Args:
            hours: In force.
            at: The moment.
        """
        if not at.clock_set:
            return None
        if self._hours is not hours or not 0 <= self._until_ms - at.wall_ms <= _LOOKED_AT_MS:
            self._hours, self._until_ms = hours, at.wall_ms + _LOOKED_AT_MS
            moment = datetime.datetime.fromtimestamp(at.wall_ms / 1000, datetime.UTC)
            self._said = hours_now(hours, hours.of(), moment)
        return self._said


def hours_now(hours: OfficeHours, schedule: Schedule, moment: datetime.datetime) -> HoursNow:
    """Return how callers whom a schedule is for meet the office at a moment."""
    state = state_at(schedule, moment)
    led = hours.enabled or schedule.switch.mode != "auto"
    return HoursNow(
        enabled=hours.enabled,
        is_open=not led or isinstance(state, Open),
        state={one: describe(state, one) for one in LANGUAGES},
        mode=schedule.switch.mode,
    )
