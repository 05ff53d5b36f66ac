"""The real web process in front of a switch that answers from memory."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from firmware.control.server import ControlServer
from tests.control.switch import FakeSwitch
from tests.web_admin.office import FakeOffice
from tests.web_admin.rig import wav
from web_admin.security.tokens import Scope, Tokens

PATIENCE_SECONDS = 30.0


@dataclasses.dataclass
class Served:
    address: str
    port: int
    pid: int
    switch: FakeSwitch
    office: FakeOffice
    token: str
    """For the HTTP interface, with every scope."""
    tokens: dict[str, str]
    """One for each single scope."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def serving(*options: str) -> AsyncIterator[Served]:
    """Run the process for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="zj") as name:
        folder = Path(name)
        (folder / "run").mkdir()
        (folder / "web").mkdir()
        kept = Tokens(folder / "web" / "tokens.json")
        token = kept.issue("test", list(Scope), "test")
        tokens = {str(one): kept.issue(str(one), [one], "test") for one in Scope}
        switch = FakeSwitch(folder)
        for journey in switch.journeys:
            recording = folder / journey.recordings[0].path
            recording.parent.mkdir(parents=True, exist_ok=True)
            recording.write_bytes(wav(16_000))
        office = FakeOffice(switch)
        server = ControlServer(folder / "run" / "control.sock", office.answers())
        await server.start()
        port = free_port()
        web = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "web_admin", "--state", name, "--host", "127.0.0.1", "--port", str(port),
            *options,
        )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient() as client:
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        if (await client.get(f"{address}/healthz")).status_code == 200:
                            break
                    await asyncio.sleep(0.05)
            yield Served(address, port, web.pid, switch, office, token, tokens)
        finally:
            web.terminate()
            await web.wait()
            await server.close()
