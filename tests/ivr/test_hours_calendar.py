"""Public holidays, held against what governments announced."""

from __future__ import annotations

import datetime

import pytest

from ivr.hours.holiday_calendar import UnknownCalendar, is_announced, special_days

# 国务院办公厅关于 2025 年、2026 年部分节假日安排的通知: first and last day off, and the days worked for them.
ANNOUNCED = {
    2025: (
        [
            ("01-01", "01-01"),
            ("01-28", "02-04"),
            ("04-04", "04-06"),
            ("05-01", "05-05"),
            ("05-31", "06-02"),
            ("10-01", "10-08"),
        ],
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    2026: (
        [
            ("01-01", "01-03"),
            ("02-15", "02-23"),
            ("04-04", "04-06"),
            ("05-01", "05-05"),
            ("06-19", "06-21"),
            ("09-25", "09-27"),
            ("10-01", "10-07"),
        ],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
}


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize("year", ANNOUNCED)
def test_chinas_days_off_and_moved_working_days_are_those_announced(year: int) -> None:
    stretches, worked = ANNOUNCED[year]
    free = set()
    for first, last in stretches:
        moment = day(f"{year}-{first}")
        while moment <= day(f"{year}-{last}"):
            free.add(moment)
            moment += datetime.timedelta(1)
    special = special_days("CN", "", year)
    assert {moment for moment, one in special.items() if not one.working} == free
    assert {moment for moment, one in special.items() if one.working} == {day(f"{year}-{w}") for w in worked}


@pytest.mark.parametrize(
    ("date", "zh", "en"),
    [
        ("2026-10-01", "国庆节", "National Day"),
        ("2026-10-04", "国庆节", "National Day"),
        ("2026-10-07", "国庆节", "National Day"),
        ("2026-02-15", "春节", "Chinese New Year"),
        ("2026-02-23", "春节", "Chinese New Year"),
        ("2026-01-02", "元旦", "New Year's Day"),
        ("2025-10-08", "国庆节、中秋节", "National Day and Mid-Autumn Festival"),
    ],
)
def test_every_day_of_a_stretch_bears_the_name_of_its_holiday(date: str, zh: str, en: str) -> None:
    one = special_days("CN", "", day(date).year)[day(date)]
    assert (one.zh, one.en) == (zh, en)


def test_a_year_not_announced_yet_has_its_statutory_days_and_is_told_apart() -> None:
    assert is_announced("CN", 2026)
    assert not is_announced("CN", 2040)
    assert day("2040-10-01") in special_days("CN", "", 2040)
    assert is_announced("US", 2040)


def test_other_countries_have_theirs_by_state_and_no_stretches() -> None:
    assert special_days("US", "", 2026)[day("2026-12-25")].en == "Christmas Day"
    assert day("2026-12-26") not in special_days("US", "", 2026)
    assert day("2026-01-06") in special_days("DE", "BY", 2026)
    assert day("2026-01-06") not in special_days("DE", "", 2026)


def test_unknown_countries_and_states_are_refused_with_the_remedy() -> None:
    with pytest.raises(UnknownCalendar, match="no holidays are known for country XX"):
        special_days("XX", "", 2026)
    with pytest.raises(UnknownCalendar, match=r"DE has no subdivision ZZ.*BY"):
        special_days("DE", "ZZ", 2026)
