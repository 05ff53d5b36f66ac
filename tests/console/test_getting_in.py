"""Getting in and out: languages, passwords, idleness, a cut line."""

from __future__ import annotations

from pathlib import Path

from firmware.core.trace.box import Box
from tests.console.office_box import OfficeBox
from tests.console.person import Person


def test_chinese_is_spoken_as_well(box: OfficeBox) -> None:
    with Person(box, dumb=True) as person:
        person.logs_in("zh", first=True)
        person.types("1")
        person.sees("总机 0.1.0：通话 1 路，已注册话机 2 部", "一切正常。")
        box.faults.append(Box.CARD_ERRORS(count=3))
        person.types("")
        person.sees("状态一览")
        person.types("1")
        person.sees("! 存储卡文件系统出现 3 个错误，请备份并更换存储卡")
        person.types("")
        person.sees("状态一览", "验收测试", "备份与恢复")


def test_the_first_password_has_to_be_a_good_one(box: OfficeBox) -> None:
    with Person(box, dumb=True) as person:
        person.sees("Enter, 1, 2")
        person.types("2")
        for typed, told in (("short", "at least 10"), ("aaaaaaaaaaaa", "too easy")):
            person.sees("New password")
            person.types(typed)
            person.sees("The same again")
            person.types(typed)
            person.sees(told)
        person.types("good enough one")
        person.types("something else")
        person.sees("Those were not the same.")


def test_guessing_takes_longer_and_longer(box: OfficeBox) -> None:
    with Person(box, dumb=True) as person:
        person.logs_in("en", first=True)
        person.types("0")
        person.sees("Logged out.")
        person.types("2")
        for _ in range(3):
            person.sees("Password")
            person.types("guessed wrong")
            person.sees("That is not the password.")
        person.sees("Enter, 1, 2")
        person.types("2")
        person.sees("Too many wrong ones: wait")
        assert "guessed wrong" not in person.seen


def test_who_goes_away_is_logged_out(box: OfficeBox) -> None:
    with Person(box, dumb=False, idle=1.5) as person:
        person.logs_in("en", first=True)
        person.sees("Logged out: nobody typed for a while.")
        person.types("2")
        person.sees("Password")


def test_a_cut_line_ends_the_console(box: OfficeBox) -> None:
    with Person(box, dumb=True) as person:
        person.logs_in("en", first=True)
        person.presses("\x04")
        assert person.is_gone()


def test_without_a_switch_the_console_still_helps(box: OfficeBox, tmp_path: Path) -> None:
    elsewhere = OfficeBox(tmp_path / "elsewhere")
    elsewhere.steward_socket = box.steward_socket
    with Person(elsewhere, dumb=True) as person:
        person.logs_in("en", first=True)
        person.types("1")
        person.sees("That didn't work: no switch runs here")
        person.types("")
        person.sees("Main menu")
        person.types("7")
        person.types("1")
        person.sees("gsm1: ready")
