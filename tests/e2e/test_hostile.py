"""Rubbish on every wire while two people talk: refused, counted, and nobody notices."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from pathlib import Path

import pytest

from firmware.core.records import Outcome
from firmware.sim.listening import find_tone
from tests.e2e.box import Box, dump

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(90)]

HUGE_INVITE = (
    b"INVITE sip:101@127.0.0.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKhuge\r\n"
    b"From: <sip:x@127.0.0.1>;tag=1\r\nTo: <sip:101@127.0.0.1>\r\n"
    b"Call-ID: huge\r\nCSeq: 1 INVITE\r\nContent-Length: 65536\r\n\r\n" + b"a" * 65536
)


async def test_two_people_talk_through_rubbish(box: Box) -> None:
    phone = await box.phone("101", auto_answer=True)
    caller = await box.talking()
    await asyncio.sleep(1)
    before = await box.status()
    sip_port = await box.sip_port()
    _rubbish_over_udp(sip_port)
    await _huge_invite_over_tcp(sip_port)
    media = next(process.pid for process in before.processes if process.name == "media")
    for port in _rtp_ports(media):
        _strangers_tone(port)
    await box.world.request("noise", text="X", count=10_000)
    await asyncio.sleep(2)
    after = await box.status()
    await caller.hang_up()
    await phone.event("CALL_CLOSED")
    journey = await box.journey()
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert journey.hung_up_by == "caller"
    for samples, hertz in ((box.heard_by(phone), 440), (box.heard("13800138000"), 1000)):
        heard = find_tone(samples, 8000, hertz)
        assert heard is not None
        assert heard.lasted_seconds > 2.5
        assert heard.longest_gap_ms <= 40
        assert find_tone(samples, 8000, 2000) is None
    refused = after.counters["sip malformed"] - before.counters["sip malformed"]
    oversize = after.counters["sip oversize"] - before.counters["sip oversize"]
    assert refused >= 50
    assert oversize >= 1
    assert after.media["strangers"] - before.media["strangers"] >= 100
    assert after.counters["line gsm1 refused"] - before.counters["line gsm1 refused"] >= 1
    assert after.counters["sip bugs"] == 0


def _rubbish_over_udp(port: int) -> None:
    dice = random.Random(5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rubbish:
        for _ in range(60):
            rubbish.sendto(b"INVITE " + dice.randbytes(dice.randrange(20, 900)), ("127.0.0.1", port))
        rubbish.sendto(HUGE_INVITE[:65_000], ("127.0.0.1", port))


async def _huge_invite_over_tcp(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HUGE_INVITE)
    async with asyncio.timeout(5):
        while await reader.read(4096):
            pass
    writer.close()


def _strangers_tone(port: int) -> None:
    """Send a second of a loud 2000 Hz tone as RTP from an address nobody signalled."""
    # 2000 Hz at 8000 samples a second: two samples up, two down, in A-law.
    loud = bytes((0xAA, 0xAA, 0x2A, 0x2A)) * 40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        for number in range(100):
            header = struct.pack("!BBHII", 0x80, 8, number, number * 160, 0x5712A463)
            stranger.sendto(header + loud, ("127.0.0.1", port))


def _rtp_ports(pid: int) -> set[int]:
    """Return the UDP ports a process is bound to."""
    inodes = {
        link.readlink().name.removeprefix("socket:[").rstrip("]")
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.readlink().name.startswith("socket:")
    }
    ports = set()
    for line in Path("/proc/net/udp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if fields[9] in inodes:
            ports.add(int(fields[1].rpartition(":")[2], 16))
    assert ports
    return ports
