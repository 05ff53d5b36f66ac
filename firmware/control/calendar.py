"""A month of the office's hours, day by day, for a calendar on a page.

{"do":"month of hours","id":1,"schedule":"main","year":2026,"month":10}
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.control.base import BaseReply, BaseRequest


class GetMonth(BaseRequest, frozen=True, tag="month of hours", kw_only=True):
    schedule: Annotated[str, msgspec.Meta(max_length=60)]
    year: Annotated[int, msgspec.Meta(ge=2000, le=2100)]
    month: Annotated[int, msgspec.Meta(ge=1, le=12)]


class DayNow(msgspec.Struct, frozen=True, kw_only=True):
    day: str
    """As "2026-10-01"."""
    spans: list[str]
    """When it is open: "09:00–18:00"; empty when it is closed."""
    why: str
    """Which rule decides: "opening hours", "holiday", "moved working day", "working day", "day off"."""
    zh: str = ""
    en: str = ""
    """The holiday's name, or what a day was set for."""


class MonthReply(BaseReply, frozen=True, tag="month of hours", kw_only=True):
    days: list[DayNow]
    warning_zh: str = ""
    warning_en: str = ""
    """What isn't known of this year's holidays; empty when they are complete."""
