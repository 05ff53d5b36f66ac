"""Answers with a month of the office's hours."""

from __future__ import annotations

import asyncio
import calendar
import datetime

from firmware.control.answers import Answers
from firmware.control.calendar import DayNow, GetMonth, MonthReply
from firmware.core.errors import UserError
from firmware.settings.store import SettingsStore
from ivr.hours.schedule import Schedule
from ivr.hours.state import day_plan
from ivr.hours.words import calendar_warning


def answer(answers: Answers, settings: SettingsStore) -> None:
    """Answer the requests of `firmware.control.calendar`."""

    async def month(request: GetMonth) -> MonthReply:
        schedule = settings.current.hours.schedules.get(request.schedule)
        if schedule is None:
            raise UserError(f"Schedule: there is none called {request.schedule}.")
        # A year's holidays are worked out once, which takes a moment.
        return await asyncio.to_thread(_month, schedule, request.year, request.month)

    answers.on(GetMonth, month)


def _month(schedule: Schedule, year: int, month: int) -> MonthReply:
    length = calendar.monthrange(year, month)[1]
    return MonthReply(
        days=[_day(schedule, datetime.date(year, month, day + 1)) for day in range(length)],
        warning_zh=calendar_warning(schedule, year, "zh-CN") or "",
        warning_en=calendar_warning(schedule, year, "en") or "",
    )


def _day(schedule: Schedule, day: datetime.date) -> DayNow:
    spans, because = day_plan(schedule, day)
    return DayNow(
        day=day.isoformat(),
        spans=[f"{span.opens}–{span.closes}" for span in spans],
        why=because.why.value,
        zh=because.zh,
        en=because.en,
    )
