"""The office's hours at this moment, the day/night switch, and announcements to all phones."""

from __future__ import annotations

from typing import Literal

from firmware.control.base import BaseReply, BaseRequest


class GetHours(BaseRequest, frozen=True, tag="hours", kw_only=True):
    """Whether the office is open now, and why."""

    schedule: str = "main"


class HoursReply(BaseReply, frozen=True, tag="hours", kw_only=True):
    enabled: bool
    """Whether callers are led by the hours at all."""
    is_open: bool
    """As callers meet the office now."""
    state: dict[str, str]
    """What the schedule says, why and until when, by language."""
    mode: Literal["auto", "day", "night"]
    warnings: dict[str, str]
    """What the administrator should know of the holidays, by language; empty for nothing."""


class AnnounceToAll(BaseRequest, frozen=True, tag="announce to all", kw_only=True):
    """Have all phones of the office hear something, those in a talk too; answered as soon as it begins."""

    text: str = ""
    """To be spoken in the office's language; empty for a prompt."""
    prompt: str = ""
    """The prompt's name, like "own/fire"; only used without a text."""
    by: str = ""
    """Who asks, for the log."""


class AnnouncingReply(BaseReply, frozen=True, tag="announcing", kw_only=True):
    ringing: int
    """Free phones that answer by themselves, or ring for it."""
    talking: int
    """Phones in a talk, which hear it on top of that."""


class SwitchHours(BaseRequest, frozen=True, tag="switch hours", kw_only=True):
    """Turn the day/night switch of a schedule; answered with the hours as they are then."""

    mode: Literal["auto", "day", "night"]
    until: str = ""
    """When it goes back to auto, like 2026-12-01T18:00 by the office's clock; empty for never."""
    schedule: str = "main"
    by: str = ""
    """Who asks, for the history of the settings."""
