"""Call records at 10 k, 100 k and 1 M journeys: search, a day, a month's report, a close, a file's growth."""

from __future__ import annotations

import asyncio
import gc
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
from firmware.store.search import CallSearch, Wanted
from tests.reports.office import DAY_MS, MONDAY_MS, SHANGHAI, random_office
from tests.store.sample import BenchClock, whole_journey

CASES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
CALLS_A_DAY = 300
"""A busy small office: a million journeys are nine years."""
CLOSES = 300
GROWING = ("search_ms", "day_ms", "month_ms", "insert_p99_ms", "bytes_per_call_b")
"""A day and a month hold as many calls in a large file as in a small one: only what is around them grows."""


def run(cases: list[str] | None) -> list[dict[str, Any]]:
    """Return the rows of the cases asked for, and how the figures grew where there are several."""
    wanted = sorted(cases or CASES, key=CASES.__getitem__)
    found = {case: _case(case, CASES[case]) for case in wanted}
    rows = [row for case in wanted for row in found[case]]
    if len(wanted) > 1:
        rows += _growth(wanted[0], wanted[-1], found)
    return rows


def _growth(least: str, most: str, found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return by how much each figure of `GROWING` is larger at the most journeys than at the least."""
    small, large = ({row["figure"]: row["value"] for row in found[case]} for case in (least, most))
    return [
        {
            "bench": "records",
            "case": f"{least} to {most}",
            "figure": f"{name}_growth",
            "unit": f"times, for {CASES[most] // CASES[least]} times the calls",
            "value": large[name] / small[name],
        }
        for name in GROWING
    ]


def _case(case: str, count: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="zjbench") as folder:
        path = Path(folder) / "records.sqlite"
        # As in the process that draws reports.
        gc.disable()
        days = count // CALLS_A_DAY
        fill(path, count, days)
        store = SqliteJourneyStore(path, BenchClock())
        store.start()
        end_ms = MONDAY_MS + days * DAY_MS
        caller = next(one.party for one in store.reader.find(50) if one.party is not None)
        month = min(days, 30)

        def day() -> None:
            data = load(store.reader, end_ms - DAY_MS, end_ms, end_ms, zone=SHANGHAI)
            for key in ("calls_in", "calls_answered", "service_level", "asa", "lost"):
                figure(key).compute(data)

        def month_report() -> None:
            data = load(store.reader, end_ms - month * DAY_MS, end_ms, end_ms, zone=SHANGHAI)
            for one in FIGURES:
                one.compute(data)

        search = CallSearch(store.reader)

        def listed(**wanted: Any) -> Callable[[], object]:
            return lambda: search.find(Wanted(**wanted), 50, None)

        figures = {
            # By caller and by date, whichever takes longer.
            "search_ms": max(
                _median_ms(lambda: store.reader.search(caller), 20),
                _median_ms(listed(text=caller), 20),
                _median_ms(listed(since_ms=end_ms - 90 * DAY_MS, until_ms=end_ms - 60 * DAY_MS), 20),
            ),
            "search_part_ms": _median_ms(listed(text=caller[-6:]), 10),
            "search_nothing_ms": _median_ms(listed(text="999999999"), 10),
            "search_nobody_ms": _median_ms(listed(person="987"), 5),
            "day_ms": _median_ms(day, 10),
            "month_ms": _median_ms(month_report, 3),
            "insert_p99_ms": asyncio.run(_closes(store)),
            "file_mb": path.stat().st_size / 1e6,
            "bytes_per_call_b": path.stat().st_size / count,
        }
        store.stop()
        gc.enable()
    return [
        {"bench": "records", "case": case, "figure": name, "unit": name.rsplit("_", 1)[1], "value": value}
        for name, value in figures.items()
    ]


def fill(path: Path, count: int, days: int, begin_ms: int = MONDAY_MS) -> None:
    """Make a database of so many closed calls, evenly over days from `begin_ms` (ms since 1970 UTC) on."""
    connection = connect(path)
    migrate(connection)
    connection.execute("PRAGMA synchronous = OFF")
    made = random_office(1, min(count, 10_000), 30)
    connection.execute("BEGIN")
    callers = count // 3
    for index in range(count):
        journey = made[index % len(made)]
        wall_ms = begin_ms + index * days * DAY_MS // count
        journey.id = CallId(_base32(wall_ms, 10) + f"{index % 10**6:06}")
        if journey.caller is not None and journey.legs[0].kind != "sip":
            # A third of the calls come from people who call for the first time.
            journey.caller = journey.caller_normalised = journey.party = f"+86138{index * 7919 % callers:08}"
        journey.started = type(journey.started)(wall_ms, wall_ms - begin_ms, "boot-a", True)
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
