"""Figures of waiting: who was answered, how soon, and who gave up."""

from __future__ import annotations

from firmware.reports.facts import CallFact, Fate
from firmware.reports.figure import (
    Dataset,
    Figure,
    Result,
    Target,
    Text,
    Unit,
    Variant,
    count,
    followed,
    mean_seconds,
    ratio,
)

_HOUR_MS = 3_600_000


def _waited(fact: CallFact) -> int:
    return fact.waited_ms or 0


def _within(data: Dataset, calls: list[CallFact]) -> list[CallFact]:
    return [fact for fact in calls if _waited(fact) <= data.options.threshold_s * 1000]


def _lasting(data: Dataset) -> list[CallFact]:
    """Return the abandoned calls but for the short ones."""
    short_ms = data.options.short_abandon_s * 1000
    return [fact for fact in data.inbound(Fate.ABANDONED) if _waited(fact) >= short_ms]


def _service_level(data: Dataset) -> Result:
    answered = data.inbound(Fate.ANSWERED)
    return ratio(_within(data, answered), answered + _lasting(data))


def _service_level_answered(data: Dataset) -> Result:
    answered = data.inbound(Fate.ANSWERED)
    return ratio(_within(data, answered), answered)


def _service_level_two(data: Dataset) -> Result:
    both = data.inbound(Fate.ANSWERED, Fate.ABANDONED)
    return ratio(_within(data, both), both)


def _service_level_missed(data: Dataset) -> Result:
    answered = data.inbound(Fate.ANSWERED)
    return ratio(_within(data, answered), data.inbound(Fate.ANSWERED, Fate.ABANDONED, Fate.MISSED))


def _abandon_rate(data: Dataset) -> Result:
    lasting = _lasting(data)
    return ratio(lasting, data.inbound(Fate.ANSWERED) + lasting)


def _abandon_rate_all(data: Dataset) -> Result:
    return ratio(data.inbound(Fate.ABANDONED), data.inbound(Fate.ANSWERED, Fate.ABANDONED))


def _short_abandons(data: Dataset) -> Result:
    lasting = {fact.id for fact in _lasting(data)}
    return count([fact for fact in data.inbound(Fate.ABANDONED) if fact.id not in lasting])


def _asa(data: Dataset) -> Result:
    return mean_seconds(data.inbound(Fate.ANSWERED), _waited)


def _asa_offered(data: Dataset) -> Result:
    return mean_seconds([fact for fact in data.inbound() if fact.waited_ms is not None], _waited)


def _connect_rate(data: Dataset) -> Result:
    offered = data.inbound(Fate.ANSWERED, Fate.ABANDONED, Fate.MISSED, Fate.FAILED)
    return ratio([fact for fact in offered if fact.fate is Fate.ANSWERED], offered)


def _connect_rate_all(data: Dataset) -> Result:
    return ratio(data.inbound(Fate.ANSWERED), data.inbound())


def _ivr_only(data: Dataset) -> Result:
    return ratio(data.inbound(Fate.IVR), data.inbound())


def _lost(data: Dataset) -> Result:
    return count(data.inbound(Fate.ABANDONED, Fate.MISSED, Fate.FAILED))


def _follow_up(data: Dataset) -> Result:
    within_ms = data.options.follow_up_hours * _HOUR_MS
    missed = [f for f in data.inbound(Fate.ABANDONED, Fate.MISSED, Fate.FAILED) if f.party is not None]
    done = [
        fact
        for fact in missed
        if followed(data.contacts.talked.get(fact.party or "", ()), fact.started_ms, within_ms)
    ]
    reached = {fact.id for fact in done}
    open_still = sum(f.started_ms + within_ms > data.now_ms for f in missed if f.id not in reached)
    note = None
    if open_still:
        note = Text(
            f"{open_still} of them may still be called back in time", f"其中 {open_still} 个仍在回访期限内"
        )
    return ratio(done, missed, note)


FIGURES = (
    Figure(
        "service_level",
        Text("Service level", "服务水平"),
        Text(
            "answered within T ÷ (answered + abandoned − short abandons); "
            "T = {threshold_s:g} s, short = under {short_abandon_s:g} s",
            "T 秒内接听数 ÷（接听数 + 放弃数 − 短放弃数）；"
            "T = {threshold_s:g} 秒，短放弃为 {short_abandon_s:g} 秒以内",
        ),
        Unit.SHARE,
        _service_level,
        (
            Variant(
                "answered",
                Text("of the answered", "仅计已接"),
                Text("answered within T ÷ answered", "T 秒内接听数 ÷ 接听数"),
                _service_level_answered,
            ),
            Variant(
                "both",
                Text("quick abandons count as served", "T 秒内放弃也计入"),
                Text(
                    "(answered within T + abandoned within T) ÷ (answered + abandoned)",
                    "（T 秒内接听数 + T 秒内放弃数）÷（接听数 + 放弃数）",
                ),
                _service_level_two,
            ),
            Variant(
                "missed",
                Text("missed calls count against it", "未接也计入"),
                Text(
                    "answered within T ÷ (answered + abandoned + missed)",
                    "T 秒内接听数 ÷（接听数 + 放弃数 + 未接数）",
                ),
                _service_level_missed,
            ),
        ),
        Target(0.98, at_least=True),
    ),
    Figure(
        "abandon_rate",
        Text("Abandon rate", "放弃率"),
        Text(
            "abandoned ÷ (answered + abandoned), both without short abandons",
            "放弃数 ÷（接听数 + 放弃数），均不含短放弃",
        ),
        Unit.SHARE,
        _abandon_rate,
        (
            Variant(
                "all",
                Text("with short abandons", "含短放弃"),
                Text("abandoned ÷ (answered + abandoned)", "放弃数 ÷（接听数 + 放弃数）"),
                _abandon_rate_all,
            ),
        ),
        Target(0.02, at_least=False),
    ),
    Figure(
        "short_abandons",
        Text("Short abandons", "短放弃数"),
        Text(
            "callers who hung up after less than {short_abandon_s:g} s of waiting",
            "等待不足 {short_abandon_s:g} 秒即挂断的来电数",
        ),
        Unit.COUNT,
        _short_abandons,
    ),
    Figure(
        "asa",
        Text("Average speed of answer (ASA)", "平均应答速度"),
        Text(
            "sum of the waits of answered calls ÷ answered; a wait begins on entering the queue",
            "已接来电等待时间之和 ÷ 接听数；自进入队列起算",
        ),
        Unit.SECONDS,
        _asa,
        (
            Variant(
                "offered",
                Text("over all who waited", "按全部等待者"),
                Text(
                    "sum of all waits ÷ calls that waited, however it ended",
                    "全部等待时间之和 ÷ 等待过的来电数",
                ),
                _asa_offered,
            ),
        ),
        Target(15.0, at_least=False),
    ),
    Figure(
        "connect_rate",
        Text("Connect rate", "接通率"),
        Text(
            "answered ÷ offered; offered are all calls for a person, not those the menu served alone",
            "接听数 ÷ 呼入人工数；不含仅由语音菜单服务的来电",
        ),
        Unit.SHARE,
        _connect_rate,
        (
            Variant(
                "all",
                Text("of all calls in", "按全部呼入"),
                Text("answered ÷ all calls in", "接听数 ÷ 全部呼入数"),
                _connect_rate_all,
            ),
        ),
    ),
    Figure(
        "ivr_only",
        Text("Served by the menu alone", "仅由自助语音服务"),
        Text("calls in which nobody was asked for ÷ all calls in", "未转人工的来电数 ÷ 全部呼入数"),
        Unit.SHARE,
        _ivr_only,
    ),
    Figure(
        "lost",
        Text("Lost calls", "呼损数"),
        Text("abandoned + missed + failed", "放弃数 + 未接数 + 故障数"),
        Unit.COUNT,
        _lost,
    ),
    Figure(
        "follow_up",
        Text("Lost callers reached again", "未接来电回访率"),
        Text(
            "lost calls whose caller was talked with within {follow_up_hours:g} h ÷ lost calls with a number",
            "{follow_up_hours:g} 小时内又通话的未接来电数 ÷ 有号码的未接来电数",
        ),
        Unit.SHARE,
        _follow_up,
    ),
)
