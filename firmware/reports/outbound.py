"""Figures of calls out and of orders: who was reached, what came of it, who was seen to afterwards.

What came of a call out is the code its agent chose in wrap-up; a call that nobody answered is "not reached",
whatever was chosen.
"""

from __future__ import annotations

import enum

from firmware.reports.facts import CallFact, Fate, Traffic
from firmware.reports.figure import Dataset, Figure, Result, Text, Unit, Variant, count, followed, ratio

_DAY_MS = 86_400_000


class Came(enum.StrEnum):
    """What came of a call out; the words are the wrap-up codes that mean it."""

    SUCCESS = "success"
    FAILURE = "failure"
    CONSIDERING = "considering"
    UNDECIDED = "undecided"
    WRONG_NUMBER = "wrong number"
    NOT_REACHED = "not reached"


WORDS = {
    Came.SUCCESS: Text("success", "成功"),
    Came.FAILURE: Text("failure", "失败"),
    Came.CONSIDERING: Text("considering", "考虑中"),
    Came.UNDECIDED: Text("undecided", "未定"),
    Came.WRONG_NUMBER: Text("wrong number", "错号"),
    Came.NOT_REACHED: Text("not reached", "未接通"),
}
_CODES = {word: came for came, text in WORDS.items() for word in (came.value, text.zh)}
_INTRODUCED = frozenset({Came.SUCCESS, Came.FAILURE, Came.CONSIDERING, Came.UNDECIDED})

ORDER = frozenset({"order", "service order", "订单", "工单", "服务工单"})
"""Wrap-up codes that mean that something is to be done for the caller."""


def came_of(fact: CallFact) -> Came | None:
    """Return what came of a call out; None when it was answered and nobody said."""
    if fact.fate is not Fate.ANSWERED:
        return Came.NOT_REACHED
    return next((_CODES[code.lower()] for code in fact.codes if code.lower() in _CODES), None)


def calls_out(data: Dataset) -> list[CallFact]:
    """Return the calls to outside."""
    return [fact for fact in data.calls if fact.traffic is Traffic.OUTBOUND]


def _reached(data: Dataset) -> list[CallFact]:
    return [fact for fact in calls_out(data) if fact.fate is Fate.ANSWERED]


def _calls_out(data: Dataset) -> Result:
    return count(calls_out(data))


def _work_rate(data: Dataset) -> Result:
    return ratio(_reached(data), calls_out(data))


def _introduced(data: Dataset) -> Result:
    reached = _reached(data)
    return ratio([fact for fact in reached if came_of(fact) in _INTRODUCED], reached)


def _sold(data: Dataset) -> Result:
    reached = _reached(data)
    return ratio([fact for fact in reached if came_of(fact) is Came.SUCCESS], reached)


def _sold_of_attempts(data: Dataset) -> Result:
    tried = calls_out(data)
    return ratio([fact for fact in tried if came_of(fact) is Came.SUCCESS], tried)


def orders(data: Dataset) -> list[CallFact]:
    """Return the calls in which an order was taken."""
    return [fact for fact in data.inbound(Fate.ANSWERED) if ORDER & {code.lower() for code in fact.codes}]


def _orders(data: Dataset) -> Result:
    return count(orders(data))


def _orders_followed(data: Dataset) -> Result:
    known = [fact for fact in orders(data) if fact.party is not None]
    within_ms = data.options.fcr_days * _DAY_MS
    done = [
        fact
        for fact in known
        if followed(data.contacts.talked.get(fact.party or "", ()), fact.started_ms, within_ms)
    ]
    return ratio(done, known)


FIGURES = (
    Figure(
        "calls_out",
        Text("Calls out", "呼出数"),
        Text("calls to outside, reached or not", "全部外呼，不论接通与否"),
        Unit.COUNT,
        _calls_out,
    ),
    Figure(
        "work_rate",
        Text("Actual work rate", "实际工作率"),
        Text("calls out in which somebody was reached ÷ calls out", "接通的外呼数 ÷ 外呼次数"),
        Unit.SHARE,
        _work_rate,
    ),
    Figure(
        "introduced",
        Text("Introduced", "介绍率"),
        Text(
            "reached calls that ended in success, failure, considering or undecided ÷ reached calls",
            "结果为成功、失败、考虑中或未定的外呼数 ÷ 接通的外呼数",
        ),
        Unit.SHARE,
        _introduced,
    ),
    Figure(
        "sold",
        Text("Sold", "成功率"),
        Text("calls out that ended in success ÷ reached calls", "结果为成功的外呼数 ÷ 接通的外呼数"),
        Unit.SHARE,
        _sold,
        (
            Variant(
                "attempts",
                Text("of all attempts", "按全部外呼"),
                Text("calls out that ended in success ÷ calls out", "结果为成功的外呼数 ÷ 外呼次数"),
                _sold_of_attempts,
            ),
        ),
    ),
    Figure(
        "orders",
        Text("Orders taken", "服务工单数"),
        Text("answered calls wrapped up as an order", "事后处理标记为工单的来电数"),
        Unit.COUNT,
        _orders,
    ),
    Figure(
        "orders_followed",
        Text("Orders followed up", "工单回访率"),
        Text(
            "orders whose caller was talked with again within {fcr_days:g} days ÷ orders with a number",
            "{fcr_days:g} 天内再次通话的工单数 ÷ 有号码的工单数",
        ),
        Unit.SHARE,
        _orders_followed,
    ),
)
