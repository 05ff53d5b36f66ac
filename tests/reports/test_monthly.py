"""The management report: printed and calculated on, in both languages."""

from __future__ import annotations

import asyncio
import datetime
import html.parser
import io
import xml.etree.ElementTree
import zipfile
from pathlib import Path

import pytest

from firmware.core.errors import UserError
from firmware.reports import html as printed
from firmware.reports import monthly, xlsx
from firmware.reports.figure import Unit
from firmware.reports.source import load
from firmware.store.records import SqliteJourneyStore
from tests.reports.office import MONDAY_MS, SHANGHAI, at, call, random_office, shift
from tests.store.sample import BenchClock

NASTY = '=1+1<script>alert("x")</script>'


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> monthly.Report:
    store = SqliteJourneyStore(tmp_path_factory.mktemp("reports") / "records.sqlite", BenchClock())
    store.start()

    async def fill() -> None:
        journeys = random_office(3, 150, 20)
        journeys.append(call("NASTY", at(1, 9), NASTY, talk=20, tags=(NASTY,), queue=NASTY))
        journeys.append(call("NASTY2", at(1, 9), NASTY, talk=20))
        await asyncio.gather(*(store.close(journey) for journey in journeys))
        await store.note_agent_time(shift("101", at(0, 8), 9))
        await store.note_agent_time(shift("101", MONDAY_MS - 2 * 86_400_000, 8))

    asyncio.run(fill())
    since, until = monthly.month_bounds(2026, 11, SHANGHAI)
    data = load(store.reader, since, until, until, zone=SHANGHAI)
    store.stop()
    return monthly.build(data, "一号总机 & Co", customers=100_000)


class Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attributes if name == "id" and value]
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "服务水平"), ("en", "Service level")])
def test_the_page_shows_every_figure_with_its_formula(
    report: monthly.Report, language: str, words: str
) -> None:
    text = printed.page(report, language)
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.ids == [line.figure.key for line in report.lines]
    assert words in text
    assert "一号总机 &amp; Co" in text
    assert "÷" in text
    assert "2026-11-01" in text
    assert "script" not in page.tags, "a caller's name is never markup"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_workbook_holds_numbers_and_no_formula_of_a_caller(report: monthly.Report, language: str) -> None:
    book = zipfile.ZipFile(io.BytesIO(xlsx.workbook(report, language)))
    sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 1 + len(report.tables)
    contents = [xml.etree.ElementTree.fromstring(book.read(name)) for name in sheets]  # noqa: S314 - our own file
    spreadsheet = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert all(not list(sheet.iter(f"{spreadsheet}f")) for sheet in contents)
    assert all(len(list(sheet.iter(f"{spreadsheet}v"))) > 3 for sheet in contents)


def test_a_target_stands_beside_its_figure(report: monthly.Report) -> None:
    lines = {line.figure.key: line for line in report.lines}
    level = lines["service_level"]
    assert level.result.value is not None
    assert level.met == (level.result.value >= 0.98)
    assert lines["att"].met is None


def test_lines_and_seats_are_worked_out(report: monthly.Report) -> None:
    values = {one.name.en: one.value for one in report.sizing}
    assert values["Seats by the practice formula"] == 3
    assert len(values) == 3


def test_agents_time_of_last_month_is_not_in_it(report: monthly.Report) -> None:
    (agents,) = (table for table in report.tables if table.title.en == "By agent")
    calls_per_hour = [one.key for one in agents.figures].index("calls_per_hour")
    row = dict(agents.rows)["101"]
    assert row[calls_per_hour].denominator == 9


def test_months_end_where_the_next_begins() -> None:
    since, until = monthly.month_bounds(2026, 12, SHANGHAI)
    assert until - since == 31 * 86_400_000
    assert datetime.datetime.fromtimestamp(until / 1000, SHANGHAI) == datetime.datetime(
        2027, 1, 1, tzinfo=SHANGHAI
    )
    with pytest.raises(UserError, match="no month"):
        monthly.month_bounds(2026, 13, SHANGHAI)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.SHARE, "–"),
        (0.9804, Unit.SHARE, "98.0 %"),
        (12.34, Unit.SECONDS, "12.3 s"),
        (95.0, Unit.SECONDS, "1:35"),
        (7.0, Unit.COUNT, "7"),
        (1.234, Unit.ERLANG, "1.23"),
    ],
)
def test_values_as_people_read_them(value: float | None, unit: Unit, text: str) -> None:
    assert monthly.shown(value, unit) == text


def test_no_template_fetches_anything_from_elsewhere() -> None:
    folder = Path(monthly.__file__).parent / "templates"
    assert not any("http" in file.read_text("utf-8") for file in folder.iterdir())
