"""Figures over the control socket: what they are, what they come to, the calls behind, the month's report.

GetFigures ─► every figure with its formula, unit, target, variants
GetValues ──► their values for a period, in all or for each hour, day, agent …
GetFigureCalls ─► the calls that one value was counted from
GetMonthReport ─► the management report as a file: HTML, PDF, XLSX or JSON
"""

from __future__ import annotations

from typing import Literal

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.control.search import CallRow

MAX_ROWS = 400
"""Most groups of one reply: a year's days and some."""

MAX_BEHIND = 500
"""Most calls of one page behind a figure."""

Format = Literal["html", "pdf", "xlsx", "json"]
By = Literal["", "hour", "day", "agent", "group", "line", "did", "caller", "source"]
"""What values are grouped by; empty for all in one."""


class Words(msgspec.Struct, frozen=True):
    """The same in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """Return the words in `language`: "zh…" or anything else for English."""
        return self.zh if language.startswith("zh") else self.en


class VariantInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The same figure as others count it."""

    key: str
    name: Words
    formula: Words


class FigureInfo(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    name: Words
    formula: Words
    """With the office's own limits filled in."""
    unit: str
    """share (0 to 1), seconds, count, per hour, points or erlang."""
    target: float | None = None
    """What world-class offices reach."""
    at_least: bool = True
    """Whether more is better."""
    variants: tuple[VariantInfo, ...] = ()


class Value(msgspec.Struct, frozen=True, kw_only=True):
    figure: str
    variant: str = ""
    value: float | None
    """None where there is nothing to divide by."""
    numerator: float
    denominator: float
    calls: int
    """How many calls make up the numerator."""
    of: int
    """How many make up the denominator."""
    met: bool | None = None
    """Whether the target is reached; None without target or value."""
    note: Words | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    group: str
    """Such as "09", "2026-11-21", "101"; empty for all."""
    values: list[Value]


class GetFigures(BaseRequest, frozen=True, tag="figures"):
    """Every figure there is, in the order of the report."""


class FiguresReply(BaseReply, frozen=True, tag="figures", kw_only=True):
    figures: list[FigureInfo]


class GetValues(BaseRequest, frozen=True, tag="values", kw_only=True):
    since_ms: int
    """Begin of the period, ms since 1970 UTC."""
    until_ms: int
    """Its end, not included."""
    figures: tuple[str, ...] = ()
    """Keys; none of them means all."""
    by: By = ""
    variants: bool = False
    """Whether the variants are wanted, too."""


class ValuesReply(BaseReply, frozen=True, tag="values", kw_only=True):
    rows: list[Row]
    more: int = 0
    """Groups beyond `MAX_ROWS`."""
    now_ms: int
    """Until when calls are known."""


class GetFigureCalls(BaseRequest, frozen=True, tag="figure calls", kw_only=True):
    since_ms: int
    until_ms: int
    figure: str
    variant: str = ""
    by: By = ""
    group: str = ""
    of: bool = False
    """Whether those of the denominator are wanted instead of the numerator's."""
    limit: int = 100
    skip: int = 0


class FigureCallsReply(BaseReply, frozen=True, tag="figure calls", kw_only=True):
    calls: list[CallRow]
    total: int


class GetSizing(BaseRequest, frozen=True, tag="sizing", kw_only=True):
    """How many lines and people the busiest hour of a period asks for."""

    since_ms: int
    until_ms: int


class SizingLine(msgspec.Struct, frozen=True, kw_only=True):
    name: Words
    formula: Words
    value: float | None


class SizingReply(BaseReply, frozen=True, tag="sizing", kw_only=True):
    lines: list[SizingLine]


class GetMonthReport(BaseRequest, frozen=True, tag="month report", kw_only=True):
    year: int
    month: int
    language: Literal["zh-CN", "en"] = "zh-CN"
    format: Format = "html"


class MonthReportReply(BaseReply, frozen=True, tag="month report", kw_only=True):
    """Comes with the file's descriptor."""

    name: str
    """To save it under."""
    media_type: str
    size: int


class MailMonthReport(BaseRequest, frozen=True, tag="mail month report", kw_only=True):
    """Mail it now to those the settings name."""

    year: int
    month: int


class MailedReply(BaseReply, frozen=True, tag="mailed", kw_only=True):
    to: list[str]
