"""The pages over a million journeys, and what fifty viewers of the live page cost the switch.

    web_switch (real records, control socket) ◄── control ──► web process ◄── HTTP ── this one

`page_p95_ms` is from the request to the answer's last byte over loopback, one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from tests.bench.records_bench import CALLS_A_DAY, _fill
from tests.web_admin.rig import PASSWORD
from tests.web_admin.serving import PATIENCE_SECONDS, free_port

CASES = {"10k": 10_000, "1M": 1_000_000, "50viewers": 1000}
VIEWERS = 50
_WATCHED_S = 10.0
_ROUNDS = 20

# What an administrator opens most.
PAGES = ("/", "/calls", "/calls?outcome=abandoned", "/settings", "/settings/office", "/people", "/history")

_TICKS = os.sysconf("SC_CLK_TCK")
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
        folder = Path(name)
        _fill(folder / "records.sqlite", CASES[case], max(1, CASES[case] // CALLS_A_DAY))
        async with _running(folder) as (client, switch, web):
            if case == "50viewers":
                return await _viewers(client, switch)
            return await _pages(client, web)


async def _pages(client: httpx.AsyncClient, web: int) -> dict[str, float]:
    taken = []
    for _ in range(_ROUNDS):
        for path in PAGES:
            began = time.perf_counter()
            answer = await client.get(path)
            taken.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
    taken.sort()
    page = await client.get("/")
    size = page.num_bytes_downloaded
    for asset in _ASSET.findall(page.text):
        size += (await client.get(asset)).num_bytes_downloaded
    return {
        "page_p50_ms": taken[len(taken) // 2],
        "page_p95_ms": taken[int(len(taken) * 0.95)],
        "cold_kb": size / 1024,
        "rss_mb": _rss_mb(web),
    }


async def _viewers(client: httpx.AsyncClient, switch: int) -> dict[str, float]:
    quiet = await _cpu_percent(switch)
    async with contextlib.AsyncExitStack() as watching:
        events = [0]
        for _ in range(VIEWERS):
            stream = await watching.enter_async_context(client.stream("GET", "/live"))
            task = asyncio.create_task(_watch(stream, events))
            watching.callback(task.cancel)
        await asyncio.sleep(1)
        watched = await _cpu_percent(switch)
    assert events[0] > VIEWERS * _WATCHED_S, "the viewers saw what happened"
    return {"switch_cpu_pct": watched, "switch_more_pct": watched - quiet}


async def _watch(stream: httpx.Response, events: list[int]) -> None:
    async for line in stream.aiter_lines():
        events[0] += line.startswith("event:")


async def _cpu_percent(pid: int) -> float:
    """Return how much of one core a process used for some seconds."""
    before = _cpu_seconds(pid)
    await asyncio.sleep(_WATCHED_S)
    return 100 * (_cpu_seconds(pid) - before) / _WATCHED_S


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, int, int]]:
    """Run switch and web process; give a client that is signed in, and both process ids."""
    port = free_port()
    switch = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.web_switch", str(folder))
    web = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "web_admin", "--state", str(folder), "--host", "127.0.0.1",
        "--port", str(port), stderr=asyncio.subprocess.DEVNULL,
        # As its service unit sets it.
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
    )  # fmt: skip
    try:
        limits = httpx.Limits(max_connections=VIEWERS + 10)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=PATIENCE_SECONDS
        ) as client:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        if (await client.get("/healthz")).status_code == 200:
                            break
                    await asyncio.sleep(0.1)
            form = {"username": "admin", "password": PASSWORD, "again": PASSWORD}
            await client.post("/welcome", data=form)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (await client.get("/calls")).status_code != 200:
                    await asyncio.sleep(0.2)
            yield client, switch.pid, web.pid
    finally:
        for process in (web, switch):
            process.terminate()
            await process.wait()
