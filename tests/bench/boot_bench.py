"""How soon the box works after its processes start, and what it costs while nothing happens.

    register_s     the switch's start → a phone's REGISTER answered with 200
    line_ready_s   the switch's start → the simulated line takes calls
    pss_mb         proportional set size of all processes of the product, idle; one row a process beside it
    idle_cpu_pct   CPU time of all of them over ten idle seconds, percent of one core

The simulated network and modem are not the product and are left out. A console counts as on the box: one runs
on a terminal that nobody uses, with the steward asleep.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from extensions.softphone import SoftPhone
from firmware.control.client import ControlClient, NoSwitch
from firmware.core.errors import PeerError
from firmware.core.paths import StatePaths
from firmware.sim.simulation import Simulation
from ivr.prompts import speak_missing
from tests.interop.baresip import free_port

CASES: Final = ("sim",)
_SETTLE_S: Final = 12.0
"""After the start: caches fill, the modem is asked for this and that."""
_IDLE_S: Final = 10.0
_PATIENCE_S: Final = 30.0
_TRY_S: Final = 0.25
"""For one REGISTER and its answer; a box that listens answers in milliseconds."""

Row = dict[str, Any]


def run(cases: list[str] | None = None) -> list[Row]:
    """Run the cases; return a row per figure.

    Raises:
        ValueError: A case is unknown.
    """
    for case in cases or CASES:
        if case not in CASES:
            raise ValueError(f"no boot bench {case!r}; there is {CASES[0]}")
    with tempfile.TemporaryDirectory(prefix="zjboot") as folder, _with_bytecode(Path(folder, "bytecode")):
        return asyncio.run(_measure(Path(folder)))


@contextlib.contextmanager
def _with_bytecode(folder: Path) -> Iterator[None]:
    """Have the processes find compiled modules, as where the installer has been; a checkout has none."""
    before = dict(os.environ)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def _measure(folder: Path) -> list[Row]:
    prompts = folder / "prompts"
    for _ in speak_missing(prompts):
        pass
    # The first start writes settings, accounts and the database; the one that is measured finds them.
    paths = StatePaths(folder / "state")
    paths.ensure()
    shutil.copytree(prompts, paths.prompts, dirs_exist_ok=True)
    async with _box(paths) as box:
        await box.until_line_ready()
        async with ControlClient(paths.control_socket) as switch:
            account = (await switch.phones())[0]
    sip_port = free_port()
    rows: list[Row] = []
    # A phone that was there before the box, as after a power cut: it keeps trying.
    register = asyncio.create_task(_until_registered(sip_port, account.number, account.secret))
    ready = asyncio.create_task(_until_ready(paths.control_socket))
    async with _box(paths, sip_port) as box:
        rows.append(_row("register_s", "s", await register - box.switch_started))
        rows.append(_row("line_ready_s", "s", await ready - box.switch_started))
        with _console(paths) as console:
            await asyncio.sleep(_SETTLE_S)
            processes = await _processes(box, console)
            before = {pid: _cpu_s(pid) for pid in processes.values()}
            idle = time.monotonic()
            await asyncio.sleep(_IDLE_S)
            idle = time.monotonic() - idle
            spent = {name: _cpu_s(pid) - before[pid] for name, pid in processes.items()}
            pss = {name: _pss_mb(pid) for name, pid in processes.items()}
    rows.append(_row("pss_mb", "MB", sum(pss.values())))
    rows += [_row(f"pss_mb {name}", "MB", value) for name, value in sorted(pss.items())]
    rows.append(_row("idle_cpu_pct", "%", 100 * sum(spent.values()) / idle))
    rows += [_row(f"idle_cpu_pct {name}", "%", 100 * value / idle) for name, value in sorted(spent.items())]
    return rows


def _box(paths: StatePaths, sip_port: int = 0) -> Simulation:
    return Simulation(paths, sip_port, lambda line: None, free_port())


async def _until_registered(port: int, number: str, secret: str) -> float:
    """Have a phone try until the box answers; return when that was, monotonic seconds."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            phone = SoftPhone("127.0.0.1", port, number, secret)
            try:
                await phone.start()
                async with asyncio.timeout(_TRY_S):
                    await phone.register()
                return time.monotonic()
            except (TimeoutError, PeerError, OSError):
                await asyncio.sleep(0.02)
            finally:
                await phone.stop()


async def _until_ready(socket: Path) -> float:
    """Ask until every line is ready; return when that was, monotonic seconds."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            with contextlib.suppress(NoSwitch, PeerError):
                async with ControlClient(socket) as switch:
                    if all(line.state == "ready" for line in (await switch.status()).lines):
                        return time.monotonic()
            await asyncio.sleep(0.02)


@contextlib.contextmanager
def _console(paths: StatePaths) -> Iterator[int]:
    """Run a console on a terminal that nobody uses; give its pid."""
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "firmware.console", "--state", str(paths.root)]
    with subprocess.Popen(words, stdin=slave, stdout=slave, env={**os.environ, "TERM": "vt100"}) as child:
        try:
            yield child.pid
        finally:
            child.terminate()
            os.close(master)
            os.close(slave)


async def _processes(box: Simulation, console: int) -> dict[str, int]:
    """Return the product's processes by name: those we know, and whatever they have started."""
    async with ControlClient(box.paths.control_socket) as switch:
        status = await switch.status()
    known = {process.name: process.pid for process in status.processes}
    known["console"] = console
    if box.web is not None and box.web.pid is not None:
        known["web"] = box.web.pid
    parents = dict(_parents())
    for pid in parents:
        above = parents.get(pid)
        if above in known.values() and pid not in known.values():
            known[f"helper {pid}"] = pid
    return known


def _parents() -> Iterator[tuple[int, int]]:
    """Yield every process with its parent."""
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            words = (place / "stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
            yield int(place.name), int(words[1])


def _pss_mb(pid: int) -> float:
    """Return a process's proportional set size (proc(5), smaps_rollup), MB of 2^20 bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _cpu_s(pid: int) -> float:
    """Return the CPU time a process has used: its clock id is made of the pid (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def _row(figure: str, unit: str, value: float) -> Row:
    return {"bench": "boot", "case": "sim", "figure": figure, "unit": unit, "value": round(value, 3)}
