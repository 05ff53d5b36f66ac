"""The real process over loopback: what a caller notices when things go wrong around it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.media import (
    PCMA,
    PCMU,
    DigitHeard,
    PlayTone,
    PortEvent,
    RtpRemote,
)
from firmware.media import protocol
from firmware.media.client import MediaClient
from firmware.media.realtime import descriptors
from firmware.media.rtp import RtpPacket, build
from firmware.media.supervisor import MediaSupervisor
from tests.media.box import HOST, Box, connect, talk
from tests.media.rig import heard_frequency, level_db, longest_gap_ms, tone

pytestmark = pytest.mark.e2e


async def test_two_phones_talk_and_the_call_is_recorded(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000, PCMA)
    await connect(box, alice, bob)
    assert alice.far is not None and bob.far is not None
    recording = await box.client.record(box.folder / "r.wav", alice.far.port_id, bob.far.port_id)
    await talk(2, alice, bob)
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


async def test_it_has_room_for_all_its_descriptors_before_it_has_threads(box: Box) -> None:
    # Where the kernel's table grows later, ticks are late by 5 to 12 ms.
    status = Path(f"/proc/{box.supervisor.stats().pid}/status").read_text()
    size = re.search(r"FDSize:\s+(\d+)", status)
    assert size is not None and int(size[1]) >= descriptors()


async def test_a_killed_process_is_back_within_a_second_and_the_recording_goes_on(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await connect(box, alice, bob)
    assert alice.far is not None and bob.far is not None
    recording = await box.client.record(box.folder / "r.wav", alice.far.port_id, bob.far.port_id)
    playback = box.client.play(alice.far.port_id, [PlayTone((2000,), (), -40, duration_ms=1500)])
    killed, began = box.supervisor.stats().pid, time.monotonic()
    _, _, start = await asyncio.gather(talk(5, alice, bob), _kill(box, 1.2), _bare_start(1.2))
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
    await connect(box, alice, bob)
    assert time.monotonic() - began < 0.15, "two ports are asked for, one after the other"
    await talk(1, alice, bob)
    assert heard_frequency(bob.samples(30)) == 440


async def test_a_hung_process_is_replaced(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await connect(box, alice, bob)
    hung = box.supervisor.stats().pid
    os.kill(hung, signal.SIGSTOP)
    async with asyncio.timeout(20):
        while box.supervisor.stats().pid in (0, hung):
            await talk(0.1, alice, bob)
    bob.heard.clear()
    await talk(1, alice, bob)
    assert heard_frequency(bob.samples(20)) == 440


async def test_what_a_stopped_computer_left_out_is_not_hurried_through(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await connect(box, alice, bob)
    await talk(0.5, alice, bob)
    pid = box.supervisor.stats().pid
    os.kill(pid, signal.SIGSTOP)
    await talk(0.7, alice, bob)
    bob.heard.clear()
    began = time.monotonic()
    os.kill(pid, signal.SIGCONT)
    await talk(1, alice, bob)
    due = (time.monotonic() - began) / 0.02
    # 0.2 s are made up for, which the phone's own reserve may be short of; 0.7 s would be a burst.
    assert len(bob.heard) < due + 15
    await asyncio.sleep(1.05)
    stats = box.supervisor.stats()
    assert (stats.pid, stats.restarts) == (pid, 0)
    assert stats.overruns >= 20


async def test_a_switch_that_stood_still_itself_blames_nobody(box: Box) -> None:
    await asyncio.sleep(1.1)
    pid = box.supervisor.stats().pid
    for _ in range(3):
        asyncio.get_running_loop().call_soon(time.sleep, 1.3)
        await asyncio.sleep(0.3)
    stats = box.supervisor.stats()
    assert (stats.pid, stats.restarts) == (pid, 0)


async def test_a_process_of_another_version_makes_room(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await connect(box, alice, bob)
    older = box.supervisor.stats().pid
    box.client._tell(protocol.Hello(protocol.VERSION + 1))
    async with asyncio.timeout(20):
        while box.supervisor.stats().pid in (0, older):
            await talk(0.1, alice, bob)
        heard = 0.0
        while heard != 440:
            bob.heard.clear()
            await talk(1, alice, bob)
            heard = heard_frequency(bob.samples(20))


async def test_a_new_switch_adopts_the_process_and_closes_what_it_does_not_know(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await connect(box, alice, bob)
    await talk(0.3, alice, bob)
    pid = box.supervisor.stats().pid
    assert box.supervisor._task is not None
    box.supervisor._task.cancel()
    await talk(1, alice, bob)
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
    await connect(box, alice, bob)
    assert alice.far is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        await talk(0.2, alice, bob)
        for number in range(200):
            noise = build(RtpPacket(PCMU, False, number, 160 * number, 7, bytes(range(160))))
            stranger.sendto(noise, (alice.far.host, alice.far.port))
        await talk(1.2, alice, bob)
    await asyncio.sleep(1.05)
    assert box.supervisor.stats().strangers == 200
    assert heard_frequency(bob.samples(50)) == 440
    assert longest_gap_ms(bob.samples(50)) < 5


@pytest.mark.parametrize(("host", "alice_talks"), [("127.0.0.2", False), (HOST, True)])
async def test_nobody_else_is_latched_to(box: Box, host: str, alice_talks: bool) -> None:
    """Not another host while the phone is silent, not another port of its own host while it talks."""
    alice, bob = box.phone(440), box.phone(1000)
    await connect(box, alice, bob)
    assert alice.far is not None
    talking = (alice, bob) if alice_talks else (bob,)
    await talk(0.8, *talking)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((host, 0))
        for number in range(50):
            noise = build(RtpPacket(PCMU, False, number, 160 * number, 8, bytes(range(160))))
            stranger.sendto(noise, (alice.far.host, alice.far.port))
            await talk(0.02, *talking)
    heard = bob.samples(25)
    assert heard_frequency(heard) == 440 if alice_talks else not heard.any()
    await talk(1.1, *talking)
    assert box.supervisor.stats().strangers == 50


async def test_a_phone_that_sends_from_another_port_than_it_said_is_found(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await connect(box, alice, bob)
    assert alice.far is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HOST, 0))
        box.client.aim_rtp(alice.far.port_id, RtpRemote(HOST, silent.getsockname()[1], PCMU))
        await talk(1, alice, bob)
    assert heard_frequency(bob.samples(30)) == 440
    assert heard_frequency(alice.samples(30)) == 1000


async def test_garbage_of_every_size_is_counted_and_the_call_goes_on(box: Box) -> None:
    alice, bob = box.phone(440), box.phone(1000)
    await connect(box, alice, bob)
    assert alice.far is not None
    await talk(0.1, alice, bob)
    for size in (0, 1, 11, 12, 500, 2048, 2049, 10_000, 65_000):
        alice.sock.sendto(b"\xa5" * size, (alice.far.host, alice.far.port))
    await talk(1.5, alice, bob)
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
    await connect(box, alice, bob)
    assert alice.far is not None
    heard: list[PortEvent] = []
    box.client.listen(alice.far.port_id, heard.append)
    for number in range(4):
        event = build(RtpPacket(101, number == 0, number, 5000, 9, bytes([3, 10, 0, 160])))
        alice.sock.sendto(event, (alice.far.host, alice.far.port))
    await asyncio.sleep(0.2)
    assert heard == [DigitHeard("3")]
