"""The switchboard at this moment, worked out of the journeys of running calls.

A running journey knows its legs; what the caller goes through follows from them:

    caller's leg not answered ───────────────► arriving
    another leg answered, open hold ─────────► held
    another leg answered ────────────────────► talking
    another leg started, not answered ───────► ringing
    none of these ───────────────────────────► reception
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from firmware.control.picture import CallNow, LineNow, PersonNow, Phase, Presence
from firmware.core.ids import CallId
from firmware.core.records import Journey, TimelineEntry
from firmware.core.trace import Said
from firmware.trunks.trunks import LineStatus

_DBM = re.compile(r"(-\d{1,3}) dBm")
"""How a line's detail gives its signal (hal.modems.driver)."""

_DOING_LENGTH = 160
"""Characters of a trace line that a picture shows."""


def calls_now(journeys: Sequence[Journey]) -> tuple[list[CallNow], dict[str, CallId]]:
    """Return the running calls, and who has a hand on which of them from a call of their own.

    Whoever fetches, picks up or listens has dialled for it; that is no second conversation.
    """
    running = {journey.id for journey in journeys}
    hands = {
        journey.line: joined
        for journey in journeys
        if (joined := journey.joined) is not None and joined in running
    }
    own = [one for one in journeys if one.joined not in running]
    return [call_now(journey) for journey in own], hands


def call_now(journey: Journey) -> CallNow:
    """Return what a running call looks like from outside."""
    caller, others = journey.legs[0], journey.legs[1:]
    open_legs = [leg for leg in others if leg.ended_ms is None]
    talking = [leg for leg in open_legs if leg.answered_ms is not None]
    ringing = [leg for leg in open_legs if leg.answered_ms is None]
    held = [hold.started_ms for hold in journey.holds if hold.ended_ms is None]
    if caller.answered_ms is None and not open_legs:
        phase, people, since = Phase.ARRIVING, [], 0
    elif talking:
        people = talking
        phase = Phase.HELD if held else Phase.TALKING
        since = max(held) if held else max(leg.answered_ms or 0 for leg in talking)
    elif ringing:
        phase, people, since = Phase.RINGING, ringing, min(leg.started_ms for leg in ringing)
    else:
        phase, people = Phase.RECEPTION, []
        since = max([caller.answered_ms or 0, *(leg.ended_ms or 0 for leg in others)])
    began = journey.started.wall_ms
    return CallNow(
        id=journey.id,
        origin=journey.line,
        caller=journey.caller,
        called=journey.called,
        phase=phase,
        people=[leg.address for leg in people],
        began_wall_ms=began,
        since_wall_ms=began + since,
        recorded=any(recording.duration_ms is None for recording in journey.recordings),
        doing=_doing(journey.timeline[-1]) if journey.timeline else "",
    )


def _doing(entry: TimelineEntry) -> str | Said:
    return entry.said or entry.text[:_DOING_LENGTH]


def lines_now(lines: Iterable[LineStatus], calls: Sequence[CallNow]) -> list[LineNow]:
    """Return the lines with their signal and the call each carries."""
    carried = {call.origin: call.id for call in calls}
    found = []
    for line in lines:
        signal = _DBM.search(line.detail)
        dbm = int(signal[1]) if signal else None
        found.append(LineNow(line.name, line.state, line.detail, dbm, carried.get(line.name)))
    return found


def people_now(
    people: Iterable[tuple[str, str]],
    phones: Mapping[str, int],
    calls: Sequence[CallNow],
    hands: Mapping[str, CallId],
) -> list[PersonNow]:
    """Return the people with their presence.

    Args:
        people: Number and name.
        phones: Number → registered phones.
        calls: The running calls.
        hands: Number → the call somebody has a hand on; see `calls_now`.
    """
    by_id = {call.id: call for call in calls}
    busy = {number: by_id[call] for number, call in hands.items() if call in by_id}
    ringing: dict[str, CallNow] = {}
    for call in calls:
        busy[call.origin] = call
        for number in call.people:
            (ringing if call.phase is Phase.RINGING else busy)[number] = call
    found = []
    for number, name in people:
        registered = phones.get(number, 0)
        if number in busy:
            presence, seen = Presence.BUSY, busy[number]
        elif number in ringing:
            presence, seen = Presence.RINGING, ringing[number]
        else:
            presence, seen = (Presence.FREE if registered else Presence.AWAY), None
        found.append(PersonNow(number, name, presence, registered, seen.id if seen else None))
    return found
