"""Figures of the callers: whether one call was enough, and what they thought of it."""

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
    ratio,
)

_DAY_MS = 86_400_000
COMPLAINT = "complaint"
"""The tag that marks a complaint."""


def _came_again(data: Dataset, fact: CallFact) -> bool:
    times = data.contacts.called.get(fact.party, ()) if fact.party is not None else ()
    return followed(times, fact.started_ms, data.options.fcr_days * _DAY_MS)


def _fcr_of(data: Dataset, contacts: list[CallFact], note: Text | None) -> Result:
    return ratio([fact for fact in contacts if not _came_again(data, fact)], contacts, note)


def _immature(data: Dataset) -> Text | None:
    border = data.now_ms - data.options.fcr_days * _DAY_MS
    young = sum(fact.started_ms > border for fact in data.inbound(Fate.ANSWERED))
    if not young:
        return None
    days = f"{data.options.fcr_days:g}"
    return Text(
        f"immature: {young} calls are younger than {days} days and may be repeated",
        f"未成熟：{young} 个来电不足 {days} 天，可能再次来电",
    )


def _fcr(data: Dataset) -> Result:
    border = data.now_ms - data.options.fcr_days * _DAY_MS
    mature = [fact for fact in data.inbound(Fate.ANSWERED) if fact.started_ms <= border]
    return _fcr_of(data, mature, _immature(data))


def _fcr_so_far(data: Dataset) -> Result:
    return _fcr_of(data, data.inbound(Fate.ANSWERED), _immature(data))


def _repeaters(data: Dataset) -> Result:
    calls: dict[str, list[CallFact]] = {}
    for fact in data.inbound():
        if fact.party is not None:
            calls.setdefault(fact.party, []).append(fact)
    again = {number: found for number, found in calls.items() if len(found) > 1}
    return Result(
        value=len(again) / len(calls) if calls else None,
        numerator=len(again),
        denominator=len(calls),
        calls=tuple(fact.id for found in again.values() for fact in found),
        of=tuple(fact.id for found in calls.values() for fact in found),
    )


def _points(data: Dataset) -> tuple[list[CallFact], float, int]:
    """Return the calls with an answered survey, the points given and the keys pressed."""
    surveyed = [f for f in data.inbound() if any(rating.points is not None for rating in f.ratings)]
    points = [r.points for fact in surveyed for r in fact.ratings if r.points is not None]
    return surveyed, float(sum(points)), len(points)


def _csat(data: Dataset) -> Result:
    surveyed, points, _ = _points(data)
    ids = tuple(fact.id for fact in surveyed)
    return Result(points / len(surveyed) if surveyed else None, points, len(surveyed), ids, ids)


def _csat_keys(data: Dataset) -> Result:
    surveyed, points, keys = _points(data)
    ids = tuple(fact.id for fact in surveyed)
    return Result(points / keys if keys else None, points, keys, ids, ids)


def _csat_share(data: Dataset) -> Result:
    surveyed, points, _ = _points(data)
    best = sum(r.best for fact in surveyed for r in fact.ratings if r.points is not None)
    ids = tuple(fact.id for fact in surveyed)
    return Result(points / best if best else None, points, best, ids, ids)


def _response_rate(data: Dataset) -> Result:
    asked = [fact for fact in data.inbound() if fact.ratings]
    return ratio([f for f in asked if any(rating.points is not None for rating in f.ratings)], asked)


def _complaints(data: Dataset) -> Result:
    answered = data.inbound(Fate.ANSWERED)
    return ratio([fact for fact in answered if COMPLAINT in fact.tags], answered)


def _messages(data: Dataset) -> Result:
    return count([fact for fact in data.inbound() if fact.voicemail])


FIGURES = (
    Figure(
        "fcr",
        Text("First contact resolution (FCR)", "一次性解决率"),
        Text(
            "answered calls whose caller didn't call again within {fcr_days:g} days ÷ "
            "answered calls older than {fcr_days:g} days; "
            "withheld numbers count singly",
            "{fcr_days:g} 天内未再来电的已接来电数 ÷ 满 {fcr_days:g} 天的已接来电数；隐藏号码各计一次",
        ),
        Unit.SHARE,
        _fcr,
        (
            Variant(
                "so_far",
                Text("so far", "截至目前"),
                Text(
                    "answered calls whose caller hasn't called again within {fcr_days:g} days ÷ "
                    "answered calls",
                    "至今 {fcr_days:g} 天内未再来电的已接来电数 ÷ 已接来电数",
                ),
                _fcr_so_far,
            ),
        ),
        Target(0.85, at_least=True),
    ),
    Figure(
        "repeat_callers",
        Text("Repeat callers", "重复来电者"),
        Text("numbers that called more than once ÷ numbers that called", "来电两次以上的号码数 ÷ 来电号码数"),
        Unit.SHARE,
        _repeaters,
    ),
    Figure(
        "csat",
        Text("Caller satisfaction (CSAT)", "满意度"),
        Text("survey points ÷ answered surveys", "评分总和 ÷ 有效评价数"),
        Unit.POINTS,
        _csat,
        (
            Variant(
                "keys",
                Text("a key", "按键均分"),
                Text("survey points ÷ keys pressed", "评分总和 ÷ 按键数"),
                _csat_keys,
            ),
            Variant(
                "share",
                Text("of the most possible", "得分率"),
                Text("survey points ÷ the most these keys could give", "评分总和 ÷ 满分"),
                _csat_share,
            ),
        ),
    ),
    Figure(
        "response_rate",
        Text("Survey response rate", "评价率"),
        Text("surveys with an answer ÷ callers asked", "有效评价数 ÷ 邀请评价数"),
        Unit.SHARE,
        _response_rate,
    ),
    Figure(
        "complaints",
        Text("Complaints", "投诉率"),
        Text("answered calls marked as a complaint ÷ answered calls", "标记为投诉的来电数 ÷ 接听数"),
        Unit.SHARE,
        _complaints,
        (),
        Target(0.001, at_least=False),
    ),
    Figure(
        "messages",
        Text("Voicemail messages", "留言数"),
        Text("calls in which a message was left", "有留言的来电数"),
        Unit.COUNT,
        _messages,
    ),
)
