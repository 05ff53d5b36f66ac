"""Figures with their formulas, charts, and the calls behind every number; the month's report as a file."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get
from litestar.params import FromPath
from litestar.response import Stream

from firmware.control.reports import (
    By,
    FigureCallsReply,
    FigureInfo,
    FiguresReply,
    Format,
    GetFigureCalls,
    GetFigures,
    GetMonthReport,
    GetValues,
    MonthReportReply,
    Value,
    ValuesReply,
)
from firmware.core.errors import UserError
from web_admin import recording
from web_admin.call_query import midnight
from web_admin.rendering import AnyRequest, address_of, language_of, user_of
from web_admin.site import Site
from web_admin.words import TAGS

PERIODS = ("today", "yesterday", "week", "month", "last-month")
GROUPS: Final[tuple[By, ...]] = ("hour", "day", "agent", "group", "line", "source")
CHARTS = ("calls_in", "calls_answered", "service_level", "asa", "abandon_rate", "aht", "occupancy", "csat")
"""Figures offered first for a chart; the others follow."""

_FORMATS: Final[tuple[Format, ...]] = ("html", "pdf", "xlsx")
_PAGE = 100
_LONGEST_DAYS = 400

_Choice = TypeVar("_Choice", bound=str)


class Period(msgspec.Struct, frozen=True):
    """A stretch of local time."""

    name: str
    since: datetime.datetime
    until: datetime.datetime
    """Not included."""

    @property
    def since_ms(self) -> int:
        return int(self.since.timestamp() * 1000)

    @property
    def until_ms(self) -> int:
        return int(self.until.timestamp() * 1000)

    @classmethod
    def of(cls, request: AnyRequest, now: datetime.datetime) -> Period:
        """Read it from an address; this month where that says nothing."""
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        tomorrow = _day_after(day)
        name = request.query_params.get("period", "month")
        since, until = midnight(request.query_params.get("since", "")), None
        if since is not None:
            until = midnight(request.query_params.get("until", "")) or since
            until = min(max(since, until), since + datetime.timedelta(days=_LONGEST_DAYS))
            return cls("", since, _day_after(until))
        first = day.replace(day=1)
        match name:
            case "today":
                return cls(name, day, tomorrow)
            case "yesterday":
                return cls(name, _day_after(day, -1), day)
            case "week":
                return cls(name, _day_after(day, -day.weekday()), tomorrow)
            case "last-month":
                return cls(name, _day_after(first, -1).replace(day=1), first)
            case _:
                return cls("month", first, tomorrow)

    def encoded(self, **more: str) -> str:
        """Return it as an address's query."""
        if self.name:
            return urlencode({"period": self.name, **more})
        last = _day_after(self.until, -1)
        return urlencode({"since": f"{self.since:%Y-%m-%d}", "until": f"{last:%Y-%m-%d}", **more})


def _day_after(day: datetime.datetime, days: int = 1) -> datetime.datetime:
    """Return local midnight so many days later, across changes of the clock."""
    return (day.replace(tzinfo=None) + datetime.timedelta(days=days)).astimezone()


def number(value: float | None, unit: str) -> str:
    """Return a figure as a person reads it."""
    if value is None or math.isnan(value):
        return "–"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "seconds":
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes}:{seconds:02}" if minutes else f"{value:.1f} s"
    if unit == "count":
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.2f}"


def reports_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/reports")
    async def reports(request: Request[Any, Any, Any]) -> Response[Any]:
        now = datetime.datetime.now().astimezone()
        period = Period.of(request, now)
        async with site.box.ask() as switch:
            figures = (await switch.ask(GetFigures(), FiguresReply)).figures
            asked = GetValues(since_ms=period.since_ms, until_ms=period.until_ms, variants=True)
            values = await switch.ask(asked, ValuesReply)
        by_figure: dict[str, list[Value]] = {}
        for value in values.rows[0].values if values.rows else []:
            by_figure.setdefault(value.figure, []).append(value)
        keys = [one.key for one in figures]
        last = _day_after(now.replace(hour=0, minute=0, second=0, microsecond=0, day=1), -1)
        return site.pages.page(
            request,
            "reports.html",
            period=period,
            periods=PERIODS,
            groups=GROUPS,
            figures=figures,
            values=by_figure,
            charts=[*(key for key in CHARTS if key in keys), *(key for key in keys if key not in CHARTS)],
            by_key={one.key: one for one in figures},
            number=number,
            months=[last, now],
            variant_of=_variant,
        )

    @get("/reports/values")
    async def values(request: Request[Any, Any, Any]) -> Response[Any]:
        """A chart's numbers: groups, and a column for each figure."""
        period = Period.of(request, datetime.datetime.now().astimezone())
        by = _one_of(GROUPS, request.query_params.get("by", "day"))
        wanted = request.query_params.get("figures", "calls_in,calls_answered").split(",")[:4]
        words = language_of(request)
        async with site.box.ask() as switch:
            known = {one.key: one for one in (await switch.ask(GetFigures(), FiguresReply)).figures}
            wanted = [key for key in wanted if key in known]
            asked = GetValues(
                since_ms=period.since_ms,
                until_ms=period.until_ms,
                figures=tuple(wanted),
                by=by,
            )
            rows = (await switch.ask(asked, ValuesReply)).rows if wanted else []
        columns: dict[str, list[float | None]] = {key: [] for key in wanted}
        for row in rows:
            mine = {one.figure: one.value for one in row.values if not one.variant}
            for key in wanted:
                columns[key].append(mine.get(key))
        now = site.box.picture
        names = {one.number: one.name for one in now.people} if now else {}
        reply = {
            "groups": [names.get(row.group, row.group) if by == "agent" else row.group for row in rows],
            "figures": [
                {
                    "key": key,
                    "name": known[key].name.of(words),
                    "unit": known[key].unit,
                    "target": known[key].target,
                    "values": columns[key],
                }
                for key in wanted
            ],
        }
        return Response(msgspec.json.encode(reply), media_type="application/json")

    @get("/reports/calls")
    async def behind(request: Request[Any, Any, Any]) -> Response[Any]:
        period = Period.of(request, datetime.datetime.now().astimezone())
        figure, variant = (
            request.query_params.get("figure", "")[:60],
            request.query_params.get("variant", "")[:60],
        )
        skip = request.query_params.get("skip", "0")
        begin = int(skip) if skip.isdecimal() and len(skip) < 7 else 0
        is_of = request.query_params.get("of") == "1"
        async with site.box.ask() as switch:
            figures = (await switch.ask(GetFigures(), FiguresReply)).figures
            asked = GetFigureCalls(
                since_ms=period.since_ms,
                until_ms=period.until_ms,
                figure=figure,
                variant=variant,
                of=is_of,
                limit=_PAGE,
                skip=begin,
            )
            found = await switch.ask(asked, FigureCallsReply)
        info = next((one for one in figures if one.key == figure), None)
        now = site.box.picture
        more = {"figure": figure, "variant": variant, "of": "1" if is_of else "", "skip": str(begin + _PAGE)}
        return site.pages.page(
            request,
            "report_calls.html",
            info=info,
            variant=_variant(info, variant),
            calls=found.calls,
            total=found.total,
            period=period,
            is_of=is_of,
            more=period.encoded(**more) if begin + _PAGE < found.total else "",
            names={one.number: one.name for one in now.people} if now else {},
        )

    @get("/reports/month/{year:int}/{month:int}/{form:str}")
    async def month(
        request: Request[Any, Any, Any], year: FromPath[int], month: FromPath[int], form: FromPath[str]
    ) -> Response[Any]:
        if not (1 <= month <= 12 and 2000 <= year <= 9998):
            raise UserError("There is no such report.")
        asked = GetMonthReport(
            year=year,
            month=month,
            language=TAGS[language_of(request)],
            format=_one_of(_FORMATS, form),
        )
        opened = await site.box.file(asked, MonthReportReply)
        site.audit.note(user_of(request), address_of(request), "report-saved", opened.reply.name)
        return Stream(
            recording.chunks(opened.descriptor, 0, opened.reply.size - 1),
            media_type=opened.reply.media_type,
            headers={
                "content-disposition": f'attachment; filename="{opened.reply.name}"',
                "content-length": str(opened.reply.size),
            },
        )

    return Router("/", route_handlers=[reports, values, behind, month])


def _one_of(choices: Sequence[_Choice], asked: str) -> _Choice:
    found = next((one for one in choices if one == asked), None)
    if found is None:
        raise UserError(f"There is no {asked[:20]}; choose one of {', '.join(choices)}.")
    return found


def _variant(info: FigureInfo | None, key: str) -> Any:
    return next((one for one in info.variants if one.key == key), None) if info else None
