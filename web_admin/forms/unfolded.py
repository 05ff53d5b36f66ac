"""Which entries of a form's lists stand open: where the last act was, and where something is wrong."""

from __future__ import annotations

from collections.abc import Callable

Unfolded = Callable[[str, bool], bool]
"""Tells, of an entry's path and whether it is its list's last, whether it stands open."""


def unfolded(act: str = "", wrong: str = "") -> Unfolded:
    """Return what tells which entries stand open.

    Args:
        act: The button that was pressed, `add:PATH`, `up:PATH` …: what is around its place is open, and so is
            what it added, which always is its list's last.
        wrong: The path of what can't be kept.
    """
    verb, _, place = act.partition(":")

    def stands_open(path: str, is_last: bool) -> bool:
        if verb == "add" and is_last and path.rpartition(".")[0] == place:
            return True
        return any(f"{one}.".startswith(f"{path}.") for one in (place, wrong) if one)

    return stands_open


FOLDED: Unfolded = unfolded()
"""Nothing was done yet, and nothing is wrong."""
