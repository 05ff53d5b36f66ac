"""People as a table: what a spreadsheet gives is taken whole or not at all, and each bad line is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions.forwarding import When
from firmware.settings import people_csv
from firmware.settings.document import Settings

SETTINGS = Settings()
TABLE = "分机,姓名,手机,跟随,无应答转移\n101,前台,13800138000,是,103\n104,张伟,,否,\n"


def _read(text: str, encoding: str = "utf-8", **how: bool) -> people_csv.Imported:
    return people_csv.read(text.encode(encoding), SETTINGS, **how)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_table_is_taken_in_either_encoding(encoding: str) -> None:
    taken = _read(TABLE, encoding)
    assert (taken.added, taken.changed, taken.errors) == (("104",), ("101",), ())
    assert taken.settings is not None
    front = taken.settings.extension("101")
    assert front is not None
    assert (front.name, front.personal.mobile, front.personal.follow_me) == ("前台", "13800138000", True)
    assert front.personal.forward == {When.NO_ANSWER: "103"}
    assert front.secret == SETTINGS.extensions[0].secret
    assert taken.settings.extension("102") == SETTINGS.extension("102")


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_what_is_exported_is_taken_back_unchanged(encoding: str) -> None:
    before = _read(TABLE).settings
    assert before is not None
    taken = people_csv.read(people_csv.export(before, encoding), before)
    assert (taken.added, taken.changed, taken.errors) == ((), (), ())
    assert taken.settings == before


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        ("number,name\n101,a\nxx,b\n", 3, "number"),
        ("number,name\n104,a\n104,b\n", 3, "was in line 2"),
        ("number,name\n1101,a\n", 2, "emergency"),
        ("number,name\n701,a\n", 2, "701"),
        ("number,shoe size\n104,44\n", 1, "shoe size"),
        ("name\nLi\n", 1, "number"),
        ("number,follow_me\n104,perhaps\n", 2, "neither yes nor no"),
        ("number,service_class\n104,royal\n", 2, "royal"),
        ("number,mobile\n104,110\n", 2, "110"),
        ('number,name\n104,"a\n', 0, "CSV"),
        ("", 1, "number"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_taken(lines: str, line: int, words: str) -> None:
    taken = _read(lines)
    assert taken.settings is None
    assert any(words in error.en for error in taken.errors), taken.errors
    assert taken.errors[0].line == line
    assert all(error.zh for error in taken.errors)


def test_every_bad_line_is_reported_not_only_the_first() -> None:
    taken = _read("number,follow_me\nx1,yes\n104,perhaps\n105,no\n")
    assert [error.line for error in taken.errors] == [2, 3]


def test_who_is_not_in_the_table_goes_only_when_asked_for() -> None:
    table = "number,name\n101,Li\n104,Wang\n"
    assert _read(table).removed == ()
    taken = _read(table, remove_missing=True)
    assert taken.removed == ("102", "103")
    assert taken.settings is not None
    assert [one.number for one in taken.settings.extensions] == ["101", "104"]


def test_a_cell_that_a_spreadsheet_would_run_is_kept_from_it() -> None:
    taken = _read("number,name,mobile\n104,=1+1,+8613800138000\n")
    assert taken.settings is not None
    table = people_csv.export(taken.settings).decode("utf-8-sig")
    assert "'=1+1" in table and "'+8613800138000" in table
    again = people_csv.read(table.encode(), taken.settings)
    assert again.settings == taken.settings


def test_a_file_beyond_a_megabyte_is_no_table() -> None:
    assert people_csv.read(b"x" * (people_csv.MAX_BYTES + 1), SETTINGS).settings is None


@given(st.binary(max_size=300))
def test_whatever_is_uploaded_is_taken_or_refused_with_words(data: bytes) -> None:
    taken = people_csv.read(data, SETTINGS)
    assert (taken.settings is None) == bool(taken.errors)


@given(st.text(max_size=80))
def test_whatever_stands_below_a_header_is_taken_or_refused(text: str) -> None:
    taken = people_csv.read(f"number,name,mobile\n{text}".encode("utf-8", "replace"), SETTINGS)
    assert (taken.settings is None) == bool(taken.errors)
