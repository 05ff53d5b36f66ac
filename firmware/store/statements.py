"""SQL put together from the names of our own tables and columns; whatever is somebody's is a question mark.

A name is checked to be one, and stands in brackets, because some are SQL's own words ("left", "end") and a
name in double quotes that no column has would be a text to SQLite.
"""

from __future__ import annotations

from collections.abc import Iterable


def marks(count: int) -> str:
    """Return as many question marks, with commas between."""
    return ", ".join("?" * count)


def insert(table: str, columns: Iterable[str], verb: str = "INSERT") -> str:
    """Return the statement that writes a row.

    Args:
        table: Its name.
        columns: Theirs, in the order of the values.
        verb: "INSERT" or "REPLACE".
    """
    names = [_name(column) for column in columns]
    return " ".join((verb, "INTO", _name(table), f"({', '.join(names)})", f"VALUES ({marks(len(names))})"))


def select(columns: Iterable[str], table: str, rest: str = "") -> str:
    """Return the statement that reads columns; `rest` is what follows, such as "WHERE … ORDER BY …"."""
    return " ".join(("SELECT", listed(columns), "FROM", _name(table), rest))


def update(table: str, columns: Iterable[str], rest: str) -> str:
    """Return the statement that changes columns of the rows that `rest` says ("WHERE …")."""
    changes = ", ".join(f"{_name(column)} = ?" for column in columns)
    return " ".join(("UPDATE", _name(table), "SET", changes, rest))


def delete(table: str, rest: str) -> str:
    """Return the statement that deletes the rows that `rest` says ("WHERE …")."""
    return " ".join(("DELETE FROM", _name(table), rest))


def listed(columns: Iterable[str]) -> str:
    """Return columns with commas between."""
    return ", ".join(_name(column) for column in columns)


def _name(name: str) -> str:
    if not (name.isidentifier() and name.isascii()):
        raise ValueError(f"{name!r} is no name of a table or column")
    return f"[{name}]"
