"""Asks the menus what would become of a caller, without a call: "Sunday 21:00, keys 2, then 1".

The same walk and hours decide as in a real call, so the answer is the trace such a call would leave.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

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
) -> list[str]:
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
    trace = [why] if why else []
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
                trace.append(f"rings {step.kind} {step.name}".rstrip())
                step = walk.unanswered(())
            case Spell():
                trace.append("asks for a name")
                step = walk.unanswered(())
            case TakeMessage():
                return [*trace, f"takes a message in {step.mailbox}"]
            case End():
                return [*trace, "hangs up"]
