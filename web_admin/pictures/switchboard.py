"""Where the cords of the switchboard run.

lines            cords             people
┌──────┐                          ┌───────────┐
│ gsm1 │●──────────╮             │ reception │      rows of one height, so that a row's number
├──────┤           │             ├───────────┤      is its place: cords are drawn in a strip whose
│ gsm2 │           ╰────────────●│ 101       │      width is the browser's business (0 to 100)
└──────┘                          └───────────┘
"""

from __future__ import annotations

import msgspec

from firmware.control.picture import CallNow, LineNow, NowReply, PersonNow, Phase, Presence
from firmware.core.ids import CallId

ROW = 64
"""CSS pixels from one row to the next, as in style.css."""

_MIDDLE = ROW // 2 - 4
"""From a row's top to its card's middle: a card is 8 px less high than its row."""

_MOST_PEOPLE = 24
"""People drawn; those in a call always are."""

_WIDTH = 100


class Cord(msgspec.Struct, frozen=True):
    call: CallId
    phase: Phase
    path: str
    """As an SVG path in a strip of 100 by the board's height."""
    start: tuple[int, int]
    end: tuple[int, int]


class Board(msgspec.Struct, frozen=True):
    lines: list[LineNow]
    people: list[PersonNow]
    hidden: int
    """People not drawn."""
    cords: list[Cord]
    height: int
    """CSS pixels."""
    by_call: dict[str, CallNow]


def board(now: NowReply) -> Board:
    """Return the picture of the switchboard: row 0 on the right is the reception, people follow."""
    people = _drawn(now.people)
    line_rows = {line.name: row for row, line in enumerate(now.lines)}
    person_rows = {person.number: row for row, person in enumerate(people, start=1)}
    cords = []
    for call in now.calls:
        ends = [person_rows[number] for number in call.people if number in person_rows] or [0]
        for end in ends:
            if call.origin in line_rows:
                cords.append(_across(call, line_rows[call.origin], end))
            elif call.origin in person_rows:
                cords.append(_beside(call, person_rows[call.origin], end))
    return Board(
        lines=now.lines,
        people=people,
        hidden=len(now.people) - len(people),
        cords=cords,
        height=max(len(now.lines), len(people) + 1, 2) * ROW,
        by_call={call.id: call for call in now.calls},
    )


def _drawn(people: list[PersonNow]) -> list[PersonNow]:
    """Return whom to draw, in the order of their numbers: a card that jumps about is hard to follow."""
    if len(people) > _MOST_PEOPLE:
        urgency = {Presence.BUSY: 0, Presence.RINGING: 0, Presence.FREE: 1, Presence.AWAY: 2}
        people = sorted(people, key=lambda one: urgency[one.presence])[:_MOST_PEOPLE]
    return sorted(people, key=lambda one: (len(one.number), one.number))


def _y(row: int) -> int:
    return row * ROW + _MIDDLE


def _across(call: CallNow, line: int, person: int) -> Cord:
    start, end = _y(line), _y(person)
    path = f"M0 {start} C{_WIDTH // 2} {start} {_WIDTH // 2} {end} {_WIDTH} {end}"
    return Cord(call.id, call.phase, path, (0, start), (_WIDTH, end))


def _beside(call: CallNow, caller: int, person: int) -> Cord:
    start, end = _y(caller), _y(person)
    path = f"M{_WIDTH} {start} C{_WIDTH // 3} {start} {_WIDTH // 3} {end} {_WIDTH} {end}"
    return Cord(call.id, call.phase, path, (_WIDTH, start), (_WIDTH, end))
