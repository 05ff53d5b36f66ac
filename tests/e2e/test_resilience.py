"""Things die in mid-call: the modem, the media process, the switch."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from firmware.control.client import NoSwitch
from firmware.core.causes import Cause
from firmware.core.records import EntryKind, Outcome
from firmware.sim.listening import find_tone, read_wav
from tests.e2e.box import Box, dump

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(120)]


async def test_the_modem_vanishes_and_comes_back_under_another_tty(box: Box) -> None:
    phone = await box.phone("101", auto_answer=True)
    await box.talking()
    await asyncio.sleep(1)
    tty = (box.paths.run / "gsm1-at").resolve()
    await box.world.unplug()
    await phone.event("CALL_CLOSED")
    journey = await box.journey()
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert journey.cause is Cause.NETWORK_OUT_OF_ORDER
    assert journey.hung_up_by == "line gsm1"
    faults = [entry.text for entry in journey.timeline if entry.kind is EntryKind.FAULT]
    assert any("vanished" in fault for fault in faults), dump(journey)
    await box.until(lambda: _line_state(box, "down"))
    await box.world.replug()
    await box.simulation.until_line_ready()
    assert (box.paths.run / "gsm1-at").resolve() != tty
    caller = await box.talking("13900139000")
    await caller.hang_up()
    again = await box.journey(2)
    assert again.outcome is Outcome.ANSWERED, dump(again)


async def _line_state(box: Box, state: str) -> bool:
    return (await box.status()).lines[0].state == state


async def test_the_media_process_is_killed_and_the_call_goes_on(box: Box) -> None:
    phone = await box.phone("101", auto_answer=True)
    caller = await box.talking()
    await asyncio.sleep(2)
    before = next(process for process in (await box.status()).processes if process.name == "media")
    os.kill(before.pid, signal.SIGKILL)
    await asyncio.sleep(4)
    after = next(process for process in (await box.status()).processes if process.name == "media")
    assert after.pid != before.pid
    await caller.hang_up()
    await phone.event("CALL_CLOSED")
    journey = await box.journey()
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert journey.hung_up_by == "caller"
    for samples, hertz in ((box.heard_by(phone), 440), (box.heard("13800138000"), 1000)):
        heard = find_tone(samples, 8000, hertz)
        assert heard is not None
        assert heard.lasted_seconds > 5.0
        assert heard.longest_gap_ms < 1000
    for samples, hertz in zip(box.recording(journey), (440, 1000), strict=True):
        recorded = find_tone(samples, 8000, hertz)
        assert recorded is not None
        assert recorded.longest_gap_ms < 1000


async def test_the_switch_is_killed_and_every_ended_call_has_its_record(box: Box) -> None:
    await box.phone("101", auto_answer=True)
    first = await box.talking("13900139000")
    await asyncio.sleep(1)
    await first.hang_up()
    ended = await box.journey()
    await box.talking()
    talk_seconds = 4.0
    await asyncio.sleep(talk_seconds)
    running = await box.live()
    killed = box.simulation.switch.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    at_kill = box.paths.recordings / running.recordings[0].path
    rate, samples = read_wav(at_kill)
    assert len(samples) / rate > talk_seconds - 1
    assert find_tone(samples[:, 0], rate, 440) is not None
    assert find_tone(samples[:, 1], rate, 1000) is not None

    await box.until(lambda: _restarted(box))
    interrupted = await box.journey(2)
    assert interrupted.id == running.id
    assert interrupted.outcome is Outcome.INTERRUPTED, dump(interrupted)
    (recording,) = interrupted.recordings
    assert recording.duration_ms is not None
    assert recording.duration_ms > (talk_seconds - 1) * 1000
    assert _length_ms(at_kill) == pytest.approx(recording.duration_ms, abs=40)
    assert ended.id in [journey.id for journey in await box.journeys()]
    await box.simulation.until_line_ready()
    again = await box.calls("13800138000")
    await again.answered()
    await again.hang_up()


async def _restarted(box: Box) -> bool:
    try:
        return (await box.status()).live_calls == 0
    except NoSwitch:
        return False


def _length_ms(path: Path) -> float:
    rate, samples = read_wav(path)
    return len(samples) / rate * 1000


async def test_a_stopped_media_process_is_noticed_and_replaced(box: Box) -> None:
    await box.phone("101", auto_answer=True)
    caller = await box.talking()
    hung = next(process for process in (await box.status()).processes if process.name == "media")
    os.kill(hung.pid, signal.SIGSTOP)
    began = time.monotonic()

    async def replaced() -> bool:
        media = [process for process in (await box.status()).processes if process.name == "media"]
        return bool(media) and media[0].pid != hung.pid

    await box.until(replaced)
    assert time.monotonic() - began < 3
    await caller.hang_up()
    assert (await box.journey()).outcome is Outcome.ANSWERED
