"""The real media process with its client, and phones on real sockets."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import numpy as np

from firmware.core.media import PCMU, RtpAddress, RtpRemote, Source
from firmware.media.client import MediaClient
from firmware.media.g711 import FRAME, I16, LAWS
from firmware.media.rtp import RtpPacket, build, parse
from firmware.media.supervisor import MediaSupervisor

HOST = "127.0.0.1"


class Box:
    """A client with its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = MediaClient()
        self.supervisor = MediaSupervisor(self.client, folder / "media.sock", "22100-22199")

        self._phones: list[SoftPhone] = []

    def phone(self, frequency: float, payload_type: int = PCMU) -> SoftPhone:
        """Return a phone that hums a tone."""
        phone = SoftPhone(frequency, payload_type)
        self._phones.append(phone)
        return phone

    async def close(self) -> None:
        for phone in self._phones:
            phone.sock.close()
        await self.supervisor.stop()


class SoftPhone:
    """Talks a tone on a real socket and keeps what it hears, with the moment it came."""

    def __init__(self, frequency: float, payload_type: int = PCMU) -> None:
        self.frequency = frequency
        self.payload_type = payload_type
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((HOST, 0))
        self.sock.setblocking(False)
        self.heard: list[tuple[float, RtpPacket]] = []
        self.far: RtpAddress | None = None
        self._sent = 0
        self._packets = 0

    @property
    def remote(self) -> RtpRemote:
        return RtpRemote(HOST, self.sock.getsockname()[1], self.payload_type, 101)

    def step(self) -> None:
        """Send the next 20 ms, take what has come."""
        assert self.far is not None
        moments = np.arange(self._sent * FRAME, (self._sent + 1) * FRAME)
        samples = (8000 * np.sin(2 * np.pi * self.frequency * moments / 8000)).astype(np.int16)
        payload = LAWS[self.payload_type].encode(samples).tobytes()
        stamp = self._sent * FRAME
        packet = RtpPacket(self.payload_type, False, self.next_sequence(), stamp, 7, payload)
        self.sock.sendto(build(packet), (self.far.host, self.far.port))
        self._sent += 1
        self.take()

    def next_sequence(self) -> int:
        """Return the number of the next packet."""
        self._packets += 1
        return self._packets % 65536

    def take(self) -> None:
        """Take what has come."""
        while True:
            try:
                got = parse(self.sock.recv(4096))
            except OSError:
                return
            if got is not None:
                self.heard.append((time.monotonic(), got))

    def samples(self, last: int) -> I16:
        """Return what the last packets said."""
        words = b"".join(packet.payload for _, packet in self.heard[-last:])
        return LAWS[self.payload_type].decoded[np.frombuffer(words, np.uint8)]

    def longest_pause(self) -> float:
        """Return the longest time between two packets."""
        return float(np.diff([moment for moment, _ in self.heard]).max())


async def connect(box: Box, *phones: SoftPhone) -> None:
    """Give each phone a port, and bridge the first two."""
    for phone in phones:
        phone.far = await box.client.open_rtp(HOST)
        box.client.aim_rtp(phone.far.port_id, phone.remote)
    first, second = (phone.far for phone in phones[:2])
    assert first is not None and second is not None
    box.client.route(first.port_id, [Source(second.port_id)])
    box.client.route(second.port_id, [Source(first.port_id)])


async def talk(seconds: float, *phones: SoftPhone) -> None:
    deadline = time.monotonic()
    for _ in range(round(seconds * 50)):
        for phone in phones:
            phone.step()
        deadline += 0.02
        await asyncio.sleep(max(0.0, deadline - time.monotonic()))
