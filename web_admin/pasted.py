"""A list of people as somebody pastes it: a spreadsheet's columns, a mail's lines, with or without commas."""

from __future__ import annotations

import re

import msgspec

MOST = 500
"""People of one list; the settings hold no more."""

_ENTRY = re.compile(r"\A\s*(?P<number>\d{2,6})\s*[\t,;，；、: ：-]\s*(?P<name>\S.{0,59}?)[\s,;]*\Z")
_OTHER_WAY = re.compile(r"\A\s*(?P<name>\D.{0,59}?)\s*[\t,;，；、: ：-]\s*(?P<number>\d{2,6})[\s,;]*\Z")


class Entry(msgspec.Struct, frozen=True):
    number: str
    name: str


class NotAPerson(ValueError):
    """A line can't be understood; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def read_people(text: str) -> list[Entry]:
    """Return the people of a pasted list, empty lines passed over.

    Raises:
        NotAPerson: A line holds no extension and name.
    """
    found: list[Entry] = []
    for number, line in enumerate(text.splitlines()[: 2 * MOST], start=1):
        if not line.strip():
            continue
        match = _ENTRY.match(line) or _OTHER_WAY.match(line)
        if match is None or len(found) >= MOST:
            raise NotAPerson(number)
        found.append(Entry(match["number"], match["name"].strip()))
    return found
