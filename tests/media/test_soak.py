"""Ports that open and close, over and over: nothing may grow. `SOAK_SECONDS=600` makes it ten minutes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from firmware.core.media import PCMU, PlayTone, PortOptions, RtpRemote, Source
from firmware.media.client import MediaClient
from firmware.media.supervisor import MediaSupervisor

SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))
HOST = "127.0.0.1"
GROWTH_MB = 3


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(2 * SECONDS + 60)
async def test_ports_that_come_and_go_leave_nothing_behind(tmp_path: Path) -> None:
    client = MediaClient()
    supervisor = MediaSupervisor(client, tmp_path / "media.sock", "23000-23199")
    await supervisor.start()
    try:
        figures = []
        for second in range(SECONDS):
            ports = [(await client.open_rtp(HOST)).port_id for _ in range(10)]
            for one, other in zip(ports, [*ports[1:], ports[0]], strict=True):
                client.aim_rtp(one, RtpRemote(HOST, 9, PCMU, 101))
                client.route(one, [Source(other)])
                client.configure(one, PortOptions(detect_digits=True))
                client.play(one, [PlayTone((450,), ())])
                client.send_digits(one, "1")
            client.confer("room", ports[:5])
            recording = await client.record(tmp_path / f"{second % 10}.wav", ports[0], ports[1])
            await asyncio.sleep(0.5)
            await recording.close()
            client.confer("room", [])
            for port in ports:
                client.close_port(port)
            await asyncio.sleep(0.2)
            if second % 10 == 9:
                stats = supervisor.stats()
                descriptors = len(list(Path(f"/proc/{stats.pid}/fd").iterdir()))
                figures.append((stats.rss_kb / 1024, descriptors, stats.ports))
        (first_mb, first_open, _), (last_mb, last_open, _) = figures[0], figures[-1]
        print(f"RSS {first_mb:.1f} to {last_mb:.1f} MB, descriptors {first_open} to {last_open}")
        assert supervisor.stats().restarts == 0
        assert last_mb - first_mb < GROWTH_MB
        assert last_open <= first_open + 1
    finally:
        await supervisor.stop()
