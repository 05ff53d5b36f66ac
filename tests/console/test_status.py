"""What the box looks like at a glance, and its logs."""

from __future__ import annotations

from tests.console.office_box import OfficeBox
from tests.console.person import Person


def test_status_is_seen_at_a_glance(box: OfficeBox, person: Person) -> None:
    box.faults.append("line gsm1: modem vanished")
    person.types("1")
    person.sees(
        "zongji 0.1.0: 1 calls, 2 phones registered",
        "CHINA MOBILE, -71 dBm",
        "Memory 88 MB: switch 50 MB, media 38 MB",
        "Card mmcblk0p2: 31 % used, 9000 MB free, life used 20 %",
        "! line gsm1: modem vanished",
    )
    person.types("")
    person.sees("Main menu")


def test_wrong_choices_are_answered_with_what_is_possible(person: Person) -> None:
    for wrong in ("99", "x", "-1", "1.5", "²", "a" * 600):
        person.types(wrong)
        person.sees("Please type a number from 0 to 9.")


def test_logs_are_shown_a_screen_at_a_time(box: OfficeBox, person: Person) -> None:
    box.host.answers["journalctl"] = "\n".join(f"line {number} \x1b[31mred" for number in range(60))
    person.types("7")
    person.sees("switch")
    person.types("2")
    person.sees("line 59 ·[31mred", "Enter for more")
    assert "\x1b[31m" not in person.seen, "what a log holds is harmless"
    person.types("")
    person.sees("line 39")
    person.types("q")
    person.sees("Enter to go on")
    assert any("--unit=zongji-switch.service" in command for command in box.commands())
