"""Statements put together from names, as SQLite understands them."""

from __future__ import annotations

import sqlite3

import pytest

from firmware.store import statements


@pytest.fixture
def connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    made.execute('CREATE TABLE piece (id INTEGER PRIMARY KEY, "left" TEXT, "end" TEXT)')
    return made


def test_a_row_is_written_changed_read_and_deleted_under_names_that_are_sqls_own(
    connection: sqlite3.Connection,
) -> None:
    columns = ("id", "left", "end")
    connection.execute(statements.insert("piece", columns), (1, "caller", "busy"))
    connection.execute(statements.update("piece", ["end"], "WHERE id = ?"), ("gone", 1))
    read = statements.select(columns, "piece", f"WHERE id IN ({statements.marks(2)})")
    assert connection.execute(read, (1, 2)).fetchall() == [(1, "caller", "gone")]
    connection.execute(statements.insert("piece", columns, verb="REPLACE"), (1, "staff", "gone"))
    assert connection.execute(statements.select(["left"], "piece")).fetchall() == [("staff",)]
    connection.execute(statements.delete("piece", "WHERE id = ?"), (1,))
    assert connection.execute(read, (1, 2)).fetchall() == []


def test_a_column_that_is_not_there_is_a_fault_and_no_text(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        connection.execute(statements.select(["lefft"], "piece"))


@pytest.mark.parametrize("name", ["", "a b", "a]", 'a"', "a; DROP TABLE piece", "*", "名"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        statements.select(["id"], name)
    with pytest.raises(ValueError, match="no name"):
        statements.listed(["id", name])
