"""Numbers aloud, each held against a second way of writing it that shares nothing with the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.prompts.spoken import ATOMS, SPOKEN
from ivr.prompts.spoken.seam import MAX_NUMBER

MANDARIN, ENGLISH = SPOKEN["zh-CN"], SPOKEN["en"]
# A stride that is prime to every power of ten passes through all endings and all leading digits.
STRIDE = 37


def said(keys: list[str], language: str) -> str:
    return ("" if language == "zh-CN" else " ").join(ATOMS[language][key] for key in keys)


def mandarin_by_places(value: int) -> str:
    """Write every place with its unit, zeros included, then strike out what nobody says."""
    wan, rest = divmod(value, 10_000)

    def four(number: int) -> str:
        places = "".join(
            "零一二三四五六七八九"[int(d)] + u for d, u in zip(f"{number:04}", "千百十 ", strict=True)
        )
        return re.sub("零+", "零", re.sub("零[千百十]", "零", places.replace(" ", ""))).rstrip("零")

    text = f"{four(wan)}万{four(rest)}" if wan else four(rest)
    text = re.sub("零+", "零", text.strip("零")) or "零"
    text = re.sub("^一十", "十", text)
    text = text.replace("二千", "两千")
    return re.sub("^二万", "两万", text)


def english_value(words: str) -> int:
    """Read a number back, as a listener adds it up."""
    ones = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
    ]
    ones += ["sixteen", "seventeen", "eighteen", "nineteen"]
    tens = dict(
        zip(
            ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
            range(20, 100, 10),
            strict=True,
        )
    )
    total = current = 0
    for word in words.replace("-", " ").split():
        if word == "thousand":
            total, current = current * 1000, 0
        elif word == "hundred":
            current *= 100
        else:
            current += tens[word] if word in tens else ones.index(word)
    return total + current


def check_mandarin(values: Iterable[int]) -> None:
    for value in values:
        assert said(MANDARIN.number(value), "zh-CN") == mandarin_by_places(value), value


def check_english(values: Iterable[int]) -> None:
    shape = re.compile(r"((\S+ hundred( \S+)?|\S+) thousand( |$))?(\S+ hundred( \S+)?|\S+)?")
    for value in values:
        words = said(ENGLISH.number(value), "en")
        assert english_value(words) == value, (value, words)
        assert shape.fullmatch(words), words
        assert value == 0 or "zero" not in words, words


@pytest.mark.parametrize("check", [check_mandarin, check_english])
def test_numbers_throughout_the_range_are_said_as_the_other_way_of_writing_them(
    check: Callable[[Iterable[int]], None],
) -> None:
    check(range(2300))
    check(range(0, MAX_NUMBER + 1, STRIDE))
    check(range(MAX_NUMBER - 50, MAX_NUMBER + 1))


@pytest.mark.slow
@pytest.mark.parametrize("check", [check_mandarin, check_english])
def test_every_number_there_is_is_said_as_the_other_way_of_writing_it(
    check: Callable[[Iterable[int]], None],
) -> None:
    check(range(MAX_NUMBER + 1))


@pytest.mark.parametrize(
    ("value", "mandarin", "english"),
    [
        (0, "零", "zero"),
        (2, "二", "two"),
        (10, "十", "ten"),
        (12, "十二", "twelve"),
        (20, "二十", "twenty"),
        (101, "一百零一", "one hundred one"),
        (110, "一百一十", "one hundred ten"),
        (200, "二百", "two hundred"),
        (1010, "一千零一十", "one thousand ten"),
        (2222, "两千二百二十二", "two thousand two hundred twenty-two"),
        (10_000, "一万", "ten thousand"),
        (10_015, "一万零一十五", "ten thousand fifteen"),
        (10_500, "一万零五百", "ten thousand five hundred"),
        (20_002, "两万零二", "twenty thousand two"),
        (120_000, "十二万", "one hundred twenty thousand"),
        (220_022, "二十二万零二十二", "two hundred twenty thousand twenty-two"),
        (-7, "负七", "minus seven"),
    ],
)
def test_numbers_people_stumble_over(value: int, mandarin: str, english: str) -> None:
    assert said(MANDARIN.number(value), "zh-CN") == mandarin
    assert said(ENGLISH.number(value), "en") == english


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_a_number_too_large_is_said_digit_by_digit_and_none_is_refused(value: int) -> None:
    for language, spoken in SPOKEN.items():
        keys = spoken.number(value)
        assert keys
        assert all(key in ATOMS[language] for key in keys)
        if value > MAX_NUMBER:
            assert len(keys) == len(str(value))


@pytest.mark.parametrize(
    ("value", "mandarin", "english"),
    [
        (1, "第一", "first"),
        (2, "第二", "second"),
        (12, "第十二", "twelfth"),
        (20, "第二十", "twentieth"),
        (21, "第二十一", "twenty-first"),
        (113, "第一百一十三", "number one hundred thirteen"),
    ],
)
def test_places_in_a_row(value: int, mandarin: str, english: str) -> None:
    assert said(MANDARIN.ordinal(value), "zh-CN") == mandarin
    assert said(ENGLISH.ordinal(value), "en") == english
