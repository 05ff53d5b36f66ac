"""What a figure is: a formula that people can read, a function that does the same, the calls behind it."""

from __future__ import annotations

import bisect
import dataclasses
import datetime
import enum
from collections.abc import Callable, Iterable, Mapping

from firmware.core.ids import CallId
from firmware.core.records import AgentSpan
from firmware.reports.facts import CallFact, Fate, Traffic


@dataclasses.dataclass(frozen=True)
class Text:
    """The same words in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """Return the words in `language`: "zh…" or anything else for English."""
        return self.zh if language.startswith("zh") else self.en

    def filled(self, options: Options) -> Text:
        """Return them with the office's limits in place of their names in braces."""
        limits = dataclasses.asdict(options)
        return Text(self.en.format(**limits), self.zh.format(**limits))


class Unit(enum.StrEnum):
    SHARE = "share"
    """0 to 1, shown in percent."""
    SECONDS = "seconds"
    COUNT = "count"
    PER_HOUR = "per hour"
    POINTS = "points"
    ERLANG = "erlang"


@dataclasses.dataclass(frozen=True)
class Target:
    """What world-class offices reach."""

    limit: float
    at_least: bool
    """Whether more is better."""

    def met(self, value: float) -> bool:
        """Return whether `value` reaches it."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclasses.dataclass(frozen=True)
class Result:
    """A figure's value with what it was divided of."""

    value: float | None
    """None where there is nothing to divide by."""
    numerator: float
    denominator: float
    calls: tuple[CallId, ...] = ()
    """The calls that make up the numerator."""
    of: tuple[CallId, ...] = ()
    """The calls that make up the denominator."""
    note: Text | None = None
    """What to keep in mind about this value."""


Compute = Callable[["Dataset"], Result]


@dataclasses.dataclass(frozen=True)
class Variant:
    """The same figure as others count it."""

    key: str
    name: Text
    formula: Text
    compute: Compute


@dataclasses.dataclass(frozen=True)
class Figure:
    key: str
    name: Text
    formula: Text
    unit: Unit
    compute: Compute
    variants: tuple[Variant, ...] = ()
    target: Target | None = None


@dataclasses.dataclass(frozen=True)
class Options:
    """What an office may count differently."""

    threshold_s: float = 20.0
    """Answered within this counts for the service level."""
    short_abandon_s: float = 5.0
    """Who hangs up sooner had misdialled, and isn't counted as abandoned."""
    fcr_days: float = 7.0
    follow_up_hours: float = 24.0
    """A missed caller should have been talked with by then."""
    lines: int | None = None
    """How many outside lines there are; None counts those that were used."""


@dataclasses.dataclass(frozen=True)
class Staff:
    """What the calls can't tell; from the office's shifts and quality forms."""

    planned: int = 0
    """People planned, summed over the shifts."""
    present: int = 0
    leavers: int = 0
    full_time: int = 0
    scores: tuple[float, ...] = ()
    """Points of the quality forms, each weighted to 0–100."""


@dataclasses.dataclass(frozen=True)
class Contacts:
    """When each number called and when it was talked with, in ms since 1970 UTC, ascending."""

    called: Mapping[str, tuple[int, ...]]
    talked: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, facts: Iterable[CallFact]) -> Contacts:
        """Collect them from calls in any order."""
        called: dict[str, list[int]] = {}
        talked: dict[str, list[int]] = {}
        for fact in facts:
            if fact.party is None:
                continue
            if fact.traffic is Traffic.INBOUND:
                called.setdefault(fact.party, []).append(fact.started_ms)
            if fact.traffic is not Traffic.INTERNAL and fact.fate is Fate.ANSWERED:
                talked.setdefault(fact.party, []).append(fact.started_ms)
        return cls(_sorted(called), _sorted(talked))


def _sorted(times: dict[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {number: tuple(sorted(found)) for number, found in times.items()}


def followed(times: tuple[int, ...], after_ms: int, within_ms: float) -> bool:
    """Return whether one of the ascending `times` lies in (after, after + within]."""
    index = bisect.bisect_right(times, after_ms)
    return index < len(times) and times[index] <= after_ms + within_ms


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Everything a figure is computed from."""

    calls: tuple[CallFact, ...]
    since_ms: int
    until_ms: int
    """The period [since, until), ms since 1970 UTC."""
    now_ms: int
    """Until when calls are known; the younger ones may still be repeated."""
    contacts: Contacts
    """Of the calls of the period and of all later ones."""
    spans: tuple[AgentSpan, ...] = ()
    staff: Staff = Staff()
    options: Options = Options()
    zone: datetime.tzinfo = datetime.UTC

    def inbound(self, *fates: Fate) -> list[CallFact]:
        """Return the inbound calls, of these fates or of all."""
        return [
            fact
            for fact in self.calls
            if fact.traffic is Traffic.INBOUND and (not fates or fact.fate in fates)
        ]


def ratio(numerator: list[CallFact], denominator: list[CallFact], note: Text | None = None) -> Result:
    """Return how many of the calls are of a kind."""
    return Result(
        value=len(numerator) / len(denominator) if denominator else None,
        numerator=len(numerator),
        denominator=len(denominator),
        calls=tuple(fact.id for fact in numerator),
        of=tuple(fact.id for fact in denominator),
        note=note,
    )


def mean_seconds(calls: list[CallFact], milliseconds: Callable[[CallFact], int]) -> Result:
    """Return the mean of something over the calls, in seconds."""
    total = sum(milliseconds(fact) for fact in calls) / 1000
    ids = tuple(fact.id for fact in calls)
    return Result(total / len(calls) if calls else None, total, len(calls), ids, ids)


def count(calls: list[CallFact]) -> Result:
    """Return how many calls there are."""
    return Result(float(len(calls)), len(calls), 1, tuple(fact.id for fact in calls))
