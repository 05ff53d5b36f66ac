"""The box itself on a page, its log in plain words, and a bundle that gives no secret away."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from firmware.control.steward import SOCKET_VARIABLE
from tests.web_admin.rig import Visitor
from web_admin.pages.system import chosen, masked

LINES = [
    "12:00:01 firmware.switch: call 01K begins on gsm1",
    "12:00:02 hal.modems: modem at /dev/ttyUSB2 vanished",
    "12:00:03 web_admin: audit: admin signed-in",
]


@pytest.fixture(autouse=True)
def _no_steward(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(SOCKET_VARIABLE, str(tmp_path / "none.sock"))


async def test_what_is_wrong_is_said_and_what_is_missing_takes_nothing_else_away(admin: Visitor) -> None:
    page = await admin.opens("/system")
    assert page.status_code == 200
    assert "disk full" in page.text
    assert (await admin.opens("/system/log?what=calls")).status_code == 200


@pytest.mark.parametrize(
    ("what", "text", "found"),
    [
        ("", "", 3),
        ("lines", "", 2),
        ("pages", "", 1),
        ("", "VANISHED", 1),
        ("calls", "vanished", 0),
        ("x", "", 3),
    ],
)
def test_a_log_is_filtered_in_plain_words(what: str, text: str, found: int) -> None:
    assert len(chosen(LINES, what, text)) == found


@pytest.mark.parametrize(
    "line",
    [
        "password=hunter22 x",
        "Authorization: Bearer-abcdef",
        "postgres://joe:hunter22@host/db",
        'secret="hunter22"',
    ],
)
def test_what_looks_like_a_secret_is_not_shown(line: str) -> None:
    assert "hunter22" not in masked(line)
    assert "abcdef" not in masked(line)


async def test_the_bundle_holds_no_secret(admin: Visitor) -> None:
    answer = await admin.opens("/system/bundle.zip")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert {"settings.json", "status.json"} <= set(archive.namelist())
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for person in admin.switch.store.current.extensions:
        assert person.secret not in everything


async def test_an_act_nobody_offers_is_refused(admin: Visitor) -> None:
    await admin.opens("/system")
    assert (await admin.sends("/system/act", {"do": "format"})).status_code == 422
    assert (await admin.sends("/system/act", {"do": "reboot"})).status_code == 422
