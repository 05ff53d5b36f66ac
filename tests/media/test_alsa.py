"""A real ALSA card, as a JACK server without hardware makes one; see test-rigs.

engine ─► alsa:loop ─► JACK loopback ─► alsa:loop ─► engine
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import MediaError, PlayTone, PortEvent, PortFailed, Source
from firmware.media.alsa import AlsaPcm
from firmware.media.client import MediaClient
from firmware.media.supervisor import MediaSupervisor
from tests.media.rig import heard_frequency
from tests.media.test_recorder import stereo

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd2 is not installed"),
]

_CONFIG = """</usr/share/alsa/alsa.conf>
pcm.out {{ type jack playback_ports {{ 0 "loopback:playback_1" }} }}
pcm.in {{ type jack capture_ports {{ 0 "loopback:capture_1" }} }}
pcm.loop {{ type plug slave.pcm {{ type asym playback.pcm "out" capture.pcm "in" }} }}
"""


@pytest.fixture
def jack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """Run a JACK server of 8000 Hz whose output comes back as its input, and ALSA devices on it."""
    # Always the same: JACK keeps a small register of servers, and takes up a name again that was left in it.
    name = "zongji-test"
    environment = {**os.environ, "JACK_NO_AUDIO_RESERVATION": "1", "JACK_DEFAULT_SERVER": name}
    command = [
        "jackd",
        "--realtime",
        "-P",
        "5",
        "-n",
        name,
        "-L",
        "1",
        "-d",
        "dummy",
        "-r",
        "8000",
        "-p",
        "32",
    ]
    server = subprocess.Popen(
        [*command, "-C", "1", "-P", "1"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    config = tmp_path / "asound.conf"
    config.write_text(_CONFIG.format(name=name))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    yield server
    server.terminate()
    server.wait(10)


def _opened(device: str) -> AlsaPcm:
    card = AlsaPcm(device)
    deadline = time.monotonic() + 5
    try:
        while not card.ready() and time.monotonic() < deadline:
            time.sleep(0.02)
    except MediaError:
        card.close()
        raise
    return card


async def _card(client: MediaClient) -> PortId:
    """Open the card as soon as the server has it."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await client.open_pcm("alsa:loop", 8000)
            except MediaError:
                await asyncio.sleep(0.2)


def test_a_card_that_is_not_there_is_refused_with_its_name() -> None:
    with pytest.raises(MediaError, match="alsa:nonsense"):
        _opened("alsa:nonsense")


async def test_what_is_played_to_a_card_comes_back_whole(
    jack: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    client = MediaClient()
    supervisor = MediaSupervisor(client, tmp_path / "media.sock", "23200-23299")
    await supervisor.start()
    try:
        port = await _card(client)
        client.play(port, [PlayTone((440,), (), -10)])
        recording = await client.record(tmp_path / "r.wav", port, port)
        await asyncio.sleep(8)
        result = await recording.close()
        heard, _ = stereo(tmp_path / "r.wav")
        sound = heard[np.flatnonzero(np.abs(heard) > 2000)[0] :]
        loud = np.flatnonzero(np.abs(sound) > 500)
        steps = np.diff(loud)
        gaps = np.flatnonzero(steps > 40)
        stretches = np.diff(np.concatenate(([0], loud[gaps], [len(sound)]))) / 8000
        print(
            f"heard after {(len(heard) - len(sound)) / 8:.0f} ms, {len(gaps)} gaps of "
            f"{steps[gaps].sum() / 8:.0f} ms in all, longest stretch without {stretches.max():.1f} s"
        )
        assert result.complete
        assert len(sound) > 6 * 8000
        assert heard_frequency(sound[8000:40000]) == 440
        # A sound server on a busy computer stalls now and then, whatever its clients do.
        assert stretches.max() > 2
        assert steps[gaps].sum() < 0.1 * len(sound)
    finally:
        await supervisor.stop()


async def test_a_dead_sound_server_ends_the_port_and_no_tick(
    jack: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    client = MediaClient()
    supervisor = MediaSupervisor(client, tmp_path / "media.sock", "23200-23299")
    await supervisor.start()
    try:
        port = await _card(client)
        other = await client.open_rtp("127.0.0.1")
        client.route(port, [Source(other.port_id)])
        events: list[PortEvent] = []
        client.listen(port, events.append)
        await asyncio.sleep(1)
        jack.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(3)
        finally:
            jack.send_signal(signal.SIGCONT)
        assert [type(event) for event in events] == [PortFailed]
        await asyncio.sleep(1)
        assert supervisor.stats().restarts == 0
        assert supervisor.stats().overruns == 0
        await client.reopen_pcm(port, "alsa:loop", 8000)
        jack.terminate()
        await asyncio.sleep(3)
        assert [type(event) for event in events] == [PortFailed] * 2
        with pytest.raises(MediaError):
            await client.reopen_pcm(port, "alsa:loop", 8000)
        assert supervisor.stats().restarts == 0
    finally:
        await supervisor.stop()
