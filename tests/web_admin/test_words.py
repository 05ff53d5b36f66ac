"""Numbers, plurals, dates and times as the reader's language writes them."""

from __future__ import annotations

import datetime

import pytest

from firmware.core.clock import Instant
from web_admin import format as formats
from web_admin.words import Words

EN, ZH = Words("en"), Words("zh")
AT = datetime.datetime(2026, 11, 21, 16, 5, 9).astimezone()
INSTANT = Instant(wall_ms=int(AT.timestamp() * 1000), mono_ms=1500, boot_id="b", clock_set=True)


@pytest.mark.parametrize(
    ("count", "en", "zh"),
    [(1, "1 phone", "1 部话机"), (2, "2 phones", "2 部话机"), (1200, "1,200 phones", "1,200 部话机")],
)
def test_what_is_counted_stands_in_the_form_that_goes_with_the_number(count: int, en: str, zh: str) -> None:
    assert EN("now.phones", count=count) == en
    assert ZH("now.phones", count=count) == zh


def test_a_call_and_two_calls() -> None:
    assert EN("now.hour", hour=9, calls=1, answered=0) == "9:00 – 1 call, 0 answered"
    assert EN("now.hour", hour=9, calls=2, answered=1) == "9:00 – 2 calls, 1 answered"
    assert EN("sign.wait", seconds=1).endswith("in 1 second.")


def test_moments_are_written_as_in_the_language() -> None:
    assert formats.moment(INSTANT, "en") == "21 Nov 2026, 16:05:09"
    assert formats.moment(INSTANT, "zh") == "2026年11月21日 16:05:09"
    assert formats.short_moment(INSTANT, AT.date(), "en") == "16:05:09"
    tomorrow = AT.date() + datetime.timedelta(days=1)
    assert formats.short_moment(INSTANT, tomorrow, "en") == "21 Nov, 16:05"
    assert formats.short_moment(INSTANT, tomorrow, "zh") == "11月21日 16:05"
    assert formats.stamp(INSTANT) == "2026-11-21 16:05:09", "in files, for programs"
    unset = Instant(wall_ms=0, mono_ms=1500, boot_id="b", clock_set=False)
    assert formats.moment(unset, "en") == formats.short_moment(unset, AT.date(), "zh") == "+2 s"


@pytest.mark.parametrize(
    ("octets", "shown"), [(900, "1 kB"), (12_300_000, "12 MB"), (1_250_000_000, "1.2 GB"), (0, "0 kB")]
)
def test_amounts_of_data(octets: int, shown: str) -> None:
    assert formats.size(octets, "en") == shown


def test_numbers_and_shares() -> None:
    assert formats.number(12345.6, "en", 1) == "12,345.6"
    assert formats.share(0.756, "zh") == "76%"
