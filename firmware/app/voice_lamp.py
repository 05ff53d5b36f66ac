"""The lamp of the day/night switch: the key that dials its code is lit while callers meet the office closed.

hours, by the clock ──┐
switch, by hand ──────┴─► closed? ─► lamp of *60 at every phone that watches it
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from extensions.feature_codes import Feature
from firmware.app.parts import Parts

_LOOK_SECONDS: Final = 10.0
"""Hours change by the minute; nobody misses a lamp for so long."""


async def keep_lamp(parts: Parts, is_open: Callable[[], bool]) -> None:
    """Have the lamp follow the hours and the switch, for ever.

    Args:
        parts: Whose phones, settings and codes.
        is_open: Tells whether callers meet the office open now.
    """
    presence = parts.phones.presence
    changed = asyncio.Event()
    unsubscribe = parts.settings.subscribe(lambda before, after: changed.set())
    shown: str | None = None
    try:
        while True:
            code = parts.routing.features.book.codes.get(Feature.DAY_NIGHT)
            if shown is not None and shown != code:
                presence.show_switch(shown, None)
            if code is not None:
                presence.show_switch(code, not is_open())
            shown = code
            changed.clear()
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await changed.wait()
            except TimeoutError:
                pass
    finally:
        unsubscribe()
