"""Digits, dates, times, durations, money and counts aloud, in both languages."""

from __future__ import annotations

import calendar
import datetime
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.prompts.samples import samples, words
from ivr.prompts.spoken import ATOMS, PAUSE, SPOKEN, Noun
from tests.ivr.test_spoken_numbers import english_value, mandarin_by_places

TODAY = datetime.date(2026, 11, 22)
MANDARIN, ENGLISH = SPOKEN["zh-CN"], SPOKEN["en"]


def zh(keys: list[str]) -> str:
    return words(keys, "zh-CN")


def en(keys: list[str]) -> str:
    return words(keys, "en")


@pytest.mark.parametrize(
    ("number", "mandarin", "english"),
    [
        (
            "13800138000",
            "幺三八，零零幺三，八零零零",
            "one three eight , zero zero one three , eight zero zero zero",
        ),
        ("+86 138 0013 8000", "幺三八，零零幺三，八零零零", None),
        ("010-62345678", "零幺零，六二三四，五六七八", None),
        ("0571-87654321", "零五七幺，八七六五，四三二幺", None),
        ("400-812-3123", "四零零，八幺二，三幺二三", None),
        ("2125550123", None, "two one two , five five five , zero one two three"),
        ("5550123", None, "five five five , zero one two three"),
        ("110", "幺幺零", "one one zero"),
        ("", "", ""),
    ],
)
def test_telephone_numbers_are_said_in_groups_with_yao(
    number: str, mandarin: str | None, english: str | None
) -> None:
    if mandarin is not None:
        assert zh(MANDARIN.phone(number)) == mandarin
    if english is not None:
        assert en(ENGLISH.phone(number)) == english


@given(st.text(alphabet="0123456789+*# -().x", max_size=30))
def test_no_digit_of_a_telephone_number_gets_lost(number: str) -> None:
    bare = re.sub(r"[^0-9*#+]", "", number).removeprefix("+86")
    for language, spoken in SPOKEN.items():
        assert [key for key in spoken.phone(number) if key != PAUSE] == spoken.digits(bare), language


def test_codes_are_said_digit_by_digit() -> None:
    assert zh(MANDARIN.digits("8021*#")) == "八零二幺星号井号"
    assert en(ENGLISH.digits("8021*#")) == "eight zero two one star pound"


@pytest.mark.parametrize(
    ("day", "mandarin", "english"),
    [
        ("2026-11-22", "今天", "today"),
        ("2026-11-21", "昨天", "yesterday"),
        ("2026-11-23", "明天", "tomorrow"),
        ("2026-11-20", "前天", "November twentieth"),
        ("2026-11-24", "后天", "November twenty-fourth"),
        ("2026-10-08", "十月八号", "October eighth"),
        ("2025-01-01", "二零二五年一月一号", "January first twenty twenty-five"),
        ("2009-02-28", "二零零九年二月二十八号", "February twenty-eighth two thousand nine"),
        ("2000-02-29", "二零零零年二月二十九号", "February twenty-ninth two thousand"),
        ("1905-12-31", "一九零五年十二月三十一号", "December thirty-first nineteen oh five"),
        ("1900-03-03", "一九零零年三月三号", "March third nineteen hundred"),
        ("2100-06-02", "二一零零年六月二号", "June second twenty-one hundred"),
    ],
)
def test_days_as_seen_from_today(day: str, mandarin: str, english: str) -> None:
    date = datetime.date.fromisoformat(day)
    assert zh(MANDARIN.date(date, TODAY)) == mandarin
    assert en(ENGLISH.date(date, TODAY)) == english


def test_every_day_of_four_years_names_its_month_and_day() -> None:
    for offset in range(4 * 366):
        day = datetime.date(2024, 1, 1) + datetime.timedelta(offset)
        if abs((day - TODAY).days) <= 2:
            continue
        chinese, english = zh(MANDARIN.date(day, TODAY)), en(ENGLISH.date(day, TODAY))
        assert chinese.endswith(f"{mandarin_by_places(day.month)}月{mandarin_by_places(day.day)}号")
        assert english.startswith(calendar.month_name[day.month] + " ")
        assert ("年" in chinese) == (day.year != TODAY.year) == ("twenty twenty-" in english)
        assert en(ENGLISH.weekday(day)) == calendar.day_name[day.weekday()]
        assert zh(MANDARIN.weekday(day)) == f"星期{'一二三四五六天'[day.weekday()]}"


@pytest.mark.parametrize(
    ("time", "mandarin", "english"),
    [
        ("00:00", "凌晨零点", "twelve midnight"),
        ("00:05", "凌晨零点零五分", "twelve oh five A M"),
        ("02:00", "凌晨两点", "two A M"),
        ("07:30", "早上七点三十分", "seven thirty A M"),
        ("09:00", "上午九点", "nine A M"),
        ("12:00", "中午十二点", "twelve noon"),
        ("12:30", "中午十二点三十分", "twelve thirty P M"),
        ("14:02", "下午两点零二分", "two oh two P M"),
        ("18:00", "晚上六点", "six P M"),
        ("23:59", "晚上十一点五十九分", "eleven fifty-nine P M"),
    ],
)
def test_times_of_day(time: str, mandarin: str, english: str) -> None:
    moment = datetime.time.fromisoformat(time)
    assert zh(MANDARIN.time(moment)) == mandarin
    assert en(ENGLISH.time(moment)) == english


def test_every_minute_of_a_day_is_said_unlike_every_other() -> None:
    minutes = [datetime.time(*divmod(minute, 60)) for minute in range(24 * 60)]
    assert len({zh(MANDARIN.time(time)) for time in minutes}) == len(minutes)
    assert len({en(ENGLISH.time(time)) for time in minutes}) == len(minutes)


@pytest.mark.parametrize(
    ("seconds", "mandarin", "english"),
    [
        (0, "零秒", "zero seconds"),
        (-5, "零秒", "zero seconds"),
        (1, "一秒", "one second"),
        (2, "两秒", "two seconds"),
        (60, "一分钟", "one minute"),
        (65, "一分零五秒", "one minute five seconds"),
        (150, "两分三十秒", "two minutes thirty seconds"),
        (3600, "一小时", "one hour"),
        (3605, "一小时零五秒", "one hour five seconds"),
        (5400, "一小时三十分钟", "one hour thirty minutes"),
        (7320, "两小时零二分钟", "two hours two minutes"),
        (90_000, "一天零一小时", "one day one hour"),
    ],
)
def test_lengths_of_time(seconds: int, mandarin: str, english: str) -> None:
    assert zh(MANDARIN.duration(seconds)) == mandarin
    assert en(ENGLISH.duration(seconds)) == english


def test_every_length_up_to_a_day_adds_up_again() -> None:
    unit = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
    for seconds in range(1, 86_400, 7):
        pairs = re.findall(r"(.+?) (day|hour|minute|second)s?(?: |$)", en(ENGLISH.duration(seconds)))
        assert sum(english_value(count) * unit[name] for count, name in pairs) == seconds
        assert zh(MANDARIN.duration(seconds)) == _mandarin_duration(seconds)


def _mandarin_duration(seconds: int) -> str:
    """Write every unit with what it counts, zeros included, then strike out what nobody says."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    text = "".join(
        f"{'零' if count < 10 else ''}{mandarin_by_places(count)}{name}" if count else "空"
        for count, name in ((hours, "时"), (minutes, "分"), (rest, "秒"))
    )
    text = re.sub("空+零?", "零", text.rstrip("空")).removeprefix("零")
    text = re.sub("^二", "两", text) if re.match("^二[时分秒]", text) else text
    return text.replace("时", "小时").replace("分", "分" if rest else "分钟")


@pytest.mark.parametrize(
    ("amount", "currency", "mandarin", "english"),
    [
        ("0", "CNY", "零元", "zero yuan"),
        ("1", "CNY", "一元", "one yuan"),
        ("2", "CNY", "两元", "two yuan"),
        ("0.5", "CNY", "五角", "fifty fen"),
        ("0.05", "CNY", "五分", "five fen"),
        ("12.05", "CNY", "十二元零五分", "twelve yuan and five fen"),
        ("12.02", "CNY", "十二元零二分", "twelve yuan and two fen"),
        ("12.53", "CNY", "十二元五角三分", "twelve yuan and fifty-three fen"),
        ("2.20", "CNY", "两元两角", "two yuan and twenty fen"),
        ("-8.005", "CNY", "负八元零一分", "minus eight yuan and one fen"),
        ("-0.004", "CNY", "零元", "zero yuan"),
        ("1.01", "USD", "一美元零一美分", "one dollar and one cent"),
        ("10500", "EUR", "一万零五百欧元", "ten thousand five hundred euros"),
        ("3.01", "GBP", "三英镑零一便士", "three pounds sterling and one penny"),
        ("2500.4", "JPY", "两千五百日元", "two thousand five hundred yen"),
        ("12.05", "XAU", "十二点零五", "twelve point zero five"),
    ],
)
def test_sums_of_money(amount: str, currency: str, mandarin: str, english: str) -> None:
    assert zh(MANDARIN.money(Decimal(amount), currency)) == mandarin
    assert en(ENGLISH.money(Decimal(amount), currency)) == english


def test_counted_things_take_their_measure_word_or_plural() -> None:
    assert zh(MANDARIN.counted(2, Noun.NEW_MESSAGE)) == "两条新留言"
    assert zh(MANDARIN.counted(12, Noun.MISSED_CALL)) == "十二个未接来电"
    assert zh(MANDARIN.counted(102, Noun.MESSAGE)) == "一百零二条留言"
    assert en(ENGLISH.counted(1, Noun.NEW_MESSAGE)) == "one new message"
    assert en(ENGLISH.counted(2, Noun.URGENT_MESSAGE)) == "two urgent messages"


@pytest.mark.parametrize("language", SPOKEN)
def test_everything_that_is_said_is_in_the_catalogue_and_the_catalogue_is_written_for_the_ear(
    language: str,
) -> None:
    spoken, atoms = SPOKEN[language], ATOMS[language]
    used = {key for _, keys in samples(spoken) for key in keys} - {PAUSE}
    assert used <= set(atoms)
    assert all(text and not re.search(r"\d", text) for text in atoms.values())
    assert all(re.fullmatch(r"say-[A-Za-z0-9-]+", key) for key in atoms)
