"""Asking for figures over the control socket: values, the calls behind them, the month as a file."""

from __future__ import annotations

import asyncio
import io
import os
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from firmware.app.api.reports import Desk
from firmware.app.report_words import Office
from firmware.app.reports import ReportWorker
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
from firmware.core.errors import UserError
from firmware.reports.catalogue import FIGURES
from firmware.reports.figure import Dataset
from firmware.reports.source import load
from firmware.settings.reports import ReportSettings
from firmware.store.reader import JourneyReader
from firmware.store.records import SqliteJourneyStore
from tests.reports.office import DAY_MS, MONDAY_MS, random_office, random_shifts
from tests.store.sample import BenchClock

OFFICE = Office(
    "一号总机", ReportSettings(zone="Asia/Shanghai", answer_within_s=30, agents_planned=3, full_time=9)
)
SINCE_MS, UNTIL_MS = MONDAY_MS, MONDAY_MS + 10 * DAY_MS
NOW_MS = MONDAY_MS + 40 * DAY_MS


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("asking") / "records.sqlite"
    store = SqliteJourneyStore(path, BenchClock())
    store.start()

    async def fill() -> None:
        await asyncio.gather(*(store.close(journey) for journey in random_office(5, 600, 20)))
        for span in random_shifts(5, 20):
            await store.note_agent_time(span)

    asyncio.run(fill())
    yield path
    store.stop()


@pytest.fixture
def desk(records: Path) -> Desk:
    return Desk(records)


def values(desk: Desk, request: GetValues) -> ValuesReply:
    reply = desk.answer(OFFICE, request, NOW_MS)
    assert isinstance(reply, ValuesReply)
    return reply


def test_every_figure_tells_its_formula_with_the_offices_own_limits(desk: Desk) -> None:
    reply = desk.answer(OFFICE, GetFigures(), NOW_MS)
    assert isinstance(reply, FiguresReply)
    assert len(reply.figures) == len(FIGURES)
    level = next(one for one in reply.figures if one.key == "service_level")
    assert "T = 30 s" in level.formula.en
    assert "T = 30 秒" in level.formula.zh
    assert level.target == 0.98
    assert all("{" not in one.formula.en + one.formula.zh for one in reply.figures)


def test_the_calls_behind_a_figure_are_as_many_as_it_counts(desk: Desk) -> None:
    asked = GetValues(since_ms=SINCE_MS, until_ms=UNTIL_MS, variants=True)
    (row,) = values(desk, asked).rows
    assert {value.figure for value in row.values} == {one.key for one in FIGURES}
    for value in row.values:
        reply = desk.answer(
            OFFICE,
            GetFigureCalls(
                since_ms=SINCE_MS, until_ms=UNTIL_MS, figure=value.figure, variant=value.variant, limit=500
            ),
            NOW_MS,
        )
        assert isinstance(reply, FigureCallsReply)
        assert (reply.total, len(reply.calls)) == (value.calls, min(500, value.calls)), value.figure


def test_a_question_put_again_costs_nothing_until_a_call_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    store.start()
    first, *others = random_office(5, 60, 3)
    asyncio.run(store.close(first))
    loaded: list[int] = []

    def counted(reader: JourneyReader, since_ms: int, *rest: Any) -> Dataset:
        loaded.append(since_ms)
        return load(reader, since_ms, *rest)

    monkeypatch.setattr("firmware.app.api.reports.load", counted)
    desk = Desk(tmp_path / "records.sqlite")
    until_ms = NOW_MS + DAY_MS
    asked = GetValues(since_ms=SINCE_MS, until_ms=until_ms, figures=("calls_in",))

    def told(now_ms: int) -> ValuesReply:
        reply = desk.answer(OFFICE, asked, now_ms)
        assert isinstance(reply, ValuesReply)
        return reply

    began = told(NOW_MS)
    assert told(NOW_MS + 59_000) is began, "the very answer, for a minute"
    assert told(NOW_MS + 60_000).now_ms == NOW_MS + 60_000
    assert len(loaded) == 1, "the period is not over, and nothing has ended in it"

    for journey in others:
        asyncio.run(store.close(journey))
    assert told(NOW_MS + 61_000).rows != began.rows, "a call that has ended is counted at once"
    assert len(loaded) == 2
    store.stop()


def test_an_agents_figure_leads_to_the_agents_calls(desk: Desk) -> None:
    rows = values(
        desk, GetValues(since_ms=SINCE_MS, until_ms=UNTIL_MS, figures=("calls_answered",), by="agent")
    )
    anna = next(row for row in rows.rows if row.group == "101")
    request = GetFigureCalls(
        since_ms=SINCE_MS, until_ms=UNTIL_MS, figure="calls_answered", by="agent", group="101", limit=500
    )
    reply = desk.answer(OFFICE, request, NOW_MS)
    assert isinstance(reply, FigureCallsReply)
    assert len(reply.calls) == anna.values[0].value
    assert all("101" in call.people for call in reply.calls)


def test_attendance_comes_from_shifts_and_plan(desk: Desk) -> None:
    (row,) = values(desk, GetValues(since_ms=SINCE_MS, until_ms=UNTIL_MS, figures=("attendance",))).rows
    assert 0.5 < (row.values[0].value or 0) <= 1
    assert row.values[0].denominator == 30


def test_lines_and_seats_are_measured_by_the_busiest_hour(desk: Desk) -> None:
    reply = desk.answer(OFFICE, GetSizing(since_ms=SINCE_MS, until_ms=UNTIL_MS), NOW_MS)
    assert isinstance(reply, SizingReply)
    assert [line.value is not None for line in reply.lines] == [True, True]


@pytest.mark.parametrize(
    "request_",
    [
        GetValues(since_ms=SINCE_MS, until_ms=UNTIL_MS, figures=("nonsense",)),
        GetValues(since_ms=UNTIL_MS, until_ms=SINCE_MS),
        GetValues(since_ms=0, until_ms=UNTIL_MS),
        GetFigureCalls(since_ms=SINCE_MS, until_ms=UNTIL_MS, figure="asa", variant="nonsense"),
        GetFigureCalls(since_ms=SINCE_MS, until_ms=UNTIL_MS, figure="asa", by="agent", group="999"),
    ],
)
def test_nonsense_is_refused_in_words(desk: Desk, request_: GetValues | GetFigureCalls) -> None:
    with pytest.raises(UserError):
        desk.answer(OFFICE, request_, NOW_MS)


@pytest.fixture
async def worker(records: Path, tmp_path: Path) -> AsyncIterator[ReportWorker]:
    worker = ReportWorker(records, tmp_path)
    yield worker
    await worker.close()


async def month(worker: ReportWorker, request: GetMonthReport) -> bytes:
    descriptor = await worker.month(OFFICE, request, NOW_MS)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


async def test_the_month_is_printed_in_chinese(worker: ReportWorker, tmp_path: Path) -> None:
    pdf = await month(worker, GetMonthReport(year=2026, month=11, format="pdf"))
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert "一号总机" in text
    assert "服务水平" in text
    assert not list(tmp_path.iterdir()), "nothing is left behind"


async def test_the_worker_answers_one_after_the_other(worker: ReportWorker) -> None:
    book = await month(worker, GetMonthReport(year=2026, month=11, format="xlsx", language="en"))
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(book)).namelist()
    asked = GetValues(since_ms=SINCE_MS, until_ms=UNTIL_MS, figures=("calls_in",), by="day")
    replies = await asyncio.gather(*(worker.ask(OFFICE, asked, NOW_MS) for _ in range(3)))
    assert all(isinstance(reply, ValuesReply) and len(reply.rows) == 10 for reply in replies)
    with pytest.raises(UserError, match="is no month"):
        await month(worker, GetMonthReport(year=2026, month=13))


async def test_a_worker_that_died_is_replaced(worker: ReportWorker) -> None:
    asked = GetValues(since_ms=SINCE_MS, until_ms=UNTIL_MS, figures=("calls_in",))
    await worker.ask(OFFICE, asked, NOW_MS)
    process = worker._process
    assert process is not None
    process.kill()
    await process.wait()
    assert isinstance(await worker.ask(OFFICE, asked, NOW_MS), ValuesReply)
