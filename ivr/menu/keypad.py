"""Asks a caller for keys, with or without barge-in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from firmware.core.media import PlayItem
from firmware.core.trace import Text
from firmware.switch.call import Call

HASH = "#"


async def ask(
    call: Call,
    what: Text,
    items: Sequence[PlayItem],
    *,
    is_complete: Callable[[str], bool],
    first_seconds: float,
    next_seconds: float,
    barge_in: bool = True,
) -> str:
    """Play items and return what the caller keys.

    Args:
        call: The call.
        what: What is asked, for the timeline.
        items: The question.
        is_complete: Told the digits so far; true ends the wait at once.
        first_seconds: How long to wait for the first key after the question's end.
        next_seconds: How long to wait for each further key.
        barge_in: Whether a key stops the question; else keys pressed during it are forgotten.

    Returns:
        The digits without a closing `#`; `#` if that was all; empty when the caller keyed nothing.
    """
    if not barge_in:
        await call.play(what, items)
        call.forget_digits()
        items = ()
    return await call.collect(
        what, items, is_complete=is_complete, first_seconds=first_seconds, next_seconds=next_seconds
    )
