"""SIP call set-ups: what one costs the switch in CPU, and how long a caller waits.

    SIPp uac ──digest INVITE──► box (registrar, two legs, no media) ──INVITE──► SIPp uas

Each call is challenged (401), rings, is answered, and is hung up when all have been set up (in `max` after
300 ms): two INVITE and two BYE transactions at the box. `cpu_ms_per_setup` is all of the box's CPU time, in
user and kernel mode, divided by the calls: the gate's digest, both dialogs and their transactions, SDP, legs,
timers, sockets, and the hang-up, too; `cpu_ms_until_answered` is the part of it until the last call was
answered. No media, no records and no more of a switch than `two_legs.py` is in it. Times are from the first
INVITE, the challenge included. The floor of each
figure is SIPp calling SIPp directly at the same rate in the same minute: C++ on both sides, no
authentication, no second leg; its CPU is that of the answering side.

`max` looks for the highest rate at which no call fails, upwards from 200 in steps; its other figures are
those of the rate it found. `phones` registers 1,000 phones and tells what one costs in memory. `fuzz` feeds
120,000 mutants of real messages to the agent and 20,000 that hypothesis makes up, and tells how many raised
(0) and how the memory grew. `flood` makes 10 calls a
second while another host sends 5,000 REGISTERs and INVITEs a second, `mad-phone` while one does that has
registered before: their times are the bystander's.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.bench.sip_load import Registering, flooding
from tests.extensions.sip_chance import generated
from tests.extensions.sip_fuzz import fuzz
from tests.interop import sipp
from tests.interop.baresip import free_port

# Calls per second and how many calls a case makes: long enough for a steady state, short enough for CI.
CASES = {"10cps": (10, 60), "50cps": (50, 300), "200cps": (200, 800)}
# How long a call lasts in the other cases, in seconds.
_TALK_S = 0.3
# Between the last call's begin and the first one's end, in seconds: in the middle all have been answered.
_ALL_TALK_S = 2.0
# Rates tried for `max`, in calls a second, and for how many seconds each.
_MAX_RATES = (200, 250, 300, 350, 400, 450, 500, 600)
_MAX_FOR_S = 5
_PHONES = 1000
_MUTANTS = 120_000
_MADE_UP = 20_000
_READY_WITHIN_S = 10.0


class CallsFailed(RuntimeError):
    """SIPp counts a call that didn't go as its scenario says."""


class Flood(msgspec.Struct, frozen=True):
    """What another host sends meanwhile: REGISTERs and INVITEs by turns."""

    per_s: int = 20_000
    known: bool = False
    """Whether it has registered before: a phone gone mad, not a stranger."""
    limited: bool = True
    """Whether the box has its budgets; without them for comparison."""


# By case: a stranger's, and a registered phone's that has gone mad.
FLOODS = {"flood": Flood(), "mad-phone": Flood(known=True)}


def run(cases: Sequence[str] | None = None) -> list[dict[str, object]]:
    """Run the named cases (all when None); return rows of bench, case, figure, unit, value and floor.

    Raises:
        RuntimeError: A call failed: a figure over failed calls would mean nothing.
    """
    rows: list[dict[str, object]] = []
    for case in cases or ("max", *CASES, *FLOODS, "phones", "fuzz"):
        figures, floors = _case(case)
        for figure, value in figures.items():
            row: dict[str, object] = {"bench": "sip", "case": case, "figure": figure, "unit": _UNITS[figure]}
            row["value"] = round(value, 3)
            if figure in floors:
                row["floor"] = round(floors[figure], 3)
            rows.append(row)
    return rows


def _case(case: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return a case's figures and their floors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if case == "phones":
            return {"kb_per_phone": asyncio.run(_memory_of_phones())}, {}
        if case == "fuzz":
            figures = fuzz(_MUTANTS)
            figures["raised"] += generated(_MADE_UP)
            return {**figures, "made_up": _MADE_UP}, {}
        if case == "max":
            figures, rate = _highest(folder)
            return figures, asyncio.run(_direct(folder / "direct", rate, rate * _MAX_FOR_S))
        if case in FLOODS:
            figures = asyncio.run(_through_the_box(folder / "box", *CASES["10cps"], FLOODS[case]))
            del figures["cpu_ms_per_setup"]
            return figures, {}
        rate, calls = CASES[case]
        talk_s = calls / rate + _ALL_TALK_S
        figures = asyncio.run(_through_the_box(folder / "box", rate, calls, talk_s=talk_s))
        return figures, asyncio.run(_direct(folder / "direct", rate, calls))


def _highest(folder: Path) -> tuple[dict[str, float], int]:
    """Return the figures of the highest rate without a failed call, and that rate."""
    best: tuple[dict[str, float], int] | None = None
    for rate in _MAX_RATES:
        try:
            figures = asyncio.run(_through_the_box(folder / str(rate), rate, rate * _MAX_FOR_S))
        except RuntimeError:
            break
        if figures["setups_per_s"] < _KEPT_UP * rate:
            break
        best = figures, rate
    if best is None:
        raise RuntimeError(f"calls failed at {_MAX_RATES[0]} a second")
    return best


_UNITS = {
    "setups_per_s": "1/s",
    "cpu_ms_per_setup": "ms",
    "cpu_ms_until_answered": "ms",
    "invite_to_180_p99_ms": "ms",
    "invite_to_200_p99_ms": "ms",
    "invite_to_180_p50_ms": "ms",
    "invite_to_200_p50_ms": "ms",
    "kb_per_phone": "kB",
    "mutants": "",
    "made_up": "",
    "raised": "",
    "grown_kb": "kB",
}
# A rate counts as sustained when so much of it was kept up, ramp and tail included.
_KEPT_UP = 0.8


async def _memory_of_phones() -> float:
    """Return how many kB the box grows by per registered phone."""
    key = secrets.token_hex(12)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.sip_box", key, stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the box has no output")
        ready = await asyncio.wait_for(process.stdout.readline(), _READY_WITHIN_S)
        phone = Registering("127.0.0.1", int(ready.split()[1]), key)
        await phone.start()
        # The first hundred pay for code and caches.
        await phone.register(range(101, 201))
        before = _resident_kb(process.pid)
        await phone.register(range(201, 101 + _PHONES))
        grown = _resident_kb(process.pid) - before
        await phone.stop()
        return grown / (_PHONES - 100)
    finally:
        process.terminate()
        await process.wait()


def _resident_kb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1])
    raise RuntimeError("no VmRSS")


def bystander(folder: Path, flood: Flood) -> float:
    """Return the longest time, in milliseconds, that one of 40 calls takes from INVITE to 200 in a flood.

    Raises:
        CallsFailed: A call failed.
        NoFlood: The other host was too slow for a flood.
    """
    return asyncio.run(_through_the_box(folder, 10, 40, flood))["invite_to_200_p99_ms"]


async def _through_the_box(
    folder: Path, rate: int, calls: int, flood: Flood | None = None, *, talk_s: float = _TALK_S
) -> dict[str, float]:
    key = secrets.token_hex(12)
    options = () if flood is None or flood.limited else ("open",)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.sip_box", key, *options, stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the box has no output")
        ready = await asyncio.wait_for(process.stdout.readline(), _READY_WITHIN_S)
        port = int(ready.split()[1])
        called = free_port()
        registered = await sipp.run(
            folder, "register", registrar_port=port, local_port=called, user="102", secret=key
        )
        if not registered.succeeded:
            raise RuntimeError(registered.report())
        async with sipp.running(
            folder, "uas_answers_at_once", registrar_port=port, local_port=called, calls=calls,
            within_s=calls / rate + talk_s + 30,
        ):  # fmt: skip
            await asyncio.sleep(0.5)
            before = _cpu_s(process.pid)
            per_s, known = (flood.per_s, flood.known) if flood is not None else (0, False)
            async with flooding(port, per_s, key if known else ""):
                load = asyncio.create_task(
                    _load(folder, "uac_calls", port, rate, calls, user="101", key=key, talk_s=talk_s)
                )
                try:
                    if talk_s > calls / rate:
                        await asyncio.sleep((calls / rate + talk_s) / 2)
                        answered = _cpu_s(process.pid)
                    figures = await load
                finally:
                    load.cancel()
            if talk_s > calls / rate:
                figures["cpu_ms_until_answered"] = (answered - before) * 1000 / calls
            figures["cpu_ms_per_setup"] = (_cpu_s(process.pid) - before) * 1000 / calls
        return figures
    finally:
        process.terminate()
        await process.wait()


async def _direct(folder: Path, rate: int, calls: int) -> dict[str, float]:
    port = free_port()
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
    folder: Path,
    scenario: str,
    port: int,
    rate: int,
    calls: int,
    *,
    user: str,
    key: str,
    talk_s: float = _TALK_S,
) -> dict[str, float]:
    started = time.monotonic()
    calling = await sipp.run(
        folder, scenario, registrar_port=port, local_port=free_port(), user=user, secret=key,
        number="102", calls=calls, rate=rate, pause_ms=round(talk_s * 1000),
        within_s=calls / rate + talk_s + 30,
        extra=("-trace_rtt", "-rtt_freq", "1", "-l", str(calls)),
    )  # fmt: skip
    took = time.monotonic() - started - talk_s
    if not calling.succeeded:
        raise CallsFailed(calling.report())
    times = _response_times(calling.folder)
    return {
        "setups_per_s": calls / took,
        "invite_to_180_p50_ms": _percentile(times["1"], 0.5),
        "invite_to_180_p99_ms": _percentile(times["1"], 0.99),
        "invite_to_200_p50_ms": _percentile(times["2"], 0.5),
        "invite_to_200_p99_ms": _percentile(times["2"], 0.99),
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


def _percentile(values: list[float], share: float) -> float:
    if not values:
        return float("nan")
    return sorted(values)[min(len(values) - 1, round(len(values) * share))]


def _cpu_s(pid: int) -> float:
    """Return the CPU time a process's only thread has used, in seconds, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    for row in run(sys.argv[1:] or None):
        floor = f" floor {row['floor']}" if "floor" in row else ""
        sys.stdout.write(f"{row['case']:>8} {row['figure']:<22} {row['value']:>9} {row['unit']:<4}{floor}\n")
        sys.stdout.flush()
