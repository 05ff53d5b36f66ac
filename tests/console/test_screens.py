"""Every menu and screen in both languages, as it looks at 80 × 24; wrong input at each.

The pictures lie in tests/console/screens, a file each; the name is that of the entry in `words.toml`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from wcwidth import wcswidth

from firmware.console.words import Words
from tests.console.office_box import OfficeBox
from tests.console.person import Person

DRAWN: Final = Path(__file__).parent / "screens"
CHOICE: Final = "choice"

# A walk through the whole console: the picture's name, what is typed to come there, the word of the question
# at its end. A menu's highest number stands beside it; 99 and x are no choice there.
WALK: Final[tuple[tuple[str, tuple[str, ...], str, int], ...]] = (
    ("main", (), CHOICE, 9),
    ("status", ("1",), "enter", 0),
    ("lines", ("", "2"), CHOICE, 6),
    ("doctor", ("1",), "enter", 0),
    ("pin", ("", "2"), "pin_ask", 0),
    ("gain", ("", "3"), CHOICE, 2),
    ("busy_tone", ("0", "4"), CHOICE, 2),
    ("busy_learned", ("1",), "enter", 0),
    ("test_out", ("", "5"), "test_number", 0),
    ("test_out_done", ("10086",), "enter", 0),
    ("test_in", ("", "6"), "enter", 0),
    ("acceptance", ("", "0", "3"), "acceptance_installer", 0),
    ("acceptance_steps", ("Li", "Wang & Co"), CHOICE, 3),
    ("acceptance_step", ("1",), "acceptance_begin", 0),
    ("acceptance_passed", ("",), CHOICE, 3),
    ("people", ("0", "4"), CHOICE, 5),
    ("people_list", ("1",), "enter", 0),
    ("people_secret", ("", "2", "101"), "enter", 0),
    ("people_remove", ("", "5", "102"), "people_sure_remove", 0),
    ("network", ("n", "0", "5"), CHOICE, 4),
    ("network_new", ("2", "192.168.1.10/24", "192.168.1.1", ""), "network_sure", 0),
    ("network_wifi", ("n", "5", "3"), "network_ssid", 0),
    ("logs", ("办公室", "long enough key", "n", "7"), "which_log", 6),
    ("log", ("2",), "more", 0),
    ("backup", ("q", "", "8"), CHOICE, 3),
    ("backup_state", ("1",), "enter", 0),
    ("backup_to_stick", ("", "2"), "which_stick", 1),
    ("backup_copied", ("1",), "enter", 0),
    ("restore", ("", "3", "1"), "which_backup", 1),
    ("restore_what", ("1", "AGE-SECRET-KEY-1"), "reset_type", 0),
    ("system", ("no", "", "0", "9"), CHOICE, 8),
    ("update", ("1",), CHOICE, 2),
    ("update_file", ("2",), "update_path", 0),
    ("admin_reset", ("", "3", "y"), "enter", 0),
    ("shell", ("", "4"), "password", 0),
    ("power_off", ("guessed wrong", "", "7"), "power_off_sure", 0),
    ("factory_reset", ("n", "8"), "reset_type", 0),
)


def asked(words: Words, key: str) -> str:
    """Return the question as far as it is always the same."""
    return words(key, word="ERASE", number="102", seconds=90, line="gsm1")


@pytest.mark.parametrize(
    ("language", "dumb"),
    [
        ("en", False),
        ("zh", False),
        pytest.param("en", True, marks=pytest.mark.slow),
        pytest.param("zh", True, marks=pytest.mark.slow),
    ],
)
def test_every_screen_looks_as_drawn_and_refuses_what_is_no_choice(
    box: OfficeBox, language: str, dumb: bool
) -> None:
    box.host.answers["journalctl"] = "\n".join(f"line {number}" for number in range(60))
    words = Words(language)
    with Person(box, dumb=dumb) as person:
        person.logs_in(language, first=True)
        for name, typed, last, highest in WALK:
            for line in typed:
                person.types(line)
            person.is_asked(asked(words, last))
            if not dumb:
                person.has_before_him((DRAWN / f"{name}.{language}.txt").read_text("utf-8"))
            for wrong in ("99", "x") if highest else ():
                person.types(wrong)
                person.sees(words("not_choice", highest=highest))
                person.is_asked(asked(words, last))


def test_no_text_is_so_long_that_the_terminal_breaks_it() -> None:
    for picture in DRAWN.iterdir():
        for line in picture.read_text("utf-8").splitlines():
            assert wcswidth(line) < 80, picture.name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_at_the_first_menu_only_zero_leads_out(box: OfficeBox, language: str) -> None:
    words = Words(language)
    with Person(box, dumb=False) as person:
        person.logs_in(language, first=True)
        person.types("")
        person.sees(words("not_choice", highest=9))
        person.presses("\x03")
        person.sees(words("main"))
        person.types("0")
        person.sees(words("bye"), "Enter, 1, 2")
