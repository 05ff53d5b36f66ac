"""Names spelled on the keys, and menus with a history."""

from __future__ import annotations

import datetime

import pytest

from firmware.core.errors import UserError
from ivr.menu import Listed, MenuBook, NameBook, first_menus, spelled
from ivr.menu.model import GoTo
from ivr.menu.versions import KEPT
from tests.ivr.menus import KNOWN, main, one

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("李伟", "li wei"),
        ("吕布", "lv bu"),
        ("O'Brien, Sam", "o brien sam"),
        ("前台 Front", "qian tai front"),
        ("", ""),
    ],
)
def test_names_are_spelled_in_latin_letters(name: str, letters: str) -> None:
    assert spelled(name) == letters


def test_a_name_is_found_by_its_first_keys_from_any_word_on() -> None:
    people = [("101", "li wei"), ("102", "li na"), ("103", "sam obrien"), ("104", "")]
    book = NameBook(Listed(number, spelling, spelling) for number, spelling in people)
    assert len(book) == 3
    assert [one.number for one in book.matches("54")] == ["101", "102"]
    assert [one.number for one in book.matches("54934")] == ["101"]
    assert [one.number for one in book.matches("93454")] == ["101"]
    assert [one.number for one in book.matches("627")] == ["103"]
    assert book.matches("999") == []
    assert book.matches("") == []
    assert book.matches("10*#") == []


def test_a_draft_is_tried_put_in_force_and_taken_back() -> None:
    book = MenuBook()
    assert book.preview() is None
    first, second = first_menus(), one(main())
    book = book.drafted(first, KNOWN)
    assert book.preview() == first
    assert book.in_force() is None
    book = book.published(KNOWN, "Li", NOW).drafted(second, KNOWN)
    assert book.in_force() == first
    assert book.preview() == second
    book = book.published(KNOWN, "Li", NOW)
    assert book.in_force() == second
    book = book.rolled_back(1, KNOWN, "Wang", NOW)
    assert book.in_force() == first
    assert [(version.number, version.by) for version in book.versions] == [(1, "Li"), (2, "Li"), (3, "Wang")]


def test_nothing_bad_is_drafted_published_or_gone_back_to() -> None:
    book = MenuBook()
    with pytest.raises(UserError, match="no draft"):
        book.published(KNOWN, "Li", NOW)
    with pytest.raises(UserError, match="There is no menu x"):
        book.drafted(one(main(keys={"1": GoTo("x")})), KNOWN)
    book = book.drafted(first_menus(), KNOWN)
    without = type(KNOWN)()
    with pytest.raises(UserError, match="no operator"):
        book.published(without, "Li", NOW)
    book = book.published(KNOWN, "Li", NOW)
    with pytest.raises(UserError, match="no operator"):
        book.rolled_back(1, without, "Li", NOW)
    with pytest.raises(UserError, match="no version 7"):
        book.rolled_back(7, KNOWN, "Li", NOW)


def test_old_versions_are_let_go_and_numbers_never_used_again() -> None:
    book = MenuBook()
    for _ in range(KEPT + 5):
        book = book.drafted(first_menus(), KNOWN).published(KNOWN, "Li", NOW)
    assert [version.number for version in book.versions] == list(range(6, KEPT + 6))
