"""Call records at 10 k, 100 k and 1 M journeys: search, a day, a month's report, a close."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.core.ids import CallId, _base32
from firmware.reports.catalogue import FIGURES, figure
from firmware.reports.source import load
from firmware.store import rows
from firmware.store.migrations import connect, migrate
from firmware.store.records import SqliteJourneyStore
from tests.reports.office import DAY_MS, MONDAY_MS, SHANGHAI, random_office
from tests.store.sample import BenchClock, whole_journey

CASES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
CALLS_A_DAY = 300
"""A busy small office: a million journeys are nine years."""
CLOSES = 300


def run(cases: list[str] | None) -> list[dict[str, Any]]:
    """Return the rows of the cases asked for."""
    return [row for case in cases or ["10k", "100k"] for row in _case(case, CASES[case])]


def _case(case: str, count: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="zjbench") as folder:
        path = Path(folder) / "records.sqlite"
        days = count // CALLS_A_DAY
        _fill(path, count, days)
        store = SqliteJourneyStore(path, BenchClock())
        store.start()
        end_ms = MONDAY_MS + days * DAY_MS
        caller = next(one.caller for one in store.reader.find(50) if one.caller is not None)
        month = min(days, 30)

        def day() -> None:
            data = load(store.reader, end_ms - DAY_MS, end_ms, end_ms, zone=SHANGHAI)
            for key in ("calls_in", "calls_answered", "service_level", "asa", "lost"):
                figure(key).compute(data)

        def month_report() -> None:
            data = load(store.reader, end_ms - month * DAY_MS, end_ms, end_ms, zone=SHANGHAI)
            for one in FIGURES:
                one.compute(data)

        figures = {
            "search_ms": _median_ms(lambda: store.reader.search(caller), 20),
            "day_ms": _median_ms(day, 10),
            "month_ms": _median_ms(month_report, 3),
            "insert_p99_ms": asyncio.run(_closes(store)),
            "file_mb": path.stat().st_size / 1e6,
        }
        store.stop()
    return [
        {"bench": "records", "case": case, "figure": name, "unit": name.rsplit("_", 1)[1], "value": value}
        for name, value in figures.items()
    ]


def _fill(path: Path, count: int, days: int) -> None:
    connection = connect(path)
    migrate(connection)
    connection.execute("PRAGMA synchronous = OFF")
    made = random_office(1, min(count, 10_000), 30)
    connection.execute("BEGIN")
    for index in range(count):
        journey = made[index % len(made)]
        wall_ms = MONDAY_MS + index * days * DAY_MS // count
        journey.id = CallId(_base32(wall_ms, 10) + f"{index % 10**6:06}")
        journey.started = type(journey.started)(wall_ms, wall_ms - MONDAY_MS, "boot-a", True)
        rows.write_closed(connection, journey)
    connection.execute("DELETE FROM outbox")
    connection.execute("COMMIT")
    connection.close()


def _median_ms(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def _closes(store: SqliteJourneyStore) -> float:
    taken = []
    for seed in range(CLOSES):
        journey = whole_journey(BenchClock(), seed=seed)
        began = time.perf_counter()
        await store.close(journey)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(taken, n=100)[98]
