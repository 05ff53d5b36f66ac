"""Asks a caller for keys, `#` among them.

`Call.collect` ends a number at `#` and leaves it off, so that `#` alone looks like nothing. Menus use it as
a key, so it is told apart here: by having been seen on the caller's leg, or, typed ahead of the question, by
the answer coming sooner than any caller who keys nothing would have been given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from firmware.core.leg import DigitPressed, LegEvent
from firmware.core.media import PlayItem
from firmware.switch.call import Call

HASH = "#"


async def ask(
    call: Call,
    what: str,
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
    hashes = 0

    def count(event: LegEvent) -> None:
        nonlocal hashes
        hashes += isinstance(event, DigitPressed) and event.digit == HASH

    clock = asyncio.get_running_loop().time
    asked = clock()
    unsubscribe = call.caller.subscribe(count)
    try:
        digits = await call.collect(
            what, items, is_complete=is_complete, first_seconds=first_seconds, next_seconds=next_seconds
        )
    finally:
        unsubscribe()
    if not digits and (hashes or clock() - asked < first_seconds):
        return HASH
    return digits
