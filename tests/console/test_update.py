"""Updates from the box and from a stick, and back again."""

from __future__ import annotations

from tests.console.office_box import OfficeBox
from tests.console.person import Person


def to_updates(person: Person) -> None:
    person.types("9")
    person.sees("Update", "Factory reset")
    person.types("1")
    person.sees("Install a bundle that is on the box")


def test_a_bundle_is_installed_and_taken_back(box: OfficeBox, person: Person) -> None:
    to_updates(person)
    person.sees("Version 0.1.0-000000000001 runs.")
    person.types("3")
    person.sees("Please type a number from 0 to 2.")
    person.types("2")
    person.types("zongji.bundle")
    person.sees("Also end calls")
    person.types("n")
    person.sees("That didn't work: Put the bundle into")
    person.types("")
    person.sees("Factory reset")
    person.types("1")
    person.types("2")
    path = box.paths.root / "uploads" / "zongji.bundle"
    person.types(str(path))
    person.types("y")
    person.sees("unpacking", "Done.")
    assert box.versions.installed == [(path, True)]
    person.types("")
    person.sees("Factory reset")
    person.types("1")
    person.sees(
        "Version 0.2.0-000000000002 runs.",
        "The last update replaced 0.1.0-000000000001.",
        "Go back to version 0.1.0-000000000001",
    )
    person.types("3")
    person.sees("Settings go back too")
    person.types("y")
    person.sees("Also end calls")
    person.types("n")
    person.sees("going back to 0.1.0-000000000001", "Done.")
    person.types("")
    person.sees("Factory reset")
    person.types("1")
    person.sees("The update to 0.2.0-000000000002 was taken back: by hand")


def test_a_bundle_comes_from_a_stick(box: OfficeBox, person: Person) -> None:
    folder = box.host.root / "run/zongji-stick/zongji"
    folder.mkdir(parents=True)
    (folder / "zongji-box.age").write_bytes(b"age")
    to_updates(person)
    person.types("1")
    person.sees("sda1  STICK")
    person.types("1")
    person.sees("no bundle in the folder zongji")
    (folder / "new.bundle").write_bytes(b"bundle")
    person.types("")
    person.sees("Factory reset")
    person.types("1")
    person.types("1")
    person.types("1")
    person.sees("new.bundle", "Which bundle")
    assert "zongji-box.age" not in person.seen
    person.types("1")
    person.types("n")
    assert (box.paths.root / "uploads/new.bundle").read_bytes() == b"bundle"
    # The steward takes what lies on the box, and this folder isn't the box's.
    person.sees("That didn't work: Put the bundle into")
