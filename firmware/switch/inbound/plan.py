"""The inbound plan as the office sets it: rules in order, block list, known callers."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.switch.destinations import Destination, ToReception

Minute = Annotated[str, Meta(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Weekday = Annotated[int, Meta(ge=1, le=7)]


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of the week; may run past midnight."""

    days: Annotated[
        tuple[Weekday, ...],
        Meta(
            description="Days on which it begins, 1 for Monday to 7 for Sunday; empty for every day.",
            extra={"zh": "开始的星期几，1 为周一，7 为周日；留空表示每天。"},
        ),
    ] = ()
    begins: Annotated[Minute, Meta(description="Such as 08:30.", extra={"zh": "如 08:30。"})] = "00:00"
    ends: Annotated[
        Minute,
        Meta(
            description="Such as 17:30; the same as the begin for the whole day.",
            extra={"zh": "如 17:30；与开始相同表示全天。"},
        ),
    ] = "00:00"

    def holds(self, at: datetime.datetime) -> bool:
        """Tell whether a local moment lies in it."""
        now, today = f"{at:%H:%M}", at.isoweekday()
        yesterday = (today - 2) % 7 + 1
        if self.begins < self.ends:
            return self._on(today) and self.begins <= now < self.ends
        if self.begins == self.ends:
            return self._on(today)
        return (self._on(today) and now >= self.begins) or (self._on(yesterday) and now < self.ends)

    def _on(self, day: int) -> bool:
        return not self.days or day in self.days


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule: all it names must fit, what it leaves empty fits anything; the first that fits decides."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=60,
            description="What the trace calls it.",
            extra={"zh": "规则名称，会写入路由记录。"},
        ),
    ]
    to: Annotated[
        tuple[Destination, ...],
        Meta(
            min_length=1,
            max_length=8,
            description="Where the caller is led; if nobody serves there, the next place.",
            extra={"zh": "转到哪里；无人应答则依次转下一个。"},
        ),
    ]
    lines: Annotated[
        tuple[str, ...],
        Meta(description="Lines the call may come in on.", extra={"zh": "来电线路。"}),
    ] = ()
    dids: Annotated[
        tuple[str, ...],
        Meta(description="Numbers the caller may have dialled.", extra={"zh": "被叫号码。"}),
    ] = ()
    callers: Annotated[
        tuple[str, ...],
        Meta(
            description=(
                "Numbers, beginnings such as 021*, or the words known, withheld, mobile, local, national, "
                "international."
            ),
            extra={"zh": "来电号码、号码开头（如 021*），或 known、withheld、mobile、local 等。"},
        ),
    ] = ()
    when: Annotated[
        tuple[Period, ...],
        Meta(description="Times of the week, any of them.", extra={"zh": "时间段，满足任一即可。"}),
    ] = ()
    office: Annotated[
        tuple[str, ...],
        Meta(
            description="States of the office's hours, such as open, closed, holiday.",
            extra={"zh": "营业状态，如 open、closed、holiday。"},
        ),
    ] = ()


class InboundPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where callers from outside are led; part of the settings."""

    rules: Annotated[
        tuple[Rule, ...],
        Meta(
            max_length=200,
            description="Rules, the first that fits decides.",
            extra={"zh": "规则，先匹配者生效。"},
        ),
    ] = ()
    otherwise: Annotated[
        tuple[Destination, ...],
        Meta(
            min_length=1,
            max_length=8,
            description="Where callers are led whom no rule fits.",
            extra={"zh": "没有规则匹配时转到哪里。"},
        ),
    ] = (ToReception(),)
    direct_digits: Annotated[
        int,
        Meta(
            ge=0,
            le=6,
            description="How many last digits of the dialled number are an extension; 0 for none.",
            extra={"zh": "被叫号码末几位为分机号；0 表示不用。"},
        ),
    ] = 0
    blocked: Annotated[
        tuple[str, ...],
        Meta(
            max_length=5000,
            description="Callers who are turned away: numbers, or beginnings such as 021*.",
            extra={"zh": "拒接的来电号码或号码开头。"},
        ),
    ] = ()
    known: Annotated[
        dict[str, str],
        Meta(description="Known callers: their names by number.", extra={"zh": "已知来电者：号码与姓名。"}),
    ] = msgspec.field(default_factory=dict)
    withheld: Annotated[
        Literal["accept", "challenge", "refuse"],
        Meta(
            description="Callers without a number: accept, challenge (press five to go on) or refuse.",
            extra={"zh": "未显示号码的来电：accept 接受，challenge 按五继续，refuse 拒接。"},
        ),
    ] = "accept"
