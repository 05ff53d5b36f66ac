"""The outside lines as call control chooses among them, and the order in which a call tries them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from firmware.core.leg import Leg
from firmware.switch.numbering import LineNumbering, Number, NumberClass


class LineCondition(enum.StrEnum):
    READY = "ready"
    BUSY = "busy"
    UNREGISTERED = "unregistered"
    """The device speaks, the network has not taken it in: emergency calls may get through."""
    RESTING = "resting"
    """Out of service by hand, or sick after several failed calls: for emergency calls only."""
    DOWN = "down"


class OutsideLine(msgspec.Struct, frozen=True):
    """One line, now."""

    name: str
    condition: LineCondition


class LineChooser(Protocol):
    """The lines of the box, as the composition root offers them over `firmware.trunks`."""

    def lines(self) -> Sequence[OutsideLine]:
        """Return every line in the office's order, with how it is now."""

    def leg(self, line: str, digits: str) -> Leg | None:
        """Return an idle leg to `digits` on that line, whatever its condition; None for no such line."""

    async def free(self, line: str) -> None:
        """End whatever call is on a line; returns when it can be dialled on, or after a few seconds."""


class LineRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What calls on one line cost and which it carries; part of the settings, by the line's name."""

    classes: Annotated[
        tuple[NumberClass, ...],
        Meta(
            description="Classes of numbers the line carries; empty for all.",
            extra={"zh": "本线路可拨的号码类别；留空表示全部。"},
        ),
    ] = ()
    per_minute: Annotated[
        dict[NumberClass, float],
        Meta(
            description="Price of a minute by class of number, in the office's currency.",
            extra={"zh": "各类号码每分钟的价格。"},
        ),
    ] = msgspec.field(default_factory=dict)
    per_call: Annotated[
        float,
        Meta(ge=0, description="Price of setting a call up.", extra={"zh": "每次接通的固定费用。"}),
    ] = 0.0
    billed_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=3600,
            description="Calls are billed in steps of so many seconds; 60 in most tariffs.",
            extra={"zh": "计费单位（秒），多数资费为 60。"},
        ),
    ] = 60
    numbering: Annotated[
        LineNumbering,
        Meta(description="How the line wants numbers.", extra={"zh": "本线路的拨号方式。"}),
    ] = LineNumbering()

    def carries(self, number: Number) -> bool:
        return not self.classes or number.number_class in self.classes

    def has_price(self, number_class: NumberClass) -> bool:
        """Return whether the office has said what such calls cost; nothing is a price, too."""
        return number_class in self.per_minute or self.per_call > 0

    def cost(self, number_class: NumberClass, seconds: float) -> float:
        """Return what a call of that length costs; every begun step counts."""
        if seconds <= 0:
            return 0.0
        steps = -(-seconds // self.billed_seconds)
        per_minute = self.per_minute.get(number_class, 0.0)
        return self.per_call + steps * self.billed_seconds / 60 * per_minute


# What calls are compared over: the length of an ordinary one.
_COMPARED_SECONDS = 180.0


def least_cost(lines: Sequence[OutsideLine], rates: dict[str, LineRates], number: Number) -> list[str]:
    """Return the names of the lines to try: ready ones, cheapest first; equal ones in the office's order."""
    fit = [
        (rates.get(line.name, _FREE).cost(number.number_class, _COMPARED_SECONDS), position, line.name)
        for position, line in enumerate(lines)
        if line.condition is LineCondition.READY and rates.get(line.name, _FREE).carries(number)
    ]
    return [name for _, _, name in sorted(fit)]


def for_emergency(lines: Sequence[OutsideLine]) -> list[OutsideLine]:
    """Return every line in the order an emergency call tries them: ready, busy (pre-empted), the rest."""
    order = {
        LineCondition.READY: 0,
        LineCondition.BUSY: 1,
        LineCondition.RESTING: 2,
        LineCondition.UNREGISTERED: 3,
        LineCondition.DOWN: 4,
    }
    return sorted(lines, key=lambda line: order[line.condition])


_FREE = LineRates()
