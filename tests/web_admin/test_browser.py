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
from tests.web_admin.routes import routes
from tests.web_admin.serving import PATIENCE_SECONDS, serving

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "web_admin"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


# Both languages in light and dark on a desk, and each language once on a telephone's screen.
VIEWS = ["desk-en-light", "desk-en-dark", "desk-zh-light", "desk-zh-dark", "phone-en-dark", "phone-zh-light"]

_MOST_COMPLAINTS = 20
"""Shown of a page that has many."""


@pytest.mark.parametrize("view", VIEWS)
async def test_every_page_is_sound_in_a_browser(view: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    script = ROOT / "tests/web_admin/browser/look.mjs"
    async with serving() as served:
        walk = await asyncio.create_subprocess_exec(
            "node", str(script), served.address, str(PICTURES), PASSWORD, view, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await walk.communicate()
    assert walk.returncode == 0
    pages = [json.loads(line) for line in output.splitlines()]
    complaints = [
        f"{page['path']}: {what}"
        for page in pages
        for what in [
            *page["problems"],
            *page["violations"],
            *([f"{page['overflow']} px too wide"] if page["overflow"] else []),
            *([f"status {page['status']}"] if page["status"] != _WANTED.get(page["path"], 200) else []),
        ]
    ]
    assert complaints[:_MOST_COMPLAINTS] == []
    looked_at = {page["path"].partition("?")[0] for page in pages}
    assert pages_of_the_site() - looked_at == set(), "pages that nobody looked at"


_WANTED = {"/nowhere": 404}

# What a browser shows no page for: files, streams, parts of pages, doors to other pages.
_NO_PAGE = {
    "/healthz", "/metrics", "/ca.crt", "/live", "/desk/live", "/desk/calls", "/setup", "/calls.csv",
    "/calls.xlsx", "/reports/values", "/system/bundle.zip", "/system/updates/state",
    "/system/acceptance/steps", "/lines/levels", "/lines/test",
}  # fmt: skip


def pages_of_the_site() -> set[str]:
    """Return the addresses of all pages that need nothing filled in."""
    return {
        path
        for path, methods in routes()
        if "GET" in methods and "{" not in path and path not in _NO_PAGE and not path.startswith("/api/")
    }


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
    assert PlaceCall(own="101", to="10086", by="admin") in asked
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
