"""A GSM call whose audio is a real ALSA card: Quectel's USB audio class, with JACK for the kernel's driver.

office's recorder ◄─ media process ◄─ alsa:office ◄─ JACK ◄─ alsa:modem ◄─ the party's tone
office's tone ─► media process ─► alsa:office ─► JACK ─► alsa:modem ─► what the party hears
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from firmware.core.causes import Side
from firmware.core.leg import LegState
from firmware.core.media import MediaError, PlayTone
from firmware.media.alsa import AlsaPcm
from firmware.media.client import MediaClient
from firmware.media.supervisor import MediaSupervisor
from firmware.sim.listening import Samples, find_tone, read_wav
from firmware.trunks.line_leg import LineLeg
from firmware.trunks.trunks import Trunks
from hal.fake.audio import FRAME_SAMPLES, sines
from hal.fake.dialects import DIALECTS
from hal.fake.modem_on_ptys import ModemOnPtys
from hal.fake.network import PartyScript
from hal.line import LineState
from hal.modems.build import build_line

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd2 is not installed"),
]

SERVER = "zongji-test"
PARTY_HZ, OFFICE_HZ, SENT_DBM0 = 440, 1000, -10.0
SENT_DBFS = SENT_DBM0 - 6.15
TALK_S = 8.0

_CONFIG = """</usr/share/alsa/alsa.conf>
pcm.office_out { type jack playback_ports { 0 "loopback:playback_1" } }
pcm.office_in { type jack capture_ports { 0 "loopback:capture_2" } }
pcm.modem_out { type jack playback_ports { 0 "loopback:playback_2" } }
pcm.modem_in { type jack capture_ports { 0 "loopback:capture_1" } }
pcm.office { type plug slave.pcm { type asym playback.pcm "office_out" capture.pcm "office_in" } }
pcm.usbmodem { type plug slave.pcm { type asym playback.pcm "modem_out" capture.pcm "modem_in" } }
"""


@pytest.fixture
def jack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a JACK server of 8000 Hz with a wire from the office's card to the modem's, and one back."""
    (tmp_path / "asound.conf").write_text(_CONFIG)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", SERVER)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    command = ["jackd", "--realtime", "-P", "5", "-n", SERVER, "-L", "2"]
    server = subprocess.Popen(
        [*command, "-d", "dummy", "-r", "8000", "-p", "32", "-C", "2", "-P", "2"],
        env={**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield
    server.terminate()
    server.wait(10)


class Party:
    """The party's mouth and ear, at the modem's end of the sound card."""

    def __init__(self) -> None:
        self.heard = b""
        self._said = sines([PARTY_HZ], SENT_DBM0, 8000)

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        card = AlsaPcm("alsa:usbmodem")
        async with asyncio.timeout(20):
            while not await _is_open(card):
                await asyncio.sleep(0.05)
        task = asyncio.create_task(self._talk(card))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            card.close()

    async def _talk(self, card: AlsaPcm) -> None:
        loop, at = asyncio.get_running_loop(), 0
        deadline = loop.time()
        while True:
            frame = self._said[2 * at : 2 * (at + FRAME_SAMPLES)]
            at = (at + FRAME_SAMPLES) % 8000
            card.write(frame)
            self.heard += card.read()
            deadline += 0.02
            await asyncio.sleep(max(0.0, deadline - loop.time()))


async def _is_open(card: AlsaPcm) -> bool:
    """Whether it is open; JACK's server may need a moment to be there."""
    try:
        return card.ready()
    except MediaError:
        await asyncio.sleep(0.2)
        return False


async def test_a_gsm_call_is_heard_both_ways_through_a_sound_card(jack: None, tmp_path: Path) -> None:
    modem = ModemOnPtys(tmp_path / "at", tmp_path / "unused", dialect=DIALECTS["ec25-uac"])
    line = build_line(
        {"name": "gsm1", "kind": "gsm", "model": "ec25-uac", "at": "{run}/at", "pcm": "alsa:office"},
        str(tmp_path),
    )
    media = MediaClient()
    supervisor = MediaSupervisor(media, tmp_path / "media.sock", "23300-23399")
    calls: asyncio.Queue[LineLeg] = asyncio.Queue()
    trunks = Trunks([line], media, lambda leg, _: calls.put_nowait(leg))
    await supervisor.start()
    modem.start()
    await trunks.start()
    party = Party()
    try:
        async with asyncio.timeout(20):
            while line.state is not LineState.READY:
                await asyncio.sleep(0.05)
        async with party.talking():
            call = modem.call(PartyScript("13800138000"))
            leg = await asyncio.wait_for(calls.get(), 20)
            await asyncio.wait_for(leg.answer(), 20)
            assert leg.state is LegState.CONNECTED
            assert leg.port is not None
            media.play(leg.port, [PlayTone((OFFICE_HZ,), (), SENT_DBM0)])
            recording = await media.record(tmp_path / "r.wav", leg.port, leg.port)
            await asyncio.sleep(TALK_S)
            await recording.close()
            modem.act(lambda: modem.network.party_hangs_up(call))
            assert (await asyncio.wait_for(leg.ended(), 20)).by is Side.THEM
    finally:
        await trunks.stop()
        modem.stop()
        await supervisor.stop()
    assert_heard("office", read_wav(tmp_path / "r.wav")[1][:, 0], PARTY_HZ)
    assert_heard("party", np.frombuffer(party.heard, "<i2") / 32768, OFFICE_HZ)


def assert_heard(who: str, samples: Samples, hertz: float) -> None:
    heard = find_tone(samples, 8000, hertz)
    assert heard is not None, f"{who}: no {hertz} Hz in {len(samples) / 8000:.1f} s"
    print(
        f"{who} heard {heard.hertz:.1f} Hz at {heard.level_dbfs:.1f} dBFS (sent {SENT_DBFS:.1f}) for "
        f"{heard.lasted_seconds:.1f} s, longest gap {heard.longest_gap_ms:.0f} ms"
    )
    assert heard.hertz == pytest.approx(hertz, abs=2)
    assert heard.level_dbfs == pytest.approx(SENT_DBFS, abs=1)
    assert heard.lasted_seconds > TALK_S / 2
    # A sound server on a busy computer stalls now and then, whatever its clients do.
    assert heard.longest_gap_ms <= 500
