"""Ticks beside four processes that only compute: on time, where the kernel lets them go first."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from firmware.core.media import PCMU, RtpRemote, Source
from firmware.media.client import MediaClient
from firmware.media.realtime import settle
from firmware.media.supervisor import MediaSupervisor

SECONDS = 61
"""The process tells the lateness of its last minute."""
HOST = "127.0.0.1"
MAX_LATE_MS = 5.0
READY = "ready\n"


class Witness:
    """A process that only sleeps, under the same scheduling: how late it wakes is the kernel's doing.

    It is started before the computer is busy, as loading Python then takes longer than it watches.
    """

    def __init__(self) -> None:
        script = f"from tests.media.test_busy import witness; witness({SECONDS})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == READY

    def watch(self) -> None:
        """Begin to sleep from tick to tick."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def late_ms(self) -> tuple[float, float]:
        """Return the 99th percentile and the worst of its lateness, once it has watched."""
        said, _ = self._process.communicate(timeout=30)
        p99, worst = said.split()
        return float(p99), float(worst)

    def dismiss(self) -> None:
        self._process.kill()
        self._process.wait()


def _busy_processes(count: int) -> list[subprocess.Popen[bytes]]:
    return [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]


def witness(seconds: float) -> None:
    """Say that we are ready; when told to, sleep from tick to tick and print how late we woke, in ms."""
    settle()
    print(READY, end="", flush=True)
    sys.stdin.readline()
    late, deadline = [], time.monotonic()
    for _ in range(round(seconds * 50)):
        deadline += 0.02
        time.sleep(max(0.0, deadline - time.monotonic()))
        late.append(1000 * (time.monotonic() - deadline))
    print(float(np.percentile(late, 99)), max(late))


async def test_no_thread_the_tick_may_wait_for_can_be_interrupted_by_a_busy_process(tmp_path: Path) -> None:
    client = MediaClient()
    supervisor = MediaSupervisor(client, tmp_path / "media.sock", "23300-23399")
    await supervisor.start()
    try:
        await client.open_rtp(HOST)
        async with asyncio.timeout(5):
            while not (stats := supervisor.stats()).ticks:
                await asyncio.sleep(0.05)
        if not stats.real_time:
            pytest.skip("real-time scheduling is not permitted here")
        threads = [int(task.name) for task in Path(f"/proc/{stats.pid}/task").iterdir()]
        assert len(threads) >= 3
        assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_FIFO}
        tick = os.sched_getparam(stats.pid).sched_priority
        assert all(os.sched_getparam(t).sched_priority < tick for t in threads if t != stats.pid)
    finally:
        await supervisor.stop()


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(180)
async def test_four_busy_processes_delay_no_tick_by_more_than_5_ms(tmp_path: Path) -> None:
    client = MediaClient()
    supervisor = MediaSupervisor(client, tmp_path / "media.sock", "23300-23399")
    await supervisor.start()
    kernel = Witness()
    busy = _busy_processes(4)
    try:
        ports = [(await client.open_rtp(HOST)).port_id for _ in range(20)]
        for one, other in zip(ports, [*ports[1:], ports[0]], strict=True):
            client.aim_rtp(one, RtpRemote(HOST, 9, PCMU, 101))
            client.route(one, [Source(other)])
        await client.record(tmp_path / "r.wav", ports[0], ports[1])
        await asyncio.sleep(2)
        kernel.watch()
        await asyncio.sleep(SECONDS + 1)
        stats, (own_p99, own) = supervisor.stats(), await asyncio.to_thread(kernel.late_ms)
        print(
            f"real time: {stats.real_time}; late p50 {stats.lateness_p50_ms:.2f} ms, p99 "
            f"{stats.lateness_p99_ms:.2f} ms, max {stats.lateness_max_ms:.2f} ms; the kernel's p99 "
            f"{own_p99:.2f} ms, max {own:.2f} ms"
        )
        assert stats.overruns == 0
        if stats.real_time:
            assert stats.lateness_p99_ms < 1 + own_p99
            assert stats.lateness_max_ms < MAX_LATE_MS + own
    finally:
        for process in busy:
            process.kill()
            process.wait()
        kernel.dismiss()
        await supervisor.stop()
