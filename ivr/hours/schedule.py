"""Opening hours as the administrator sets them: types, defaults, a help text for every field.

    OfficeHours ─┬─ schedules by name ── week, holidays, days off, working days, closures, switch
                 └─ which group keeps which schedule

All times are those of the office's own clock on the wall. `ivr.hours.check` says what doesn't fit together.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from firmware.core.errors import UserError

WeekdayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[WeekdayName, ...] = get_args(WeekdayName)
"""In the order of `datetime.date.weekday`."""

MINUTES_PER_DAY = 24 * 60


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


LocalMoment = Annotated[datetime.datetime, Meta(tz=False)]
Name = Annotated[str, Meta(max_length=60)]


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open from one time of day to another; a span that ends no later than it begins ends the day after."""

    opens: Annotated[
        str,
        Meta(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z"),
        _help("When it opens, 00:00 to 23:59.", "开始时间，00:00 到 23:59。"),
    ]
    closes: Annotated[
        str,
        Meta(pattern=r"\A(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z"),
        _help(
            "When it closes, 00:00 to 24:00; earlier than it opens means on the next day.",
            "结束时间，00:00 到 24:00；早于开始时间表示次日。",
        ),
    ]

    @property
    def first_minute(self) -> int:
        return _minutes(self.opens)

    @property
    def end_minute(self) -> int:
        """Minutes from the beginning of the day it opens on; beyond 1440 on the day after."""
        end = _minutes(self.closes)
        return end if end > self.first_minute else end + MINUTES_PER_DAY


Spans = Annotated[
    tuple[Span, ...],
    Meta(max_length=8),
    _help(
        "When it is open on that day, up to 8 spans; none means closed.",
        "当天营业时段，最多 8 段；空表示休息。",
    ),
]
_WORKDAY = (Span("09:00", "18:00"),)


class Week(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    monday: Spans = _WORKDAY
    tuesday: Spans = _WORKDAY
    wednesday: Spans = _WORKDAY
    thursday: Spans = _WORKDAY
    friday: Spans = _WORKDAY
    saturday: Spans = ()
    sunday: Spans = ()

    def spans(self, weekday: WeekdayName) -> tuple[Span, ...]:
        """Return the spans that begin on that day of the week."""
        spans: tuple[Span, ...] = getattr(self, weekday)
        return spans


class Holidays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    country: Annotated[
        str,
        Meta(pattern=r"\A([A-Z]{2})?\Z"),
        _help(
            "Whose public holidays are kept, ISO 3166 code such as CN; empty for none.",
            "按哪个国家的法定节假日休息，国家代码如 CN；空表示不休。",
        ),
    ] = "CN"
    subdivision: Annotated[
        str,
        Meta(max_length=10),
        _help(
            "Province or state with holidays of its own, such as BY for Bavaria; empty for none.",
            "有自己节假日的省或州，如 BY；空表示没有。",
        ),
    ] = ""
    moved_days_like: Annotated[
        WeekdayName,
        _help(
            "Day of the week whose hours a moved working day has, monday to sunday.",
            "调休上班日按星期几的时间营业，monday 到 sunday。",
        ),
    ] = "monday"


class DayOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whole days off that no calendar knows."""

    first: Annotated[datetime.date, _help("First day off, like 2026-12-24.", "休息首日，如 2026-12-24。")]
    last: Annotated[
        datetime.date | None, _help("Last day off; empty for a single day.", "休息末日；空表示仅一天。")
    ] = None
    name: Annotated[
        Name, _help("What for, up to 60 characters: company outing.", "原因，最多 60 个字，如公司旅游。")
    ] = ""


class WorkingDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day that is worked whatever calendar and week say."""

    day: Annotated[datetime.date, _help("The day, like 2026-10-10.", "日期，如 2026-10-10。")]
    spans: Annotated[
        tuple[Span, ...],
        Meta(max_length=8),
        _help(
            "When it is open, up to 8 spans; none means as on moved working days.",
            "营业时段，最多 8 段；空表示与调休上班日相同。",
        ),
    ] = ()
    name: Annotated[Name, _help("What for, up to 60 characters.", "原因，最多 60 个字。")] = ""


class Closure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Closed once, from one moment to another, whatever else is set."""

    begins: Annotated[
        LocalMoment, _help("From when, like 2026-12-01T13:00.", "开始时间，如 2026-12-01T13:00。")
    ]
    ends: Annotated[
        LocalMoment, _help("Until when, like 2026-12-01T15:00.", "结束时间，如 2026-12-01T15:00。")
    ]
    name: Annotated[
        Name, _help("What for, up to 60 characters: stocktaking.", "原因，最多 60 个字，如盘点。")
    ] = ""


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The day/night switch: by hand, above all other rules."""

    mode: Annotated[
        Literal["auto", "day", "night"],
        _help(
            "auto (by schedule), day (open whatever it says) or night (closed).",
            "auto（按日程）、day（一直营业）或 night（一直休息）。",
        ),
    ] = "auto"
    until: Annotated[
        LocalMoment | None,
        _help(
            "When the switch goes back to auto, like 2026-12-01T18:00; empty for never.",
            "何时恢复自动，如 2026-12-01T18:00；空表示不自动恢复。",
        ),
    ] = None


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timezone: Annotated[
        str,
        Meta(min_length=1, max_length=64),
        _help("Time zone of the office, such as Asia/Shanghai.", "办公室所在时区，如 Asia/Shanghai。"),
    ] = "Asia/Shanghai"
    week: Annotated[Week, _help("Hours of each day of the week.", "一周中每天的营业时间。")] = Week()
    holidays: Annotated[Holidays, _help("Public holidays.", "法定节假日。")] = Holidays()
    days_off: Annotated[
        tuple[DayOff, ...],
        Meta(max_length=200),
        _help("Further days off, up to 200.", "其他休息日，最多 200 条。"),
    ] = ()
    working_days: Annotated[
        tuple[WorkingDay, ...],
        Meta(max_length=200),
        _help(
            "Days worked all the same, up to 200, each once; they go before days off and holidays.",
            "照常上班的日子，最多 200 条，每天一条；优先于休息日和节假日。",
        ),
    ] = ()
    closures: Annotated[
        tuple[Closure, ...],
        Meta(max_length=200),
        _help("One-off closures by the hour, up to 200.", "临时关闭时段，最多 200 条。"),
    ] = ()
    switch: Annotated[Switch, _help("Day/night switch.", "日夜切换开关。")] = Switch()


MAIN = "main"
"""The schedule of everybody who has no other."""


class OfficeHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schedules: Annotated[
        dict[str, Schedule],
        Meta(min_length=1, max_length=50),
        _help(
            "Schedules by name, 1 to 50; the one called main is everybody's who has no other.",
            "按名称列出的日程，1 到 50 个；名为 main 的适用于没有另行指定的组。",
        ),
    ] = msgspec.field(default_factory=lambda: {MAIN: Schedule()})
    groups: Annotated[
        dict[str, str],
        Meta(max_length=200),
        _help(
            "Which group keeps which schedule, by their names, up to 200.",
            "哪个组使用哪个日程，最多 200 条。",
        ),
    ] = {}
    enabled: Annotated[
        bool,
        _help(
            "Whether callers are led by the hours: true, or false for open at all times.",
            "是否按营业时间接待来电：true；false 表示始终营业。",
        ),
    ] = False

    def of(self, group: str | None = None) -> Schedule:
        """Return the schedule of a group, or everybody's."""
        name = self.groups.get(group, MAIN) if group is not None else MAIN
        return self.schedules[name]

    def in_force(self, group: str | None = None) -> Schedule | None:
        """Return the schedule callers are led by; None when the office is open at all times.

        The day/night switch holds also where the hours don't.
        """
        schedule = self.of(group)
        if self.enabled or schedule.switch.mode != "auto":
            return schedule
        return None

    def switched(self, switch: Switch, schedule: str = MAIN) -> OfficeHours:
        """Return these hours with the day/night switch of one schedule set.

        Raises:
            UserError: There is no such schedule.
        """
        if schedule not in self.schedules:
            raise UserError(
                f"Switch: there is no schedule {schedule}. Choose one of {', '.join(self.schedules)}."
            )
        changed = msgspec.structs.replace(self.schedules[schedule], switch=switch)
        return msgspec.structs.replace(self, schedules={**self.schedules, schedule: changed})


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def weekly(week: Week) -> Iterator[tuple[WeekdayName, int, Span]]:
    """Yield every span of the week: its day, its place on that day, and itself."""
    for weekday in WEEKDAYS:
        for index, span in enumerate(week.spans(weekday)):
            yield weekday, index, span
