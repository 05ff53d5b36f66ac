"""The real process over loopback: what a caller notices when things go wrong around it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import signal
import socket
import sys
import time
import tty
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import (
    PCMA,
    PCMU,
    DigitHeard,
    MediaError,
    PlayTone,
    PortEvent,
    PortFailed,
    RtpAddress,
    RtpRemote,
    Source,
)
from firmware.media import protocol
from firmware.media.client import MediaClient
from firmware.media.g711 import FRAME, I16, LAWS
from firmware.media.rtp import RtpPacket, build, parse
from firmware.media.supervisor import MediaSupervisor
from tests.media.rig import heard_frequency, level_db, longest_gap_ms, tone

pytestmark = pytest.mark.e2e

HOST = "127.0.0.1"
CAP_NET_RAW = 13


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


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    box = Box(tmp_path)
    await box.supervisor.start()
    yield box
    await box.close()


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


async def _connect(box: Box, *phones: SoftPhone) -> None:
    """Give each phone a port, and bridge the first two."""
    for phone in phones:
        phone.far = await box.client.open_rtp(HOST)
        box.client.aim_rtp(phone.far.port_id, phone.remote)
    first, second = (phone.far for phone in phones[:2])
    assert first is not None and second is not None
    box.client.route(first.port_id, [Source(second.port_id)])
    box.client.route(second.port_id, [Source(first.port_id)])


async def _talk(seconds: float, *phones: SoftPhone) -> None:
    deadline = time.monotonic()
    for _ in range(round(seconds * 50)):
        for phone in phones:
            phone.step()
        deadline += 0.02
        await asyncio.sleep(max(0.0, deadline - time.monotonic()))


async def test_two_phones_talk_and_the_call_is_recorded(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000, PCMA)
    await _connect(box, alice, bob)
    assert alice.far is not None and bob.far is not None
    recording = await box.client.record(box.folder / "r.wav", alice.far.port_id, bob.far.port_id)
    await _talk(2, alice, bob)
    result = await recording.close()
    assert heard_frequency(bob.samples(60)) == 440
    assert heard_frequency(alice.samples(60)) == 1000
    assert abs(level_db(bob.samples(50), tone(440, 1))) < 0.5
    assert longest_gap_ms(bob.samples(60)) < 40
    assert result.complete
    with wave.open(result.path) as wav:
        both = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(np.int16)
    assert heard_frequency(both[0::2][4000:12000]) == 440
    assert heard_frequency(both[1::2][4000:12000]) == 1000


def _has_raw_socket(pid: int) -> bool:
    """Tell whether a process has a raw socket, and check that none of its threads could open another."""
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert not int(value, 16) & 1 << CAP_NET_RAW, line
    lines = Path("/proc/net/raw").read_text().splitlines()[1:]
    raw = {f"socket:[{line.split()[9]}]" for line in lines}
    return any(str(file.readlink()) in raw for file in Path(f"/proc/{pid}/fd").iterdir())


@pytest.mark.parametrize("right", [True, False])
async def test_phones_talk_whether_or_not_it_may_send_by_a_raw_socket(
    right: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid():
        pytest.skip("to open a raw socket, and to take that right from a process, one must be root")
    python = tmp_path / "python"
    bound = "--bounding-set=-net_raw --inh-caps=-net_raw" if not right else ""
    python.write_text(f'#!/bin/sh\nexec setpriv {bound} {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    box = Box(tmp_path)
    await box.supervisor.start()
    try:
        alice, bob = box.phone(440), box.phone(1000)
        await _connect(box, alice, bob)
        await _talk(1.3, alice, bob)
        assert heard_frequency(bob.samples(30)) == 440
        assert heard_frequency(alice.samples(30)) == 1000
        assert _has_raw_socket(box.supervisor.stats().pid) == right
    finally:
        await box.close()


async def test_a_killed_process_is_back_within_a_second_and_the_recording_goes_on(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await _connect(box, alice, bob)
    assert alice.far is not None and bob.far is not None
    recording = await box.client.record(box.folder / "r.wav", alice.far.port_id, bob.far.port_id)
    playback = box.client.play(alice.far.port_id, [PlayTone((2000,), (), -40, duration_ms=1500)])
    killed, began = box.supervisor.stats().pid, time.monotonic()
    _, _, start = await asyncio.gather(_talk(5, alice, bob), _kill(box, 1.2), _bare_start(1.2))
    talked_ms = 1000 * (time.monotonic() - began)
    result = await recording.close()
    # On a busy computer nearly all of the pause is the interpreter's start.
    assert max(alice.longest_pause(), bob.longest_pause()) < max(1, 0.5 + 1.5 * start)
    assert heard_frequency(bob.samples(50)) == 440
    assert heard_frequency(alice.samples(50)) == 1000
    assert box.supervisor.stats().pid not in (0, killed)
    assert box.supervisor.stats().restarts == 1
    assert not result.complete and "restarted" in result.detail
    assert result.duration_ms == pytest.approx(talked_ms, abs=250)
    async with asyncio.timeout(2):
        await playback.finished()


async def _kill(box: Box, after: float) -> None:
    await asyncio.sleep(after)
    os.kill(box.supervisor.stats().pid, signal.SIGKILL)


async def _bare_start(after: float) -> float:
    """Return how many seconds a process takes that only loads what the media process does."""
    await asyncio.sleep(after)
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import firmware.media.process")
    await process.wait()
    return time.monotonic() - began


def _times_woken(pid: int) -> int:
    """Return how often a process has slept of its own will and been woken (proc(5), status)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"^voluntary_ctxt_switches:\s*([0-9]+)", status, re.MULTILINE)
    assert found is not None
    return int(found[1])


async def test_with_nobody_there_it_sleeps_and_is_there_at_once_when_somebody_comes(box: Box) -> None:
    await asyncio.sleep(1.5)
    before, ticks = _times_woken(box.supervisor.stats().pid), box.supervisor.stats().ticks
    began = time.monotonic()
    await asyncio.sleep(3)
    # Two sleeps a tick would be 300; a pulse every 200 ms takes three.
    assert _times_woken(box.supervisor.stats().pid) - before < 120
    passed = (time.monotonic() - began) * 50
    assert box.supervisor.stats().ticks - ticks == pytest.approx(passed, abs=75), (
        "time is counted all the same"
    )
    alice, bob = box.phone(440), box.phone(1000)
    began = time.monotonic()
    await _connect(box, alice, bob)
    assert time.monotonic() - began < 0.15, "two ports are asked for, one after the other"
    await _talk(1, alice, bob)
    assert heard_frequency(bob.samples(30)) == 440


async def test_a_hung_process_is_replaced(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await _connect(box, alice, bob)
    hung = box.supervisor.stats().pid
    os.kill(hung, signal.SIGSTOP)
    await _talk(2.5, alice, bob)
    assert box.supervisor.stats().pid not in (0, hung)
    assert heard_frequency(bob.samples(20)) == 440


async def test_a_new_switch_adopts_the_process_and_closes_what_it_does_not_know(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await _connect(box, alice, bob)
    await _talk(0.3, alice, bob)
    pid = box.supervisor.stats().pid
    assert box.supervisor._task is not None
    box.supervisor._task.cancel()
    await _talk(1, alice, bob)
    assert heard_frequency(bob.samples(30)) == 440
    other = MediaClient()
    adopting = MediaSupervisor(other, box.folder / "media.sock")
    await adopting.start()
    await asyncio.sleep(1.1)
    assert adopting.stats().pid == pid
    assert adopting.stats().ports == 0
    await adopting.stop()


async def test_strangers_are_counted_and_never_heard(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await _connect(box, alice, bob)
    assert alice.far is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        await _talk(0.2, alice, bob)
        for number in range(200):
            noise = build(RtpPacket(PCMU, False, number, 160 * number, 7, bytes(range(160))))
            stranger.sendto(noise, (alice.far.host, alice.far.port))
        await _talk(1.2, alice, bob)
    await asyncio.sleep(1.05)
    assert box.supervisor.stats().strangers == 200
    assert heard_frequency(bob.samples(50)) == 440
    assert longest_gap_ms(bob.samples(50)) < 5


async def test_a_phone_that_sends_from_another_port_than_it_said_is_found(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await _connect(box, alice, bob)
    assert alice.far is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HOST, 0))
        box.client.aim_rtp(alice.far.port_id, RtpRemote(HOST, silent.getsockname()[1], PCMU))
        await _talk(1, alice, bob)
    assert heard_frequency(bob.samples(30)) == 440
    assert heard_frequency(alice.samples(30)) == 1000


async def test_garbage_of_every_size_is_counted_and_the_call_goes_on(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await _connect(box, alice, bob)
    assert alice.far is not None
    await _talk(0.1, alice, bob)
    for size in (0, 1, 11, 12, 500, 2048, 2049, 10_000, 65_000):
        alice.sock.sendto(b"\xa5" * size, (alice.far.host, alice.far.port))
    await _talk(1.5, alice, bob)
    await asyncio.sleep(1.05)
    assert box.supervisor.stats().malformed == 9
    assert longest_gap_ms(bob.samples(50)) < 5


async def test_malformed_control_messages_are_counted_and_nothing_else_happens(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    junk = iter((b"\xc1", b"\x80", b"x" * 10_000, b"\x81\xa4type\xa5hello" * 3))
    with monkeypatch.context() as patch:
        patch.setattr(protocol, "encode", lambda command: next(junk))
        for _ in range(4):
            box.client._tell(protocol.Settled())
    await asyncio.sleep(1.2)
    assert box.supervisor.stats().refused_commands == 4
    assert await box.client.open_rtp(HOST)


async def test_keyed_digits_reach_the_listener(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await _connect(box, alice, bob)
    assert alice.far is not None
    heard: list[PortEvent] = []
    box.client.listen(alice.far.port_id, heard.append)
    for number in range(4):
        event = build(RtpPacket(101, number == 0, number, 5000, 9, bytes([3, 10, 0, 160])))
        alice.sock.sendto(event, (alice.far.host, alice.far.port))
    await asyncio.sleep(0.2)
    assert heard == [DigitHeard("3")]


async def test_a_modem_line_talks_with_a_phone_until_it_is_pulled_out(box: Box) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    port_id = await box.client.open_pcm(os.ttyname(slave), 8000)
    events: list[PortEvent] = []
    box.client.listen(port_id, events.append)
    with pytest.raises(MediaError, match="in use"):
        await box.client.open_pcm(os.ttyname(slave), 8000)
    with pytest.raises(MediaError, match="44100"):
        await box.client.open_pcm(os.ttyname(slave), 44100)
    os.close(slave)
    bob = box.phone(1000)
    bob.far = await box.client.open_rtp(HOST)
    box.client.aim_rtp(bob.far.port_id, bob.remote)
    box.client.route(port_id, [Source(bob.far.port_id)])
    box.client.route(bob.far.port_id, [Source(port_id)])
    caller = tone(440, 2).tobytes()
    heard = b""
    for at in range(0, len(caller), 320):
        os.write(master, caller[at : at + 320])
        await _talk(0.02, bob)
        with contextlib.suppress(BlockingIOError):
            heard += os.read(master, 4096)
    assert heard_frequency(np.frombuffer(heard[-16000:], "<i2").astype(np.int16)) == 1000
    assert heard_frequency(bob.samples(50)) == 440
    os.close(master)
    await asyncio.sleep(0.2)
    assert len(events) == 1 and isinstance(events[0], PortFailed)


async def test_a_modem_line_that_was_pulled_out_is_opened_again_in_the_same_call(box: Box) -> None:
    first, second = pty.openpty(), pty.openpty()
    for _, slave in (first, second):
        tty.setraw(slave)
    port_id = await box.client.open_pcm(os.ttyname(first[1]), 8000)
    events: list[PortEvent] = []
    box.client.listen(port_id, events.append)
    bob = box.phone(1000)
    bob.far = await box.client.open_rtp(HOST)
    box.client.aim_rtp(bob.far.port_id, bob.remote)
    box.client.route(bob.far.port_id, [Source(port_id)])
    recording = await box.client.record(box.folder / "r.wav", port_id, bob.far.port_id)
    began = time.monotonic()
    await _talk(0.3, bob)
    os.close(first[0])
    await _talk(0.3, bob)
    assert [type(event) for event in events] == [PortFailed]
    with pytest.raises(MediaError, match="no-such"):
        await box.client.reopen_pcm(port_id, "/dev/no-such-modem", 8000)
    await box.client.reopen_pcm(port_id, os.ttyname(second[1]), 8000)
    caller = tone(440, 2).tobytes()
    for at in range(0, len(caller), 320):
        os.write(second[0], caller[at : at + 320])
        await _talk(0.02, bob)
    assert heard_frequency(bob.samples(50)) == 440
    result = await recording.close()
    assert result.complete
    assert result.duration_ms == pytest.approx(1000 * (time.monotonic() - began), abs=300)
    for descriptor in (first[1], *second):
        os.close(descriptor)


async def test_two_calls_share_a_modems_device_and_the_one_that_rests_hears_and_says_nothing(
    box: Box,
) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    device = os.ttyname(slave)
    first = await box.client.open_pcm(device, 8000)
    listeners = [box.phone(1000), box.phone(1300)]
    for phone in listeners:
        phone.far = await box.client.open_rtp(HOST)
        box.client.aim_rtp(phone.far.port_id, phone.remote)
    caller = tone(440, 3).tobytes()

    async def both_ways(at_ms: int) -> bytes:
        heard = b""
        for at in range(16 * at_ms, 16 * at_ms + 16 * 600, 320):
            os.write(master, caller[at : at + 320])
            await _talk(0.02, *listeners)
            with contextlib.suppress(BlockingIOError):
                heard += os.read(master, 4096)
        return heard

    def bridge(port: PortId, phone: SoftPhone) -> None:
        assert phone.far is not None
        box.client.route(phone.far.port_id, [Source(port)])
        box.client.route(port, [Source(phone.far.port_id)])

    bridge(first, listeners[0])
    await both_ways(0)
    assert heard_frequency(listeners[0].samples(25)) == 440
    box.client.rest_pcm(first)
    second = await box.client.open_pcm(device, 8000)
    bridge(second, listeners[1])
    said = await both_ways(600)
    assert heard_frequency(listeners[1].samples(25)) == 440
    assert not np.any(listeners[0].samples(20))
    assert heard_frequency(np.frombuffer(said[-4800:], "<i2").astype(np.int16)) == 1300
    box.client.rest_pcm(second)
    await box.client.reopen_pcm(first, device, 8000)
    said = await both_ways(1200)
    assert heard_frequency(listeners[0].samples(20)) == 440
    assert not np.any(listeners[1].samples(20))
    assert heard_frequency(np.frombuffer(said[-4800:], "<i2").astype(np.int16)) == 1000
    for descriptor in (master, slave):
        os.close(descriptor)
