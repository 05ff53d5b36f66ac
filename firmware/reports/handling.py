"""Figures of work: how long calls take and how busy people are."""

from __future__ import annotations

from firmware.core.records import AgentState
from firmware.reports.facts import CallFact, Fate, Traffic
from firmware.reports.figure import Dataset, Figure, Result, Text, Unit, Variant, count, mean_seconds


def _handled(data: Dataset) -> list[CallFact]:
    return [f for f in data.calls if f.traffic is not Traffic.INTERNAL and f.fate is Fate.ANSWERED]


def _calls_in(data: Dataset) -> Result:
    return count(data.inbound())


def _calls_answered(data: Dataset) -> Result:
    return count(data.inbound(Fate.ANSWERED))


def _aht(data: Dataset) -> Result:
    return mean_seconds(_handled(data), lambda fact: fact.talk_ms + fact.hold_ms + fact.wrap_ms)


def _aht_without_wrap_up(data: Dataset) -> Result:
    return mean_seconds(_handled(data), lambda fact: fact.talk_ms + fact.hold_ms)


def _att(data: Dataset) -> Result:
    return mean_seconds(_handled(data), lambda fact: fact.talk_ms)


def _wrap_up(data: Dataset) -> Result:
    return mean_seconds(_handled(data), lambda fact: fact.wrap_ms)


def _signed_in_s(data: Dataset, *, breaks: bool) -> float:
    return sum(span.duration_ms for span in data.spans if breaks or span.state is not AgentState.BREAK) / 1000


def _occupancy(data: Dataset) -> Result:
    agents = {span.agent for span in data.spans}
    calls = [
        (fact, share)
        for fact in data.calls
        for share in fact.shares
        if share.agent in agents and (share.answered or share.wrap_ms)
    ]
    busy_s = sum(share.talk_ms + share.hold_ms + share.wrap_ms for _, share in calls) / 1000
    time_s = _signed_in_s(data, breaks=False)
    ids = tuple(dict.fromkeys(fact.id for fact, _ in calls))
    return Result(busy_s / time_s if time_s else None, busy_s, time_s, ids, ids)


def _calls_per_hour(data: Dataset) -> Result:
    agents = {span.agent for span in data.spans}
    handled = [fact for fact in _handled(data) if any(s.answered and s.agent in agents for s in fact.shares)]
    hours = _signed_in_s(data, breaks=True) / 3600
    ids = tuple(fact.id for fact in handled)
    return Result(len(handled) / hours if hours else None, len(handled), hours, ids, ids)


FIGURES = (
    Figure(
        "calls_in",
        Text("Calls in", "呼入数"),
        Text("all calls from outside", "全部外线来电"),
        Unit.COUNT,
        _calls_in,
    ),
    Figure(
        "calls_answered",
        Text("Answered calls (ACD)", "接听数（ACD）"),
        Text("calls from outside in which a person talked with the caller", "有人工通话的来电数"),
        Unit.COUNT,
        _calls_answered,
    ),
    Figure(
        "aht",
        Text("Average handling time (AHT)", "平均处理时间"),
        Text("(talk + hold + wrap-up) ÷ handled calls", "（通话 + 保持 + 事后处理）÷ 处理数"),
        Unit.SECONDS,
        _aht,
        (
            Variant(
                "without_wrap_up",
                Text("without wrap-up", "不含事后处理"),
                Text("(talk + hold) ÷ handled calls", "（通话 + 保持）÷ 处理数"),
                _aht_without_wrap_up,
            ),
        ),
    ),
    Figure(
        "att",
        Text("Average talk time (ATT)", "平均交谈时间"),
        Text("talk, without hold ÷ handled calls", "交谈时间（不含保持）÷ 处理数"),
        Unit.SECONDS,
        _att,
    ),
    Figure(
        "wrap_up",
        Text("Average wrap-up", "平均事后处理时间"),
        Text(
            "from each hang-up until the agent was ready, summed ÷ handled calls",
            "挂机到就绪的时间之和 ÷ 处理数",
        ),
        Unit.SECONDS,
        _wrap_up,
    ),
    Figure(
        "occupancy",
        Text("Occupancy", "工时利用率"),
        Text(
            "(talk + hold + wrap-up) ÷ time signed in and not on a break",
            "（通话 + 保持 + 事后处理）÷ 签入且未小休的时间",
        ),
        Unit.SHARE,
        _occupancy,
    ),
    Figure(
        "calls_per_hour",
        Text("Calls per hour", "每小时呼叫次数"),
        Text("handled calls ÷ hours signed in", "处理数 ÷ 签入小时数"),
        Unit.PER_HOUR,
        _calls_per_hour,
    ),
)
