"""Waits until the clock is set and then has the records dated."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from firmware.core.clock import Clock, Instant
from firmware.core.errors import DeviceError

logger = logging.getLogger(__name__)

_LOOK_S = 10.0
"""Between two looks at the clock: a record is right within seconds of the network's being there."""


async def date_when_set(clock: Clock, date: Callable[[Instant], Awaitable[int]]) -> None:
    """Call `date` as soon as the clock is set, again until it succeeds; then return.

    Also right when the clock was set from the beginning: a switch that was restarted dates what an earlier
    run of the same boot wrote.
    """
    while True:
        now = clock.now()
        if now.clock_set:
            try:
                count = await date(now)
            except DeviceError as error:
                logger.warning("the records of before the clock was set can't be dated yet: %s", error)
            else:
                if count:
                    logger.info("%d records of before the clock was set are dated", count)
                return
        await asyncio.sleep(_LOOK_S)
