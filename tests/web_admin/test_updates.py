"""Updates on a page: a bundle comes in as it is, is installed, and the version before comes back."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from firmware.control.steward import SOCKET_VARIABLE
from tests.patience import until
from tests.web_admin.installation import FakeBox, steward_at
from tests.web_admin.rig import Visitor
from tests.web_admin.test_rights import a_user, becomes
from web_admin.security.rights import Role

NAME = "zongji-0.2.0-000000000002-aarch64.bundle"


@pytest.fixture
async def box(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeBox]:
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        async with steward_at(Path(folder)) as made:
            monkeypatch.setenv(SOCKET_VARIABLE, str(made.socket))
            yield made


@pytest.fixture
async def owner(admin: Visitor, box: FakeBox) -> Visitor:
    admin.site.uploads = box.state / "uploads"
    await admin.opens("/system/updates")
    return admin


def a_bundle(first: str = "manifest.json") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        info = tarfile.TarInfo(first)
        info.size = 2
        tar.addfile(info, io.BytesIO(b"{}"))
    return held.getvalue()


async def sends_bundle(owner: Visitor, content: bytes, name: str = NAME, **headers: str) -> httpx.Response:
    return await owner.client.post(
        "/system/updates/bundle",
        params={"name": name},
        content=content,
        headers={"x-csrf-token": owner.csrf, **headers},
    )


async def until_over(owner: Visitor) -> httpx.Response:
    async def over() -> bool:
        pages.append(await owner.opens("/system/updates/state"))
        return bool(pages[-1].headers.get("hx-refresh"))

    pages: list[httpx.Response] = []
    await until(over, lambda: pages[-1].text)
    return pages[-1]


async def test_a_bundle_is_uploaded_installed_and_taken_back(owner: Visitor, box: FakeBox) -> None:
    assert (await sends_bundle(owner, a_bundle())).status_code == 201
    assert NAME in (await owner.opens("/system/updates")).text
    await owner.sends("/system/updates", {"do": "install", "name": NAME, "force": "on"})
    assert "0.2.0-000000000002" in (await until_over(owner)).text
    assert box.versions.installed == [(owner.site.uploads / NAME, True)]
    await owner.sends("/system/updates", {"do": "back"})
    page = (await until_over(owner)).text
    assert box.versions.now.running == "0.1.0-000000000001"
    assert "had the box go back" in page
    await owner.sends("/system/updates", {"do": "remove", "name": NAME})
    assert list(owner.site.uploads.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (NAME, b"MZ\x90 a virus", "no zongji bundle"),
        (NAME, a_bundle("payload.tar.gz"), "no zongji bundle"),
        ("../../etc/cron.d/x.bundle", a_bundle(), "ends in .bundle"),
        (".bundle", a_bundle(), "ends in .bundle"),
        ("photo.jpg", a_bundle(), "ends in .bundle"),
    ],
)
async def test_what_is_no_bundle_leaves_nothing_behind(
    owner: Visitor, name: str, content: bytes, reason: str
) -> None:
    answer = await sends_bundle(owner, content, name)
    assert answer.status_code == 422
    assert reason in answer.text
    assert list(owner.site.uploads.iterdir()) == []


async def test_a_bundle_without_the_pages_token_is_refused_before_it_is_read(owner: Visitor) -> None:
    assert (await sends_bundle(owner, a_bundle(), **{"x-csrf-token": "made up"})).status_code == 403
    too_large = {"content-length": str(2 * 1024**3)}
    assert (await sends_bundle(owner, b"", **too_large)).status_code == 413
    assert list(owner.site.uploads.iterdir()) == []


async def test_an_administrator_is_not_the_owner(owner: Visitor, box: FakeBox) -> None:
    await a_user(owner, "adam", Role.ADMIN)
    await becomes(owner, "adam")
    assert (await owner.opens("/system/updates")).status_code == 403
    assert (await sends_bundle(owner, a_bundle())).status_code == 403
    assert (await owner.sends("/system/updates", {"do": "back"})).status_code == 403


async def test_why_an_update_did_not_happen_is_said(owner: Visitor, box: FakeBox) -> None:
    await owner.sends("/system/updates", {"do": "back"})
    assert "no version before this one" in (await until_over(owner)).text
    page = await owner.sends("/system/updates", {"do": "install", "name": "../../x.bundle"})
    assert page.status_code == 422
