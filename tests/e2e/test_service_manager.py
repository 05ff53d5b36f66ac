"""What systemd hears of each process: ready when it works, alive while it does, stopping when it ends."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(90)]

PROFILE = Path(__file__).parents[2] / "board/profiles/simulated.toml"
WORDS = {
    "switch": ["firmware", "--state", "{state}", "--profile", str(PROFILE), "--sip-port", "0"],
    "media": ["firmware.media", "--socket", "{state}/media.sock", "--rtp-ports", "29000-29100"],
    "web": ["web_admin", "--state", "{state}", "--host", "127.0.0.1", "--port", "0"],
}


@pytest.mark.parametrize("name", list(WORDS))
async def test_it_says_ready_and_goes_on_saying_alive(name: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        words = [word.format(state=tmp_path) for word in WORDS[name]]
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *words,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"},
        )
        try:
            assert await said(manager, b"READY=1")
            for _ in range(3):
                assert await said(manager, b"WATCHDOG=1", 5.0)
        finally:
            child.terminate()
            await asyncio.wait_for(child.wait(), 20)


async def said(manager: socket.socket, word: bytes, seconds: float = 30.0) -> bool:
    """Tell whether the manager hears a word in time; what else it hears doesn't matter."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if manager.recv(100) == word:
                return True
        except BlockingIOError:
            await asyncio.sleep(0.05)
    return False
