"""The same figures for each hour, day, agent, group, line, number dialled, caller or source.

A grouped dataset is a dataset, so every figure can be computed of it; whether a caller came again is still
looked up in all calls.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Callable, Iterator

import msgspec

from firmware.core.clock import Instant
from firmware.core.records import AgentSpan
from firmware.reports.facts import CallFact, Fate, Traffic
from firmware.reports.figure import Dataset

_HOUR_MS = 3_600_000


class Dimension(enum.StrEnum):
    HOUR = "hour"
    """Of the day, local time: "00" to "23"."""
    DAY = "day"
    """Local date: "2026-11-21"."""
    AGENT = "agent"
    GROUP = "group"
    LINE = "line"
    DID = "did"
    CALLER = "caller"
    SOURCE = "source"


def grouped(data: Dataset, dimension: Dimension) -> dict[str, Dataset]:
    """Return a dataset for each key of the dimension, the keys in order; calls without one are left out.

    A call belongs to every agent who was rung and every group it came to, so those parts can sum to more
    than the whole.
    """
    calls: dict[str, list[CallFact]] = {}
    spans: dict[str, list[AgentSpan]] = {}
    for fact in data.calls:
        for key, part in _parts(data, fact, dimension):
            calls.setdefault(key, []).append(part)
    for span in data.spans:
        for key, piece in _pieces(data, span, dimension):
            spans.setdefault(key, []).append(piece)
    return {
        key: dataclasses.replace(data, calls=tuple(calls.get(key, ())), spans=tuple(spans.get(key, ())))
        for key in sorted(calls.keys() | spans.keys())
    }


def _local(data: Dataset, ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(ms / 1000, data.zone)


def _time_key(data: Dataset, ms: int, dimension: Dimension) -> str:
    moment = _local(data, ms)
    return f"{moment.hour:02}" if dimension is Dimension.HOUR else moment.date().isoformat()


_KEYS: dict[Dimension, Callable[[CallFact], str | None]] = {
    Dimension.LINE: lambda fact: fact.line if fact.traffic is Traffic.INBOUND else None,
    Dimension.DID: lambda fact: fact.did,
    Dimension.CALLER: lambda fact: fact.party if fact.traffic is Traffic.INBOUND else None,
    Dimension.SOURCE: lambda fact: fact.source or None,
}


def _parts(data: Dataset, fact: CallFact, dimension: Dimension) -> Iterator[tuple[str, CallFact]]:
    match dimension:
        case Dimension.HOUR | Dimension.DAY:
            yield _time_key(data, fact.started_ms, dimension), fact
        case Dimension.AGENT:
            for share in fact.shares:
                yield share.agent, _of_agent(fact, share.agent)
        case Dimension.GROUP:
            for group in fact.groups:
                yield group, fact
        case _:
            key = _KEYS[dimension](fact)
            if key is not None:
                yield key, fact


def _of_agent(fact: CallFact, agent: str) -> CallFact:
    """Return the call as this agent met it: rung at, perhaps answered, with the agent's own times."""
    share = next(one for one in fact.shares if one.agent == agent)
    missed = Fate.ABANDONED if fact.fate is Fate.ABANDONED else Fate.MISSED
    return msgspec.structs.replace(
        fact,
        fate=fact.fate if share.answered else missed,
        waited_ms=share.rung_ms,
        talk_ms=share.talk_ms,
        hold_ms=share.hold_ms,
        wrap_ms=share.wrap_ms,
        shares=(share,),
        ratings=tuple(rating for rating in fact.ratings if rating.agent == agent),
    )


def _pieces(data: Dataset, span: AgentSpan, dimension: Dimension) -> Iterator[tuple[str, AgentSpan]]:
    match dimension:
        case Dimension.HOUR | Dimension.DAY:
            # Whole hours, because every zone's days begin with one of its own hours.
            offset = _local(data, span.started.wall_ms).utcoffset() or datetime.timedelta()
            offset_ms = offset // datetime.timedelta(milliseconds=1)
            begin, end = span.started.wall_ms, span.started.wall_ms + span.duration_ms
            while begin < end:
                until = min(end, (begin + offset_ms) // _HOUR_MS * _HOUR_MS + _HOUR_MS - offset_ms)
                moment = Instant(begin, span.started.mono_ms, span.started.boot_id, span.started.clock_set)
                piece = msgspec.structs.replace(span, started=moment, duration_ms=until - begin)
                yield _time_key(data, begin, dimension), piece
                begin = until
        case Dimension.AGENT:
            yield span.agent, span
        case Dimension.GROUP:
            if span.group:
                yield span.group, span
        case _:
            return
