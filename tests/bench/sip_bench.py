"""SIP call set-ups: what one costs the switch in CPU, and how long a caller waits.

    SIPp uac ──digest INVITE──► box (registrar, two legs, no media) ──INVITE──► SIPp uas

Each call is challenged (401), rings, is answered, and is hung up after 300 ms: two INVITE and two BYE
transactions at the box. Times are from the first INVITE, the challenge included. The floor of each
figure is SIPp calling SIPp directly at the same rate in the same minute: C++ on both sides, no
authentication, no second leg; its CPU is that of the answering side.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.interop import sipp
from tests.interop.baresip import free_port

# Calls per second and how many calls a case makes: long enough for a steady state, short enough for CI.
CASES = {"50cps": (50, 300), "200cps": (200, 1200)}
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_READY_WITHIN_S = 10.0


def run(cases: Sequence[str] | None = None) -> list[dict[str, object]]:
    """Run the named cases (all when None); return rows of bench, case, figure, unit, value and floor.

    Raises:
        RuntimeError: A call failed: a figure over failed calls would mean nothing.
    """
    rows: list[dict[str, object]] = []
    for case in cases or CASES:
        rate, calls = CASES[case]
        with tempfile.TemporaryDirectory() as folder:
            box = asyncio.run(_through_the_box(Path(folder) / "box", rate, calls))
            floor = asyncio.run(_direct(Path(folder) / "direct", rate, calls))
        for figure, unit in _UNITS.items():
            row: dict[str, object] = {"bench": "sip", "case": case, "figure": figure, "unit": unit}
            rows.append({**row, "value": round(box[figure], 3), "floor": round(floor[figure], 3)})
    return rows


_UNITS = {
    "setups_per_s": "1/s",
    "cpu_ms_per_setup": "ms",
    "invite_to_180_p99_ms": "ms",
    "invite_to_200_p99_ms": "ms",
}


async def _through_the_box(folder: Path, rate: int, calls: int) -> dict[str, float]:
    key = secrets.token_hex(12)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.sip_box", key, stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the box has no output")
        ready = await asyncio.wait_for(process.stdout.readline(), _READY_WITHIN_S)
        port = int(ready.split()[1])
        called = free_port(socket.SOCK_DGRAM)
        registered = await sipp.run(
            folder, "register", registrar_port=port, local_port=called, user="102", secret=key
        )
        if not registered.succeeded:
            raise RuntimeError(registered.report())
        async with sipp.running(
            folder, "uas_answers_at_once", registrar_port=port, local_port=called, calls=calls,
            within_s=calls / rate + 30,
        ):  # fmt: skip
            await asyncio.sleep(0.5)
            before = _cpu_s(process.pid)
            figures = await _load(folder, "uac_calls", port, rate, calls, user="101", key=key)
            figures["cpu_ms_per_setup"] = (_cpu_s(process.pid) - before) * 1000 / calls
        return figures
    finally:
        process.terminate()
        await process.wait()


async def _direct(folder: Path, rate: int, calls: int) -> dict[str, float]:
    port = free_port(socket.SOCK_DGRAM)
    async with sipp.running(
        folder, "uas_answers_at_once", registrar_port=9, local_port=port, calls=calls,
        within_s=calls / rate + 30,
    ) as answering:  # fmt: skip
        await asyncio.sleep(0.5)
        before = _cpu_s(answering.pid)
        figures = await _load(folder, "uac_calls_direct", port, rate, calls, user="101", key="")
        figures["cpu_ms_per_setup"] = (_cpu_s(answering.pid) - before) * 1000 / calls
    return figures


async def _load(
    folder: Path, scenario: str, port: int, rate: int, calls: int, *, user: str, key: str
) -> dict[str, float]:
    started = time.monotonic()
    calling = await sipp.run(
        folder, scenario, registrar_port=port, local_port=free_port(socket.SOCK_DGRAM), user=user, secret=key,
        number="102", calls=calls, rate=rate, within_s=calls / rate + 30,
        extra=("-trace_rtt", "-rtt_freq", "1", "-l", str(calls)),
    )  # fmt: skip
    took = time.monotonic() - started
    if not calling.succeeded:
        raise RuntimeError(calling.report())
    times = _response_times(calling.folder)
    return {
        "setups_per_s": calls / took,
        "invite_to_180_p99_ms": _p99(times["1"]),
        "invite_to_200_p99_ms": _p99(times["2"]),
    }


def _response_times(folder: Path) -> dict[str, list[float]]:
    """Read SIPp's response times: milliseconds by the number of the timer."""
    times: dict[str, list[float]] = {"1": [], "2": []}
    for path in folder.glob("*_rtt.csv"):
        for line in path.read_text().splitlines()[1:]:
            fields = line.rstrip(";").split(";")
            if len(fields) == 3 and fields[2].strip('"') in times:
                times[fields[2].strip('"')].append(float(fields[1]))
    return times


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, round(len(values) * 0.99))] if values else float("nan")


def _cpu_s(pid: int) -> float:
    """Return the CPU time a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


if __name__ == "__main__":
    for row in run(sys.argv[1:] or None):
        sys.stdout.write(
            f"{row['case']:>8} {row['figure']:<22} {row['value']:>9} {row['unit']:<4} floor {row['floor']}\n"
        )
