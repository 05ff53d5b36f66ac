"""People and the passwords of their phones."""

from __future__ import annotations

from firmware.control.editing import AddPerson, ChangePerson, ChangeSettings, RemovePerson
from tests.console.office_box import OfficeBox
from tests.console.person import Person


def test_people_are_listed_added_changed_and_removed(box: OfficeBox, person: Person) -> None:
    person.types("4")
    person.sees("Everybody")
    person.types("1")
    person.sees("101", "王芳 Wang Fang", "registered", "102")
    person.types("")
    person.sees("Number")
    person.types("2")
    person.sees("Number of the extension")
    person.types("999")
    person.sees("There is no extension 999.")
    person.types("")
    person.sees("Everybody")
    person.types("2")
    person.types("101")
    person.sees("192.168.1.20:5060", "s3cretWord")
    person.types("")
    person.sees("Everybody")
    person.types("3")
    person.types("101")
    person.sees("Sure")
    person.types("n")
    person.sees("Everybody")
    assert not any(isinstance(one, ChangeSettings) for one in box.asked)
    person.types("3")
    person.types("101")
    person.types("y")
    person.sees("Done.")
    assert box.last(ChangeSettings).edits == [ChangePerson("101", new_secret=True)]
    person.types("")
    person.sees("Everybody")
    person.types("4")
    person.types("105")
    person.types("赵敏")
    person.sees("Done.")
    assert box.last(ChangeSettings).edits == [AddPerson("105", "赵敏")]
    person.types("")
    person.sees("Everybody")
    person.types("5")
    person.types("102")
    person.types("y")
    person.sees("Done.")
    assert box.last(ChangeSettings).edits == [RemovePerson("102")]


def test_what_the_box_refuses_is_said_in_ones_language(box: OfficeBox, person: Person) -> None:
    box.refuse = "That number is taken. / 号码已被占用。"
    person.types("4")
    person.sees("Everybody")
    person.types("1")
    person.sees("That didn't work: That number is taken.")
    person.types("")
    person.sees("Everybody")


def test_ctrl_c_goes_back_and_never_out(person: Person) -> None:
    person.types("4")
    person.sees("Everybody")
    person.types("4")
    person.sees("Number of the extension")
    person.presses("\x03")
    person.sees("Everybody")
    person.presses("\x03")
    person.sees("Main menu")


def test_backspace_takes_back_what_was_typed(box: OfficeBox, person: Person) -> None:
    person.types("4")
    person.sees("Everybody")
    person.types("4")
    person.types("1055\x7f")
    person.types("王五\x7f六")
    person.sees("Done.")
    assert box.last(ChangeSettings).edits == [AddPerson("105", "王六")]
