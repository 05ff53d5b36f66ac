"""Hunt groups as the office sets them."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.switch.destinations import Destination


class Strategy(enum.StrEnum):
    """Who rings, and in which order. Busy and do-not-disturb members are skipped by all of them."""

    RING_ALL = "ring all"
    """All at once, each after its own delay."""
    LINEAR = "linear"
    """One after the other, always from the first in the list."""
    ROUND_ROBIN = "round robin"
    """One after the other, beginning behind the one who was rung last."""
    LONGEST_IDLE = "longest idle"
    """One after the other; first who has not talked for the longest."""
    FEWEST_CALLS = "fewest calls"
    """One after the other; first who has taken the fewest calls today."""
    LEAST_TALK = "least talk time"
    """One after the other; first who has talked the least today."""
    RANDOM = "random"
    WEIGHTED = "weighted"
    """At random, but a member with twice the weight comes first twice as often."""
    PROGRESSIVE = "ring progressively"
    """The first, after a while the second as well, and so on, all ringing on."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One who may answer."""

    number: Annotated[
        str, Meta(pattern=r"\A[0-9]{2,6}\Z", description="Extension.", extra={"zh": "分机号。"})
    ]
    delay_seconds: Annotated[
        float,
        Meta(ge=0, le=300, description="Rings so many seconds later.", extra={"zh": "延迟多少秒振铃。"}),
    ] = 0.0
    ring_seconds: Annotated[
        float,
        Meta(ge=3, le=300, description="Rings for so long.", extra={"zh": "振铃多少秒。"}),
    ] = 20.0
    weight: Annotated[
        int, Meta(ge=1, le=100, description="For the strategy weighted.", extra={"zh": "加权策略的权重。"})
    ] = 1
    mobile: Annotated[
        bool,
        Meta(
            description="Ring the member's mobile, by its own forwarding, instead of the phones.",
            extra={"zh": "改为振响成员自己设置的手机。"},
        ),
    ] = False


class HuntGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One group."""

    name: Annotated[
        str, Meta(min_length=1, max_length=60, description="The group's name.", extra={"zh": "组名。"})
    ]
    members: Annotated[
        tuple[Member, ...],
        Meta(
            min_length=1,
            max_length=100,
            description="Members in order; at least one: a group without any rings nobody.",
            extra={"zh": "成员，按顺序；至少一名，否则无人振铃。"},
        ),
    ]
    number: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9]{0,6}\Z",
            description="Number phones dial for the group; empty for none.",
            extra={"zh": "内部拨打本组的号码；可留空。"},
        ),
    ] = ""
    strategy: Annotated[
        Strategy, Meta(description="Who rings, in which order.", extra={"zh": "振铃策略。"})
    ] = Strategy.RING_ALL
    seconds: Annotated[
        float,
        Meta(
            ge=5,
            le=3600,
            description="How long to hunt before the overflow.",
            extra={"zh": "多少秒无人接听后转溢出。"},
        ),
    ] = 40.0
    step_seconds: Annotated[
        float,
        Meta(
            ge=1,
            le=120,
            description="For ring progressively: after how long the next one rings as well.",
            extra={"zh": "逐步振铃：间隔多少秒增加一人。"},
        ),
    ] = 8.0
    overflow: Annotated[
        tuple[Destination, ...],
        Meta(
            max_length=8,
            description="Where callers go whom nobody took, one after the other, each with its own time.",
            extra={"zh": "无人接听时依次转到哪里，各有自己的时间。"},
        ),
    ] = ()
