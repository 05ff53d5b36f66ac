"""From the records to a dataset."""

from __future__ import annotations

import datetime

import msgspec

from firmware.core.records import AgentSpan, Journey
from firmware.reports.facts import fact_of
from firmware.reports.figure import Contacts, Dataset, Options, Staff
from firmware.store.reader import JourneyReader

_DAY_MS = 86_400_000


def dataset(
    journeys: list[Journey],
    spans: list[AgentSpan],
    since_ms: int,
    until_ms: int,
    now_ms: int,
    options: Options | None = None,
    zone: datetime.tzinfo = datetime.UTC,
    staff: Staff | None = None,
) -> Dataset:
    """Return the dataset of the period [since, until) (ms since 1970 UTC).

    Args:
        journeys: Closed ones, of the period and of the days after it that tell whether callers came again.
        spans: Agents' time; what lies outside the period is cut off.
        now_ms: Until when journeys are known.
        options: How the office counts.
        zone: What hours and days are of.
        staff: What the calls can't tell.
    """
    facts = [fact_of(journey) for journey in journeys if journey.started.clock_set]
    return Dataset(
        calls=tuple(fact for fact in facts if since_ms <= fact.started_ms < until_ms),
        since_ms=since_ms,
        until_ms=until_ms,
        now_ms=now_ms,
        contacts=Contacts.of(facts),
        spans=tuple(cut for span in spans for cut in _cut(span, since_ms, until_ms)),
        staff=staff or Staff(),
        options=options or Options(),
        zone=zone,
    )


def _cut(span: AgentSpan, since_ms: int, until_ms: int) -> list[AgentSpan]:
    begin = max(span.started.wall_ms, since_ms)
    end = min(span.started.wall_ms + span.duration_ms, until_ms)
    if not span.started.clock_set or end <= begin:
        return []
    started = msgspec.structs.replace(span.started, wall_ms=begin)
    return [msgspec.structs.replace(span, started=started, duration_ms=end - begin)]


def load(
    reader: JourneyReader,
    since_ms: int,
    until_ms: int,
    now_ms: int,
    options: Options | None = None,
    zone: datetime.tzinfo = datetime.UTC,
    staff: Staff | None = None,
) -> Dataset:
    """Return the dataset of a period from the records. Blocks for the disk; call it in a thread.

    Raises:
        DeviceError: The records are missing, locked or damaged.
    """
    options = options or Options()
    after_ms = int(max(options.fcr_days * _DAY_MS, options.follow_up_hours * _DAY_MS / 24))
    # A shift that began the day before reaches into the period.
    journeys, spans = reader.span(since_ms - _DAY_MS, until_ms + after_ms)
    recent = [journey for journey in journeys if journey.started.wall_ms >= since_ms]
    return dataset(recent, spans, since_ms, until_ms, now_ms, options, zone, staff)
