"""The switchboard at this moment, as a live page draws it: lines, people, the cords between, today's figures.

    {"do":"watch","v":1,"id":3}     a picture at once, then one whenever something on it changes
    {"is":"now","id":3,…}

A connection that watches does nothing else; the client ends it by closing. `at_wall_ms` alone changing is
no change, but a picture comes at least every `HEARTBEAT_S`, so that a client knows a dead box
from a quiet one.
"""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.ids import CallId
from firmware.core.trace import Said

HEARTBEAT_S = 5.0
"""Longest silence of a watched switch."""


class Phase(enum.StrEnum):
    """What a caller goes through at this moment."""

    ARRIVING = "arriving"
    """Not answered by the box yet."""
    RECEPTION = "reception"
    """With the box: greeting, menu, announcements, or between two people."""
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"


class Presence(enum.StrEnum):
    """What a person's phones say."""

    AWAY = "away"
    """No phone is registered."""
    FREE = "free"
    RINGING = "ringing"
    BUSY = "busy"


class LineNow(msgspec.Struct, frozen=True):
    name: str
    state: str
    """As `hal.line.LineState` calls it."""
    detail: str
    """The state in an installer's words."""
    dbm: int | None = None
    """Received signal in dBm; None where there is none to receive or it isn't known."""
    call: CallId | None = None
    """The call it carries."""


class PersonNow(msgspec.Struct, frozen=True):
    number: str
    name: str
    presence: Presence
    phones: int = 0
    """How many phones are registered."""
    call: CallId | None = None


class CallNow(msgspec.Struct, frozen=True, kw_only=True):
    id: CallId
    origin: str
    """The line's name or the extension it comes from."""
    caller: str | None
    called: str | None
    phase: Phase
    people: list[str] = []
    """The extensions it rings or talks with."""
    began_wall_ms: int
    since_wall_ms: int
    """When the phase began."""
    recorded: bool = False
    doing: str | Said = ""
    """The last line of its trace."""


class QueueNow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    waiting: int = 0
    longest_since_wall_ms: int | None = None
    """When the one who waits longest began; None while nobody does."""
    ready: int = 0
    """Agents who could take a call now."""
    signed_in: int = 0


class AgentNow(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent does, in the queue where that is most."""

    number: str
    mode: str
    """As `extensions.queue.state.Mode` calls it."""
    since_wall_ms: int
    reason: str = ""


class ParkedNow(msgspec.Struct, frozen=True):
    slot: str
    """What is dialled to fetch the call."""
    call: CallId


class HoursNow(msgspec.Struct, frozen=True, kw_only=True):
    """How callers meet the office, and the day/night switch."""

    enabled: bool
    """Whether callers are led by the hours at all."""
    is_open: bool
    mode: Literal["auto", "day", "night"]
    """The switch; anything but auto holds whatever the hours say."""
    state: dict[str, str]
    """What the schedule says, why and until when, by language."""


class HourFigures(msgspec.Struct, frozen=True):
    calls: int = 0
    answered: int = 0


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Closed calls that began since midnight, local time."""

    calls: int = 0
    answered: int = 0
    """A person talked with the caller."""
    lost: int = 0
    """The caller gave up, nobody could be reached, or the box failed."""
    talked_ms: int = 0
    """Conversation, in all."""
    hours: list[HourFigures] = []
    """24 of them, midnight first."""


class WatchNow(BaseRequest, frozen=True, tag="watch"):
    """The picture, now and whenever it changes."""


class NowReply(BaseReply, frozen=True, tag="now", kw_only=True):
    at_wall_ms: int
    version: str
    office: str
    zone: str
    """The office's time zone, such as Asia/Shanghai."""
    up_since_wall_ms: int
    lines: list[LineNow]
    people: list[PersonNow]
    calls: list[CallNow]
    queues: list[QueueNow] = msgspec.field(default_factory=list)
    agents: list[AgentNow] = msgspec.field(default_factory=list)
    """Those who are signed in."""
    parked: list[ParkedNow] = msgspec.field(default_factory=list)
    today: DayFigures
    hours: HoursNow | None = None
    """None while the clock can't be believed."""
    faults: list[str | Said] = msgspec.field(default_factory=list)
    """What needs somebody's attention."""
