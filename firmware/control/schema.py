"""The language of the control socket: one JSON object a line, requests one way, replies the other.

    {"do":"calls","v":1,"id":7,"limit":20}
    {"is":"calls","id":7,"journeys":[…]}
    {"is":"error","id":7,"kind":"user","message":"There is no call 01K8; …"}

Here is what everybody asks; each area has a module of its own beside it: `picture` (the live view, by
subscription), `search` (calls, recordings), `editing` (settings). Who answers what is said in `Answers`.

A request carries the version of this language, `VERSION`; it is raised when a field changes its meaning or
goes away. A new field with a default, or a new request, doesn't raise it. Replies come in the order of the
requests and repeat their `id`.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from firmware.control.base import BaseReply, BaseRequest, OpenedFile
from firmware.control.editing import (
    ChangedReply,
    ChangeSettings,
    HistoryEntry,
    RestoreSettings,
    SettingsReply,
)
from firmware.control.picture import NowReply
from firmware.control.search import CallFilter, Cursor, FoundReply, RecordingReply
from firmware.core.clock import Instant
from firmware.core.records import Journey
from firmware.core.trace.said import Said

MAX_REQUEST_BYTES = 64 * 1024
"""Longest request line: far more than any request has, far less than would hurt."""

MAX_REPLY_BYTES = 32 * 1024 * 1024
"""Longest reply line a client takes: `MAX_CALLS` journeys of 30 kB."""

MAX_CALLS = 1000
"""Most journeys one reply holds."""


class GetStatus(BaseRequest, frozen=True, tag="status"):
    """How the box is doing."""


class ListPhones(BaseRequest, frozen=True, tag="phones"):
    """The SIP accounts with their passwords."""


class ListCalls(BaseRequest, frozen=True, tag="calls"):
    """The newest journeys, running ones first."""

    limit: int = 20


class GetCall(BaseRequest, frozen=True, tag="call"):
    """One journey."""

    call: str
    """Its id or the beginning of it."""


class LineStatus(msgspec.Struct, frozen=True):
    name: str
    state: str
    """As `hal.line.LineState` calls it."""
    detail: str
    """The state in an installer's words."""


class ProcessStatus(msgspec.Struct, frozen=True):
    name: str
    pid: int
    rss_kb: int
    """Resident memory, kilobytes of 1024 bytes; 0 when the process is gone."""


class StatusReply(BaseReply, frozen=True, tag="status", kw_only=True):
    version: str
    """Of the firmware."""
    started: Instant
    ready_ms: int | None
    """From the start to the first answered REGISTER; None before that."""
    lines: list[LineStatus]
    phones_registered: int
    live_calls: int
    processes: list[ProcessStatus]
    media: dict[str, float]
    """Figures of the media process by name."""
    counters: dict[str, int]
    """What was refused and lost, by name."""
    faults: list[str | Said] = msgspec.field(default_factory=list)
    """What needs somebody's attention."""


class PhoneAccount(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    name: str
    server: str
    """What to enter as SIP server: "192.168.1.5:5060"."""
    secret: str
    algorithm: str
    registered: bool
    contacts: list[str] = []
    """Where it registered from, one for each of its phones."""

    def __repr__(self) -> str:
        return f"PhoneAccount({self.number!r}, {self.server!r}, secret=***, registered={self.registered})"


class PhonesReply(BaseReply, frozen=True, tag="phones", kw_only=True):
    phones: list[PhoneAccount]


class CallsReply(BaseReply, frozen=True, tag="calls", kw_only=True):
    journeys: list[Journey]


class CallReply(BaseReply, frozen=True, tag="call", kw_only=True):
    journey: Journey


class ControlApi(Protocol):
    """What the switch answers; implemented where the parts are put together (`firmware.app`).

    A `UserError` reaches the client word for word, any other error as "see the log".
    """

    async def status(self) -> StatusReply:
        """Return how the box is doing."""

    async def phones(self) -> list[PhoneAccount]:
        """Return the SIP accounts with their secrets."""

    async def calls(self, limit: int) -> list[Journey]:
        """Return the newest journeys, running ones first."""

    async def call(self, call_id: str) -> Journey:
        """Return the journey whose id begins with `call_id`.

        Raises:
            UserError: There is none, or more than one.
        """

    async def now(self) -> NowReply:
        """Return the switchboard at this moment. Asked several times a second while somebody watches."""

    async def find(self, wanted: CallFilter, limit: int, after: Cursor | None) -> FoundReply:
        """Return closed calls, the newest first.

        Raises:
            UserError: It would take too long; the text says how to narrow it.
        """

    async def recording(self, call_id: str, piece: int) -> OpenedFile[RecordingReply]:
        """Open a recording.

        Raises:
            UserError: There is none, or none any more.
        """

    async def settings(self) -> SettingsReply:
        """Return the settings and their description."""

    async def change_settings(self, request: ChangeSettings) -> ChangedReply:
        """Change settings, or tell what would change.

        Raises:
            UserError: They can't be used, or were changed meanwhile. Nothing was changed.
        """

    async def restore_settings(self, request: RestoreSettings) -> ChangedReply:
        """Make the settings what they were, or tell what would change.

        Raises:
            UserError: There is no such revision, or it can't be used any more. Nothing was changed.
        """

    async def history(self, limit: int) -> list[HistoryEntry]:
        """Return the newest changes of the settings."""
