"""Whether the office is open at a moment, why, and until when.

Theory of operation
-------------------
A day has a plan: the spans that begin on it. The first rule that knows the day makes it:

    working day set by hand ─► day off set by hand ─► public holiday, moved working day ─► the week

A span belongs to the day it begins on, so a bar that closes at two closes at two on a holiday's first night.
Spans become stretches of absolute time, from which closures are cut; the day/night switch goes before it all.

Clocks that change: a time that the clock skips means as long after the change as it would have been after it
began; of a time that comes twice, opening means the first and closing the second. All comparing is in UTC.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import msgspec

from ivr.hours.holiday_calendar import special_days
from ivr.hours.schedule import WEEKDAYS, Closure, Schedule, Span

_ONE_DAY = datetime.timedelta(days=1)
HORIZON_DAYS = 400
"""How far ahead a change is looked for: every rule that repeats does so within a year."""


class Why(enum.StrEnum):
    """Which rule decided."""

    HOURS = "opening hours"
    OUTSIDE = "outside opening hours"
    HOLIDAY = "holiday"
    MOVED_DAY = "moved working day"
    WORKING_DAY = "working day"
    DAY_OFF = "day off"
    CLOSURE = "closure"
    SWITCH = "switch"


class Reason(msgspec.Struct, frozen=True):
    why: Why
    en: str = ""
    zh: str = ""
    """The holiday's or closure's name, where it has one."""


class Open(msgspec.Struct, frozen=True):
    because: Reason
    until: datetime.datetime | None
    """When it closes, in the office's time zone; None when not within `HORIZON_DAYS`."""


class Closed(msgspec.Struct, frozen=True):
    because: Reason
    until: datetime.datetime | None
    """When it opens again, in the office's time zone; None when not within `HORIZON_DAYS`."""


OfficeState = Open | Closed


class _Stretch(msgspec.Struct, frozen=True):
    begins: datetime.datetime
    ends: datetime.datetime
    because: Reason


def state_at(schedule: Schedule, moment: datetime.datetime) -> OfficeState:
    """Return whether the office is open at a moment.

    Args:
        schedule: Checked opening hours.
        moment: Any moment, with its time zone.
    """
    zone = ZoneInfo(schedule.timezone)
    now = moment.astimezone(datetime.UTC)
    is_open, because = _decide(schedule, zone, now)
    until = next(
        (change for change in _changes(schedule, zone, now) if _decide(schedule, zone, change)[0] != is_open),
        None,
    )
    local = until.astimezone(zone) if until is not None else None
    return Open(because, local) if is_open else Closed(because, local)


def _decide(schedule: Schedule, zone: ZoneInfo, now: datetime.datetime) -> tuple[bool, Reason]:
    """Return whether it is open at `now` (UTC), and by which rule."""
    switch = schedule.switch
    if switch.mode != "auto" and (switch.until is None or now < _utc(switch.until, zone, last=True)):
        return switch.mode == "day", Reason(Why.SWITCH)
    for closure in schedule.closures:
        begins, ends = _closed_between(closure, zone)
        if begins <= now < ends:
            return False, Reason(Why.CLOSURE, closure.name, closure.name)
    today = now.astimezone(zone).date()
    for day in (today - _ONE_DAY, today):
        for stretch in _stretches(schedule, zone, day):
            if stretch.begins <= now < stretch.ends:
                return True, stretch.because
    _, because = day_plan(schedule, today)
    return False, because if because.why in (Why.HOLIDAY, Why.DAY_OFF) else Reason(Why.OUTSIDE)


def _changes(schedule: Schedule, zone: ZoneInfo, now: datetime.datetime) -> Iterator[datetime.datetime]:
    """Yield, in order, the moments after `now` (UTC) at which the state may change."""
    single = [moment for closure in schedule.closures for moment in _closed_between(closure, zone)]
    if schedule.switch.until is not None:
        single.append(_utc(schedule.switch.until, zone, last=True))
    # While it is switched by hand nothing else counts, however long that is.
    until = schedule.switch.until
    begin = now if schedule.switch.mode == "auto" or until is None else max(now, _utc(until, zone, last=True))
    waiting = sorted(moment for moment in single if moment > now and moment >= begin)
    first = begin.astimezone(zone).date()
    for day in (first + _ONE_DAY * offset for offset in range(-1, HORIZON_DAYS)):
        # A day's stretches begin on it; what lies before its end and is not of them comes first.
        end_of_day = _utc(datetime.datetime.combine(day + _ONE_DAY, datetime.time.min), zone, last=True)
        for stretch in _stretches(schedule, zone, day):
            waiting += [moment for moment in (stretch.begins, stretch.ends) if moment > begin]
        waiting.sort()
        while waiting and waiting[0] < end_of_day:
            yield waiting.pop(0)
    # What is set for after the horizon is left out: of the days up to it nothing is known here.


def day_plan(schedule: Schedule, day: datetime.date) -> tuple[tuple[Span, ...], Reason]:
    """Return the spans that begin on a day, and the rule that says so."""
    moved_like = schedule.week.spans(schedule.holidays.moved_days_like)
    for working in schedule.working_days:
        if working.day == day:
            return working.spans or moved_like, Reason(Why.WORKING_DAY, working.name, working.name)
    for off in schedule.days_off:
        if off.first <= day <= (off.last or off.first):
            return (), Reason(Why.DAY_OFF, off.name, off.name)
    calendar = schedule.holidays
    if calendar.country:
        special = special_days(calendar.country, calendar.subdivision, day.year).get(day)
        if special is not None and special.working:
            return moved_like, Reason(Why.MOVED_DAY)
        if special is not None:
            return (), Reason(Why.HOLIDAY, special.en, special.zh)
    return schedule.week.spans(WEEKDAYS[day.weekday()]), Reason(Why.HOURS)


def _stretches(schedule: Schedule, zone: ZoneInfo, day: datetime.date) -> list[_Stretch]:
    """Return the spans that begin on a day in absolute time (UTC)."""
    midnight = datetime.datetime.combine(day, datetime.time.min)
    spans, because = day_plan(schedule, day)
    stretches = []
    for span in spans:
        begins = _utc(midnight + datetime.timedelta(minutes=span.first_minute), zone, last=False)
        ends = _utc(midnight + datetime.timedelta(minutes=span.end_minute), zone, last=True)
        stretches.append(_Stretch(begins, ends, because))
    return stretches


def _closed_between(closure: Closure, zone: ZoneInfo) -> tuple[datetime.datetime, datetime.datetime]:
    return _utc(closure.begins, zone, last=False), _utc(closure.ends, zone, last=True)


def _utc(local: datetime.datetime, zone: ZoneInfo, *, last: bool) -> datetime.datetime:
    """Return the moment of a time on the wall; of one that comes twice, the first or the last."""
    moment = local.replace(tzinfo=zone, fold=int(last)).astimezone(datetime.UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local:
        return moment
    # Skipped by the clock: counted on from before the change.
    return local.replace(tzinfo=zone, fold=0).astimezone(datetime.UTC)
