"""Queues and agents as the office sets them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from extensions.hunt.model import Strategy
from firmware.switch.destinations import Destination

Level = Annotated[int, Meta(ge=1, le=10)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


class Relax(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From a wait on, ask for less skill."""

    after_seconds: Annotated[Seconds, _help("From this wait on.", "等待多少秒之后。")]
    by: Annotated[
        Level, _help("So many levels less; a skill asked for at 0 is not asked for.", "技能要求降低几级。")
    ]


class AgentProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent can do, and in which team."""

    number: Annotated[str, Meta(pattern=r"\A[0-9]{2,6}\Z"), _help("The agent's extension.", "坐席分机号。")]
    skills: Annotated[
        dict[str, Level], _help("Skills with their levels, 1 to 10.", "技能及等级，1 到 10。")
    ] = msgspec.field(default_factory=dict)
    tier: Annotated[
        int,
        Meta(ge=1, le=5),
        _help("1 for the front line, 2 for specialists, and so on.", "1 为一线，2 为专家。"),
    ] = 1
    pod: Annotated[str, Meta(max_length=60), _help("Small team; empty for none.", "所属小组；可留空。")] = ""


class QueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One queue."""

    name: Annotated[str, Meta(min_length=1, max_length=60), _help("The queue's name.", "队列名称。")]
    agents: Annotated[
        tuple[AgentProfile, ...], Meta(max_length=200), _help("Who may sign in.", "可签入的坐席。")
    ]
    number: Annotated[
        str, Meta(pattern=r"\A[0-9]{0,6}\Z"), _help("Number phones dial for it.", "内部拨打本队列的号码。")
    ] = ""
    strategy: Annotated[
        Strategy, _help("Whom of several free agents to ring first.", "多名空闲坐席时先振谁。")
    ] = Strategy.LONGEST_IDLE
    needs: Annotated[dict[str, Level], _help("Skills every caller here needs.", "本队列所需技能。")] = (
        msgspec.field(default_factory=dict)
    )
    relax: Annotated[
        tuple[Relax, ...],
        Meta(max_length=10),
        _help("How the asking relaxes with the wait.", "随等待降低要求。"),
    ] = ()
    tier_after_seconds: Annotated[
        Seconds, _help("After which wait the next tier rings as well.", "等待多久后下一级坐席也可接。")
    ] = 60.0
    pod_after_seconds: Annotated[
        Seconds, _help("After which wait other pods ring as well.", "等待多久后其他小组也可接。")
    ] = 45.0
    prefer_last_agent: Annotated[
        bool, _help("Ring first who served the caller last.", "优先振响上次接待的坐席。")
    ] = True
    ring_seconds: Annotated[
        float, Meta(ge=5, le=120), _help("How long an agent is rung.", "每次振铃坐席多久。")
    ] = 18.0
    wrap_up_seconds: Annotated[Seconds, _help("Time after a call before the next.", "通话后整理时间。")] = (
        15.0
    )
    max_missed: Annotated[
        int,
        Meta(ge=0, le=20),
        _help(
            "Unanswered rings in a row that pause an agent; 0 for never.",
            "连续几次未接后自动暂停；0 为不用。",
        ),
    ] = 3
    retry_seconds: Annotated[
        Seconds, _help("How long an agent who didn't answer is left alone.", "未接听后隔多久再振。")
    ] = 8.0
    max_waiting: Annotated[int, Meta(ge=1, le=1000), _help("Most callers waiting.", "最多等待人数。")] = 50
    max_wait_seconds: Annotated[
        Seconds, _help("Longest wait before the overflow.", "最长等待时间，之后转溢出。")
    ] = 600.0
    join_without_agents: Annotated[
        bool, _help("Whether callers may wait while nobody is signed in.", "无人签入时是否允许排队。")
    ] = False
    place_kept_seconds: Annotated[
        Seconds, _help("How long the place of a caller whose call dropped is kept.", "掉线后位置保留多久。")
    ] = 60.0
    announce_seconds: Annotated[
        Seconds,
        _help("Every how often place and wait are said; 0 for never.", "每隔多久报一次位置；0 为不报。"),
    ] = 45.0
    comfort_seconds: Annotated[
        Seconds,
        _help("Every how often kind words are said; 0 for never.", "每隔多久播一次安抚语；0 为不播。"),
    ] = 90.0
    messages: Annotated[
        tuple[Annotated[str, Meta(pattern=r"\A(own/)?[a-z0-9][a-z0-9-]{0,39}\Z")], ...],
        Meta(min_length=1, max_length=20),
        _help(
            "What is said then, one after the other: keys of the catalogue, or own/NAME.",
            "届时依次播放的语音：目录中的名称，或 own/名称。",
        ),
    ] = ("queue-comfort",)
    first_served: Annotated[
        tuple[str, ...],
        Meta(max_length=500),
        _help("Numbers of callers who are served before others.", "优先接待的来电号码。"),
    ] = ()
    callback: Annotated[
        bool, _help("Whether callers may press 2 to be called back in turn.", "是否可按 2 预约回电。")
    ] = True
    overflow: Annotated[
        tuple[Destination, ...], Meta(max_length=8), _help("Where callers go whom nobody took.", "溢出去向。")
    ] = ()
    message: Annotated[
        Destination | None, _help("Where key 1 leads, such as voicemail.", "按 1 转到哪里，如语音信箱。")
    ] = None
