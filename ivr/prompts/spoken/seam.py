"""What a language must be able to say: a value in, the keys of the prompts to play without gaps out.

    SPOKEN["zh-CN"].number(10500)  ->  ["say-1", "say-wan", "say-0", "say-500"]     一 万 零 五百
    SPOKEN["en"].number(10500)     ->  ["say-10", "say-thousand", "say-500"]        ten thousand five hundred

A spoken value comes from a journey, a clock or a mailbox, never from a form, so nothing here refuses: a
number beyond what is spoken as a number is spoken digit by digit, which a caller still understands.
"""

from __future__ import annotations

import datetime
import enum
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

import msgspec

MAX_NUMBER = 999_999
"""The largest number spoken as a number; beyond it, callers write digits down anyway."""

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86_400


class Noun(enum.StrEnum):
    """What is counted aloud."""

    MESSAGE = "message"
    NEW_MESSAGE = "new-message"
    SAVED_MESSAGE = "saved-message"
    URGENT_MESSAGE = "urgent-message"
    MISSED_CALL = "missed-call"
    CALLER_AHEAD = "caller-ahead"


class Spoken(Protocol):
    """One language's grammar of values. Every method returns keys of prompts, in the order of playing."""

    def number(self, value: int) -> list[str]:
        """Say a quantity: 10500 as "ten thousand five hundred"."""

    def ordinal(self, value: int) -> list[str]:
        """Say a place in a row, from 1: "third"."""

    def digits(self, text: str) -> list[str]:
        """Say each digit, `*`, `#` and `+` of an extension or a code; other characters are skipped."""

    def phone(self, number: str) -> list[str]:
        """Say a telephone number in the groups people write it in."""

    def date(self, day: datetime.date, today: datetime.date) -> list[str]:
        """Say a day as one does today: "yesterday", "October eighth", with the year if it is another."""

    def weekday(self, day: datetime.date) -> list[str]:
        """Say which day of the week that is."""

    def time(self, moment: datetime.time) -> list[str]:
        """Say a time of day, to the minute."""

    def duration(self, seconds: int) -> list[str]:
        """Say a length of time in days, hours, minutes and seconds; a negative one is none."""

    def money(self, amount: Decimal, currency: str) -> list[str]:
        """Say an amount, rounded to the smallest coin; an unknown currency's amount is said bare."""

    def counted(self, value: int, noun: Noun) -> list[str]:
        """Say how many of something: "three new messages"."""


class Coins(msgspec.Struct, frozen=True):
    """An amount as it is said: so many of the unit, so many of the coin."""

    negative: bool
    major: int
    minor: int
    """Hundredths; 0 where the currency has no coins."""


WITHOUT_COINS = frozenset({"JPY", "KRW"})
"""ISO 4217 codes whose exponent is 0, of those that are spoken by name."""


def coins(amount: Decimal, currency: str) -> Coins:
    """Split an amount into units and hundredths, rounding half a coin up as a till does."""
    smallest = Decimal(1) if currency in WITHOUT_COINS else Decimal("0.01")
    rounded = abs(amount).quantize(smallest, ROUND_HALF_UP)
    major = int(rounded)
    return Coins(amount < 0 and rounded != 0, major, int((rounded - major) * 100))


class Parts(msgspec.Struct, frozen=True):
    """A length of time in the units it is said in."""

    days: int
    hours: int
    minutes: int
    seconds: int


def parts(seconds: int) -> Parts:
    """Split seconds into days, hours, minutes and seconds; a negative length is none."""
    minutes, second = divmod(max(0, seconds), SECONDS_PER_MINUTE)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return Parts(days, hour, minute, second)


KEYPAD = "0123456789*#+"
"""What a telephone number or a code consists of; anything else in it is punctuation."""


def phone_groups(number: str) -> list[str]:
    """Cut a telephone number into the groups people say it in; China's +86 is left off."""
    bare = "".join(character for character in number if character in KEYPAD).removeprefix("+86")
    groups, rest = [], bare
    for size in _group_sizes(bare)[:-1]:
        groups.append(rest[:size])
        rest = rest[size:]
    return [group for group in (*groups, rest) if group]


def _group_sizes(bare: str) -> tuple[int, ...]:
    length = len(bare)
    if length == 11 and bare.startswith("1"):
        return (3, 4, 4)
    if length > 8 and bare.startswith("0"):
        # China's area codes: 010 and 02x have three digits, all others four.
        return ((3 if bare[1] in "12" else 4), 4, 4)
    if length == 10:
        return (3, 3, 4)
    if length == 7:
        return (3, 4)
    return (4,) * -(-length // 4)
