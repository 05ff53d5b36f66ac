"""What the opening hours say, in plain words for journeys and pages, and as prompts for callers.

closed: National Day until 2026-10-08 09:00          休息：国庆节，至 2026-10-08 09:00
"""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from firmware.core.trace import Said
from firmware.core.trace.voice import Hours, Words
from ivr.hours.holiday_calendar import is_announced
from ivr.hours.schedule import WEEKDAYS, Schedule
from ivr.hours.state import Closed, OfficeState, Open, Why, state_at
from ivr.prompts.spoken import Spoken

_ZH = {
    Why.HOURS: "营业时间",
    Why.OUTSIDE: "非营业时间",
    Why.HOLIDAY: "节假日",
    Why.MOVED_DAY: "调休上班日",
    Why.WORKING_DAY: "指定上班日",
    Why.DAY_OFF: "指定休息日",
    Why.CLOSURE: "临时关闭",
    Why.SWITCH: "人工切换",
}
_EN = {why: why.value for why in Why} | {Why.SWITCH: "switched by hand", Why.CLOSURE: "closed for a time"}
_WEEKDAYS_ZH = "一二三四五六日"


def describe(state: OfficeState, language: str) -> str:
    """Return a state in plain words, "en" or "zh-CN"."""
    because = state.because
    if language == "zh-CN":
        until = f"，至 {state.until:%Y-%m-%d %H:%M}" if state.until else ""
        name = because.zh or _ZH[because.why]
        return f"{'营业' if isinstance(state, Open) else '休息'}：{name}{until}"
    until = f" until {state.until:%Y-%m-%d %H:%M}" if state.until else ""
    return f"{'open' if isinstance(state, Open) else 'closed'}: {because.en or _EN[because.why]}{until}"


def trace(schedule: Schedule, moment: datetime.datetime, language: str = "en") -> str:
    """Return what a journey notes of a decision by the hours: "Sunday 21:05: closed: outside …"."""
    local = moment.astimezone(ZoneInfo(schedule.timezone))
    weekday = WEEKDAYS[local.weekday()].capitalize()
    if language == "zh-CN":
        weekday = f"星期{_WEEKDAYS_ZH[local.weekday()]}"
    return f"{weekday} {local:%H:%M}: {describe(state_at(schedule, moment), language)}"


def decided(schedule: Schedule, moment: datetime.datetime, menu: str) -> Said:
    """Return what a journey notes where the hours chose a menu."""
    local = moment.astimezone(ZoneInfo(schedule.timezone))
    day = WEEKDAYS[local.weekday()].capitalize()
    return Hours.DECIDED(
        day=Words.BOTH(en=day, zh=f"星期{_WEEKDAYS_ZH[local.weekday()]}"),
        time=f"{local:%H:%M}",
        state=said(state_at(schedule, moment)),
        menu=menu,
    )


def said(state: OfficeState) -> Said:
    """Return a state as the trace says it."""
    return Words.BOTH(en=describe(state, "en"), zh=describe(state, "zh-CN"))


def reopening(state: OfficeState, moment: datetime.datetime, spoken: Spoken) -> list[str]:
    """Return the prompts that tell a caller when the office opens again; none where that isn't known."""
    if not isinstance(state, Closed) or state.until is None:
        return []
    today = moment.astimezone(state.until.tzinfo).date()
    day = spoken.date(state.until.date(), today)
    return ["we-open-again", *day, *spoken.time(state.until.time()), "we-open-again-end"]


def calendar_warning(schedule: Schedule, year: int, language: str) -> str | None:
    """Return what an administrator should know of a year's holidays; None when they are complete.

    Ask it of the present year, and from November on of the next.
    """
    country = schedule.holidays.country
    if not country or is_announced(country, year):
        return None
    if language == "zh-CN":
        return f"尚无 {year} 年的调休安排，只按法定假日休息；请自行添加休息日和上班日，或升级固件。"
    return (
        f"The moved working days of {year} aren't known yet: only statutory holidays are kept. "
        "Add days off and working days yourself, or update the firmware."
    )
