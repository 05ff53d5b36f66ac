"""A whole site in front of a switch that answers from memory, and a browser without a screen.

async with visiting(folder) as visitor:
    await visitor.signs_in()
    page = await visitor.opens("/calls")
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from firmware.control.server import ControlServer
from tests.control.switch import FakeSwitch
from tests.patience import until
from tests.web_admin.forms import filled
from tests.web_admin.office import FakeOffice
from web_admin.app import make_app
from web_admin.site import Site

PASSWORD = "four ordinary words here"  # noqa: S105 - of the tests

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Visitor:
    """One browser: cookies, forms with their token, redirects followed by hand where it matters."""

    def __init__(
        self,
        site: Site,
        switch: FakeSwitch,
        client: httpx.AsyncClient,
        server: ControlServer,
        office: FakeOffice,
    ) -> None:
        self.site = site
        self.switch = switch
        self.client = client
        self.server = server
        self.office = office
        self.installation = office.installation
        self.csrf = ""

    async def opens(self, path: str, **headers: str) -> httpx.Response:
        page = await self.client.get(path, headers=headers)
        found = _CSRF.search(page.text) if "text/html" in page.headers.get("content-type", "") else None
        if found:
            self.csrf = found[1]
        return page

    async def sends(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return await self.client.post(path, data={"csrf": self.csrf, **(form or {})}, headers=headers)

    async def signs_in(self, password: str = PASSWORD) -> httpx.Response:
        """Set the first password if there is none, else sign in."""
        if self.site.users.is_set_up():
            answer = await self.client.post("/login", data={"username": "admin", "password": password})
        else:
            answer = await self.client.post(
                "/welcome", data={"username": "admin", "password": password, "again": password}
            )
        await self.opens("/")
        return answer

    async def fills_in(
        self, path: str, action: str = "", **changes: str | list[str] | None
    ) -> httpx.Response:
        """Open a page, change some fields of its form (`a__b` for `a.b`), and send it."""
        page = await self.opens(path)
        assert page.status_code == 200, f"{path}: {page.status_code}"
        return await self.client.post(action or path, data=filled(page.text, action or path, **changes))

    async def confirms(self, preview: httpx.Response) -> httpx.Response:
        """Say yes to what a preview tells."""
        assert preview.status_code == 200, preview.text
        return await self.client.post("/settings/apply", data=filled(preview.text, "/settings/apply"))

    async def sees_the_box(self, **shown: object) -> None:
        """Wait until a picture has come that holds what is given."""

        def showing() -> bool:
            picture = self.site.box.picture if self.site.box.away_since is None else None
            return bool(picture) and all(getattr(picture, name) == value for name, value in shown.items())

        await until(showing, "the box never showed itself")


@contextlib.asynccontextmanager
async def visiting(folder: Path) -> AsyncIterator[Visitor]:
    """Run switch, socket and site in `folder` for the length of the block."""
    switch = FakeSwitch(folder)
    office = FakeOffice(switch)
    server = ControlServer(folder / "control.sock", office.answers())
    await server.start()
    site = Site.at(folder / "control.sock", folder / "web")
    transport = httpx.ASGITransport(app=make_app(site), client=("192.168.1.20", 40000))
    await site.box.start()
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://192.168.1.5:8080") as client:
            visitor = Visitor(site, switch, client, server, office)
            await visitor.sees_the_box()
            yield visitor
    finally:
        site.hub.close()
        await site.box.stop()
        await server.close()


def wav(frames: int) -> bytes:
    """A stereo recording: left loud, right silent."""
    data = struct.pack("<hh", 16384, 0) * frames
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 8000, 32_000, 4, 16)
    size = struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVE" + form + b"data" + size + data
