"""Asks the menus what would become of a caller, without a call: "Sunday 21:00, keys 2, then 1".

The same walk and hours decide as in a real call, so the answer is the trace such a call would leave.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from firmware.core.trace import Said, Text
from firmware.core.trace.voice import Choice, InMenu
from ivr.hours import Schedule
from ivr.menu.beginning import beginning
from ivr.menu.model import Menus
from ivr.menu.walk import Ask, Connect, End, Numbers, Play, Spell, TakeMessage, Walk


def dry_run(
    menus: Menus,
    schedule: Schedule | None,
    moment: datetime.datetime | None,
    numbers: Numbers,
    language: str,
    keyed: Sequence[str],
) -> list[Text]:
    """Return the routing trace of a caller who keys this, and then nothing; nobody answers.

    Args:
        menus: Checked menus.
        schedule: When the office is open; None for always.
        moment: When the caller calls; None where the clock isn't set.
        numbers: The extensions that may be dialled.
        language: The office's.
        keyed: What is keyed at each question, in order; empty for nothing.
    """
    start, why = beginning(menus, schedule, moment)
    trace: list[Text] = [why] if why else []
    walk = Walk(menus, start, language, numbers, trace.append)
    waiting = list(keyed)
    step = walk.begin()
    while True:
        match step:
            case Ask():
                step = walk.keyed(waiting.pop(0) if waiting else "")
            case Play():
                step = walk.played()
            case Connect():
                trace.append(InMenu.RINGS(who=_who(step)))
                step = walk.unanswered(())
            case Spell():
                trace.append(InMenu.ASKS_FOR_NAME())
                step = walk.unanswered(())
            case TakeMessage():
                return [*trace, InMenu.TAKES_MESSAGE(mailbox=step.mailbox)]
            case End():
                return [*trace, InMenu.HANGS_UP()]


_KINDS = {"extension": Choice.EXTENSION, "group": Choice.GROUP, "queue": Choice.QUEUE}


def _who(step: Connect) -> Said:
    return Choice.OPERATOR() if step.kind == "operator" else _KINDS[step.kind](name=step.name)
