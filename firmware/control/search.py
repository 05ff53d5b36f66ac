"""Looking for calls, and listening to them.

A recording's audio never crosses the socket as bytes: the reply to `OpenRecording` carries an open, read-only
file descriptor (SCM_RIGHTS, unix(7)). So the web process needs no right to the recordings' folder, can't be
talked into another path, and listening costs the switch one `open`, however long the recording is.
"""

from __future__ import annotations

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.clock import Instant
from firmware.core.ids import CallId
from firmware.core.leg import Direction
from firmware.core.records import Outcome

MAX_FOUND = 200
"""Most calls of one reply; `more` leads to the next."""

MAX_TEXT = 60
"""Longest text to look for."""


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls wanted have in common. Every field narrows; the defaults narrow nothing."""

    text: str = ""
    """Part of the caller's number, or the beginning of a call's id."""
    person: str = ""
    """An extension: called, rung or calling."""
    since_ms: int | None = None
    """Begun at or after (ms since 1970 UTC)."""
    until_ms: int | None = None
    """Begun before."""
    outcome: Outcome | None = None
    recorded: bool | None = None
    """Whether there is a recording."""


class Cursor(msgspec.Struct, frozen=True):
    """The last call of one reply; the next begins after it."""

    started_ms: int
    seq: int


class FindCalls(BaseRequest, frozen=True, tag="find"):
    """Closed calls, the newest first."""

    filter: CallFilter = CallFilter()
    limit: int = 50
    after: Cursor | None = None


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a list."""

    id: CallId
    started: Instant
    direction: Direction
    line: str
    caller: str | None
    called: str | None
    outcome: Outcome | None
    answered_ms: int | None
    talked_ms: int
    duration_ms: int | None
    people: list[str] = []
    """Extensions that talked with the caller."""
    recordings: int = 0
    cost_micros: int | None = None
    """Millionths of `currency`; None when no price is known."""
    currency: str = ""


class FoundReply(BaseReply, frozen=True, tag="found", kw_only=True):
    calls: list[CallRow]
    more: Cursor | None = None
    """None at the end."""


class OpenRecording(BaseRequest, frozen=True, tag="open recording", kw_only=True):
    call: str
    """Whole id."""
    piece: int = 0
    """Which of the journey's recordings, from 0."""


class RecordingReply(BaseReply, frozen=True, tag="recording", kw_only=True):
    """Comes with the file's descriptor."""

    name: str
    """To save it under; carries no caller's data."""
    size: int
    """Bytes, at this moment: a running recording grows."""
    complete: bool
