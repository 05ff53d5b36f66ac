"""Open or closed, why, and until when: examples first, then any schedule at any moment."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.hours import Closed, Open, Schedule, Switch, describe, state_at, trace
from ivr.hours.schedule import (
    MINUTES_PER_DAY,
    WEEKDAYS,
    Closure,
    DayOff,
    Holidays,
    Span,
    Week,
    WorkingDay,
    weekly,
)
from ivr.hours.words import calendar_warning, reopening
from ivr.prompts.samples import words
from ivr.prompts.spoken import SPOKEN

OFFICE = Schedule(week=Week(friday=(Span("09:00", "12:00"), Span("13:30", "18:00"))))
NO_HOLIDAYS = Holidays(country="")
BAR = Schedule(
    week=Week(monday=(), tuesday=(), wednesday=(), thursday=(), friday=(Span("20:00", "02:00"),)),
    holidays=NO_HOLIDAYS,
)


def at(local: str, zone: str = "Asia/Shanghai") -> datetime.datetime:
    return datetime.datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))


def naive(local: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(local)


@pytest.mark.parametrize(
    ("moment", "words_"),
    [
        ("2026-11-20T08:59", "closed: outside opening hours until 2026-11-20 09:00"),
        ("2026-11-20T09:00", "open: opening hours until 2026-11-20 12:00"),
        ("2026-11-20T12:00", "closed: outside opening hours until 2026-11-20 13:30"),
        ("2026-11-20T18:00", "closed: outside opening hours until 2026-11-23 09:00"),
        ("2026-10-03T10:00", "closed: National Day until 2026-10-08 09:00"),
        ("2026-09-30T20:00", "closed: outside opening hours until 2026-10-08 09:00"),
        ("2026-10-10T10:00", "open: moved working day until 2026-10-10 18:00"),
        ("2026-10-10T18:00", "closed: outside opening hours until 2026-10-12 09:00"),
    ],
)
def test_an_office_in_shanghai(moment: str, words_: str) -> None:
    assert describe(state_at(OFFICE, at(moment)), "en") == words_


def test_the_same_in_chinese_and_for_the_journey() -> None:
    assert describe(state_at(OFFICE, at("2026-10-03T10:00")), "zh-CN") == "休息：国庆节，至 2026-10-08 09:00"
    assert trace(OFFICE, at("2026-11-22T21:05")) == (
        "Sunday 21:05: closed: outside opening hours until 2026-11-23 09:00"
    )
    assert (
        trace(OFFICE, at("2026-11-20T10:00"), "zh-CN") == "星期五 10:00: 营业：营业时间，至 2026-11-20 12:00"
    )


def test_the_moment_may_come_in_any_time_zone() -> None:
    assert isinstance(state_at(OFFICE, datetime.datetime(2026, 11, 20, 1, 0, tzinfo=datetime.UTC)), Open)
    assert isinstance(state_at(OFFICE, datetime.datetime(2026, 11, 20, 0, 59, tzinfo=datetime.UTC)), Closed)


def test_a_span_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    assert state_at(BAR, at("2026-11-21T01:59")) == state_at(BAR, at("2026-11-20T23:00"))
    assert isinstance(state_at(BAR, at("2026-11-21T02:00")), Closed)
    off = msgspec.structs.replace(BAR, days_off=(DayOff(datetime.date(2026, 11, 21), name="巡检"),))
    assert isinstance(state_at(off, at("2026-11-21T01:00")), Open)


def test_days_set_by_hand_go_before_the_calendar() -> None:
    schedule = Schedule(
        days_off=(DayOff(datetime.date(2026, 11, 23), datetime.date(2026, 11, 24), "公司旅游"),),
        working_days=(
            WorkingDay(datetime.date(2026, 10, 2), (Span("10:00", "11:00"),), "盘点"),
            WorkingDay(datetime.date(2026, 11, 24)),
        ),
    )
    assert (
        describe(state_at(schedule, at("2026-11-23T10:00")), "zh-CN") == "休息：公司旅游，至 2026-11-24 09:00"
    )
    assert describe(state_at(schedule, at("2026-10-02T10:30")), "en") == "open: 盘点 until 2026-10-02 11:00"
    assert isinstance(state_at(schedule, at("2026-11-24T10:00")), Open)


def test_a_closure_cuts_into_the_hours_and_ends_them() -> None:
    closure = Closure(naive("2026-11-20T11:00"), naive("2026-11-20T14:00"), "fire drill")
    schedule = msgspec.structs.replace(OFFICE, closures=(closure,))
    assert describe(state_at(schedule, at("2026-11-20T10:00")), "en").endswith("until 2026-11-20 11:00")
    assert describe(state_at(schedule, at("2026-11-20T12:30")), "en") == (
        "closed: fire drill until 2026-11-20 14:00"
    )


def test_the_switch_goes_before_everything_until_its_time() -> None:
    night = msgspec.structs.replace(OFFICE, switch=Switch("night", naive("2026-11-20T15:00")))
    assert describe(state_at(night, at("2026-11-20T10:00")), "en") == (
        "closed: switched by hand until 2026-11-20 15:00"
    )
    assert isinstance(state_at(night, at("2026-11-20T15:00")), Open)
    day = msgspec.structs.replace(OFFICE, switch=Switch("day"))
    assert state_at(day, at("2026-10-03T03:00")).until is None
    late = msgspec.structs.replace(OFFICE, switch=Switch("night", naive("2026-11-20T19:00")))
    assert describe(state_at(late, at("2026-11-20T10:00")), "en").endswith("until 2026-11-23 09:00")


def test_an_office_that_never_opens_or_never_closes_has_no_until() -> None:
    whole = (Span("00:00", "24:00"),)
    always = Schedule(week=Week(*([whole] * 7)), holidays=NO_HOLIDAYS)
    never = Schedule(week=Week(*([()] * 7)))
    assert state_at(always, at("2026-11-20T10:00")).until is None
    assert state_at(never, at("2026-11-20T10:00")).until is None
    assert describe(state_at(never, at("2026-11-20T10:00")), "en") == "closed: outside opening hours"


@pytest.mark.parametrize(
    ("span", "moment", "open_"),
    [
        # New York, 2026-03-08: two o'clock is three o'clock.
        (("02:30", "05:00"), "2026-03-08T07:29+00:00", False),
        (("02:30", "05:00"), "2026-03-08T07:30+00:00", True),
        (("00:00", "02:30"), "2026-03-08T07:29+00:00", True),
        (("00:00", "02:30"), "2026-03-08T07:30+00:00", False),
        # 2026-11-01: one o'clock comes twice; opening is at the first, closing at the second.
        (("01:30", "05:00"), "2026-11-01T05:29+00:00", False),
        (("01:30", "05:00"), "2026-11-01T05:30+00:00", True),
        (("00:00", "01:30"), "2026-11-01T06:29+00:00", True),
        (("00:00", "01:30"), "2026-11-01T06:30+00:00", False),
    ],
)
def test_where_the_clocks_change(span: tuple[str, str], moment: str, open_: bool) -> None:
    week = Week((), (), (), (), (), (), (Span(*span),))
    schedule = Schedule(timezone="America/New_York", week=week, holidays=NO_HOLIDAYS)
    state = state_at(schedule, datetime.datetime.fromisoformat(moment))
    assert isinstance(state, Open) is open_


def test_hours_count_again_from_when_a_switch_set_for_two_years_ends() -> None:
    closure = Closure(naive("2029-01-01T00:00"), naive("2029-01-02T00:00"), "move")
    switch = Switch("day", naive("2028-11-20T15:00"))
    schedule = msgspec.structs.replace(OFFICE, closures=(closure,), switch=switch)
    until = state_at(schedule, at("2026-11-20T10:00")).until
    assert until is not None
    assert f"{until:%Y-%m-%d}" == "2028-11-20"


def test_a_caller_is_told_when_the_office_opens_again() -> None:
    moment = at("2026-11-22T21:05")
    state = state_at(OFFICE, moment)
    assert words(reopening(state, moment, SPOKEN["zh-CN"]), "zh-CN") == (
        "我们将于明天上午九点恢复服务，感谢您的来电。"
    )
    assert words(reopening(state, moment, SPOKEN["en"]), "en") == (
        "We open again tomorrow nine A M Thank you for calling."
    )
    assert reopening(state_at(OFFICE, at("2026-11-20T10:00")), moment, SPOKEN["en"]) == []


def test_the_administrator_is_warned_of_a_year_without_moved_working_days() -> None:
    assert calendar_warning(OFFICE, 2026, "en") is None
    assert "2040" in (calendar_warning(OFFICE, 2040, "en") or "")
    assert "2040" in (calendar_warning(OFFICE, 2040, "zh-CN") or "")


# Any schedule at any moment

ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana"]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    """Up to three spans of one day that don't overlap, none past midnight."""
    count = draw(st.integers(0, 3))
    edges = draw(
        st.lists(st.integers(0, MINUTES_PER_DAY), min_size=2 * count, max_size=2 * count, unique=True)
    )
    edges.sort()
    return tuple(
        Span(_clock(a), _clock(b))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if a < MINUTES_PER_DAY
    )


moments = st.datetimes(datetime.datetime(2025, 1, 1), datetime.datetime(2027, 1, 1))  # noqa: DTZ001


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    closures = []
    for begins, hours in draw(st.lists(st.tuples(moments, st.integers(1, 2000)), max_size=3)):
        whole = begins.replace(second=0, microsecond=0)
        closures.append(Closure(whole, whole + datetime.timedelta(hours=hours)))
    switch = Switch(
        draw(st.sampled_from(["auto", "day", "night"])),
        draw(st.none() | moments.map(lambda moment: moment.replace(second=0, microsecond=0))),
    )
    return Schedule(
        timezone=draw(st.sampled_from(ZONES)),
        week=Week(*[draw(spans()) for _ in WEEKDAYS]),
        holidays=Holidays(country=draw(st.sampled_from(["", "CN", "US"]))),
        days_off=tuple(DayOff(day.date()) for day in draw(st.lists(moments, max_size=3))),
        working_days=tuple(
            WorkingDay(day) for day in {m.date() for m in draw(st.lists(moments, max_size=3))}
        ),
        closures=tuple(closures),
        switch=switch,
    )


@settings(max_examples=150, deadline=None)
@given(schedules(), moments, st.floats(0, 1))
def test_until_is_the_very_next_change(schedule: Schedule, moment: datetime.datetime, share: float) -> None:
    now = moment.replace(tzinfo=datetime.UTC)
    state = state_at(schedule, now)
    if state.until is None:
        return
    assert state.until > now
    assert type(state_at(schedule, state.until)) is not type(state)
    between = now + (state.until - now) * share
    if between < state.until:
        assert type(state_at(schedule, between)) is type(state)
    assert type(state_at(schedule, state.until - datetime.timedelta(microseconds=1))) is type(state)


@settings(max_examples=150, deadline=None)
@given(st.lists(spans(), min_size=7, max_size=7), moments)
def test_without_exceptions_the_week_alone_decides(
    days: list[tuple[Span, ...]], moment: datetime.datetime
) -> None:
    schedule = Schedule(week=Week(*days), holidays=NO_HOLIDAYS)
    minute = moment.weekday() * MINUTES_PER_DAY + moment.hour * 60 + moment.minute
    expected = any(
        WEEKDAYS.index(day) * MINUTES_PER_DAY + span.first_minute
        <= minute
        < WEEKDAYS.index(day) * MINUTES_PER_DAY + span.end_minute
        for day, _, span in weekly(schedule.week)
    )
    state = state_at(schedule, moment.replace(tzinfo=ZoneInfo("Asia/Shanghai")))
    assert isinstance(state, Open) is expected
