"""Every page in a real browser: no error, nothing from outside, nothing too wide, no serious axe finding.

Needs Debian's chromium, and `npm ci --prefix web_admin` with the development packages. The pictures are
left in build/web_admin, for looking at.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from firmware.control.server import ControlServer
from tests.control.switch import FakeSwitch
from tests.web_admin.office import FakeOffice
from tests.web_admin.rig import PASSWORD, wav

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "web_admin"
_PATIENCE_SECONDS = 20.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[str, FakeSwitch]]:
    """Run the real web process in front of a switch that answers from memory; yield its address."""
    with tempfile.TemporaryDirectory(prefix="zj") as name:
        folder = Path(name)
        (folder / "run").mkdir()
        switch = FakeSwitch(folder)
        for journey in switch.journeys:
            recording = folder / journey.recordings[0].path
            recording.parent.mkdir(parents=True, exist_ok=True)
            recording.write_bytes(wav(16_000))
        server = ControlServer(folder / "run" / "control.sock", FakeOffice(switch).answers())
        await server.start()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        web = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "web_admin", "--state", name, "--host", "127.0.0.1", "--port", str(port)
        )
        address = f"http://127.0.0.1:{port}"
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), httpx.AsyncClient() as client:
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        if (await client.get(f"{address}/healthz")).status_code == 200:
                            break
                    await asyncio.sleep(0.05)
            yield address, switch
        finally:
            web.terminate()
            await web.wait()
            await server.close()


@pytest.mark.parametrize("view", ["desk-en", "phone-zh"])
async def test_every_page_is_sound_in_a_browser(view: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    script = ROOT / "tests/web_admin/browser/look.mjs"
    async with serving() as (address, _):
        walk = await asyncio.create_subprocess_exec(
            "node", str(script), address, str(PICTURES), PASSWORD, view, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await walk.communicate()
    pages = [json.loads(line) for line in output.splitlines()]
    assert walk.returncode == 0
    assert len(pages) >= 12
    complaints = [
        f"{page['path']}: {what}"
        for page in pages
        for what in [*page["problems"], *page["violations"], *(["too wide"] if page["overflow"] else [])]
    ]
    assert complaints == []


async def test_the_web_process_ends_at_once_while_somebody_watches() -> None:
    async with (
        serving() as (address, _),
        httpx.AsyncClient(base_url=address, timeout=_PATIENCE_SECONDS) as client,
    ):
        await client.post("/welcome", data={"password": PASSWORD, "again": PASSWORD})
        async with client.stream("GET", "/live") as stream:
            assert (await anext(stream.aiter_lines())).startswith("retry")
