"""When the office is open: schedules as data, and what they say of any moment."""

from ivr.hours.check import check_hours, parse_hours
from ivr.hours.schedule import OfficeHours, Schedule, Switch
from ivr.hours.state import Closed, OfficeState, Open, state_at
from ivr.hours.words import describe, trace

__all__ = [
    "Closed",
    "OfficeHours",
    "OfficeState",
    "Open",
    "Schedule",
    "Switch",
    "check_hours",
    "describe",
    "parse_hours",
    "state_at",
    "trace",
]
