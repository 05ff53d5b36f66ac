"""Every figure there is, in the order of the report."""

from __future__ import annotations

from firmware.core.errors import UserError
from firmware.reports import callers, handling, outbound, resources, waiting
from firmware.reports.figure import Figure

FIGURES: tuple[Figure, ...] = (
    *handling.FIGURES[:2],
    *waiting.FIGURES,
    *handling.FIGURES[2:],
    *callers.FIGURES,
    *outbound.FIGURES,
    *resources.FIGURES,
)
_BY_KEY = {figure.key: figure for figure in FIGURES}


def figure(key: str) -> Figure:
    """Return the figure of that key.

    Raises:
        UserError: There is none.
    """
    if key not in _BY_KEY:
        raise UserError(f"There is no figure {key!r}; there are {', '.join(_BY_KEY)}.")
    return _BY_KEY[key]
