"""Public holidays and moved working days of a country, by year, from the `holidays` package's own data.

China's State Council announces each year which days around a holiday are free and which weekends are worked
for them (调休). A holiday there is a stretch of days: the weekend beside it belongs to it, as in the notice
("October 1 to 7"). Of a year whose notice came after this firmware only the statutory days are known.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from firmware.core.errors import UserError
from firmware.core.late import LateModule

if TYPE_CHECKING:
    import holidays
else:
    holidays = LateModule("holidays")

_ONE_DAY = datetime.timedelta(days=1)
_SATURDAY = 5
# Countries where a holiday is announced as a stretch that swallows the weekend beside it.
_STRETCHES = frozenset({"CN"})
# What the data adds to a name in brackets: "(observed)", "（补假）", "(Spring Festival)".
_BRACKETS = re.compile(r"\s*[(（][^)）]*[)）]")
# A day off in exchange for a moved working day bears no name of its own.
_SUBSTITUTE = re.compile(r"Day off|休息日|放假|调休")
_EVES = frozenset({"Chinese New Year's Eve", "农历除夕"})


class UnknownCalendar(UserError):
    """No data for this country or subdivision; the text names the remedy."""


class SpecialDay(msgspec.Struct, frozen=True):
    """A day that isn't what its day of the week says."""

    working: bool
    """A moved working day; else a holiday."""
    en: str
    zh: str
    """The holiday's names; of a moved working day empty."""


@functools.lru_cache(maxsize=64)
def special_days(country: str, subdivision: str, year: int) -> Mapping[datetime.date, SpecialDay]:
    """Return the special days of a year.

    Args:
        country: ISO 3166 code.
        subdivision: ISO 3166-2 part, or empty.
        year: As of the local calendar.

    Raises:
        UnknownCalendar: There is no data for that country or subdivision.
    """
    # A stretch may run over New Year's Eve, so the years beside are needed to name it.
    years = range(year - 1, year + 2)
    english, worked = _named(country, subdivision, years, "en_US")
    chinese, _ = _named(country, subdivision, years, "zh_CN")
    if country in _STRETCHES:
        english, chinese = _stretched(english, worked, " and "), _stretched(chinese, worked, "、")
    special = {day: SpecialDay(False, name, chinese[day]) for day, name in english.items()}
    special |= {day: SpecialDay(True, "", "") for day in worked}
    return {day: one for day, one in special.items() if day.year == year}


def is_announced(country: str, year: int) -> bool:
    """Tell whether the moved working days of that year are known; true where a country has none."""
    return country not in _STRETCHES or any(one.working for one in special_days(country, "", year).values())


def _named(
    country: str, subdivision: str, years: range, language: str
) -> tuple[dict[datetime.date, str], frozenset[datetime.date]]:
    """Return names by day, in the language wished for or else the country's own, and the moved days."""
    supported = holidays.list_supported_countries()
    if country not in supported:
        raise UnknownCalendar(
            f"no holidays are known for country {country}. Leave it empty and list days off yourself."
        )
    if subdivision and subdivision not in supported[country]:
        raise UnknownCalendar(
            f"{country} has no subdivision {subdivision} with holidays. "
            f"Choose one of {', '.join(supported[country]) or 'none'}, or empty this field."
        )
    own = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    for wanted in (language, "en_US"):
        if wanted in own.supported_languages:
            own = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=wanted)
            break
    names = {day: _BRACKETS.sub("", name).split("; ")[0] for day, name in own.items()}
    return names, frozenset(own.weekend_workdays)


def _stretched(
    names: Mapping[datetime.date, str], worked: frozenset[datetime.date], joint: str
) -> dict[datetime.date, str]:
    """Add the weekends beside holidays, and name every day of a stretch after its holidays."""
    free = set(names)
    for day in names:
        for step in (_ONE_DAY, -_ONE_DAY):
            beside = day + step
            while beside.weekday() >= _SATURDAY and beside not in free and beside not in worked:
                free.add(beside)
                beside += step
    stretched: dict[datetime.date, str] = {}
    stretch: list[datetime.date] = []
    for day in sorted(free):
        if stretch and day - stretch[-1] != _ONE_DAY:
            stretched |= _name_stretch(stretch, names, joint)
            stretch = []
        stretch.append(day)
    return stretched | _name_stretch(stretch, names, joint)


def _name_stretch(
    stretch: list[datetime.date], names: Mapping[datetime.date, str], joint: str
) -> dict[datetime.date, str]:
    found = [names[day] for day in stretch if day in names and not _SUBSTITUTE.match(names[day])]
    proper = [name for name in dict.fromkeys(found) if name not in _EVES]
    name = joint.join(proper or dict.fromkeys(found))
    return dict.fromkeys(stretch, name)
