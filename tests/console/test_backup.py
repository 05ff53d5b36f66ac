"""Backups onto a stick and back."""

from __future__ import annotations

from tests.console.office_box import OfficeBox
from tests.console.person import Person


def test_a_backup_goes_onto_a_stick_and_comes_back(box: OfficeBox, person: Person) -> None:
    person.types("8")
    person.sees("Back up onto")
    person.types("1")
    person.sees("The card is 25 % full", "No backup has been made yet.")
    person.types("")
    person.types("2")
    person.sees("sda1  STICK  7629 MB")
    person.types("1")
    person.sees("zongji-box.age is on the stick")
    stick = box.host.root / "run/zongji-stick/zongji/zongji-box.age"
    assert stick.read_bytes() == b"age"
    person.types("")
    person.sees("Restore from")
    person.types("3")
    person.types("1")
    person.sees("zongji-box.age", "Which backup")
    person.types("1")
    person.types("AGE-SECRET-KEY-1")
    person.sees("Type ERASE to confirm")
    person.types("yes")
    person.sees("Nothing was changed.")
    assert "AGE-SECRET-KEY-1" not in person.seen
    person.types("")
    person.sees("Restore from")
    for typed in ("3", "1", "1", "AGE-SECRET-KEY-1", "ERASE"):
        person.types(typed)
    person.sees("Done.")
    told = box.commands()
    stop = told.index("systemctl stop zongji-web.service zongji-switch.service zongji-media.service")
    assert any("restore" in command for command in told[stop:])
    assert "start --no-block" in told[-1]
