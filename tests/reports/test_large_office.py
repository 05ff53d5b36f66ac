"""Offices made from seeds: figures against SQL over the raw journeys, and what must hold of any office."""

from __future__ import annotations

import random
import sqlite3

import pytest

from firmware.core.records import Journey
from firmware.reports.catalogue import FIGURES, figure
from firmware.reports.figure import Dataset, Unit
from firmware.reports.grouping import Dimension, grouped
from firmware.reports.source import dataset
from firmware.store import rows
from firmware.store.migrations import migrate
from tests.reports.office import DAY_MS, MONDAY_MS, SHANGHAI, random_office

DAYS = 30
NOW_MS = MONDAY_MS + 25 * DAY_MS


@pytest.fixture(scope="module", params=[5_000, pytest.param(50_000, marks=pytest.mark.slow)])
def journeys(request: pytest.FixtureRequest) -> list[Journey]:
    return random_office(1, request.param, DAYS)


@pytest.fixture(scope="module")
def data(journeys: list[Journey]) -> Dataset:
    known = [journey for journey in journeys if journey.started.wall_ms < NOW_MS]
    return dataset(known, [], MONDAY_MS, MONDAY_MS + DAYS * DAY_MS, NOW_MS, None, SHANGHAI)


@pytest.fixture(scope="module")
def records(journeys: list[Journey]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    connection.isolation_level = None
    connection.execute("BEGIN")
    for journey in journeys:
        if journey.started.wall_ms < NOW_MS:
            rows.write_closed(connection, journey)
    connection.execute("COMMIT")
    # What a call counts as, said once more in SQL.
    connection.execute("""
        CREATE VIEW call AS
        SELECT seq, id, started_wall_ms AS at, caller_normalised AS number, talked_ms, line,
            (SELECT sum(min(h.ended_ms - h.started_ms, talked_ms)) FROM hold h WHERE h.journey = seq) AS held,
            (SELECT sum(w.ended_ms - w.started_ms) FROM wrap_up w WHERE w.journey = seq) AS wrapped,
            coalesce((SELECT entered_ms FROM queue_wait q WHERE q.journey = seq),
                     (SELECT min(started_ms) FROM ring r WHERE r.journey = seq)) AS began,
            (SELECT max(ended_ms) FROM ring r WHERE r.journey = seq) AS over,
            EXISTS (SELECT 1 FROM voicemail v WHERE v.journey = seq) AS message,
            outcome
        FROM journey WHERE (SELECT kind FROM leg WHERE journey = seq AND position = 0) = 'gsm'
    """)
    return connection


SQL = {
    "calls_in": "SELECT count(*), 1 FROM call",
    "service_level": """SELECT sum(talked_ms > 0 AND over - began <= 20000),
        sum(talked_ms > 0 OR (NOT message AND over - began >= 5000)) FROM call WHERE began IS NOT NULL""",
    "abandon_rate": """SELECT sum(talked_ms = 0 AND NOT message AND over - began >= 5000),
        sum(talked_ms > 0 OR (NOT message AND over - began >= 5000)) FROM call WHERE began IS NOT NULL""",
    "asa": "SELECT sum(over - began) / 1000.0, count(*) FROM call WHERE talked_ms > 0",
    "connect_rate": "SELECT sum(talked_ms > 0), count(*) FROM call WHERE began IS NOT NULL",
    "ivr_only": "SELECT sum(began IS NULL), count(*) FROM call",
    "fcr": """SELECT sum(NOT EXISTS (SELECT 1 FROM journey n WHERE n.caller_normalised = c.number
            AND n.started_wall_ms > c.at AND n.started_wall_ms <= c.at + 604800000)), count(*)
        FROM call c WHERE talked_ms > 0 AND at <= :now - 604800000""",
    "repeat_callers": """SELECT sum(n > 1), count(*) FROM
        (SELECT count(*) AS n FROM call WHERE number IS NOT NULL GROUP BY number)""",
    "csat": """SELECT sum(points), count(DISTINCT journey) FROM survey_answer WHERE points IS NOT NULL""",
    "response_rate": """SELECT count(DISTINCT CASE WHEN points IS NOT NULL THEN journey END),
        count(DISTINCT journey) FROM survey_answer""",
    "wrap_up": """SELECT (SELECT sum(ended_ms - started_ms) FROM wrap_up) / 1000.0, count(*) FROM journey
        WHERE talked_ms > 0""",
    "work_rate": """SELECT sum(talked_ms > 0), count(*) FROM journey
        WHERE id NOT IN (SELECT id FROM call)""",
    "aht": """SELECT ((SELECT sum(ended_ms - started_ms) FROM wrap_up) + sum(talked_ms)) / 1000.0, count(*)
        FROM journey WHERE talked_ms > 0""",
    "att": """SELECT (sum(talked_ms) - (SELECT sum(held) FROM call)) / 1000.0, count(*)
        FROM journey WHERE talked_ms > 0""",
}


@pytest.mark.parametrize("key", SQL)
def test_a_figure_is_what_sql_finds(key: str, data: Dataset, records: sqlite3.Connection) -> None:
    numerator, denominator = records.execute(SQL[key], {"now": NOW_MS}).fetchone()
    result = figure(key).compute(data)
    assert result.numerator == pytest.approx(numerator)
    assert result.denominator == denominator > 0


def test_shares_lie_between_none_and_all(data: Dataset) -> None:
    for one in FIGURES:
        for compute in (one.compute, *(variant.compute for variant in one.variants)):
            result = compute(data)
            assert result.value is None or result.value >= 0
            if one.unit is Unit.SHARE and result.value is not None:
                assert result.value <= 1, one.key
            assert one.unit is not Unit.SHARE or set(result.calls) <= set(result.of), one.key


@pytest.mark.parametrize("dimension", [Dimension.HOUR, Dimension.DAY, Dimension.LINE])
@pytest.mark.parametrize("key", ["calls_in", "calls_answered", "lost", "service_level", "asa", "fcr", "csat"])
def test_the_parts_sum_to_the_whole(data: Dataset, dimension: Dimension, key: str) -> None:
    parts = [figure(key).compute(part) for part in grouped(data, dimension).values()]
    whole = figure(key).compute(data)
    assert sum(part.numerator for part in parts) == pytest.approx(whole.numerator)
    if key not in ("calls_in", "calls_answered", "lost"):
        assert sum(part.denominator for part in parts) == whole.denominator


def test_the_order_of_the_records_does_not_matter(journeys: list[Journey]) -> None:
    shuffled = random.Random(2).sample(journeys, len(journeys))
    span = (MONDAY_MS, MONDAY_MS + DAYS * DAY_MS, MONDAY_MS + 60 * DAY_MS)
    one, other = dataset(journeys, [], *span), dataset(shuffled, [], *span)
    for each in FIGURES:
        assert each.compute(one).value == pytest.approx(each.compute(other).value), each.key
