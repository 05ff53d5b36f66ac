"""The clock, updates, passwords, the shell, and beginning anew."""

from __future__ import annotations

import pytest

from firmware.control.access import AllowPasswordReset
from firmware.control.care import LeaveSafeMode
from tests.console.office_box import OfficeBox
from tests.console.person import PASSWORD, Person


def test_date_and_zone(box: OfficeBox, person: Person) -> None:
    person.types("6")
    person.sees("Set date and time")
    person.types("3")
    person.sees("Please type a number from 0 to 2.")
    person.types("1")
    person.types("tomorrow")
    person.sees("That is no date and time")
    person.types("")
    person.sees("Main menu")
    person.types("6")
    person.types("1")
    person.types("2026-11-22 09:30")
    person.sees("Done.")
    assert "timedatectl set-time 2026-11-22 09:30:00" in box.commands()
    person.types("")
    person.sees("Main menu")
    person.types("6")
    person.types("2")
    person.sees("Asia/Shanghai")
    person.types("Shanghai")
    person.sees("Please type a number from 0 to 6.")
    person.types("1")
    person.sees("Done.")
    assert "timedatectl set-timezone Asia/Shanghai" in box.commands()


def into_system(person: Person, entry: str) -> None:
    person.types("9")
    person.sees("Update", "Factory reset")
    person.types(entry)


def test_the_owners_password_is_changed(person: Person) -> None:
    into_system(person, "2")
    person.types(PASSWORD)
    person.types("short")
    person.types("short")
    person.sees("at least 10 characters")
    person.types("")
    person.sees("Factory reset")
    person.types("2")
    for typed in ("wrong old one", "another good one", "another good one"):
        person.types(typed)
    person.sees("The old password is wrong.")
    person.types("")
    person.sees("Factory reset")
    person.types("2")
    for typed in (PASSWORD, "another good one", "another good one"):
        person.types(typed)
    person.sees("Done.")


def test_admin_reset_and_leaving_safe_mode(box: OfficeBox, person: Person) -> None:
    into_system(person, "3")
    person.types("y")
    person.sees("within 10 minutes")
    assert box.last(AllowPasswordReset)
    person.types("")
    person.sees("Factory reset")
    person.types("5")
    person.sees("Done.")
    assert box.last(LeaveSafeMode)


def test_a_shell_takes_the_owners_password(box: OfficeBox, person: Person) -> None:
    into_system(person, "4")
    person.types("guessed wrong")
    person.sees("That is not the owner's password.")
    person.types("")
    person.sees("Factory reset")
    person.types("4")
    person.types(PASSWORD)
    person.sees("The shell comes up")
    assert box.commands() == ["systemctl start --no-block zongji-shell@ttyGS0.service"]


@pytest.mark.parametrize(("entry", "command"), [("6", "systemctl reboot"), ("7", "systemctl poweroff")])
def test_restart_and_switching_off_are_confirmed(
    box: OfficeBox, person: Person, entry: str, command: str
) -> None:
    into_system(person, entry)
    person.sees("Calls in progress end.")
    person.types("n")
    person.sees("Factory reset")
    assert box.commands() == []
    person.types(entry)
    person.types("y")
    person.sees("Logged out.")
    assert box.commands() == [command]


def test_a_factory_reset_is_typed_out(box: OfficeBox, person: Person) -> None:
    (box.paths.recordings / "a.wav").touch()
    (box.paths.root / "settings.json").write_text("{}")
    (box.paths.prompts / "mine.wav").touch()
    into_system(person, "8")
    person.sees("erased for ever")
    person.types("erase")
    person.sees("Nothing was changed.")
    assert (box.paths.recordings / "a.wav").exists()
    person.types("")
    person.sees("Factory reset")
    person.types("8")
    person.types("ERASE")
    person.sees("Logged out.")
    assert not (box.paths.recordings / "a.wav").exists()
    assert not (box.paths.root / "settings.json").exists()
    assert (box.paths.prompts / "mine.wav").exists(), (
        "what callers hear is no secret and takes minutes to speak"
    )
    person.sees("Enter, 1, 2")
