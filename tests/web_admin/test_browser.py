"""Every page in a real browser: no error, nothing from outside, nothing too wide, no serious axe finding.

Needs Debian's chromium, and `npm ci --prefix web_admin` with the development packages. The pictures are
left in build/web_admin, for looking at.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

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
    assert len(pages) >= 12
    complaints = [
        f"{page['path']}: {what}"
        for page in pages
        for what in [*page["problems"], *page["violations"], *(["too wide"] if page["overflow"] else [])]
    ]
    assert complaints == []


async def test_the_web_process_ends_at_once_while_somebody_watches() -> None:
    async with (
        serving() as served,
        httpx.AsyncClient(base_url=served.address, timeout=PATIENCE_SECONDS) as client,
    ):
        await client.post("/welcome", data={"username": "admin", "password": PASSWORD, "again": PASSWORD})
        async with client.stream("GET", "/live") as stream:
            assert (await anext(stream.aiter_lines())).startswith("retry")
