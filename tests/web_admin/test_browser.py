"""Every page in a real browser: no error, nothing from outside, nothing too wide, no serious axe finding.

Needs Debian's chromium, and `npm ci --prefix web_admin` with the development packages. The pictures are
left in build/web_admin, for looking at.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import msgspec
import pytest

from firmware.control.live import ParkCall, PlaceCall, TransferCall
from tests.control.switch import SECOND_ID
from tests.web_admin.rig import PASSWORD
from tests.web_admin.serving import PATIENCE_SECONDS, serving

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "web_admin"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


@pytest.mark.parametrize("view", ["desk-en", "phone-zh"])
async def test_every_page_is_sound_in_a_browser(view: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    script = ROOT / "tests/web_admin/browser/look.mjs"
    async with serving() as served:
        walk = await asyncio.create_subprocess_exec(
            "node", str(script), served.address, str(PICTURES), PASSWORD, view, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await walk.communicate()
    pages = [json.loads(line) for line in output.splitlines()]
    assert walk.returncode == 0
    assert len(pages) >= 28
    complaints = [
        f"{page['path']}: {what}"
        for page in pages
        for what in [*page["problems"], *page["violations"], *(["too wide"] if page["overflow"] else [])]
    ]
    assert complaints == []


async def test_hands_on_the_switchboard_and_a_call_on_the_desk() -> None:
    script = ROOT / "tests/web_admin/browser/acts.mjs"
    async with serving() as served:
        walk = await asyncio.create_subprocess_exec(
            "node", str(script), served.address, PASSWORD, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await walk.communicate()
        assert walk.returncode == 0
        seen = json.loads(output)
        asked = [msgspec.structs.replace(one, id=0) for one in served.office.asked]
    assert seen["problems"] == []
    assert asked[:2] == [
        TransferCall(call=SECOND_ID, to="102", by="admin"),
        ParkCall(call=SECOND_ID, by="admin"),
    ]
    assert asked[-1] == PlaceCall(own="101", to="10086", by="admin")
    assert "138 0013 8000" in seen["title"]
    assert "answered" in seen["card"], "earlier calls of who is calling"


async def test_the_web_process_ends_at_once_while_somebody_watches() -> None:
    async with (
        serving() as served,
        httpx.AsyncClient(base_url=served.address, timeout=PATIENCE_SECONDS) as client,
    ):
        await client.post("/welcome", data={"username": "admin", "password": PASSWORD, "again": PASSWORD})
        async with client.stream("GET", "/live") as stream:
            assert (await anext(stream.aiter_lines())).startswith("retry")
