"""The box's network on a page: tried first, kept by whoever still reaches it, taken back otherwise."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware.control.steward import SOCKET_VARIABLE
from tests.patience import until
from tests.web_admin.installation import FakeBox, steward_at
from tests.web_admin.rig import Visitor
from tests.web_admin.test_rights import a_user, becomes
from web_admin.security.rights import Role

FIXED = {
    "interface": "eth0",
    "method": "static",
    "address": "192.168.1.10/24",
    "gateway": "192.168.1.1",
    "dns": "223.5.5.5，119.29.29.29",
}


@pytest.fixture
async def box(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeBox]:
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        async with steward_at(Path(folder)) as made:
            monkeypatch.setenv(SOCKET_VARIABLE, str(made.socket))
            yield made


def profile(box: FakeBox, tried: bool = False) -> str:
    """Return what is kept on the card, or tried in memory, as NetworkManager reads it."""
    name = "run/NetworkManager/system-connections/zongji-trial.nmconnection"
    kept = "etc/NetworkManager/system-connections/zongji.nmconnection"
    path = box.host.root / (name if tried else kept)
    return path.read_text("utf-8") if path.exists() else ""


async def until_tried(box: FakeBox, words: str) -> None:
    await until(lambda: words in profile(box, tried=True), lambda: profile(box, tried=True))


async def test_a_fixed_address_is_tried_and_kept(admin: Visitor, box: FakeBox) -> None:
    page = (await admin.opens("/system/network")).text
    assert "192.168.1.20/24" in page, "as it is"
    assert (await admin.sends("/system/network", FIXED)).status_code == 303
    await until_tried(box, "address1=192.168.1.10/24,192.168.1.1")
    assert "dns=223.5.5.5;119.29.29.29;" in profile(box, tried=True)
    assert profile(box) == "", "a power cut takes it back"
    trying = (await admin.opens("/system/network")).text
    assert "http://192.168.1.10:8080/system/network" in trying
    assert (await admin.sends("/system/network/keep")).status_code == 303
    assert "address1=192.168.1.10/24,192.168.1.1" in profile(box)
    assert "http://192.168.1.10" not in (await admin.opens("/system/network")).text
    assert [one.what for one in admin.site.audit.newest(2)] == ["network-kept", "network-tried"]


async def test_a_wrong_address_is_refused_with_field_and_remedy_and_stays_in_the_form(
    admin: Visitor, box: FakeBox
) -> None:
    admin.client.cookies.set("zongji-language", "zh")
    page = await admin.sends("/system/network", FIXED | {"address": "192.168.1.0/24"})
    assert page.status_code == 422
    assert "地址：这是网络地址或广播地址。" in page.text
    assert 'value="192.168.1.0/24"' in page.text
    assert profile(box) == ""


async def test_nothing_can_be_kept_that_is_not_tried(admin: Visitor, box: FakeBox) -> None:
    page = await admin.sends("/system/network/keep")
    assert page.status_code == 422
    assert "the old one is in force" in page.text


async def test_the_wifis_password_is_never_shown(admin: Visitor, box: FakeBox) -> None:
    wifi = {"interface": "wlan0", "method": "dhcp", "ssid": "办公室", "password": "correct horse"}
    await admin.sends("/system/network", wifi)
    await until_tried(box, "psk=correct horse")
    await admin.sends("/system/network/keep")
    page = (await admin.opens("/system/network")).text
    assert 'value="办公室"' in page
    assert "correct horse" not in page


async def test_clock_and_zone_are_set(admin: Visitor, box: FakeBox) -> None:
    zone = box.host.root / "usr/share/zoneinfo/Asia/Shanghai"
    zone.parent.mkdir(parents=True)
    zone.touch()
    await admin.sends("/system/clock", {"zone": "Asia/Shanghai"})
    await admin.sends("/system/clock", {"at": "2026-12-01T18:00"})
    assert ("timedatectl", "set-timezone", "Asia/Shanghai") in box.host.history
    assert ("timedatectl", "set-time", "2026-12-01 18:00:00") in box.host.history
    assert (await admin.sends("/system/clock", {"at": "soon"})).status_code == 422


async def test_only_administrators_come_near_the_network(admin: Visitor, box: FakeBox) -> None:
    await a_user(admin, "sun", Role.SUPERVISOR)
    await becomes(admin, "sun")
    assert (await admin.opens("/system/network")).status_code == 403
    assert (await admin.sends("/system/network", FIXED)).status_code == 403
    assert profile(box) == ""
