"""Routing through the control socket: dry runs, the table of people, agents and queues, feature codes."""

from __future__ import annotations

from typing import Literal

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.trace import Said

MAX_PART = 40_000
"""Characters of one part of an upload: requests are 64 kB at most."""


class ExplainCall(BaseRequest, frozen=True, tag="explain call", kw_only=True):
    """What would become of somebody who calls from outside; nothing is dialled."""

    at: str = ""
    """Local time as "2026-11-22 21:05"; empty for now."""
    caller: str | None = None
    """As the network would present it; None for withheld."""
    line: str = ""
    """Empty for the first one."""
    did: str | None = None
    """What the caller would dial, where the line tells it."""
    keys: str = ""
    """What the caller would press."""


class ExplainDialled(BaseRequest, frozen=True, tag="explain dialled", kw_only=True):
    """What would become of what a phone of the office dials; nothing is dialled."""

    extension: str
    dialled: str
    at: str = ""


class ExplainReply(BaseReply, frozen=True, tag="explained", kw_only=True):
    steps: list[str | Said]
    """In order; `firmware.core.trace.in_language` reads them."""


class CheckEmergency(BaseRequest, frozen=True, tag="check emergency"):
    """Prove the emergency path without dialling; answered by an `ExplainReply`."""


class ImportPeople(BaseRequest, frozen=True, tag="import people", kw_only=True):
    """One part of a CSV table of people; the parts of one upload come in order."""

    upload: str
    """Chosen by the client, the same for all parts."""
    data: str
    """Base64, at most `MAX_PART` characters."""
    last: bool
    dry_run: bool = False
    """Only tell what it would come to."""
    remove_missing: bool = False
    """Whether people who aren't in the table are taken out."""


class BadLine(msgspec.Struct, frozen=True):
    line: int
    """1 for the header; 0 for the table as a whole."""
    en: str
    zh: str


class ImportReply(BaseReply, frozen=True, tag="imported", kw_only=True):
    """After the last part; before it, all of it is empty."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    errors: tuple[BadLine, ...] = ()
    """With errors nothing was changed."""


class ExportPeople(BaseRequest, frozen=True, tag="export people", kw_only=True):
    encoding: Literal["utf-8", "gbk"] = "utf-8"


class ExportReply(BaseReply, frozen=True, tag="exported", kw_only=True):
    data: str
    """The CSV table, Base64."""


class ListQueues(BaseRequest, frozen=True, tag="list queues"):
    """The queues, who waits in them, and their agents."""


class WaitingNow(msgspec.Struct, frozen=True, kw_only=True):
    call: str
    number: str | None
    place: int
    waited_s: float
    callback: bool
    """Has hung up and is called back in turn."""
    tier: int
    pod: str


class AgentNow(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    name: str
    mode: str
    """signed out, ready, ringing, talking, wrap-up, paused."""
    since_s: float
    reason: str
    tier: int
    pod: str


class QueueNow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    waiting: list[WaitingNow]
    agents: list[AgentNow]
    ends: dict[str, int]
    """How many waits ended for which reason since the start."""


class QueuesReply(BaseReply, frozen=True, tag="queues", kw_only=True):
    queues: list[QueueNow]


class AgentAct(BaseRequest, frozen=True, tag="agent act", kw_only=True):
    """Have an agent sign in or out, take a break, or come back; answered by the new `QueuesReply`."""

    agent: str
    act: Literal["sign in", "sign out", "pause", "resume"]
    reason: str = ""


class ListCodes(BaseRequest, frozen=True, tag="list codes"):
    """The feature codes in force, with help."""


class CodeHelp(msgspec.Struct, frozen=True):
    code: str
    takes: str
    """What is dialled behind it; "" for nothing."""
    en: str
    zh: str


class CodesReply(BaseReply, frozen=True, tag="codes", kw_only=True):
    codes: list[CodeHelp]
    in_call: list[CodeHelp]
    """Keys during a call."""
    slots: list[str]
    """Parking slots."""
