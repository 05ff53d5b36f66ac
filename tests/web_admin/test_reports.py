"""Figures on a page: each with its formula, and its calls one click away."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from firmware.control.reports import GetFigureCalls, GetMonthReport, GetValues
from tests.control.switch import FIRST_ID
from tests.web_admin.rig import Visitor
from web_admin.pages.reports import Period, number

NOW = datetime.datetime(2026, 3, 18, 15, 30).astimezone()


class Asked:
    """A request as far as a period reads it."""

    def __init__(self, query: str) -> None:
        self.query_params = dict(part.split("=") for part in query.split("&") if part)


def period(query: str) -> Any:
    return Period.of(Asked(query), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "since", "until"),
    [
        ("", "2026-03-01", "2026-03-19"),
        ("period=today", "2026-03-18", "2026-03-19"),
        ("period=yesterday", "2026-03-17", "2026-03-18"),
        ("period=week", "2026-03-16", "2026-03-19"),
        ("period=last-month", "2026-02-01", "2026-03-01"),
        ("since=2026-01-05&until=2026-01-06", "2026-01-05", "2026-01-07"),
        ("since=2026-01-05&until=1999-01-01", "2026-01-05", "2026-01-06"),
        ("since=2020-01-01&until=2026-01-01", "2020-01-01", "2021-02-05"),
        ("since=nonsense", "2026-03-01", "2026-03-19"),
    ],
)
def test_a_period_is_whole_local_days(query: str, since: str, until: str) -> None:
    found = period(query)
    assert (f"{found.since:%Y-%m-%d}", f"{found.until:%Y-%m-%d}") == (since, until)
    assert f"{found.since:%H:%M} {found.until:%H:%M}" == "00:00 00:00"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "share", "–"),
        (0.754, "share", "75.4 %"),
        (12.34, "seconds", "12.3 s"),
        (75.0, "seconds", "1:15"),
        (12345.0, "count", "12\u202f345"),
        (float("nan"), "count", "–"),
    ],
)
def test_a_figure_reads_as_people_write_it(value: float | None, unit: str, shown: str) -> None:
    assert number(value, unit) == shown


async def test_each_figure_shows_its_formula_and_leads_to_its_calls(admin: Visitor) -> None:
    page = (await admin.opens("/reports?period=today")).text
    assert "Answered within 20 s / offered." in page
    assert re.search(
        r'href="/reports/calls\?period=today&(amp;)?figure=service_level"[^>]*>75\.0 %</a>', page
    )
    calls = await admin.opens("/reports/calls?period=today&figure=service_level&of=1")
    assert FIRST_ID in calls.text
    asked = admin.office.asked[-1]
    assert isinstance(asked, GetFigureCalls)
    assert (asked.figure, asked.of) == ("service_level", True)


async def test_a_chart_asks_for_what_it_draws(admin: Visitor) -> None:
    reply = (await admin.opens("/reports/values?by=day&figures=calls_in,nonsense")).json()
    assert reply["groups"] == ["2026-11-20", "2026-11-21"]
    assert [one["key"] for one in reply["figures"]] == ["calls_in"]
    asked = admin.office.asked[-1]
    assert isinstance(asked, GetValues)
    assert (asked.by, tuple(asked.figures)) == ("day", ("calls_in",))
    assert (await admin.opens("/reports/values?by=shoe-size")).status_code == 404


async def test_the_month_comes_as_a_file(admin: Visitor) -> None:
    answer = await admin.opens("/reports/month/2026/2/pdf")
    assert answer.content == b"a report"
    assert "report-2026-02.pdf" in answer.headers["content-disposition"]
    asked = admin.office.asked[-1]
    assert isinstance(asked, GetMonthReport)
    for path in ("2026/13/pdf", "2026/2/exe", "99999/2/pdf"):
        assert (await admin.opens(f"/reports/month/{path}")).status_code == 404
