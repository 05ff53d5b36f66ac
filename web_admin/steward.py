"""The steward as the pages ask it: on a box without one, such as a simulated one, its pages say so."""

from __future__ import annotations

from typing import TypeVar

from firmware.control.steward import Requests, ask_steward
from firmware.core.errors import ZongjiError

_Said = TypeVar("_Said")


async def steward_says(request: Requests, wanted: type[_Said]) -> _Said | None:
    """Return the steward's answer; None where there is no steward, or it refuses."""
    try:
        reply = await ask_steward(request)
    except ZongjiError:
        return None
    return reply if isinstance(reply, wanted) else None
