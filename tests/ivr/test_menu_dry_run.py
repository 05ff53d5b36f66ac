"""What would become of a caller, asked without a call."""

from __future__ import annotations

import datetime

from hypothesis import assume, given, settings

from firmware.core.trace import in_language
from ivr.hours import Schedule
from ivr.menu import Menus, dry_run, first_menus, problems
from ivr.menu.model import GoTo, ToVoicemail
from tests.ivr.menus import KNOWN, ThreeExtensions, any_menus, main, one

SUNDAY = datetime.datetime(2026, 11, 22, 13, 5, tzinfo=datetime.UTC)
MONDAY = datetime.datetime(2026, 11, 23, 2, 0, tzinfo=datetime.UTC)


def asked(menus: Menus, moment: datetime.datetime | None, *keyed: str) -> list[str]:
    return [str(said) for said in dry_run(menus, Schedule(), moment, ThreeExtensions(), "en", keyed)]


def test_the_hours_and_the_keys_decide() -> None:
    assert asked(first_menus(), MONDAY, "101") == [
        "Monday 10:00: open: opening hours until 2026-11-23 18:00: menu main",
        "menu main: dialled 101: number 101",
        "rings extension 101",
        "menu main: keyed nothing",
        "menu main: keyed nothing, attempt 2: the operator",
        "rings the operator",
        "menu main: nobody there, and nowhere else to go",
        "hangs up",
    ]
    assert asked(first_menus(), SUNDAY) == [
        "Sunday 21:05: closed: outside opening hours until 2026-11-23 09:00: menu closed",
        "menu closed: keyed nothing, attempt 1: hang up",
        "hangs up",
    ]


def test_the_answer_reads_in_chinese_too() -> None:
    said = dry_run(first_menus(), Schedule(), SUNDAY, ThreeExtensions(), "zh-CN", ())
    assert [in_language(one, "zh-CN") for one in said] == [
        "星期日 21:05：休息：非营业时间，至 2026-11-23 09:00：菜单 closed",
        "菜单 closed：没有按键，第 1 次：挂断",
        "挂断",
    ]


def test_a_way_through_two_menus_ends_in_a_mailbox() -> None:
    menus = one(main(keys={"2": GoTo("sales")}), sales=main(keys={"1": ToVoicemail("office")}))
    assert asked(menus, None, "2", "1")[-2:] == [
        "menu sales: keyed 1: voicemail office",
        "takes a message in office",
    ]


@settings(max_examples=200, deadline=None)
@given(any_menus)
def test_any_accepted_menus_can_be_asked(menus: Menus) -> None:
    assume(not problems(menus, KNOWN))
    assert asked(menus, MONDAY, "1", "2", "#", "103")[-1].startswith(("hangs up", "takes a message"))
