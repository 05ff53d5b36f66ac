"""Offices made from seeds: each figure against DuckDB over the raw journeys, what holds of any office."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import pytest

from firmware.core.records import Journey
from firmware.reports import monthly
from firmware.reports.catalogue import FIGURES, figure
from firmware.reports.figure import Dataset, Staff, Unit
from firmware.reports.grouping import Dimension, grouped
from firmware.reports.source import dataset
from tests.reports.office import DAY_MS, MONDAY_MS, SHANGHAI, random_office, random_shifts

DAYS = 30
SINCE_MS, UNTIL_MS = MONDAY_MS + 2 * DAY_MS, MONDAY_MS + 22 * DAY_MS
NOW_MS = MONDAY_MS + 25 * DAY_MS
STAFF = Staff(planned=44, present=41, leavers=1, full_time=12, scores=(80.0, 90.0, 71.5))


@pytest.fixture(scope="module", params=[2_000, pytest.param(50_000, marks=pytest.mark.slow)])
def journeys(request: pytest.FixtureRequest) -> list[Journey]:
    made = random_office(1, request.param, DAYS)
    return [journey for journey in made if journey.started.wall_ms < NOW_MS]


@pytest.fixture(scope="module")
def data(journeys: list[Journey]) -> Dataset:
    spans = random_shifts(2, DAYS)
    return dataset(journeys, spans, SINCE_MS, UNTIL_MS, NOW_MS, None, SHANGHAI, STAFF)


@pytest.fixture(scope="module")
def raw(
    journeys: list[Journey], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("raw")
    lines = msgspec.json.Encoder().encode_lines
    (folder / "raw.json").write_bytes(lines(journeys))
    (folder / "span.json").write_bytes(lines(random_shifts(2, DAYS)))
    (folder / "staff.json").write_bytes(json.dumps(msgspec.to_builtins(STAFF)).encode())
    connection = duckdb.connect()
    for table in ("raw", "span", "staff"):
        read = f"read_json('{folder}/{table}.json', sample_size=-1)"
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM {read}")  # noqa: S608 - our own names
    for name, value in (("since", SINCE_MS), ("until", UNTIL_MS), ("now", NOW_MS)):
        connection.execute(f"CREATE MACRO {name}() AS {value}::BIGINT")
    connection.execute(Path(__file__).with_name("figures.sql").read_text("utf-8"))
    yield connection
    connection.close()


ASKED = Path(__file__).with_name("asked.sql").read_text("utf-8")
SQL = dict(re.findall(r"^-- (\w+(?:\.\w+)?)\n([^;]+);", ASKED, re.MULTILINE))
"""Key (and variant) → a question that brings numerator and denominator."""

COMPUTED = {
    ".".join([one.key, *([variant.key] if variant is not None else [])]): (variant or one).compute
    for one in FIGURES
    for variant in (None, *one.variants)
}


def test_every_figure_and_variant_is_said_in_sql() -> None:
    assert set(COMPUTED) == set(SQL)


@pytest.mark.parametrize("key", SQL)
def test_a_figure_is_what_sql_finds(key: str, data: Dataset, raw: duckdb.DuckDBPyConnection) -> None:
    found = raw.execute(SQL[key]).fetchone()
    assert found is not None
    result = COMPUTED[key](data)
    if key == "blocking":
        assert result.value == pytest.approx(found[0])
        return
    assert result.numerator == pytest.approx(found[0])
    assert result.denominator == pytest.approx(found[1])
    assert result.denominator > 0
    assert result.value == pytest.approx(found[0] / found[1])


GROUPS = dict(
    re.findall(
        r"^-- (\w+)\n([^;]+);",
        Path(__file__).with_name("grouped.sql").read_text("utf-8"),
        re.MULTILINE,
    )
)
"""Dimension → a question that brings key, calls in, those answered, calls out, a row a key that has any."""


def test_every_way_to_group_is_said_in_sql() -> None:
    assert set(GROUPS) == {one.value for one in Dimension}


@pytest.mark.parametrize("dimension", list(Dimension))
def test_each_hours_days_and_agents_calls_are_what_sql_finds(
    dimension: Dimension, data: Dataset, raw: duckdb.DuckDBPyConnection
) -> None:
    found = {
        key: (into, answered, out) for key, into, answered, out in raw.execute(GROUPS[dimension]).fetchall()
    }
    keys = ("calls_in", "calls_answered", "calls_out")
    computed = {
        name: tuple(figure(key).compute(part).numerator for key in keys)
        for name, part in grouped(data, dimension).items()
    }
    assert {name: counts for name, counts in computed.items() if any(counts)} == found


@pytest.mark.parametrize(
    ("title", "sql"),
    [
        ("What became of the callers", "SELECT fate, count(*) FROM inward GROUP BY ALL"),
        ("What they called about", "SELECT word, count(*) FROM code JOIN inward USING (id) GROUP BY ALL"),
        (
            "What came of calls out",
            """
            SELECT CASE WHEN fate <> 'answered' THEN 'not reached' WHEN word = '成功' THEN 'success'
                WHEN word = '错号' THEN 'wrong number' ELSE word END AS came, count(*)
            FROM outward LEFT JOIN code USING (id) WHERE came IS NOT NULL GROUP BY ALL
            """,
        ),
        ("Tags", "SELECT tag, count(*) FROM (SELECT unnest(tags) AS tag FROM of_period) GROUP BY ALL"),
    ],
    ids=["fates", "categories", "calls out", "tags"],
)
def test_each_tally_is_what_sql_counts(
    title: str, sql: str, data: Dataset, raw: duckdb.DuckDBPyConnection
) -> None:
    (tally,) = (one for one in monthly.build(data, "").tallies if one.title.en == title)
    told = {words.en: number for words, number in tally.rows if number}
    in_words = {
        "ivr": "served by the menu alone",
        "abandoned": "hung up while waiting",
        "missed": "nobody answered",
    }
    assert told == {in_words.get(word, word): number for word, number in raw.execute(sql).fetchall()}


def test_the_calls_behind_a_share_are_as_many_as_it_says(data: Dataset) -> None:
    of_people = {
        "attendance",
        "turnover",
        "blocking",
        "occupancy",
        "line_occupancy",
        "repeat_callers",
        "csat.share",
    }
    for key, compute in COMPUTED.items():
        result, unit = compute(data), figure(key.partition(".")[0]).unit
        if unit is Unit.SHARE and key not in of_people:
            assert (len(result.calls), len(result.of)) == (result.numerator, result.denominator), key
        assert unit is not Unit.SHARE or set(result.calls) <= set(result.of), key


def test_shares_lie_between_none_and_all(data: Dataset) -> None:
    for key, compute in COMPUTED.items():
        result = compute(data)
        assert result.value is None or result.value >= 0
        # Two people may be on one call, and there were more calls than these three could take.
        if (
            figure(key.partition(".")[0]).unit is Unit.SHARE
            and result.value is not None
            and key != "occupancy"
        ):
            assert result.value <= 1, key


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
