"""Which menu a caller meets first, by the hours."""

from __future__ import annotations

import datetime

from firmware.core.trace import Said
from firmware.core.trace.voice import Hours
from ivr.hours import Closed, Schedule, state_at
from ivr.hours.state import Why
from ivr.hours.words import decided
from ivr.menu.model import Menus


def beginning(
    menus: Menus, schedule: Schedule | None, moment: datetime.datetime | None
) -> tuple[str, Said | None]:
    """Return the first menu, and for the journey why; None where the hours had no say.

    Args:
        menus: Checked menus.
        schedule: When the office is open; None for always.
        moment: Now; None while the clock isn't set, when it is kinder to take the office for open.
    """
    if schedule is None:
        return menus.start, None
    if moment is None:
        return menus.start, Hours.UNKNOWN(menu=menus.start)
    state = state_at(schedule, moment)
    start = menus.start
    if isinstance(state, Closed):
        start = menus.closed or menus.start
        if state.because.why in (Why.HOLIDAY, Why.DAY_OFF):
            start = menus.holiday or start
    return start, decided(schedule, moment, start)
