"""Programs made by others against our fakes: vgetty's `vm` on the voice modem, gammu on the GSM modem."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from hal.fake.modem_on_ptys import ModemOnPtys
from hal.fake.network import PartyScript
from hal.fake.voice_commands import FORMATS
from hal.fake.voice_modem import VoiceQuirks
from hal.fake.voice_on_pty import VoiceModemOnPty

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


async def run(*command: str | Path, seconds: float = 40.0) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(seconds):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        said, _ = await process.communicate()
        pytest.fail(f"{command[0]} doesn't end: {said.decode(errors='replace')[-2000:]}")
    return process.returncode or 0, said.decode(errors="replace")


async def test_gammu_identifies_the_modem_and_sends_a_message(tmp_path: Path) -> None:
    assert shutil.which("gammu"), "gammu isn't installed"
    world = ModemOnPtys(tmp_path / "at", tmp_path / "pcm")
    world.start()
    try:
        await asyncio.sleep(1)
        config = tmp_path / "gammurc"
        config.write_text(f"[gammu]\ndevice = {tmp_path / 'at'}\nconnection = at115200\n")
        status, said = await run("gammu", "-c", config, "identify")
        assert "SIMCOM" in said, said
        status, said = await run(
            "gammu", "-c", config, "sendsms", "TEXT", "13900139000", "-text", "hello from gammu"
        )
        assert status == 0, said
        assert [(one.number, one.text) for one in world.network.texts.joined()] == [
            ("13900139000", "hello from gammu")
        ]
    finally:
        world.stop()


def _amplitude(samples: bytes, hertz: int) -> float:
    values = struct.unpack(f"<{len(samples) // 2}h", samples[: len(samples) // 2 * 2])
    real = sum(v * math.cos(2 * math.pi * hertz * n / 8000) for n, v in enumerate(values))
    imaginary = sum(v * math.sin(2 * math.pi * hertz * n / 8000) for n, v in enumerate(values))
    return 2 * math.hypot(real, imaginary) / max(1, len(values))


class _Ear:
    def __init__(self) -> None:
        self.samples = bytearray()

    def hear(self, frame: bytes) -> None:
        self.samples += frame


@pytest.fixture
def telephone_line() -> Iterator[tuple[VoiceModemOnPty, str]]:
    """A voice modem where `vm` looks for one: in /dev."""
    name = f"ttyzj{os.getpid()}"
    yield VoiceModemOnPty(Path("/dev") / name, VoiceQuirks(maker="V.253", formats=FORMATS["generic"])), name
    (Path("/dev") / name).unlink(missing_ok=True)


async def test_vgettys_vm_plays_a_message_to_a_caller(
    telephone_line: tuple[VoiceModemOnPty, str], tmp_path: Path
) -> None:
    world, name = telephone_line
    with wave.open(str(tmp_path / "t.wav"), "wb") as wav:
        wav.setparams((1, 2, 8000, 0, "NONE", ""))
        wav.writeframes(
            b"".join(
                struct.pack("<h", round(9000 * math.sin(2 * math.pi * 440 * n / 8000))) for n in range(16000)
            )
        )
    await run("wavtopvf", tmp_path / "t.wav", tmp_path / "t.pvf")
    await run("pvftormd", "V253modem", "8", tmp_path / "t.pvf", tmp_path / "t.rmd")
    world.start()
    try:
        ear = _Ear()
        call = world.network.call(PartyScript("13800138000"))
        call.ear = ear  # type: ignore[assignment]
        status, said = await run("vm", "play", "-v", "-x", "6", "-l", name, tmp_path / "t.rmd")
        assert status == 0, said
        assert _amplitude(bytes(ear.samples[4000:20000]), 440) == pytest.approx(9000, rel=0.2)
    finally:
        world.stop()


async def test_vgettys_vm_records_a_caller(
    telephone_line: tuple[VoiceModemOnPty, str], tmp_path: Path
) -> None:
    world, name = telephone_line
    world.start()
    try:
        world.network.call(PartyScript("13800138000", play=("tone:1000:-10",)))
        status, said = await run(
            "vm", "record", "-c", "8", "-L", "3", "-T", "2", "-l", name, tmp_path / "r.rmd"
        )
        assert status == 0, said
    finally:
        world.stop()
    await run("rmdtopvf", tmp_path / "r.rmd", tmp_path / "r.pvf")
    await run("pvftowav", tmp_path / "r.pvf", tmp_path / "r.wav")
    with wave.open(str(tmp_path / "r.wav"), "rb") as wav:
        heard = wav.readframes(wav.getnframes())
        if wav.getsampwidth() == 1:
            heard = b"".join(struct.pack("<h", (octet - 128) << 8) for octet in heard)
    assert len(heard) > 16000
    assert _amplitude(heard[4000:16000], 1000) == pytest.approx(7100, rel=0.2)
