"""Callers nobody talked with, as tasks to work off."""

from __future__ import annotations

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.lost import LostCaller


class ListLostCallers(BaseRequest, frozen=True, tag="lost_callers", kw_only=True):
    """Open tasks, who waits longest first; or closed ones, the latest first."""

    closed: bool = False
    number: str = ""
    """Only those of this caller, as the number was presented; empty for everybody's."""
    limit: int = 200


class LostCallersReply(BaseReply, frozen=True, tag="lost_callers", kw_only=True):
    callers: list[LostCaller]


class CloseLostCaller(BaseRequest, frozen=True, tag="close_lost_caller", kw_only=True):
    """Close a task by hand; answered with the open ones."""

    caller: str
    """The task's id."""
    by: str
    why: str
