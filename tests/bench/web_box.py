"""The real box for the web's bench: switch, media and a fake line as in the simulation, with a past.

fake line ─► switch + media ◄── control ──► web process ◄── HTTP ── this one
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import httpx

from firmware.control.client import ControlClient
from firmware.core.paths import StatePaths
from firmware.sim.processes import Child, until_listening
from firmware.sim.simulation import Simulation
from hal.fake.control import World
from hal.fake.network import PartyScript
from tests.bench.records_bench import CALLS_A_DAY, fill
from tests.interop.baresip import Baresip
from tests.web_admin.rig import PASSWORD
from tests.web_admin.serving import PATIENCE_SECONDS, free_port

VIEWERS = 50

_DAY_MS = 86_400_000
# A call every few seconds: more than one line ever sees.
_CALL_S, _PAUSE_S = 2.0, 0.5
_TICKS = os.sysconf("SC_CLK_TCK")
# Litestar loads these where they are, some 9 MB; they come with the tests' packages, and no box has them.
_AS_INSTALLED = """
import runpy, sys
sys.modules.update(attr=None, attrs=None, pydantic=None)
runpy.run_module("web_admin", run_name="__main__")
"""
# Settings have a page for each section; the calls one for each call.
_DOOR = re.compile(r'href="(/settings/[a-z_]+)"')
_CALL = re.compile(r'href="(/calls/[0-9A-Z]{10,})"')


class WebBox:
    """A running box; `pages` starts and ends its web process, so that the switch is seen without it too."""

    def __init__(self, simulation: Simulation, world: World) -> None:
        self.simulation = simulation
        self.paths = simulation.paths
        self._world = world

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, folder: Path, calls: int) -> AsyncIterator[WebBox]:
        """Start one in `folder` that has had so many calls, the last of them just now."""
        paths = StatePaths(folder)
        paths.ensure()
        days = max(1, calls // CALLS_A_DAY)
        fill(paths.records, calls, days, int(time.time() * 1000) - days * _DAY_MS)
        async with Simulation(paths, 0, lambda line: None) as simulation:
            await simulation.until_line_ready()
            async with World(paths.world_socket) as world:
                yield cls(simulation, world)

    @property
    def switch_pid(self) -> int:
        pid = self.simulation.switch.pid
        if pid is None:
            raise RuntimeError("the switch is gone")
        return pid

    @contextlib.asynccontextmanager
    async def pages(self) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
        """Run the web process; give a client signed in as its owner, and the process's id."""
        port = free_port()
        arguments: list[str | Path] = ["-c", _AS_INSTALLED, "--state", self.paths.root, "--host", "127.0.0.1"]
        web = Child("web", [*arguments, "--port", str(port)], self.paths.root / "log" / "web.log")
        # As its service unit sets it.
        os.environ["MALLOC_ARENA_MAX"] = "2"
        await web.start()
        try:
            await until_listening(port, web, PATIENCE_SECONDS)
            limits = httpx.Limits(max_connections=2 * VIEWERS)
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=PATIENCE_SECONDS
            ) as client:
                await _sign_in(client)
                if web.pid is None:
                    raise RuntimeError("the web process is gone")
                yield client, web.pid
        finally:
            await web.stop()

    @contextlib.asynccontextmanager
    async def phone(self, number: str) -> AsyncIterator[None]:
        """Have a real phone answer at an extension, and speak."""
        async with ControlClient(self.paths.control_socket) as switch:
            account = next(one for one in await switch.phones() if one.number == number)
        port = int(account.server.rpartition(":")[2])
        folder = self.paths.root / f"phone-{number}"
        async with Baresip.running(
            folder, number, account.secret, registrar_port=port, auto_answer=True
        ) as phone:
            await phone.registered()
            yield

    @contextlib.asynccontextmanager
    async def busy_line(self) -> AsyncIterator[None]:
        """Have somebody call, key an extension and hang up, again and again: there is something to see."""

        async def call_again() -> None:
            for number in itertools.count(13_800_000_000):
                caller = await self._world.call(PartyScript(number=str(number), digits="101"))
                await caller.answered()
                await asyncio.sleep(_CALL_S)
                await caller.hang_up()
                await asyncio.sleep(_PAUSE_S)

        calling = asyncio.create_task(call_again())
        try:
            yield
        finally:
            calling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await calling


async def _sign_in(client: httpx.AsyncClient) -> None:
    form = {"username": "admin", "password": PASSWORD, "again": PASSWORD}
    answer = await client.post("/welcome", data=form)
    if answer.headers.get("location", "").startswith("/login"):
        await client.post("/login", data={"username": "admin", "password": PASSWORD})
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.get("/calls")).status_code != 200:
            await asyncio.sleep(0.2)


async def pages_of(client: httpx.AsyncClient, plain: Sequence[str]) -> list[str]:
    """Return `plain` with each section of the settings and one call added."""
    sections = sorted(set(_DOOR.findall((await client.get("/settings")).text)))
    calls = _CALL.findall((await client.get("/calls")).text)
    return [*plain, *sections, *calls[:1]]


@contextlib.asynccontextmanager
async def viewers(client: httpx.AsyncClient, events: list[int]) -> AsyncIterator[None]:
    """Have `VIEWERS` browsers watch the live view; `events[0]` counts what they are told."""

    async def watch(stream: httpx.Response) -> None:
        async for line in stream.aiter_lines():
            events[0] += line.startswith("event:")

    async with contextlib.AsyncExitStack() as watching:
        for _ in range(VIEWERS):
            stream = await watching.enter_async_context(client.stream("GET", "/live"))
            task = asyncio.create_task(watch(stream))
            watching.callback(task.cancel)
        await asyncio.sleep(1)
        yield


@contextlib.asynccontextmanager
async def hammer(
    client: httpx.AsyncClient, paths: Sequence[str], at_once: int, answers: list[int]
) -> AsyncIterator[None]:
    """Ask for pages without a pause, so many at once; `answers[0]` counts the answers."""

    async def ask(paths: Sequence[str]) -> None:
        for path in itertools.cycle(paths):
            await client.get(path)
            answers[0] += 1

    tasks = [asyncio.create_task(ask([*paths[turn:], *paths[:turn]])) for turn in range(at_once)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def cpu_percent(pid: int, seconds: float) -> float:
    """Return how much of one core a process used for some seconds."""
    before, began = _cpu_seconds(pid), time.monotonic()
    await asyncio.sleep(seconds)
    return 100 * (_cpu_seconds(pid) - before) / (time.monotonic() - began)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_mb(pid: int) -> float:
    """Return a process's resident memory, of 10⁶ bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def taken_ms(work: Callable[[], Awaitable[httpx.Response]]) -> tuple[float, httpx.Response]:
    """Return how long an answer took, and the answer."""
    began = time.perf_counter()
    answer = await work()
    return (time.perf_counter() - began) * 1000, answer
