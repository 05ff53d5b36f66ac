"""Ports that open and close, over and over: nothing may grow. `SOAK_SECONDS=600` makes it ten minutes.

Three offices work at once, some 160 rounds a minute. Memory is used for the first time here and there for a
while (numpy keeps small blocks by their size, msgspec freed structs), so the first half is warm-up, and the
second is judged by the median slope between any two of its figures: a page more or less decides nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import pty
import socket
import statistics
import time
import tty
from collections.abc import AsyncIterator, Sequence
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
from firmware.media.socket_pool import RUN
from firmware.media.supervisor import MediaSupervisor

SECONDS: Final = int(os.environ.get("SOAK_SECONDS", "120"))
HOST: Final = "127.0.0.1"
GROWTH_MB: Final = 0.5
"""In the second half, however long it is."""
GROWTH_KB: Final = 2.0
"""A round, which tells a leak in two minutes, too. What is used for the first time leaves 0.6."""
OFFICES: Final = 3
BATCH: Final = 5
"""Rounds of every office between two looks at the figures."""
PHONES: Final = 10
"""Opened and closed in every round: plain and encrypted ones, of both laws."""
SPARE: Final = 3 * RUN
"""Sockets that may be waiting for the next ports; one leaked in a round is more in a minute."""
EVERYTHING: Final = PortOptions(
    level_control=True, echo_canceller=True, detect_digits=True, tones_of="CN", silence_ms=200, meter=True
)


class Figures(NamedTuple):
    """The media process between two rounds."""

    rounds: int
    """Done by then."""
    rss_kb: int
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
            offices = [_some_rounds(client, tmp_path / f"{number}.wav") for number in range(OFFICES)]
            await asyncio.gather(*offices)
            rounds += OFFICES * BATCH
            figures.append(await _figures(supervisor, rounds))
        half, last = figures[len(figures) // 2], figures[-1]
        slope = _kb_a_round(figures[len(figures) // 2 :])
        later = last.rounds - half.rounds
        print(
            f"{rounds} rounds in {SECONDS} s: RSS {figures[0].rss_kb / 1024:.2f}, halfway "
            f"{half.rss_kb / 1024:.2f}, at last {last.rss_kb / 1024:.2f} MB, in the second half {slope:.2f} "
            f"kB a round, descriptors {figures[0].descriptors} to {last.descriptors}, "
            f"ports left {max(one.ports for one in figures)}, packets taken {supervisor.stats().received}"
        )
        assert supervisor.stats().restarts == 0
        assert {(one.ports, one.recorders) for one in figures} == {(0, 0)}
        assert slope < GROWTH_KB
        assert slope * later < GROWTH_MB * 1024
        descriptors = [one.descriptors for one in figures]
        assert max(descriptors) - min(descriptors) < SPARE
        assert supervisor.stats().received > rounds * PHONES
    finally:
        await supervisor.stop()


def _kb_a_round(figures: Sequence[Figures]) -> float:
    """Return the growth of a round: the median of the slopes between any two figures (Theil and Sen)."""
    return statistics.median(
        (later.rss_kb - earlier.rss_kb) / (later.rounds - earlier.rounds)
        for earlier, later in itertools.combinations(figures, 2)
    )


async def _some_rounds(client: MediaClient, path: Path) -> None:
    """Be one office for a while."""
    for _ in range(BATCH):
        path.unlink(missing_ok=True)
        await _a_round(client, path)


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
            client.confer(path.name, ports[:5])
            recording = await client.record(path, ports[0], ports[1])
            await _talk(peer, phones)
            await recording.close()
            client.confer(path.name, [])
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


async def _figures(supervisor: MediaSupervisor, rounds: int) -> Figures:
    """Return the process's figures once it has told them anew, which it does every second."""
    then = supervisor.stats().ticks
    async with asyncio.timeout(10):
        while supervisor.stats().ticks <= then:
            await asyncio.sleep(0.05)
    stats = supervisor.stats()
    descriptors = len(list(Path(f"/proc/{stats.pid}/fd").iterdir()))
    return Figures(rounds, stats.rss_kb, descriptors, stats.ports, stats.recorders)
