"""The pages of the real box in a real browser, while real phones and simulated callers talk.

Needs Debian's chromium, and `npm ci --prefix web_admin` with the development packages. The pictures are left
in build/web_admin.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from firmware.core.paths import StatePaths
from tests.e2e.box import Box
from tests.interop.baresip import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "web_admin"
PASSWORD = "four ordinary words here"  # noqa: S105 - of the tests
CALLER = "13800138000"


class Browser:
    """The browser before the pages; each step is one of tests/e2e/pages.mjs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @contextlib.asynccontextmanager
    async def before(cls, address: str) -> AsyncIterator[Browser]:
        PICTURES.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            "node", str(ROOT / "tests/e2e/pages.mjs"), address, str(PICTURES), PASSWORD,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield cls(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def do(self, step: str, **rest: Any) -> dict[str, Any]:
        """Take a step and return what was seen; fails with the browser's words, or where a script failed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"do": step, **rest}).encode() + b"\n")
        await stdin.drain()
        answer: dict[str, Any] = json.loads(await stdout.readline())
        assert answer["ok"], answer["error"]
        assert answer["problems"] == []
        seen: dict[str, Any] = answer["seen"]
        return seen


@contextlib.asynccontextmanager
async def _walk(folder: Path, prompts: Path) -> AsyncIterator[tuple[Box, Browser]]:
    port = free_port()
    async with (
        Box.running(folder, prompts, web_port=port) as box,
        Browser.before(f"http://127.0.0.1:{port}") as browser,
    ):
        yield box, browser


async def test_from_an_empty_box_to_calls_handed_on_heard_and_counted(tmp_path: Path, prompts: Path) -> None:
    assert not (StatePaths(tmp_path / "state").settings).exists()
    async with _walk(tmp_path, prompts) as (box, browser):
        # The first boot: from nothing to a placed call.
        began = await browser.do("first_boot", people="104 王伟\n105 Anna")
        assert began["began"] == "/welcome"
        assert began["seen"][0] == "language"
        (spoken,) = (tmp_path / "state" / "prompts").rglob("own/greeting.wav")
        assert spoken.stat().st_size > 8000
        own = await box.phone("101")
        colleague = await box.phone("102", auto_answer=True)
        caller = await box.calls(CALLER, digits="101")
        await own.event("CALL_INCOMING")
        await own.accept()
        test = await browser.do("test_call")
        assert "138 0013 8000" in test["said"]
        await caller.hang_up()
        first = await box.journey(1)
        assert "101" in [leg.address for leg in first.legs]

        # The live view: a call is dragged onto somebody whose phone then rings and answers.
        await browser.do("become", extension="101")
        caller = await box.calls(CALLER, digits="101")
        await own.event("CALL_INCOMING")
        await own.accept()
        dragged = await browser.do("drag", to="102")
        assert dragged["cords"] == 1
        await colleague.event("CALL_ESTABLISHED")
        seen = await browser.do("talks", number="102")
        assert seen["kept"] == "yes", "a person nothing happened to was drawn anew"
        await browser.do("hang_up")
        second = await box.journey(2)
        assert [(one.to, one.completed) for one in second.transfers] == [("102", True)]

        # The desk: who calls pops up with what was before, and what came of it is noted.
        await browser.do("desk")
        caller = await box.calls(CALLER, digits="101")
        await own.event("CALL_INCOMING")
        pop = await browser.do("pop")
        assert "138 0013 8000" in pop["text"]
        assert pop["earlier"] == 2
        await own.accept()
        await asyncio.sleep(2.5)
        await caller.hang_up()
        third = await box.journey(3)
        await browser.do("wrap_up", note="wants a new crown")

        async def noted() -> bool:
            return any(note.text == "wants a new crown" for one in await box.journeys() for note in one.notes)

        await box.until(noted)

        played = await browser.do("player")
        assert played["calls"] == 3
        assert played["seconds"] > 0.5
        assert played["at"] > 0.3
        assert played["trace"] >= 3
        assert played["journey"] >= 2

        exported = await browser.do("exports")
        assert exported["xlsx"]["head"].startswith("PK")
        assert exported["pdf"]["head"].startswith("%PDF")
        assert "<" in exported["html"]["head"]
        assert third.id in exported["csv"]["head"]


async def test_a_group_is_made_changed_and_the_change_undone(tmp_path: Path, prompts: Path) -> None:
    async with _walk(tmp_path, prompts) as (_, browser):
        await browser.do("first_boot", people="")
        made = await browser.do("create_group")
        assert made["created"]
        assert made["edited"]
        assert made["rows"] == 1
        assert made["history"] >= 3
