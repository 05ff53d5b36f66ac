"""The opening hours on a calendar: what each day is, and a day made different."""

from __future__ import annotations

import datetime
import re

import pytest

from tests.web_admin.rig import Visitor

OCTOBER = "/calendar?month=2026-10"


def _day(page: str, date: str) -> str:
    """Return the cell of a day, as class and text."""
    found = re.search(
        rf'<td class="([^"]+)"><a href="[^"]*day={date}#day"[^>]*>(.*?)</a></td>', page, re.DOTALL
    )
    assert found, date
    return f"{found[1]} {' '.join(re.sub('<[^>]+>', ' ', found[2]).split())}"


async def test_a_month_shows_holidays_and_the_days_moved_for_them(admin: Visitor) -> None:
    page = (await admin.opens(OCTOBER, **{"accept-language": "en"})).text
    assert _day(page, "2026-10-01") == "holiday 1 closed National Day"
    assert _day(page, "2026-10-10").startswith("moved 10 09:00–18:00"), "a Saturday worked for the holiday"
    assert _day(page, "2026-10-12") == "open 12 09:00–18:00"
    assert _day(page, "2026-10-18") == "shut 18 closed"


async def test_a_day_is_closed_with_a_click_and_opened_again(admin: Visitor) -> None:
    address = f"{OCTOBER}&day=2026-10-12"
    preview = await admin.fills_in(address, "/calendar", do="closed", name="Outing")
    assert "Outing" in preview.text
    answer = await admin.confirms(preview)
    assert answer.headers["location"].startswith("/calendar?")
    (off,) = admin.switch.store.current.hours.schedules["main"].days_off
    assert (off.first, off.name) == (datetime.date(2026, 10, 12), "Outing")
    assert _day((await admin.opens(OCTOBER)).text, "2026-10-12").startswith("off 12")
    await admin.confirms(await admin.fills_in(address, "/calendar", do="remove"))
    assert admin.switch.store.current.hours.schedules["main"].days_off == ()


@pytest.mark.parametrize(("act", "kept"), [("open", "working_days"), ("hours", "closures")])
async def test_hours_of_one_day(admin: Visitor, act: str, kept: str) -> None:
    address = f"{OCTOBER}&day=2026-10-18"
    await admin.confirms(await admin.fills_in(address, "/calendar", do=act, opens="10:00", closes="12:30"))
    assert len(getattr(admin.switch.store.current.hours.schedules["main"], kept)) == 1
    assert "10:00–12:30" in _day((await admin.opens(OCTOBER)).text, "2026-10-18")


@pytest.mark.parametrize("day", ["2026-13-40", "", "../../x"])
async def test_a_day_that_is_none_changes_nothing(admin: Visitor, day: str) -> None:
    await admin.opens(OCTOBER)
    answer = await admin.sends("/calendar", {"schedule": "main", "day": day, "do": "closed"})
    assert answer.status_code == 422
    assert admin.switch.store.current.hours.schedules["main"].days_off == ()
