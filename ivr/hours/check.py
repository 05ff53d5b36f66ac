"""Says what does not fit together in opening hours, by field and with the remedy."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable

import msgspec

from firmware.core.errors import UserError
from ivr.hours.holiday_calendar import UnknownCalendar, special_days
from ivr.hours.schedule import MAIN, MINUTES_PER_DAY, WEEKDAYS, OfficeHours, Schedule, Span, weekly

_ANY_YEAR = 2026
"""Whether a calendar exists doesn't depend on the year asked for."""


def parse_hours(document: object) -> OfficeHours:
    """Turn a document (dicts and lists, as from JSON) into opening hours.

    Raises:
        UserError: A field is missing, unknown or can't be used; the text names it and the remedy.
    """
    try:
        hours = msgspec.convert(document, OfficeHours)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        where = path.rstrip("`").removeprefix("$.").removeprefix("$") or "the document"
        raise UserError(f"Hours, {where}: {reason}. Correct this field; nothing was changed.") from None
    check_hours(hours)
    return hours


def check_hours(hours: OfficeHours) -> None:
    """Check what no single field can say.

    Raises:
        UserError: Something doesn't fit; the text names the field and the remedy.
    """
    if MAIN not in hours.schedules:
        raise UserError(f"schedules: the one called {MAIN} is missing. Add it: it is everybody's.")
    for group, name in hours.groups.items():
        if name not in hours.schedules:
            raise UserError(
                f"groups.{group}: there is no schedule {name}. Choose one of {', '.join(hours.schedules)}."
            )
    for name, schedule in hours.schedules.items():
        _check_schedule(f"schedules.{name}", schedule)


def _check_schedule(path: str, schedule: Schedule) -> None:
    try:
        zoneinfo.ZoneInfo(schedule.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(
            f"{path}.timezone: there is no time zone {schedule.timezone}. Use a name such as Asia/Shanghai."
        ) from None
    calendar = schedule.holidays
    if calendar.country:
        try:
            special_days(calendar.country, calendar.subdivision, _ANY_YEAR)
        except UnknownCalendar as error:
            raise UserError(f"{path}.holidays: {error}") from None
    elif calendar.subdivision:
        raise UserError(f"{path}.holidays.subdivision: needs a country. Name one, or empty this field.")
    _check_week(path, schedule)
    _check_days(path, schedule)


def _check_week(path: str, schedule: Schedule) -> None:
    places = []
    for weekday, index, span in weekly(schedule.week):
        field = f"{path}.week.{weekday}[{index}]"
        _check_span(field, span)
        start = WEEKDAYS.index(weekday) * MINUTES_PER_DAY
        places.append((start + span.first_minute, start + span.end_minute, field))
    _check_overlaps(places, len(WEEKDAYS) * MINUTES_PER_DAY)


def _check_days(path: str, schedule: Schedule) -> None:
    for index, off in enumerate(schedule.days_off):
        if off.last is not None and off.last < off.first:
            raise UserError(
                f"{path}.days_off[{index}].last: {off.last} is before {off.first}. Swap the two days."
            )
    seen = set()
    for index, working in enumerate(schedule.working_days):
        field = f"{path}.working_days[{index}]"
        if working.day in seen:
            raise UserError(f"{field}.day: {working.day} is there twice. Remove one of the two.")
        seen.add(working.day)
        places = []
        for place, span in enumerate(working.spans):
            _check_span(f"{field}.spans[{place}]", span)
            places.append((span.first_minute, span.end_minute, f"{field}.spans[{place}]"))
        _check_overlaps(places, 2 * MINUTES_PER_DAY)
    for index, closure in enumerate(schedule.closures):
        if closure.ends <= closure.begins:
            raise UserError(
                f"{path}.closures[{index}].ends: {closure.ends} is not after {closure.begins}. "
                "Set a later end."
            )


def _check_span(field: str, span: Span) -> None:
    if span.opens == span.closes:
        raise UserError(
            f"{field}: opens and closes at {span.opens}. For the whole day set 00:00 to 24:00, "
            "for no time at all remove it."
        )


def _check_overlaps(places: Iterable[tuple[int, int, str]], cycle: int) -> None:
    """Refuse spans that overlap on a circle of `cycle` minutes."""
    ordered = sorted(places)
    if len(ordered) < 2:
        return
    first_again = (ordered[0][0] + cycle, 0, ordered[0][2])
    for (_, end, one), (start, _, other) in zip(ordered, [*ordered[1:], first_again], strict=True):
        if start < end:
            raise UserError(
                f"{other}: begins before {one} has ended. Make them one span, or move one of them."
            )
