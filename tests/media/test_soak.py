"""Ports that open and close, over and over: nothing may grow. `SOAK_SECONDS=600` makes it ten minutes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import socket
import time
import tty
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from firmware.core.ids import PortId
from firmware.core.media import (
    PCMA,
    PCMU,
    PlayTone,
    PortOptions,
    RtpAddress,
    RtpRemote,
    Source,
    SrtpKeys,
    SrtpSuite,
)
from firmware.media.client import MediaClient
from firmware.media.rtp import RtpPacket, build
from firmware.media.supervisor import MediaSupervisor

SECONDS: Final = int(os.environ.get("SOAK_SECONDS", "60"))
HOST: Final = "127.0.0.1"
GROWTH_MB: Final = 3
"""Memory is used for the first time here and there for a while: rings, blocks of recordings."""
LATER_GROWTH_MB: Final = 1
PHONES: Final = 10
"""Opened and closed in every round: plain and encrypted ones, of both laws."""
EVERYTHING: Final = PortOptions(
    level_control=True, echo_canceller=True, detect_digits=True, tones_of="CN", silence_ms=200, meter=True
)


class Figures(NamedTuple):
    """The media process between two rounds."""

    rss_mb: float
    descriptors: int
    ports: int
    recorders: int


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(2 * SECONDS + 60)
async def test_ports_that_come_and_go_leave_nothing_behind(tmp_path: Path) -> None:
    client = MediaClient()
    supervisor = MediaSupervisor(client, tmp_path / "media.sock", "23000-23199")
    await supervisor.start()
    rounds = 0
    try:
        figures = []
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            await _a_round(client, tmp_path / f"{rounds % 10}.wav")
            rounds += 1
            if rounds % 10 == 0:
                figures.append(await _figures(supervisor))
        first, half, last = figures[0], figures[len(figures) // 2], figures[-1]
        print(
            f"{rounds} rounds in {SECONDS} s: RSS {first.rss_mb:.1f}, halfway {half.rss_mb:.1f}, at last "
            f"{last.rss_mb:.1f} MB, descriptors "
            f"{first.descriptors} to {last.descriptors}, ports left {max(one.ports for one in figures)}, "
            f"packets taken {supervisor.stats().received}"
        )
        assert supervisor.stats().restarts == 0
        assert {(one.ports, one.recorders) for one in figures} == {(0, 0)}
        assert last.rss_mb - first.rss_mb < GROWTH_MB
        assert last.rss_mb - half.rss_mb < LATER_GROWTH_MB
        assert last.descriptors <= first.descriptors + 1
        assert supervisor.stats().received > rounds * PHONES
    finally:
        await supervisor.stop()


async def _a_round(client: MediaClient, path: Path) -> None:
    """Open phones and a modem line, use them in every way at once, close them all."""
    async with _modem(client) as line:
        phones = [await client.open_rtp(HOST) for _ in range(PHONES)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind((HOST, 0))
            for number, phone in enumerate(phones):
                remote = RtpRemote(HOST, peer.getsockname()[1], (PCMU, PCMA)[number % 2], 101)
                if number >= PHONES - 2:
                    remote = RtpRemote(HOST, remote.port, PCMU, 101, srtp=_keys(number))
                client.aim_rtp(phone.port_id, remote)
            ports = [line, *(phone.port_id for phone in phones)]
            for one, other in zip(ports, [*ports[1:], ports[0]], strict=True):
                client.route(one, [Source(other)])
                client.configure(one, EVERYTHING)
                client.play(one, [PlayTone((450,), ())])
                client.send_digits(one, "1")
            client.confer("room", ports[:5])
            recording = await client.record(path, ports[0], ports[1])
            await _talk(peer, phones)
            await recording.close()
            client.confer("room", [])
            for phone in phones:
                client.close_port(phone.port_id)
    await asyncio.sleep(0.2)


async def _talk(peer: socket.socket, phones: list[RtpAddress]) -> None:
    """Send half a second of packets to every phone's port; every second one of them gets lost."""
    for number in range(0, 26, 2):
        for law, phone in zip((PCMU, PCMA) * PHONES, phones, strict=False):
            packet = build(RtpPacket(law, number == 0, number, 160 * number, phone.port, bytes(160)))
            peer.sendto(packet, (phone.host, phone.port))
        await asyncio.sleep(0.04)


@contextlib.asynccontextmanager
async def _modem(client: MediaClient) -> AsyncIterator[PortId]:
    """A line with a device, open for as long as this lasts."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        line = await client.open_pcm(os.ttyname(slave), 8000)
        os.write(master, bytes(4000))
        yield line
        client.close_port(line)
    finally:
        os.close(master)
        os.close(slave)


def _keys(number: int) -> SrtpKeys:
    return SrtpKeys(SrtpSuite.TAG_80, bytes([number]) * 30, bytes([number + 1]) * 30)


async def _figures(supervisor: MediaSupervisor) -> Figures:
    """Return the process's figures once it has told them anew, which it does every second."""
    then = supervisor.stats().ticks
    async with asyncio.timeout(10):
        while supervisor.stats().ticks <= then:
            await asyncio.sleep(0.05)
    stats = supervisor.stats()
    descriptors = len(list(Path(f"/proc/{stats.pid}/fd").iterdir()))
    return Figures(stats.rss_kb / 1024, descriptors, stats.ports, stats.recorders)
