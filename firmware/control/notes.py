"""What people write down about a call after it: notes, tags, the wrap-up, where the caller heard of us."""

from __future__ import annotations

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.records import Journey

MAX_TEXT = 2000
MAX_TAGS = 20
MAX_TAG = 40


class AddNote(BaseRequest, frozen=True, tag="add note", kw_only=True):
    """Add a note to a closed call."""

    call: str
    author: str
    text: str


class SetTags(BaseRequest, frozen=True, tag="set tags", kw_only=True):
    """Give a closed call these tags instead of those it has."""

    call: str
    tags: list[str]
    source: str | None = None
    """Where the caller heard of the number; None leaves it."""


class WrapUpCall(BaseRequest, frozen=True, tag="wrap up", kw_only=True):
    """Say what a call was about, after it, and be ready for the next."""

    call: str
    agent: str
    code: str
    """Such as "order", "complaint"."""
    note: str = ""


class AmendedReply(BaseReply, frozen=True, tag="amended", kw_only=True):
    journey: Journey
