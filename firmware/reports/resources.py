"""Figures of lines and people: how full the lines are, who was there."""

from __future__ import annotations

import re

from firmware.reports.erlang import erlang_b
from firmware.reports.facts import Busy, CallFact
from firmware.reports.figure import Dataset, Figure, Result, Text, Unit

_HOUR_MS = 3_600_000
_SCORE = re.compile(r"\Ascore[=:]([0-9]{1,3}(?:\.[0-9])?)\Z")


def _stretches(data: Dataset) -> list[tuple[str, Busy]]:
    """Return what of every line's busy time lies in the period, with the call's id."""
    return [
        (fact.id, Busy(busy.line, max(busy.since_ms, data.since_ms), min(busy.until_ms, data.until_ms)))
        for fact in data.calls
        for busy in fact.busy
        if busy.until_ms > data.since_ms and busy.since_ms < data.until_ms
    ]


def _lines(data: Dataset) -> int:
    return data.options.lines or len({busy.line for _, busy in _stretches(data)})


def busiest_hour(data: Dataset) -> float:
    """Return the traffic of the busiest clock hour in erlangs."""
    hours: dict[int, int] = {}
    for _, busy in _stretches(data):
        for hour in range(busy.since_ms // _HOUR_MS, (busy.until_ms - 1) // _HOUR_MS + 1):
            since, until = max(busy.since_ms, hour * _HOUR_MS), min(busy.until_ms, (hour + 1) * _HOUR_MS)
            hours[hour] = hours.get(hour, 0) + until - since
    return max(hours.values(), default=0) / _HOUR_MS


def _line_occupancy(data: Dataset) -> Result:
    stretches = _stretches(data)
    busy_s = sum(busy.until_ms - busy.since_ms for _, busy in stretches) / 1000
    time_s = _lines(data) * (min(data.until_ms, data.now_ms) - data.since_ms) / 1000
    ids = tuple(dict.fromkeys(fact.id for fact in data.calls if fact.busy))
    return Result(busy_s / time_s if time_s > 0 else None, busy_s, time_s, ids, ids)


def _busy_hour(data: Dataset) -> Result:
    load = busiest_hour(data)
    return Result(load, load, 1)


def _blocking(data: Dataset) -> Result:
    load, lines = busiest_hour(data), _lines(data)
    return Result(erlang_b(lines, load) if lines else None, load, lines)


def _attendance(data: Dataset) -> Result:
    planned, present = data.staff.planned, data.staff.present
    return Result(present / planned if planned else None, present, planned)


def _turnover(data: Dataset) -> Result:
    leavers, people = data.staff.leavers, data.staff.full_time
    return Result(leavers / people if people else None, leavers, people)


def _monitoring(data: Dataset) -> Result:
    judged = [(fact.id, score) for fact in data.calls for score in scores_of(fact)]
    scores = [*data.staff.scores, *(score for _, score in judged)]
    ids = tuple(dict.fromkeys(call for call, _ in judged))
    return Result(sum(scores) / len(scores) if scores else None, sum(scores), len(scores), ids, ids)


def scores_of(fact: CallFact) -> list[float]:
    """Return the points a call was given by those who listen: its tags such as `score=85`, 0 to 100."""
    found = [_SCORE.match(tag) for tag in fact.tags]
    return [min(100.0, float(one[1])) for one in found if one is not None]


FIGURES = (
    Figure(
        "line_occupancy",
        Text("Line occupancy", "线路占用率"),
        Text("time lines were taken ÷ (lines × period)", "线路占用时间 ÷（线路数 × 统计时长）"),
        Unit.SHARE,
        _line_occupancy,
    ),
    Figure(
        "busy_hour_traffic",
        Text("Traffic of the busiest hour", "忙时话务量"),
        Text("time lines were taken in the busiest clock hour ÷ 1 h", "最忙一小时的线路占用时间 ÷ 1 小时"),
        Unit.ERLANG,
        _busy_hour,
    ),
    Figure(
        "blocking",
        Text("Callers who find all lines busy", "忙时呼损率"),
        Text(
            "Erlang B of the busiest hour's traffic u and n lines: (uⁿ/n!) ÷ Σ(uᵏ/k!), k = 0…n",
            "爱尔兰 B：忙时话务量 u、线路数 n：(uⁿ/n!) ÷ Σ(uᵏ/k!)，k = 0…n",
        ),
        Unit.SHARE,
        _blocking,
    ),
    Figure(
        "attendance",
        Text("Attendance", "出勤率"),
        Text("people present ÷ people planned", "实到人数 ÷ 应到人数"),
        Unit.SHARE,
        _attendance,
    ),
    Figure(
        "turnover",
        Text("Turnover", "流动率"),
        Text("leavers ÷ full-time people", "离职人数 ÷ 全职人数"),
        Unit.SHARE,
        _turnover,
    ),
    Figure(
        "monitoring_score",
        Text("Monitoring score", "监听分值"),
        Text(
            "points given (0–100; a tag score=85 on a call) ÷ calls judged",
            "质检得分（0–100，通话标签 score=85）之和 ÷ 质检数",
        ),
        Unit.POINTS,
        _monitoring,
    ),
)
