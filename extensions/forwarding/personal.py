"""What a member sets for its own calls, by feature code or on the web page."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.switch.inbound.plan import Period

Target = Annotated[str, Meta(max_length=32)]


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


class When(enum.StrEnum):
    """What a call is forwarded on."""

    ALWAYS = "always"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    UNREGISTERED = "unregistered"


class CallerRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of some callers' calls, before all else."""

    callers: Annotated[
        tuple[str, ...],
        Meta(max_length=200),
        _help("Numbers, or beginnings: 021*.", "号码或开头。"),
    ] = ()
    when: Annotated[tuple[Period, ...], Meta(max_length=20), _help("Times; empty: always.", "时间段。")] = ()
    to: Annotated[
        Target,
        _help("Extension or number; empty: the phones ring.", "转到的号码；留空则振铃。"),
    ] = ""


class Personal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member's wishes."""

    do_not_disturb: Annotated[bool, _help("Ring nothing.", "免打扰。")] = False
    forward: Annotated[
        dict[When, Target],
        _help(
            "Where calls go: always, busy, no answer, unregistered.",
            "无条件、遇忙、无应答、未注册时的转移号码。",
        ),
    ] = msgspec.field(default_factory=dict)
    no_answer_seconds: Annotated[
        float, Meta(ge=5, le=120), _help("How long the phones ring before no answer.", "多久算无应答。")
    ] = 20.0
    mobile: Annotated[Target, _help("The member's mobile; empty for none.", "手机号码；可留空。")] = ""
    mobile_rings_at_once: Annotated[
        bool, _help("Ring the mobile together with the phones.", "手机与分机同时振铃。")
    ] = False
    follow_me: Annotated[
        bool, _help("Ring the mobile when the phones are not answered.", "分机无人接听时转手机。")
    ] = False
    press_one: Annotated[
        bool, _help("Whoever answers the mobile presses 1 to take the call.", "手机接听后须按 1。")
    ] = True
    rules: Annotated[
        tuple[CallerRule, ...], Meta(max_length=50), _help("Rules for some callers.", "按来电者设置的规则。")
    ] = ()
    pin: Annotated[
        str, Meta(pattern=r"\A([0-9]{4,12})?\Z"), _help("PIN for use from elsewhere.", "异地使用的密码。")
    ] = ""

    def __repr__(self) -> str:
        shown = {**msgspec.structs.asdict(self), "pin": "***" if self.pin else ""}
        return f"Personal({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def targets(self) -> frozenset[str]:
        """Return every number calls may be forwarded to."""
        rules = {rule.to for rule in self.rules}
        return frozenset({*self.forward.values(), self.mobile, *rules} - {""})
