"""What the switch and its report worker say to each other: a line of JSON each way."""

from __future__ import annotations

import datetime
import zoneinfo

import msgspec

from firmware.control.reports import (
    FigureCallsReply,
    FiguresReply,
    GetFigureCalls,
    GetFigures,
    GetMonthReport,
    GetSizing,
    GetValues,
    SizingReply,
    ValuesReply,
)
from firmware.settings.reports import ReportSettings

Asked = GetFigures | GetValues | GetFigureCalls | GetSizing | GetMonthReport
Answered = FiguresReply | ValuesReply | FigureCallsReply | SizingReply


class Office(msgspec.Struct, frozen=True):
    """Whose figures they are, and how they are counted."""

    name: str
    counting: ReportSettings = ReportSettings()

    def zone(self) -> datetime.tzinfo:
        """Return the zone that hours and days are of."""
        if self.counting.zone:
            return zoneinfo.ZoneInfo(self.counting.zone)
        return datetime.datetime.now().astimezone().tzinfo or datetime.UTC


class Question(msgspec.Struct, frozen=True):
    office: Office
    request: Asked
    now_ms: int
    file: str = ""
    """Where a file is to be written."""


class Answer(msgspec.Struct, frozen=True):
    reply: Answered | None = None
    refused: str = ""
    """Words for whoever asked."""
    failed: str = ""
    """Words for the log."""
