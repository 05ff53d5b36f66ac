"""Text in columns on a terminal, where a Chinese character is two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_GAP = "  "

_WIDE = frozenset("WF")
"""East Asian Width classes that take two columns (Unicode annex 11)."""

_NO_COLUMN = frozenset({"Mn", "Me"})
"""General categories drawn over the character before."""

_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""General categories that could move the cursor or turn the text round: names come from callers."""


def printable(text: str) -> str:
    """Return the text with everything that could upset a terminal shown as U+FFFD."""
    return "".join("\ufffd" if unicodedata.category(char) in _NOT_SHOWN else char for char in text)


def width(text: str) -> int:
    """Return how many columns a printable text takes."""
    columns = 0
    for char in text:
        if unicodedata.category(char) not in _NO_COLUMN:
            columns += 2 if unicodedata.east_asian_width(char) in _WIDE else 1
    return columns


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Return lines of aligned columns, the headings first.

    Args:
        headings: One a column.
        rows: As many texts each; made printable here.
        right: Which columns are aligned to the right.
    """
    lines = [[printable(text) for text in line] for line in (headings, *rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(headings))]
    shown = []
    for line in lines:
        cells = []
        for column, text in enumerate(line):
            padding = " " * (widths[column] - width(text))
            cells.append(padding + text if column in right else text + padding)
        shown.append(_GAP.join(cells).rstrip())
    return "\n".join(shown)
