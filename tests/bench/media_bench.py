"""What a bridged call costs in the media process, against a C relay that only forwards.

The relay and the engine are run in turns, within seconds of each other, on the same core, under the same
phones (`rtp_load.c`), and the medians of both are compared: so the ratio holds on any computer, however busy.

The cases `busy-…` measure something else: how late ticks begin with four processes beside them that only
compute, with real-time scheduling and without.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from firmware.core.media import PCMU, RtpRemote, Source
from firmware.media.client import MediaClient
from firmware.media.realtime import PRIORITY
from firmware.media.supervisor import MediaSupervisor

BUSY: Final = {"busy-real-time": True, "busy-ordinary": False}
"""Cases with other processes, and whether the tick may go before them."""
CASES: Final = (
    *(f"bridged-{calls}{kind}" for calls in (10, 50, 100, 250, 500) for kind in ("", "-recorded")),
    *BUSY,
)

_HOST: Final = "127.0.0.1"
_SECONDS: Final = 4.5
"""Of load on the engine."""
_FLOOR_SECONDS: Final = 3.0
"""Of load on the floor, before and after every turn of the engine."""
_TURNS: Final = 3
_BUSY_PROCESSES: Final = 4
_BUSY_SECONDS: Final = 61.0
"""The process tells the lateness of its last minute."""
_BUSY_CALLS: Final = 10
_WARM_UP: Final = 1.0
"""Seconds not measured: streams start, caches fill."""
_SWITCH_PORTS: Final = "24000-26999"
_FIRST_FLOOR_PORT: Final = 24001
_FIRST_PHONE_PORT: Final = 27000
"""All below the ports Linux gives out by itself (32768 and up)."""

Row = dict[str, Any]
Pairs = list[tuple[int, int, int]]


def run(cases: Sequence[str] | None = None) -> list[Row]:
    """Run the named cases (all of `CASES` when none); return a row per figure.

    Raises:
        ValueError: A case is unknown.
        subprocess.CalledProcessError: The C programs can't be compiled.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="zongji-bench-") as folder:
        here = Path(__file__).parent
        for name in ("relay_floor", "rtp_load"):
            source = here / f"{name}.c"
            subprocess.run(["cc", "-O2", "-o", f"{folder}/{name}", source], check=True)
        for case in cases or CASES:
            rows += _run_case(case, Path(folder))
    return rows


def _run_case(case: str, folder: Path) -> list[Row]:
    if case in BUSY:
        return _run_busy(case, folder)
    match = re.fullmatch(r"bridged-(\d+)(-recorded)?", case)
    if match is None:
        raise ValueError(f"no media bench {case!r}; there are {', '.join(CASES)}")
    calls, recorded = int(match[1]), match[2] is not None
    floors, engines = [_run_floor(calls, folder)], []
    for _ in range(_TURNS):
        engines.append(asyncio.run(_run_engine(calls, recorded, folder)))
        floors.append(_run_floor(calls, folder))
    engine, floor = _medians(engines), _medians(floors)

    def row(figure: str, unit: str, value: float, floor_value: float | None = None) -> Row:
        found: Row = {"bench": "media", "case": case, "figure": figure, "unit": unit}
        found["value"] = round(value, 3)
        if floor_value is not None:
            found["floor"] = round(floor_value, 3)
        return found

    return [
        row("cpu_ms_per_call_s", "ms", engine["cpu_ms"], floor["cpu_ms"]),
        row("tick_late_p50_ms", "ms", engine["lateness_p50_ms"]),
        row("tick_late_p99_ms", "ms", engine["lateness_p99_ms"]),
        row("tick_late_max_ms", "ms", engine["lateness_max_ms"]),
        row("added_latency_p50_ms", "ms", engine["latency_p50_ms"], floor["latency_p50_ms"]),
        row("added_latency_p99_ms", "ms", engine["latency_p99_ms"], floor["latency_p99_ms"]),
        row("loss_pct", "%", _loss(engine), _loss(floor)),
        row("misrouted", "packets", engine["wrong"], floor["wrong"]),
        row("rss_mb", "MB", engine["rss_kb"] / 1024),
    ]


def _medians(results: list[dict[str, Any]]) -> dict[str, float]:
    """Return the median of every figure."""
    return {figure: float(statistics.median(one[figure] for one in results)) for figure in results[0]}


def _run_busy(case: str, folder: Path) -> list[Row]:
    """Run some calls beside processes that only compute; return how late ticks began."""
    spin = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(spin) for _ in range(_BUSY_PROCESSES)]
    try:
        engine = asyncio.run(
            _run_engine(_BUSY_CALLS, True, folder, seconds=_BUSY_SECONDS, real_time=BUSY[case])
        )
    finally:
        for process in busy:
            process.kill()
            process.wait()
    return [
        {
            "bench": "media",
            "case": case,
            "figure": f"tick_late_{name}_ms",
            "unit": "ms",
            "value": round(engine[f"lateness_{name}_ms"], 3),
        }
        for name in ("p50", "p99", "max")
    ] + [
        {
            "bench": "media",
            "case": case,
            "figure": "real_time",
            "unit": "0/1",
            "value": int(engine["real_time"]),
        }
    ]


def _loss(result: dict[str, Any]) -> float:
    return float(100 * (1 - result["heard"] / result["sent"]))


def _run_floor(calls: int, folder: Path) -> dict[str, Any]:
    pairs = [(_FIRST_FLOOR_PORT + 2 * leg, _FIRST_PHONE_PORT + leg, leg ^ 1) for leg in range(2 * calls)]
    path = _write_pairs(folder, pairs)
    with subprocess.Popen([folder / "relay_floor", path], stdout=subprocess.PIPE) as relay:
        try:
            if relay.stdout is None or relay.stdout.readline() != b"ready\n":
                raise RuntimeError("the floor did not start")
            return _load(calls, relay.pid, path, folder, _FLOOR_SECONDS)
        finally:
            relay.kill()


async def _run_engine(
    calls: int, recorded: bool, folder: Path, *, seconds: float = _SECONDS, real_time: bool = True
) -> dict[str, Any]:
    client = MediaClient()
    supervisor = MediaSupervisor(client, folder / "media.sock", _SWITCH_PORTS)
    await supervisor.start()
    try:
        addresses = list(await asyncio.gather(*(client.open_rtp(_HOST) for _ in range(2 * calls))))
        for leg, address in enumerate(addresses):
            client.aim_rtp(address.port_id, RtpRemote(_HOST, _FIRST_PHONE_PORT + leg, PCMU))
            client.route(address.port_id, [Source(addresses[leg ^ 1].port_id)])
        if recorded:
            ports = [address.port_id for address in addresses]
            await asyncio.gather(
                *(
                    client.record(folder / f"call{call}.wav", *ports[2 * call : 2 * call + 2], compact=True)
                    for call in range(calls)
                )
            )
        await asyncio.sleep(1.1)
        pairs = [(address.port, _FIRST_PHONE_PORT + leg, leg ^ 1) for leg, address in enumerate(addresses)]
        path = _write_pairs(folder, pairs)
        result = await asyncio.to_thread(
            _load, calls, supervisor.stats().pid, path, folder, seconds, real_time
        )
        await asyncio.sleep(1.1)
        result |= msgspec.structs.asdict(supervisor.stats())
        # What was asked of the kernel stays so, but for what `_pin` took away.
        result["real_time"] &= real_time
    finally:
        await supervisor.stop()
    return result


def _write_pairs(folder: Path, pairs: Pairs) -> Path:
    path = folder / "pairs"
    path.write_text("".join(f"{own} {phone} {peer}\n" for own, phone, peer in pairs), encoding="ascii")
    return path


def _load(
    calls: int, pid: int, pairs: Path, folder: Path, seconds: float, real_time: bool = True
) -> dict[str, Any]:
    """Have the phones talk through process `pid`; return what they heard and what it cost."""
    _pin(pid, 0)
    if not real_time:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))
    command = [str(folder / "rtp_load"), str(pairs), str(seconds), str(_WARM_UP)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as load:
        _pin(load.pid, 1)
        time.sleep(_WARM_UP)
        cpu, began = _cpu_seconds(pid), time.monotonic()
        time.sleep(seconds - _WARM_UP - 0.1)
        cpu, elapsed = _cpu_seconds(pid) - cpu, time.monotonic() - began
        output, _ = load.communicate()
    result: dict[str, Any] = json.loads(output)
    result["cpu_ms"] = cpu / elapsed / calls * 1000
    return result


def _pin(pid: int, core: int) -> None:
    """Keep a process, all its threads, on one of two cores, where there are two; before all that is ordinary.

    The media process asks for SCHED_FIFO itself. The phones and the floor are given it too, where that is
    permitted: phones that are late because the computer is busy would be measured as a bad network.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {cores[core]})
    if os.sched_getscheduler(pid) == os.SCHED_OTHER:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(PRIORITY))


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used: its clock id is made of the pid (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)
