"""Which lines a call out may take, and in which order: trunk groups by the class of the number.

    number ─► first rule that fits ─► its groups, in order ─► each group's ready lines, in its order
           └─ none fits ─► every ready line, cheapest first

A line that fails in mid-set-up is followed by the next of that list, also across groups. A rule keeps its
calls to its groups: when their lines are all taken the caller is told so, unless `any_line` lets other lines
carry them. Calls for help obey none of this (`emergency.py`).
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.switch.numbering import Number, NumberClass
from firmware.switch.outbound.lines import LineRates, OutsideLine, least_cost


class TrunkOrder(enum.StrEnum):
    """Which line of a group is tried first."""

    CHEAPEST = "cheapest"
    LISTED = "listed"
    """As the group names them: the next one only when those before are taken."""
    SPREAD = "spread"
    """The one that has rested longest: calls and wear are spread over all."""


class TrunkGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines that serve the same purpose, under one name."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=40,
            description="The group's name, 1 to 40 characters, each once.",
            extra={"zh": "中继组名称，1 到 40 个字符，不可重复。"},
        ),
    ]
    lines: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            max_length=40,
            description="The lines of the group by their names, such as gsm1; providers' lines too.",
            extra={"zh": "组内线路的名称，如 gsm1；也可以是服务商线路。"},
        ),
    ]
    order: Annotated[
        TrunkOrder,
        Meta(
            description="Which free line is tried first: cheapest, listed (as named above) or spread "
            "(longest unused).",
            extra={"zh": "先用哪条空闲线路：cheapest 最便宜，listed 按上面的顺序，spread 最久未用。"},
        ),
    ] = TrunkOrder.LISTED


class TrunkRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which groups carry some kinds of numbers."""

    groups: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            max_length=20,
            description="Names of trunk groups, tried in this order.",
            extra={"zh": "中继组名称，按此顺序尝试。"},
        ),
    ]
    classes: Annotated[
        tuple[NumberClass, ...],
        Meta(
            max_length=9,
            description="Classes of numbers the rule is for: service, local, national, mobile, "
            "international, premium; empty for all.",
            extra={
                "zh": "适用的号码类别：service、local、national、mobile、international、premium；留空为全部。"
            },
        ),
    ] = ()
    prefixes: Annotated[
        tuple[Annotated[str, Meta(pattern=r"\A\+?[0-9]{1,15}\Z")], ...],
        Meta(
            max_length=100,
            description="Beginnings of the numbers the rule is for, with + and country code (+86138) or as "
            "dialled (955); empty for all.",
            extra={"zh": "适用的号码开头，可带国家码（+86138）或按拨号（955）；留空为全部。"},
        ),
    ] = ()
    any_line: Annotated[
        bool,
        Meta(
            description="Whether other lines may carry such calls when none of the groups has a free one: "
            "true or false.",
            extra={"zh": "各组均无空闲线路时是否允许使用其他线路：true 或 false。"},
        ),
    ] = False

    def fits(self, number: Number) -> bool:
        """Whether the rule is for that number."""
        if self.classes and number.number_class not in self.classes:
            return False
        # Dialled numbers stand for themselves; a worldwide form begins with its country.
        forms = (number.canonical, number.dialled)
        return not self.prefixes or any(form.startswith(self.prefixes) for form in forms)


class Choice(msgspec.Struct, frozen=True):
    """The lines to try, and why these."""

    lines: tuple[str, ...]
    groups: tuple[str, ...] = ()
    """Of the rule that fitted; empty where none did."""


class TrunkChooser:
    """Puts the lines for a call in their order; remembers which were used."""

    def __init__(self) -> None:
        self._uses = itertools.count(1)
        self._last_use: dict[str, int] = {}

    def used(self, line: str) -> None:
        """A call goes out on that line."""
        self._last_use[line] = next(self._uses)

    def choose(
        self,
        number: Number,
        lines: Sequence[OutsideLine],
        rates: dict[str, LineRates],
        groups: Sequence[TrunkGroup],
        rules: Sequence[TrunkRule],
    ) -> Choice:
        """Return the lines that may carry a call now, the first to be tried first.

        Args:
            number: Not an emergency number.
            lines: All, in the office's order.
            rates: What they cost and carry.
            groups: Of the settings.
            rules: Of the settings; the first that fits counts.
        """
        cheapest = least_cost(lines, rates, number)
        rule = next((rule for rule in rules if rule.fits(number)), None)
        if rule is None:
            return Choice(tuple(cheapest))
        known = {group.name: group for group in groups}
        ordered: list[str] = []
        for name in rule.groups:
            if name in known:
                ordered += self._in_order(known[name], cheapest)
        if rule.any_line:
            ordered += cheapest
        return Choice(tuple(dict.fromkeys(ordered)), rule.groups)

    def _in_order(self, group: TrunkGroup, cheapest: Sequence[str]) -> list[str]:
        match group.order:
            case TrunkOrder.CHEAPEST:
                return [line for line in cheapest if line in group.lines]
            case TrunkOrder.LISTED:
                return [line for line in group.lines if line in cheapest]
            case TrunkOrder.SPREAD:
                fit = [line for line in group.lines if line in cheapest]
                return sorted(fit, key=lambda line: self._last_use.get(line, 0))
