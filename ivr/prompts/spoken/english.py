"""Values in English, in the plain style without "and": 123 is "one hundred twenty-three"."""

from __future__ import annotations

import datetime
from decimal import Decimal

from ivr.prompts.spoken.atoms import ATOMS, PAUSE
from ivr.prompts.spoken.seam import MAX_NUMBER, Noun, coins, parts, phone_groups

_KEYS = ATOMS["en"]
_LAST_NAMED_ORDINAL = 31
_RELATIVE = {-1: "say-yesterday", 0: "say-today", 1: "say-tomorrow"}
_DIGITS = {str(digit): f"say-{digit}" for digit in range(10)} | {
    "*": "say-star",
    "#": "say-hash",
    "+": "say-plus",
}


class English:
    """See `ivr.prompts.spoken.seam.Spoken`."""

    def number(self, value: int) -> list[str]:
        if value < 0:
            return ["say-minus", *self.number(-value)]
        if value > MAX_NUMBER:
            return self.digits(str(value))
        thousands, rest = divmod(value, 1000)
        if not thousands:
            return _below_1000(rest)
        return [*_below_1000(thousands), "say-thousand", *(_below_1000(rest) if rest else ())]

    def ordinal(self, value: int) -> list[str]:
        if 1 <= value <= _LAST_NAMED_ORDINAL:
            return [f"say-nth-{value}"]
        return ["say-number", *self.number(value)]

    def digits(self, text: str) -> list[str]:
        return [_DIGITS[character] for character in text if character in _DIGITS]

    def phone(self, number: str) -> list[str]:
        keys: list[str] = []
        for group in phone_groups(number):
            keys += [PAUSE, *self.digits(group)] if keys else self.digits(group)
        return keys

    def date(self, day: datetime.date, today: datetime.date) -> list[str]:
        relative = _RELATIVE.get((day - today).days)
        if relative is not None:
            return [relative]
        keys = [f"say-month-{day.month}", f"say-nth-{day.day}"]
        return keys if day.year == today.year else [*keys, *self._year(day.year)]

    def weekday(self, day: datetime.date) -> list[str]:
        return [f"say-weekday-{day.isoweekday()}"]

    def time(self, moment: datetime.time) -> list[str]:
        hour = [f"say-{(moment.hour + 11) % 12 + 1}"]
        if not moment.minute and moment.hour in (0, 12):
            return [*hour, "say-noon" if moment.hour else "say-midnight"]
        half = "say-am" if moment.hour < 12 else "say-pm"
        if not moment.minute:
            return [*hour, half]
        oh = ["say-oh"] if moment.minute < 10 else []
        return [*hour, *oh, f"say-{moment.minute}", half]

    def duration(self, seconds: int) -> list[str]:
        span = parts(seconds)
        units = [
            (span.days, "day"),
            (span.hours, "hour"),
            (span.minutes, "minute"),
            (span.seconds, "second"),
        ]
        keys = [key for count, unit in units if count for key in self._many(count, unit)]
        return keys or self._many(0, "second")

    def money(self, amount: Decimal, currency: str) -> list[str]:
        sum_ = coins(amount, currency)
        sign = ["say-minus"] if sum_.negative else []
        if f"say-one-{currency}" not in _KEYS:
            minor = ["say-point", *self.digits(f"{sum_.minor:02}")] if sum_.minor else []
            return [*sign, *self.number(sum_.major), *minor]
        keys = self._many(sum_.major, currency) if sum_.major or not sum_.minor else []
        if sum_.minor:
            keys += [*(["say-and"] if keys else []), *self._many(sum_.minor, f"{currency}-coin")]
        return sign + keys

    def counted(self, value: int, noun: Noun) -> list[str]:
        return self._many(value, noun)

    def _many(self, value: int, unit: str) -> list[str]:
        return [*self.number(value), f"say-{'one' if value == 1 else 'many'}-{unit}"]

    def _year(self, year: int) -> list[str]:
        century, rest = divmod(year, 100)
        if 2000 <= year < 2010 or not 1000 <= year < 10_000:
            return self.number(year)
        if not rest:
            return [f"say-{century}", "say-hundred"] if century % 10 else self.number(year)
        return [f"say-{century}", *(["say-oh"] if rest < 10 else []), f"say-{rest}"]


def _below_1000(value: int) -> list[str]:
    hundreds, small = divmod(value, 100)
    if not hundreds:
        return [f"say-{small}"]
    return [f"say-{hundreds}00", f"say-{small}"] if small else [f"say-{hundreds}00"]
