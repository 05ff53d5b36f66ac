"""A call's journey as a picture: a lane for each party, what it did when, and marks where something happened.

caller  ▒▒▒▒██████████████████████████████      ▒ rings   █ talks   ░ with the reception   ▞ hold
101          ▒▒▒▒▒▒
102                ▒▒▒████████████████████
        ┴─────────┴─────────┴─────────┴────
"""

from __future__ import annotations

import msgspec

from firmware.core.records import EntryKind, Journey, LegRecord

_MAX_LANES = 24
_MAX_MARKS = 80
_TICKS = 6
_STEPS_MS = tuple(
    seconds * 1000
    for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000)
)


class Span(msgspec.Struct, frozen=True):
    kind: str
    """`rings`, `talks`, `hold`, `line`."""
    begin: float
    """Per cent of the picture's width; likewise `width`."""
    width: float
    from_ms: int
    until_ms: int


class Lane(msgspec.Struct, frozen=True):
    label: str
    number: str
    """The extension, or empty for the caller's own lane."""
    spans: list[Span]


class Mark(msgspec.Struct, frozen=True):
    at: float
    """Per cent."""
    at_ms: int
    kind: str
    text: str


class Picture(msgspec.Struct, frozen=True):
    lanes: list[Lane]
    marks: list[Mark]
    ticks: list[tuple[float, int]]
    """Per cent, and milliseconds since the journey's start."""
    length_ms: int


def picture(journey: Journey) -> Picture:
    """Return the picture of a journey, also of one that still runs."""
    ends = [journey.duration_ms or 0]
    for leg in journey.legs:
        ends += [leg.started_ms, leg.answered_ms or 0, leg.ended_ms or 0]
    ends += [entry.at_ms for entry in journey.timeline[-1:]]
    length = max(1000, *ends)
    per = 100 / length

    def span(kind: str, begin: int, end: int) -> Span:
        return Span(kind, round(begin * per, 3), round(max(0.25, (end - begin) * per), 3), begin, end)

    def spans(leg: LegRecord, first: bool) -> list[Span]:
        end = length if leg.ended_ms is None else leg.ended_ms
        if leg.answered_ms is None:
            return [span("rings", leg.started_ms, end)]
        found = [span("rings", leg.started_ms, leg.answered_ms)] if leg.answered_ms > leg.started_ms else []
        found.append(span("line" if first else "talks", leg.answered_ms, end))
        return found

    lanes: dict[str, Lane] = {}
    for index, leg in enumerate(journey.legs):
        key = "" if index == 0 else leg.address
        lane = lanes.setdefault(key, Lane(leg.address, key, []))
        lane.spans.extend(spans(leg, index == 0))
        if len(lanes) > _MAX_LANES:
            break
    if "" in lanes:
        # The caller talks while somebody of the office does; before and between it is with the reception.
        for leg in journey.legs[1:]:
            if leg.answered_ms is not None:
                lanes[""].spans.append(span("talks", leg.answered_ms, leg.ended_ms or length))
        for hold in journey.holds:
            lanes[""].spans.append(span("hold", hold.started_ms, hold.ended_ms or length))
    kinds = (EntryKind.ROUTE, EntryKind.KEYED, EntryKind.FAULT)
    marks = [
        Mark(round(entry.at_ms * per, 3), entry.at_ms, entry.kind.value, entry.text)
        for entry in journey.timeline
        if entry.kind in kinds
    ]
    step = next((one for one in _STEPS_MS if length / one <= _TICKS), _STEPS_MS[-1])
    ticks = [(round(at * per, 3), at) for at in range(0, length + 1, step)][:100]
    return Picture(list(lanes.values()), marks[:_MAX_MARKS], ticks, length)
