"""The pages over a million journeys; what fifty viewers cost the switch; calls while the pages are hammered.

The box is the simulation's, with the real switch and media. Cases and figures:

    10k, 1M     page_p50_ms, page_p95_ms: from the request to the answer's last byte over loopback, one after
                the other, every page there is and searches of the calls among them; slowest_ms: the median of
                the slowest page; cold_kb: the first page and all it needs; rss_mb: the process after it
    50viewers   switch_cpu_pct: what fifty viewers of a busy line cost the switch, in per cent of a core: with
                them, less the same line without any web process before and after
    hammered    quiet_p99_ms, hammered_p99_ms: lateness of the media's ticks in a minute with calls, without
                and with fifty viewers and pages asked for without a pause
"""

from __future__ import annotations

import asyncio
import datetime
import functools
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from firmware.control.client import ControlClient
from tests.bench.web_box import (
    VIEWERS,
    WebBox,
    cpu_percent,
    hammer,
    pages_of,
    rss_mb,
    taken_ms,
    viewers,
)

CASES = {"10k": 10_000, "1M": 1_000_000, "50viewers": 1000, "hammered": 10_000}
_WATCHED_S = 15.0
_ROUNDS = 20
_NAMED = 8
"""Slowest pages that are named."""
_AT_ONCE = 8
"""Pages asked for at the same time: more than the box has cores."""

_MINUTE_S = 61.0
"""The media process tells the lateness of its last minute."""

# Every page that needs nothing filled in, and what people look for among the calls.
PAGES = (
    "/", "/desk", "/calls", "/calls?outcome=abandoned", "/calls?text=138", "/calls?text=55555555",
    "/calls?person=101", "/calls?recorded=yes&outcome=answered", "/tasks", "/texts", "/reports",
    "/reports?period=last-month", "/reports/calls?figure=service_level",
    "/reports/values?period=month&by=day&figures=calls_in,service_level", "/people", "/people/101/phone",
    "/lines", "/settings", "/calendar", "/menus", "/menus/main", "/prompts", "/history", "/system",
    "/system/log", "/system/network", "/system/updates", "/system/acceptance", "/account", "/users",
    "/integrations", "/certificates", "/setup/office", "/setup/people",
)  # fmt: skip

_ASSET = re.compile(r'(?:src|href)="(/static/[^"]+)"')


def run(cases: list[str] | None) -> list[dict[str, Any]]:
    """Return the rows of the cases asked for."""
    rows = []
    for case in cases or list(CASES):
        figures = asyncio.run(_case(case))
        rows += [
            {"bench": "web", "case": case, "figure": name, "unit": name.rsplit("_", 1)[1], "value": value}
            for name, value in figures.items()
        ]
    return rows


async def _case(case: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="zjbench") as name:
        async with WebBox.running(Path(name), CASES[case]) as box:
            match case:
                case "50viewers":
                    return await _viewed(box)
                case "hammered":
                    return await hammered(box)
                case _:
                    return await _pages(box)


async def _pages(box: WebBox) -> dict[str, float]:
    async with box.pages() as (client, web):
        searched = [*PAGES, f"/calls?since={_ninety_days_ago()}"]
        paths = await pages_of(client, searched)
        taken: dict[str, list[float]] = {path: [] for path in paths}
        for _ in range(_ROUNDS):
            for path in paths:
                milliseconds, answer = await taken_ms(functools.partial(client.get, path))
                assert answer.status_code == 200, f"{path}: {answer.status_code}"
                taken[path].append(milliseconds)
        every = sorted(one for some in taken.values() for one in some)
        medians = {path: statistics.median(some) for path, some in taken.items()}
        for path in sorted(medians, key=lambda one: -medians[one])[:_NAMED]:
            print(f"  {medians[path]:8.1f} ms {path}", file=sys.stderr)
        page = await client.get("/")
        size = page.num_bytes_downloaded
        for asset in _ASSET.findall(page.text):
            size += (await client.get(asset)).num_bytes_downloaded
        return {
            "page_p50_ms": every[len(every) // 2],
            "page_p95_ms": every[int(len(every) * 0.95)],
            "slowest_ms": max(medians.values()),
            "cold_kb": size / 1024,
            "rss_mb": rss_mb(web),
        }


def _ninety_days_ago() -> str:
    return (datetime.datetime.now().astimezone().date() - datetime.timedelta(days=90)).isoformat()


async def _viewed(box: WebBox) -> dict[str, float]:
    events = [0]
    async with box.busy_line():
        before = await cpu_percent(box.switch_pid, _WATCHED_S)
        async with box.pages() as (client, _), viewers(client, events):
            watched = await cpu_percent(box.switch_pid, _WATCHED_S)
        after = await cpu_percent(box.switch_pid, _WATCHED_S)
    assert events[0] > VIEWERS * _WATCHED_S, "the viewers saw what happened"
    return {"switch_cpu_pct": watched - (before + after) / 2, "switch_all_pct": watched}


async def hammered(box: WebBox) -> dict[str, float]:
    """Return the lateness of ticks in a minute without the web, and in one while it is hammered."""
    answers, events = [0], [0]
    async with box.phone("101"), box.busy_line(), box.pages() as (client, _):
        await asyncio.sleep(_MINUTE_S)
        quiet = await _lateness(box)
        paths = await pages_of(client, PAGES)
        async with viewers(client, events), hammer(client, paths, _AT_ONCE, answers):
            await asyncio.sleep(_MINUTE_S)
            hammered = await _lateness(box)
    return {
        "quiet_p99_ms": quiet[0],
        "hammered_p99_ms": hammered[0],
        "quiet_max_ms": quiet[1],
        "hammered_max_ms": hammered[1],
        "answers_per_s": answers[0] / _MINUTE_S,
    }


async def _lateness(box: WebBox) -> tuple[float, float]:
    async with ControlClient(box.paths.control_socket) as switch:
        media = (await switch.status()).media
    return media["lateness_p99_ms"], media["lateness_max_ms"]
