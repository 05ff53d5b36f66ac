"""Values in Mandarin.

二 counts, 两 measures (两点, 两条, 两千, 两万; but 二百, 二十, 第二). A gap of empty places inside a number
is one 零; 十 leads a number but is 一十 inside one. A telephone's 1 is 幺.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

from ivr.prompts.spoken.atoms import ATOMS, PAUSE
from ivr.prompts.spoken.seam import MAX_NUMBER, Noun, coins, parts, phone_groups

_WAN = 10_000
_KEYS = ATOMS["zh-CN"]
_RELATIVE = {
    -2: "say-day-before-yesterday",
    -1: "say-yesterday",
    0: "say-today",
    1: "say-tomorrow",
    2: "say-day-after-tomorrow",
}
# The hour at which each part of the day begins, the latest first.
_DAY_PARTS = (
    (18, "say-evening"),
    (13, "say-afternoon"),
    (12, "say-noon"),
    (8, "say-forenoon"),
    (5, "say-early"),
    (0, "say-small-hours"),
)
_DIGITS = {str(digit): f"say-{digit}" for digit in range(10)} | {
    "1": "say-yao",
    "*": "say-star",
    "#": "say-hash",
    "+": "say-plus",
}


class Mandarin:
    """See `ivr.prompts.spoken.seam.Spoken`."""

    def number(self, value: int) -> list[str]:
        if value < 0:
            return ["say-minus", *self.number(-value)]
        if value > MAX_NUMBER:
            return [f"say-{digit}" for digit in str(value)]
        wan, rest = divmod(value, _WAN)
        if not wan:
            return _below_wan(value, inside=False)
        keys = [*_below_wan(wan, inside=False), "say-wan"]
        if wan == 2:
            keys[0] = "say-liang"
        if not rest:
            return keys
        if rest < 1000:
            keys.append("say-0")
        return [*keys, *_below_wan(rest, inside=True)]

    def ordinal(self, value: int) -> list[str]:
        return ["say-nth", *self.number(value)]

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
        keys = [f"say-month-{day.month}", f"say-day-{day.day}"]
        if day.year == today.year:
            return keys
        return [*(f"say-{digit}" for digit in str(day.year)), "say-year", *keys]

    def weekday(self, day: datetime.date) -> list[str]:
        return [f"say-weekday-{day.isoweekday()}"]

    def time(self, moment: datetime.time) -> list[str]:
        part = next(key for begins, key in _DAY_PARTS if moment.hour >= begins)
        hour = moment.hour if moment.hour <= 12 else moment.hour - 12
        keys = [part, f"say-hour-{hour}"]
        if not moment.minute:
            return keys
        zero = ["say-0"] if moment.minute < 10 else []
        return [*keys, *zero, f"say-{moment.minute}", "say-minute-mark"]

    def duration(self, seconds: int) -> list[str]:
        span = parts(seconds)
        # 三分零五秒, but 三分钟: the mark 分 serves where seconds follow.
        minutes = "say-minute-mark" if span.seconds else "say-minutes"
        units = [
            (span.days, "say-days"),
            (span.hours, "say-hours"),
            (span.minutes, minutes),
            (span.seconds, "say-seconds"),
        ]
        keys: list[str] = []
        gap = False
        for count, unit in units:
            if not count:
                gap = bool(keys)
                continue
            if keys and (gap or count < 10):
                # After a 零 the count is read as in a number: 零二秒, not 零两秒.
                keys += ["say-0", *self.number(count), unit]
            else:
                keys += [*self._measured(count), unit]
            gap = False
        return keys or ["say-0", "say-seconds"]

    def money(self, amount: Decimal, currency: str) -> list[str]:
        sum_ = coins(amount, currency)
        sign = ["say-minus"] if sum_.negative else []
        unit, coin = f"say-{currency}", f"say-{currency}-coin"
        if unit not in _KEYS:
            minor = ["say-point", *(f"say-{digit}" for digit in f"{sum_.minor:02}")] if sum_.minor else []
            return [*sign, *self.number(sum_.major), *minor]
        jiao, fen = divmod(sum_.minor, 10) if currency == "CNY" else (0, sum_.minor)
        keys = [*self._measured(sum_.major), unit] if sum_.major or not sum_.minor else []
        if jiao:
            keys += [*self._measured(jiao), "say-CNY-jiao"]
        if fen:
            # 十二元零五分: a coin that skips a place is led in by 零, and then counts with 二.
            skipped = bool(keys) and fen < 10 and not jiao
            keys += ["say-0", *self.number(fen), coin] if skipped else [*self._measured(fen), coin]
        return sign + keys

    def counted(self, value: int, noun: Noun) -> list[str]:
        return [*self._measured(value), f"say-{noun}"]

    def _measured(self, value: int) -> list[str]:
        """Say a number before a measure word: two of something is 两."""
        return ["say-liang"] if value == 2 else self.number(value)


def _below_wan(value: int, *, inside: bool) -> list[str]:
    """Say 0 to 9999; `inside` a larger number 十 is 一十."""
    thousands, rest = divmod(value, 1000)
    hundreds, small = divmod(rest, 100)
    keys = []
    if thousands:
        keys.append(f"say-{thousands}000")
    if hundreds:
        keys.append(f"say-{hundreds}00")
    if not small:
        return keys or ([] if inside else ["say-0"])
    if (thousands and not hundreds) or (hundreds and small < 10):
        keys.append("say-0")
    inside = inside or bool(keys)
    keys.append(f"say-teen-{small}" if inside and 10 <= small < 20 else f"say-{small}")
    return keys
