"""Times, durations and numbers as people of either language read them. Local time throughout."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent

from firmware.core.clock import Instant
from web_admin.words import LOCALES

_GIGA, _MEGA = 10**9, 10**6


def length(milliseconds: int | None) -> str:
    """Return a duration as 0:42 or 1:02:03; a dash for none."""
    if milliseconds is None:
        return "–"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def offset(milliseconds: int) -> str:
    """Return a moment inside a call as 0:04.2."""
    minutes, tenths = divmod(max(0, milliseconds) // 100, 600)
    return f"{minutes}:{tenths // 10:02}.{tenths % 10}"


def local(wall_ms: int) -> datetime.datetime:
    """Return a moment (ms since 1970 UTC) in the box's own time zone."""
    return datetime.datetime.fromtimestamp(wall_ms / 1000, datetime.UTC).astimezone()


def stamp(instant: Instant) -> str:
    """Return date and time as programs read them, for files; of a clock that wasn't set, since the start."""
    if not instant.clock_set:
        return f"+{instant.mono_ms / 1000:.0f} s"
    return local(instant.wall_ms).strftime("%Y-%m-%d %H:%M:%S")


def moment(instant: Instant, language: str) -> str:
    """Return date and time to the second: "22 Nov 2026, 16:05:09"; of an unset clock, since the start."""
    if not instant.clock_set:
        return stamp(instant)
    return _both(instant.wall_ms, format_date, "medium", "HH:mm:ss", language)


def short_moment(instant: Instant, today: datetime.date, language: str) -> str:
    """Return only the time for today's, day and time for others: "21 Nov, 16:05", "11月21日 16:05"."""
    if not instant.clock_set:
        return stamp(instant)
    if local(instant.wall_ms).date() == today:
        return format_time(local(instant.wall_ms), "HH:mm:ss", locale=LOCALES[language])
    return _both(instant.wall_ms, _day, "MMMd", "HH:mm", language)


def number(value: float, language: str, digits: int = 0) -> str:
    """Return a number with so many digits after the point: "12,345", "0.5"."""
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return format_decimal(value, pattern, locale=LOCALES[language])


def country(code: str, language: str) -> str:
    """Return what a country (ISO 3166) is called: "CN" → "China", "中国"."""
    return str(LOCALES[language].territories.get(code, code))


def share(value: float, language: str) -> str:
    """Return a part of a whole, 0 to 1, as "75%"."""
    return format_percent(value, locale=LOCALES[language])


def size(octets: int, language: str) -> str:
    """Return an amount of data: "1.2 GB", "340 MB", "12 kB"."""
    if octets >= _GIGA:
        return f"{number(octets / _GIGA, language, 1)} GB"
    if octets >= _MEGA:
        return f"{number(octets / _MEGA, language)} MB"
    return f"{number(octets / 1000, language)} kB"


def talk_time(milliseconds: int, language: str) -> str:
    """Return an amount of talking: "16 s", "31 min", "2 h 05", "31 分钟"."""
    if milliseconds < 60_000:
        return f"{milliseconds // 1000} {'秒' if language == 'zh' else 's'}"
    hours, minutes = divmod(milliseconds // 60_000, 60)
    if language == "zh":
        return f"{hours} 小时 {minutes:02} 分" if hours else f"{minutes} 分钟"
    return f"{hours} h {minutes:02}" if hours else f"{minutes} min"


def phone_number(number: str | None) -> str:
    """Return a number with thin gaps where it helps reading: Chinese mobiles and E.164."""
    if number is None:
        return ""
    digits = number.removeprefix("+86") if number.startswith("+86") else number
    if len(digits) == 11 and digits.isdecimal() and digits.startswith("1"):
        grouped = f"{digits[:3]} {digits[3:7]} {digits[7:]}"
        return f"+86 {grouped}" if number.startswith("+") else grouped
    return number


def when(wall_ms: int, language: str) -> str:
    """Return date and time as the language writes them: "22 Nov 2026, 16:05", "2026年11月22日 16:05"."""
    return _both(wall_ms, format_date, "medium", "HH:mm", language)


def _both(wall_ms: int, date: Callable[..., str], day: str, time: str, language: str) -> str:
    moment, locale = local(wall_ms), LOCALES[language]
    pieces = date(moment, day, locale=locale), format_time(moment, time, locale=locale)
    return (" " if language == "zh" else ", ").join(pieces)


def _day(moment: datetime.datetime, skeleton: str, locale: Locale) -> str:
    return format_skeleton(skeleton, moment, locale=locale)


def month_name(day: datetime.date, language: str) -> str:
    """Return a day's month and year: "November 2026", "2026年11月"."""
    noon = datetime.datetime.combine(day, datetime.time(12))
    return format_skeleton("yMMMM", noon, locale=LOCALES[language])


def last_day(until: datetime.datetime) -> str:
    """Return the last day of a period that ends before `until`."""
    return f"{until - datetime.timedelta(minutes=1):%Y-%m-%d}"
