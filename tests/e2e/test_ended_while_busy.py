"""Asked to end while everything goes on at once, the processes are gone in three seconds; nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from firmware.core.records import Journey
from firmware.settings.cloud import CloudSettings
from firmware.settings.document import Settings
from firmware.sim.listening import read_wav
from tests.e2e.box import Box, dump
from tests.e2e.test_self_care import gone, pid_of
from tests.interop.baresip import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(120)]

LIMIT_S = 3.0


class Abyss:
    """A server of the fleet's that takes what it is sent and never answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken = 0

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Abyss]:
        abyss = cls(free_port())
        server = await asyncio.start_server(abyss._swallow, "127.0.0.1", abyss.port)
        async with server:
            yield abyss

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.taken += len(data)
        writer.close()


async def open_journeys(box: Box) -> list[Journey]:
    return [one for one in await box.journeys() if one.outcome is None]


async def test_a_call_a_message_and_the_copying_are_ended_in_time_and_kept(
    tmp_path: Path, prompts: Path
) -> None:
    async with Abyss.running() as abyss:

        def copied(settings: Settings) -> Settings:
            cloud = CloudSettings(
                way="https", url=f"https://127.0.0.1:{abyss.port}", site="s", secret="0" * 64
            )
            return msgspec.structs.replace(settings, cloud=cloud)

        web_port = free_port()
        async with Box.running(tmp_path, prompts, copied, web_port=web_port) as box:
            # Something to copy: a call that is over.
            short = await box.calls("13700137000")
            await asyncio.sleep(2)
            await short.hang_up()
            await box.journey()
            await box.until(lambda: abyss.taken > 0, 60)
            await box.simulation.until_line_ready()
            await box.phone("101", auto_answer=True)
            speaker = await box.phone("102")
            await box.talking()
            await speaker.dial("*86103")
            messages = box.paths.root / "voicemail"
            await box.until(lambda: any(file.stat().st_size > 64_000 for file in messages.rglob("*.wav")), 40)
            assert len(await open_journeys(box)) == 2
            # Somebody at the pages whose browser never finishes its request.
            _, browser = await asyncio.open_connection("127.0.0.1", web_port)
            browser.write(b"GET / HTTP/1.1\r\nHost: box\r\n")
            await browser.drain()
            for name in ("web", "switch"):
                took = await gone(pid_of(box, name))
                assert took < LIMIT_S, name
            browser.close()

            # The simulation has started another switch, as systemd would; it reads what the first one wrote.
            await box.journey(3)
            for journey in (await box.journeys())[:2]:
                assert journey.duration_ms is not None, dump(journey)
                assert all(one.complete for one in journey.recordings), dump(journey)
                assert all(one.complete for one in journey.voicemails), dump(journey)
            assert sum(len(journey.recordings) for journey in await box.journeys()) >= 1
            assert sum(len(journey.voicemails) for journey in await box.journeys()) == 1
            (file,) = messages.rglob("*.wav")
            rate, samples = read_wav(file)
            assert len(samples) / rate > 1.5
