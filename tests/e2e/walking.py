"""A box without a past, and a browser before its pages.

async with walk(tmp_path, prompts) as (box, browser):
    await browser.do("sign_up")
    caller = await box.calls("13800138000", digits="101")
    seen = await browser.do("person_is", number="101", phase="ringing")
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from firmware.settings.document import Settings
from tests.e2e.box import Box
from tests.interop.baresip import free_port
from tests.web_admin.rig import PASSWORD

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "web_admin"
"""Where pictures of pages are left for looking at."""

_GOODBYE_S = 15.0
# A picture of a tall page in base64 is no part of an answer; texts of pages are.
_MAX_ANSWER = 1024 * 1024


class Browser:
    """The browser before the pages; its steps are in tests/e2e/browser, a file for each story."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @contextlib.asynccontextmanager
    async def before(cls, address: str) -> AsyncIterator[Browser]:
        """Start one before the pages at `address`, and end it with the block."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            "node", str(ROOT / "tests/e2e/browser/driver.mjs"), address, str(PICTURES), PASSWORD,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_MAX_ANSWER,
        )  # fmt: skip
        try:
            yield cls(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), _GOODBYE_S)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def do(self, step: str, **rest: Any) -> dict[str, Any]:
        """Take a step and return what was seen.

        Raises:
            AssertionError: It can't be taken, a script failed, or the page asked somebody else for something.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("the browser has no ears")
        stdin.write(json.dumps({"do": step, **rest}).encode() + b"\n")
        await stdin.drain()
        line = await stdout.readline()
        assert line, "the browser is gone: is chromium there, and were the npm packages installed (need_npm)?"
        answer: dict[str, Any] = json.loads(line)
        assert answer["ok"], answer["error"]
        assert answer["problems"] == []
        seen: dict[str, Any] = answer["seen"]
        return seen


@contextlib.asynccontextmanager
async def walk(
    folder: Path, prompts: Path, settings: Callable[[Settings], Settings] | None = None
) -> AsyncIterator[tuple[Box, Browser]]:
    """Run a box as the simulation does, with pages and a browser before them; from nothing, or `settings`."""
    port = free_port()
    async with (
        Box.running(folder, prompts, settings, web_port=port) as box,
        Browser.before(f"http://127.0.0.1:{port}") as browser,
    ):
        yield box, browser
