"""Real time, real ptys: the line and the simulated world as processes use them."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import struct
import sys
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from hal.fake.control import World, WorldError
from hal.fake.modem_on_ptys import ModemOnPtys
from hal.fake.network import PartyScript
from hal.line import (
    AudioReady,
    CallEnded,
    CallerWaits,
    EndReason,
    HoldingLine,
    IncomingCall,
    Line,
    LineState,
    MessagingLine,
    SmsReceived,
    SmsSendResult,
    UssdReply,
)
from hal.modems.build import build_line
from tests.contracts.line_contract import Heard

pytestmark = pytest.mark.e2e

THOUSAND_HERTZ = b"".join(struct.pack("<h", int(8000 * math.sin(math.tau * n / 8))) for n in range(160))
THOUSAND_HERTZ_WIDE = b"".join(struct.pack("<h", int(8000 * math.sin(math.tau * n / 16))) for n in range(320))
"""The same 20 ms at 16 kHz."""


@contextlib.asynccontextmanager
async def ready_line(folder: Path, model: str = "sim7600") -> AsyncIterator[tuple[Line, Heard]]:
    entry = {"name": "gsm1", "kind": "gsm", "model": model, "at": "{run}/at", "pcm": "{run}/pcm"}
    line = build_line(entry, str(folder))
    heard = Heard(line)
    await line.start()
    try:
        await heard.state(line, LineState.READY)
        yield line, heard
    finally:
        await line.stop()


async def talk_through_pcm(device: str, seconds: float, writes: bytes = THOUSAND_HERTZ) -> bytes:
    """Be the media process: write a frame every 20 ms, and return what was read."""
    port = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    read = b""
    deadline = time.monotonic()
    try:
        for _ in range(round(seconds / 0.02)):
            os.write(port, writes)
            deadline += 0.02
            await asyncio.sleep(max(0.0, deadline - time.monotonic()))
            with contextlib.suppress(BlockingIOError):
                read += os.read(port, 4096)
    finally:
        os.close(port)
    return read


def _samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as wav:
        return np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")


def strongest(samples: bytes) -> float:
    """Return the strongest frequency in Hz."""
    values = np.frombuffer(samples[: len(samples) // 2 * 2], dtype="<i2")
    spectrum = np.abs(np.fft.rfft(values * np.hanning(len(values))))
    return float(np.argmax(spectrum) * 8000 / len(values))


async def test_a_call_with_audio_both_ways_and_a_modem_that_comes_back_under_another_number(
    tmp_path: Path,
) -> None:
    world = ModemOnPtys(tmp_path / "at", tmp_path / "pcm")
    world.start()
    try:
        async with ready_line(tmp_path) as (line, heard):
            world.call(PartyScript("13800138000", play=("tone:440",), hear=str(tmp_path / "heard.wav")))
            await heard.next(IncomingCall)
            await line.answer()
            audio = (await heard.next(AudioReady)).audio
            read = await talk_through_pcm(audio.device, 1.0)
            assert strongest(read) == pytest.approx(440, abs=5)
            # 50 frames, give or take those under way; a stalled or doubled pump is far off.
            assert 45 * 320 <= len(read) <= 52 * 320
            device_before = (tmp_path / "at").readlink()
            world.unplug()
            assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_LOST
            assert line.state is LineState.DOWN
            world.plug()
            await heard.state(line, LineState.READY)
            assert (tmp_path / "at").readlink() != device_before
    finally:
        world.stop()
    with wave.open(str(tmp_path / "heard.wav")) as wav:
        hears = wav.readframes(wav.getnframes())
    loud = np.flatnonzero(np.frombuffer(hears, dtype="<i2"))
    voice = hears[2 * int(loud[0]) : 2 * int(loud[-1])]
    assert strongest(voice) == pytest.approx(1000, abs=5)
    assert len(voice) >= 40 * 320
    assert world.pump.buffer.underruns <= 2


async def test_who_is_on_hold_hears_nothing_and_two_who_are_joined_hear_each_other(tmp_path: Path) -> None:
    world = ModemOnPtys(tmp_path / "at", tmp_path / "pcm")
    world.start()
    ears = [tmp_path / "first.wav", tmp_path / "second.wav"]
    try:
        async with ready_line(tmp_path) as (line, heard):
            assert isinstance(line, HoldingLine)
            scripts = [
                PartyScript(number, play=(said,), loop=True, hear=str(ear))
                for number, said, ear in zip(
                    ("13800138000", "13900139000"), ("tone:440", "tone:700"), ears, strict=True
                )
            ]
            world.call(scripts[0])
            await heard.next(IncomingCall)
            await line.answer()
            device = (await heard.next(AudioReady)).audio.device
            world.call(scripts[1])
            await heard.next(CallerWaits)
            await line.swap()
            assert strongest(await talk_through_pcm(device, 1.0)) == pytest.approx(700, abs=5)
            await line.join()
            both = np.abs(np.fft.rfft(np.frombuffer(await talk_through_pcm(device, 1.0), dtype="<i2")[:8000]))
            # A second at 8000 Hz: the index is the frequency.
            assert {int(peak) for peak in np.argsort(both)[-2:]} == {440, 700}
            await line.hang_up_held()
            await line.hang_up()
    finally:
        world.stop()
    first, second = (_samples(ear) for ear in ears)
    # The first was on hold while the second talked for a second.
    assert max(len(run) for run in np.split(first, np.flatnonzero(first))) > 8000
    for heard_by, frequency in ((first, 700), (second, 440)):
        # Joined for a second and a bit, at the end of the first's and near the end of the second's call.
        spectrum = np.abs(np.fft.rfft(heard_by[-9600:-1600]))
        assert spectrum[frequency] > 10 * spectrum[560]


async def test_a_wideband_modem_carries_16_khz_both_ways_also_after_a_restart(tmp_path: Path) -> None:
    world = ModemOnPtys(tmp_path / "at", tmp_path / "pcm")
    world.start()
    try:
        async with ready_line(tmp_path, "sim7600-wideband") as (line, heard):
            for count in (1, 2):
                world.call(PartyScript("13800138000", play=("tone:440",), hear=str(tmp_path / "heard.wav")))
                await heard.next(IncomingCall, count)
                await line.answer()
                audio = (await heard.next(AudioReady, count)).audio
                assert audio.sample_rate == 16000
                began = time.monotonic()
                read = await talk_through_pcm(audio.device, 1.0, THOUSAND_HERTZ_WIDE)
                frames_gone_by = 50 * (time.monotonic() - began)
                # Taken for 8 kHz, it is an octave too low.
                assert strongest(read) == pytest.approx(220, abs=5)
                assert 45 * 640 <= len(read) <= (frames_gone_by + 2) * 640
                world.unplug()
                await heard.state(line, LineState.DOWN)
                world.plug()
                await heard.state(line, LineState.READY)
    finally:
        world.stop()
    with wave.open(str(tmp_path / "heard.wav")) as wav:
        hears = wav.readframes(wav.getnframes())
    loud = np.flatnonzero(np.frombuffer(hears, dtype="<i2"))
    assert strongest(hears[2 * int(loud[0]) : 2 * int(loud[-1])]) == pytest.approx(1000, abs=5)


async def test_a_busy_loop_does_not_disturb_the_audio(tmp_path: Path) -> None:
    world = ModemOnPtys(tmp_path / "at", tmp_path / "pcm")
    world.start()
    try:
        before, began = world.pump.ticks, time.monotonic()
        while time.monotonic() - began < 0.5:
            sum(range(1000))
        assert 23 <= world.pump.ticks - before <= 27
    finally:
        world.stop()


async def test_odd_writes_lose_no_byte(tmp_path: Path) -> None:
    world = ModemOnPtys(tmp_path / "at", tmp_path / "pcm")
    world.start()
    try:
        async with ready_line(tmp_path) as (line, heard):
            world.call(PartyScript("13800138000", hear=str(tmp_path / "heard.wav")))
            await heard.next(IncomingCall)
            await line.answer()
            port = os.open((await heard.next(AudioReady)).audio.device, os.O_RDWR | os.O_NONBLOCK)
            await asyncio.sleep(0.1)
            ramp = struct.pack("<800h", *range(1, 801))
            for begin in range(0, len(ramp), 333):
                os.write(port, ramp[begin : begin + 333])
            await asyncio.sleep(0.3)
            os.close(port)
    finally:
        world.stop()
    with wave.open(str(tmp_path / "heard.wav")) as wav:
        values = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
    assert values[values != 0].tolist() == list(range(1, 801))


async def test_a_writer_that_runs_ahead_is_cut_and_counted_instead_of_delaying_the_call(
    tmp_path: Path,
) -> None:
    world = ModemOnPtys(tmp_path / "at", tmp_path / "pcm")
    world.start()
    try:
        async with ready_line(tmp_path) as (line, heard):
            world.call(PartyScript("13800138000"))
            await heard.next(IncomingCall)
            await line.answer()
            await talk_through_pcm((await heard.next(AudioReady)).audio.device, 0.5, THOUSAND_HERTZ * 2)
        assert world.pump.buffer.dropped_bytes > 10 * 320
    finally:
        world.stop()


@contextlib.asynccontextmanager
async def fake_process(folder: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    links = ["--at-link", folder / "at", "--pcm-link", folder / "pcm", "--control", folder / "world.sock"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hal.fake", "gsm", *map(str, links), *options
    )
    try:
        async with asyncio.timeout(10):
            while not (folder / "world.sock").exists():
                await asyncio.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_the_simulated_world_is_a_process_with_a_remote_control(tmp_path: Path) -> None:
    async with (
        fake_process(tmp_path) as process,
        ready_line(tmp_path) as (line, heard),
        World(tmp_path / "world.sock") as world,
    ):
        caller = await world.call(PartyScript("13800138000", digits="12", digits_after=0.1, digit_gap=0.1))
        await caller.ringing()
        await heard.next(IncomingCall)
        await line.answer()
        await caller.answered()
        await heard.next(AudioReady)
        assert (await world.state())["audio"] is True
        await caller.press("3")
        await caller.hang_up()
        assert await caller.ended() == "party hung up"
        assert (await heard.next(CallEnded)).reason is EndReason.REMOTE_HANG_UP
        assert [h.word for h in caller.history if h.word != "pressed"] == [
            "dialled", "ringing", "answered", "ended"
        ]  # fmt: skip
        await world.set_number("10086", "busy")
        await heard.state(line, LineState.READY)
        await line.dial("10086")
        assert (await heard.next(CallEnded, 2)).reason is EndReason.BUSY
        await world.text("10086", "您好" * 100)
        await world.set_code("*101#", "42 yuan")
        assert (await heard.next(SmsReceived)).text == "您好" * 100
        assert isinstance(line, MessagingLine)
        await line.send_sms("m1", "13900139000", "Thanks")
        await heard.next(SmsSendResult)
        assert (await world.texts())["sent"] == [{"number": "13900139000", "text": "Thanks"}]
        await line.send_ussd("*101#")
        assert (await heard.next(UssdReply)).text == "42 yuan"
        await world.unplug()
        await heard.state(line, LineState.DOWN)
        await world.replug()
        await heard.state(line, LineState.READY)
        history = await world.history()
        assert "ATA" in [entry["command"] for entry in history["commands"]]
        with pytest.raises(WorldError, match="no such call"):
            await caller.press("1")
        with pytest.raises(WorldError, match=r"missing\.wav"):
            await world.call(PartyScript(play=("/missing.wav",)))
        with pytest.raises(WorldError, match="quirk"):
            await world.set_quirk("nonsense", 1)
        with pytest.raises(WorldError, match="'do'"):
            await world.request("nonsense")
        with pytest.raises(WorldError, match="malformed"):
            await world.request("registration", stat="x")
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        rss_kb = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
        assert rss_kb < 40_000


async def test_a_world_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="isn't running"):
        await World(tmp_path / "none.sock").connect()
