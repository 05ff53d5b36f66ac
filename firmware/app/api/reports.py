"""Answers to questions about figures, from a records file: pure work, run in the report worker.

A dataset of a period takes most of the time, so the last ones are kept until another call has ended: whoever
looks at a figure wants to see the calls behind it next. So are answers, for a minute.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from firmware.app.api.search import row_of
from firmware.app.report_words import Answered, Office
from firmware.control.base import BaseRequest
from firmware.control.reports import (
    MAX_BEHIND,
    MAX_ROWS,
    FigureCallsReply,
    FigureInfo,
    FiguresReply,
    GetFigureCalls,
    GetFigures,
    GetMonthReport,
    GetSizing,
    GetValues,
    Row,
    SizingLine,
    SizingReply,
    Value,
    ValuesReply,
    VariantInfo,
    Words,
)
from firmware.core.errors import UserError
from firmware.core.records import AgentState
from firmware.reports import html, monthly, pdf, xlsx
from firmware.reports.catalogue import FIGURES, figure
from firmware.reports.figure import Dataset, Figure, Options, Result, Staff, Text, Variant
from firmware.reports.grouping import Dimension, grouped
from firmware.reports.source import load
from firmware.settings.reports import ReportSettings
from firmware.store.reader import JourneyReader
from firmware.store.search import CallSearch

_Kept = TypeVar("_Kept")

LONGEST_MS = 400 * 86_400_000
"""Longest period of one question: a year and some days, 100,000 calls of a busy office."""


_DATASETS = 2
"""Periods kept: this month and what it is compared with. A busy month are some 15 MB."""

_ANSWERS = 32
"""Answers kept: what a page of figures and its charts ask for, in some periods."""

_FRESH_MS = 60_000
"""How old an answer may be while no call has ended: "so many minutes ago" is all that time alone changes."""


def options_of(counting: ReportSettings) -> Options:
    """Return what the office counts differently."""
    return Options(
        threshold_s=counting.answer_within_s,
        short_abandon_s=counting.short_abandon_s,
        fcr_days=counting.repeat_days,
        follow_up_hours=counting.follow_up_hours,
        lines=counting.lines,
    )


class Desk:
    """Answers questions about the records at `path`. Blocking."""

    def __init__(self, path: Path) -> None:
        self._reader = JourneyReader(path)
        self._search = CallSearch(self._reader)
        self._datasets: collections.OrderedDict[object, Dataset] = collections.OrderedDict()
        self._given: collections.OrderedDict[object, tuple[int, Answered]] = collections.OrderedDict()
        self._answers: dict[type[BaseRequest], Callable[[Office, Any, int], Answered]] = {
            GetFigures: self._figures,
            GetValues: self._values,
            GetFigureCalls: self._calls,
            GetSizing: self._sizing,
        }

    def answer(self, office: Office, request: BaseRequest, now_ms: int) -> Answered:
        """Return the answer to one of the questions of `firmware.control.reports`.

        Raises:
            UserError: There is no such figure, period or group.
            DeviceError: The records can't be read.
        """
        key = (office, msgspec.structs.replace(request, id=0), self._reader.newest())
        kept = self._given.get(key)
        if kept is None or not 0 <= now_ms - kept[0] < _FRESH_MS:
            kept = (now_ms, self._answers[type(request)](office, request, now_ms))
            _keep(self._given, key, kept, _ANSWERS)
        return kept[1]

    def month(self, office: Office, request: GetMonthReport, now_ms: int) -> bytes:
        """Return the month's report as a file.

        Raises:
            As `answer`.
        """
        since_ms, until_ms = monthly.month_bounds(request.year, request.month, office.zone())
        data = self._data(office, since_ms, until_ms, now_ms)
        report = monthly.build(data, office.name, office.counting.customers)
        match request.format:
            case "xlsx":
                return xlsx.workbook(report, request.language)
            case "pdf":
                return pdf.printed(html.page(report, request.language))
            case "json":
                row = _row("", data, list(FIGURES), variants=True)
                return msgspec.json.format(msgspec.json.encode(row))
            case _:
                return html.page(report, request.language).encode()

    def _figures(self, office: Office, _: GetFigures, __: int) -> Answered:
        return FiguresReply(figures=[_info(one, options_of(office.counting)) for one in FIGURES])

    def _values(self, office: Office, request: GetValues, now_ms: int) -> Answered:
        figures = [figure(key) for key in request.figures] or list(FIGURES)
        data = self._data(office, request.since_ms, request.until_ms, now_ms)
        groups = {"": data} if not request.by else grouped(data, Dimension(request.by))
        shown = list(groups.items())
        if request.by in ("caller", "source", "did"):
            shown.sort(key=lambda item: (-len(item[1].calls), item[0]))
        rows = [_row(key, part, figures, variants=request.variants) for key, part in shown[:MAX_ROWS]]
        return ValuesReply(rows=rows, more=max(0, len(shown) - MAX_ROWS), now_ms=now_ms)

    def _calls(self, office: Office, request: GetFigureCalls, now_ms: int) -> Answered:
        one = figure(request.figure)
        compute = one.compute
        if request.variant:
            named = {variant.key: variant.compute for variant in one.variants}
            if request.variant not in named:
                raise UserError(f"The figure {one.key} has no variant {request.variant}.")
            compute = named[request.variant]
        data = self._data(office, request.since_ms, request.until_ms, now_ms)
        if request.by:
            parts = grouped(data, Dimension(request.by))
            if request.group not in parts:
                raise UserError(f"There is no {request.by} {request.group} in that period.")
            data = parts[request.group]
        result = compute(data)
        ids = result.of if request.of else result.calls
        page = ids[request.skip :][: max(1, min(request.limit, MAX_BEHIND))] if request.skip >= 0 else ()
        return FigureCallsReply(calls=[row_of(call) for call in self._search.by_ids(page)], total=len(ids))

    def _sizing(self, office: Office, request: GetSizing, now_ms: int) -> Answered:
        data = self._data(office, request.since_ms, request.until_ms, now_ms)
        lines = monthly.sizing(data, office.counting.customers)
        return SizingReply(
            lines=[
                SizingLine(name=_words(one.name), formula=_words(one.formula), value=one.value)
                for one in lines
            ]
        )

    def _data(self, office: Office, since_ms: int, until_ms: int, now_ms: int) -> Dataset:
        if not 0 < until_ms - since_ms <= LONGEST_MS:
            raise UserError("That period is empty or longer than 400 days; choose another.")
        options, zone = options_of(office.counting), office.zone()
        key = (since_ms, until_ms, office, self._reader.newest())
        data = self._datasets.get(key)
        if data is None:
            data = load(self._reader, since_ms, until_ms, now_ms, options, zone)
            data = dataclasses.replace(data, staff=_staff(office.counting, data, zone))
            _keep(self._datasets, key, data, _DATASETS)
        return dataclasses.replace(data, now_ms=now_ms)


def _keep(kept: collections.OrderedDict[object, _Kept], key: object, value: _Kept, most: int) -> None:
    """Keep a value, and of the others only the newest."""
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)


def _staff(counting: ReportSettings, data: Dataset, zone: datetime.tzinfo) -> Staff:
    """Return who was there: each agent counts once a day; planned are so many on each day anybody came."""
    present = {
        (span.agent, datetime.datetime.fromtimestamp(span.started.wall_ms / 1000, zone).date())
        for span in data.spans
        if span.state is not AgentState.BREAK
    }
    days = len({day for _, day in present})
    return Staff(
        planned=days * counting.agents_planned if counting.agents_planned else 0,
        present=len(present),
        leavers=counting.leavers if counting.full_time else 0,
        full_time=counting.full_time or 0,
    )


def _words(text: Text) -> Words:
    return Words(text.en, text.zh)


def _info(one: Figure, options: Options) -> FigureInfo:
    return FigureInfo(
        key=one.key,
        name=_words(one.name),
        formula=_words(one.formula.filled(options)),
        unit=one.unit.value,
        target=None if one.target is None else one.target.limit,
        at_least=one.target is None or one.target.at_least,
        variants=tuple(
            VariantInfo(
                key=variant.key, name=_words(variant.name), formula=_words(variant.formula.filled(options))
            )
            for variant in one.variants
        ),
    )


def _row(group: str, data: Dataset, figures: list[Figure], *, variants: bool) -> Row:
    values = []
    for one in figures:
        values.append(_value(one, None, one.compute(data)))
        if variants:
            values += [_value(one, variant, variant.compute(data)) for variant in one.variants]
    return Row(group=group, values=values)


def _value(one: Figure, variant: Variant | None, result: Result) -> Value:
    met = None
    if one.target is not None and variant is None and result.value is not None:
        met = one.target.met(result.value)
    return Value(
        figure=one.key,
        variant="" if variant is None else variant.key,
        value=result.value,
        numerator=result.numerator,
        denominator=result.denominator,
        calls=len(result.calls),
        of=len(result.of),
        met=met,
        note=None if result.note is None else _words(result.note),
    )
