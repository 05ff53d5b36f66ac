"""The monthly management report as data: headline figures, distributions, tables, lines and seats.

records ─► Dataset ─► month_report ─► Report ─┬─► html.py (to print)
                                              └─► xlsx.py (to calculate on)
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import math

from firmware.core.errors import UserError
from firmware.reports import erlang, outbound
from firmware.reports.catalogue import FIGURES, figure
from firmware.reports.facts import Fate
from firmware.reports.figure import Dataset, Figure, Options, Result, Text, Unit, Variant
from firmware.reports.grouping import Dimension, grouped
from firmware.reports.resources import busiest_hour

_MOST_ROWS = 200
"""Rows of a table by caller or source; the rest is in the records."""

_BY_TIME = ("calls_in", "calls_answered", "connect_rate", "asa", "service_level", "lost")
_BY_AGENT = (
    "calls_answered",
    "connect_rate",
    "aht",
    "att",
    "wrap_up",
    "occupancy",
    "calls_per_hour",
    "work_rate",
    "fcr",
    "csat",
)
_OUT_BY_DAY = ("calls_out", "work_rate", "introduced", "sold")
_BY_WAY = ("calls_in", "calls_answered", "connect_rate", "asa", "service_level", "lost", "fcr", "csat")

_SECTIONS: tuple[tuple[Dimension, Text, tuple[str, ...]], ...] = (
    (Dimension.HOUR, Text("By hour of the day", "按时段"), _BY_TIME),
    (Dimension.DAY, Text("By day", "按日"), _BY_TIME),
    (Dimension.DAY, Text("Calls out by day", "外呼日报"), _OUT_BY_DAY),
    (Dimension.AGENT, Text("By agent", "按坐席"), _BY_AGENT),
    (Dimension.AGENT, Text("Calls out by agent", "外呼按坐席"), _OUT_BY_DAY),
    (Dimension.GROUP, Text("By group", "按组"), _BY_WAY),
    (Dimension.LINE, Text("By line", "按线路"), _BY_WAY),
    (Dimension.DID, Text("By number dialled", "按被叫号码"), _BY_WAY),
    (Dimension.SOURCE, Text("By source of the callers", "按来电渠道"), _BY_WAY),
    (Dimension.CALLER, Text("Most frequent callers", "高频来电号码"), ("calls_in", "calls_answered", "lost")),
)


@dataclasses.dataclass(frozen=True)
class Line:
    """One figure of the report."""

    figure: Figure
    result: Result
    variants: tuple[tuple[Variant, Result], ...]

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without target or value."""
        if self.figure.target is None or self.result.value is None:
            return None
        return self.figure.target.met(self.result.value)


@dataclasses.dataclass(frozen=True)
class Table:
    title: Text
    figures: tuple[Figure, ...]
    rows: tuple[tuple[str, tuple[Result, ...]], ...]
    """Key of the group and a result for each figure."""


@dataclasses.dataclass(frozen=True)
class Tally:
    """How often something occurred."""

    title: Text
    rows: tuple[tuple[Text, int], ...]


@dataclasses.dataclass(frozen=True)
class Sizing:
    """How many lines and people the busiest hour asks for."""

    name: Text
    formula: Text
    value: float | None


@dataclasses.dataclass(frozen=True)
class Report:
    office: str
    title: Text
    since: datetime.datetime
    until: datetime.datetime
    lines: tuple[Line, ...]
    tables: tuple[Table, ...]
    tallies: tuple[Tally, ...]
    sizing: tuple[Sizing, ...]
    options: Options


def month_bounds(year: int, month: int, zone: datetime.tzinfo) -> tuple[int, int]:
    """Return the first moment of a month and that of the next, in ms since 1970 UTC.

    Raises:
        UserError: There is no such month.
    """
    try:
        since = datetime.datetime(year, month, 1, tzinfo=zone)
        until = datetime.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    except ValueError as error:
        raise UserError(f"{year}-{month} is no month: {error}.") from None
    return int(since.timestamp() * 1000), int(until.timestamp() * 1000)


def build(data: Dataset, office: str, customers: int | None = None) -> Report:
    """Return the report of the dataset's period.

    Args:
        data: The month, with all later calls that are known.
        office: Its name, for the title.
        customers: People the office serves, for the practice formula of seats; None leaves that out.
    """
    return Report(
        office=office,
        title=Text("Management report", "运营管理报表"),
        since=_moment(data, data.since_ms),
        until=_moment(data, data.until_ms),
        lines=tuple(_line(data, one) for one in FIGURES),
        tables=tuple(table for section in _SECTIONS if (table := _table(data, *section)).rows),
        tallies=_tallies(data),
        sizing=sizing(data, customers),
        options=data.options,
    )


def _moment(data: Dataset, ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(ms / 1000, data.zone)


def _line(data: Dataset, one: Figure) -> Line:
    variants = tuple((variant, variant.compute(data)) for variant in one.variants)
    return Line(one, one.compute(data), variants)


def _table(data: Dataset, dimension: Dimension, title: Text, keys: tuple[str, ...]) -> Table:
    figures = tuple(figure(key) for key in keys)
    groups = list(grouped(data, dimension).items())
    if dimension in (Dimension.CALLER, Dimension.SOURCE, Dimension.DID):
        groups.sort(key=lambda item: (-len(item[1].calls), item[0]))
    if dimension is Dimension.CALLER:
        groups = [item for item in groups if len(item[1].calls) > 1]
    rows = tuple((key, tuple(one.compute(part) for one in figures)) for key, part in groups[:_MOST_ROWS])
    if not any(result.numerator or result.denominator > 1 for _, results in rows for result in results):
        # A table of nothing but noughts, such as calls out of an office that only answers.
        rows = ()
    return Table(title, figures, rows)


_FATES = {
    Fate.ANSWERED: Text("answered", "接听"),
    Fate.IVR: Text("served by the menu alone", "自助语音"),
    Fate.ABANDONED: Text("hung up while waiting", "等待中挂断"),
    Fate.MISSED: Text("nobody answered", "无人接听"),
    Fate.FAILED: Text("failed", "故障"),
}


def _tallies(data: Dataset) -> tuple[Tally, ...]:
    fates = collections.Counter(fact.fate for fact in data.inbound())
    codes = collections.Counter(code for fact in data.inbound() for code in fact.codes)
    came = collections.Counter(outbound.came_of(fact) for fact in outbound.calls_out(data))
    tags = collections.Counter(tag for fact in data.calls for tag in fact.tags)
    tallies = [
        Tally(
            Text("What became of the callers", "来电结果"),
            tuple((words, fates[fate]) for fate, words in _FATES.items()),
        ),
        Tally(Text("What they called about", "咨询类别"), _counted(codes)),
        Tally(
            Text("What came of calls out", "外呼结果"),
            tuple((words, came[one]) for one, words in outbound.WORDS.items() if came[one]),
        ),
        Tally(Text("Tags", "标签"), _counted(tags)),
    ]
    return tuple(tally for tally in tallies if tally.rows)


def _counted(counter: collections.Counter[str]) -> tuple[tuple[Text, int], ...]:
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return tuple((Text(word, word), number) for word, number in ordered)


def sizing(data: Dataset, customers: int | None) -> tuple[Sizing, ...]:
    """Return how many lines and people the busiest hour asks for; see `build`."""
    load = busiest_hour(data)
    found = [
        Sizing(
            Text("Lines for at most 1 % lost in the busiest hour", "忙时呼损不超过 1 % 所需线路"),
            Text(f"Erlang B, u = {load:.2f} erl", f"爱尔兰 B，u = {load:.2f} erl"),
            float(erlang.lines_for(load, 0.01)),
        )
    ]
    handling_s = figure("aht").compute(data).value
    offered = _busiest_hours_calls(data)
    if handling_s and offered:
        threshold_s = data.options.threshold_s
        people = erlang.traffic(offered, handling_s, 3600)
        agents = erlang.agents_for(people, handling_s, threshold_s, 0.8)
        wait_s = erlang.mean_wait(agents, people, handling_s)
        told = f"n = {offered}, d = {handling_s:.0f} s, u = {people:.2f} erl, T = {threshold_s:g} s"
        found.append(
            Sizing(
                Text("Agents for 80 % answered in time", "80 % 及时接听所需坐席"),
                Text(
                    f"Erlang C, {told}; mean wait {wait_s:.1f} s",
                    f"爱尔兰 C，{told}；平均等待 {wait_s:.1f} 秒",
                ),
                float(agents),
            )
        )
    if customers is not None:
        found.append(
            Sizing(
                Text("Seats by the practice formula", "经验公式坐席数"),
                Text(
                    "customers × 0.30 % × 18 % × 135 s ÷ (3600 s × 72 %)",
                    "客户数 × 0.30 % × 18 % × 135 秒 ÷（3600 秒 × 72 %）",
                ),
                float(math.ceil(erlang.seats(customers))),
            )
        )
    return tuple(found)


def _busiest_hours_calls(data: Dataset) -> int:
    hours = collections.Counter(f.started_ms // 3_600_000 for f in data.inbound() if f.waited_ms is not None)
    return max(hours.values(), default=0)


def shown(value: float | None, unit: Unit) -> str:
    """Return a value as people read it: "98.0 %", "0:12", "3.20"."""
    if value is None:
        return "–"
    match unit:
        case Unit.SHARE:
            return f"{value * 100:.1f} %"
        case Unit.SECONDS:
            minutes, seconds = divmod(round(value), 60)
            return f"{value:.1f} s" if value < 60 else f"{minutes}:{seconds:02}"
        case Unit.COUNT:
            return f"{value:.0f}"
        case _:
            return f"{value:.2f}"
