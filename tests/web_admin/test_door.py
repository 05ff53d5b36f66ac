"""Coming in: first password, sign in and out, guessing, forged forms, hosts, sizes, headers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.web_admin.rig import PASSWORD, Visitor
from web_admin.pages.entry import local_path
from web_admin.security import gate
from web_admin.security.brake import Brake
from web_admin.security.gate import MAX_BODY, MAX_UPLOAD, is_our_host
from web_admin.security.rights import Role
from web_admin.security.sessions import MAX_SESSIONS, Sessions


async def test_a_new_box_asks_for_a_password_first(stranger: Visitor) -> None:
    page = await stranger.opens("/login")
    assert (page.status_code, page.headers["location"]) == (303, "/welcome")
    done = await stranger.signs_in()
    assert done.headers["location"] == "/setup"
    assert (await stranger.opens("/")).status_code == 200


async def test_the_first_password_can_be_set_once_only(admin: Visitor) -> None:
    admin.client.cookies.clear()
    again = await admin.client.post(
        "/welcome", data={"username": "admin", "password": "another long one", "again": "another long one"}
    )
    assert again.headers["location"] == "/login"
    assert await admin.site.users.is_right("admin", PASSWORD)


@pytest.mark.parametrize(
    ("password", "again"),
    [("short", "short"), ("1234567890", "1234567890"), ("a" * 201, "a" * 201), (PASSWORD, "x")],
)
async def test_a_poor_password_is_refused_with_a_reason(stranger: Visitor, password: str, again: str) -> None:
    page = await stranger.client.post(
        "/welcome", data={"username": "admin", "password": password, "again": again}
    )
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert not stranger.site.users.is_set_up()


async def test_the_file_holds_no_password(admin: Visitor) -> None:
    kept = (admin.site.folder / "users.json").read_text()
    assert PASSWORD not in kept
    assert "$argon2id$" in kept


@pytest.mark.parametrize(
    "path", ["/", "/calls", "/calls.csv", "/people", "/settings", "/history", "/setup", "/live"]
)
async def test_nobody_looks_in_without_signing_in(admin: Visitor, path: str) -> None:
    admin.client.cookies.clear()
    page = await admin.opens(path)
    assert page.status_code == 303
    assert page.headers["location"].startswith("/login")


async def test_guessing_is_slowed_down_and_written_down(admin: Visitor) -> None:
    admin.client.cookies.clear()
    answers = [
        (await admin.client.post("/login", data={"username": "admin", "password": f"guess {n}"})).status_code
        for n in range(6)
    ]
    assert answers[:4] == [401] * 4
    assert answers[-1] == 429
    right = await admin.client.post("/login", data={"username": "admin", "password": PASSWORD})
    assert right.status_code == 429, "the right password doesn't open the door to one who is made to wait"
    assert [one.what for one in admin.site.audit.newest(3)] == ["password-wrong"] * 3


async def test_signing_in_gives_a_new_token_and_signing_out_ends_it(admin: Visitor) -> None:
    first = admin.client.cookies["zongji"]
    await admin.signs_in()
    second = admin.client.cookies["zongji"]
    assert first != second
    await admin.sends("/logout")
    admin.client.cookies.set("zongji", second)
    assert (await admin.opens("/calls")).status_code == 303


@pytest.mark.parametrize("planted", ["0" * 43, "of another user"])
async def test_a_session_planted_before_signing_in_is_worth_nothing_after_it(
    admin: Visitor, planted: str
) -> None:
    """Session fixation: who put a cookie into a browser is not who signs in there later."""
    if planted == "of another user":
        await admin.site.users.add("mallory", Role.PERSON, "101")
        planted, _ = admin.site.sessions.begin("mallory", "10.0.0.9")
    admin.client.cookies.clear()
    admin.client.cookies.set("zongji", planted)
    answer = await admin.client.post("/login", data={"username": "admin", "password": PASSWORD})
    fresh = re.search(r"zongji=([^;]+)", answer.headers["set-cookie"])
    assert fresh is not None
    assert fresh[1] != planted
    kept = admin.site.sessions.find(planted)
    assert kept is None or kept.user == "mallory"


async def test_the_cookie_is_out_of_a_scripts_reach(admin: Visitor) -> None:
    answer = await admin.client.post("/login", data={"username": "admin", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_a_form_without_its_token_changes_nothing(admin: Visitor) -> None:
    before = admin.switch.store.current
    answer = await admin.client.post("/people", data={"number": "104", "name": "x"})
    assert answer.status_code == 403
    assert admin.switch.store.current == before


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil.example"}],
)
async def test_a_form_of_another_site_is_refused_even_with_the_token(
    admin: Visitor, headers: dict[str, str]
) -> None:
    answer = await admin.sends("/people", {"number": "104", "name": "x"}, **headers)
    assert answer.status_code == 403
    assert admin.switch.store.current.extension("104") is None


async def test_a_body_too_large_is_refused(admin: Visitor) -> None:
    answer = await admin.sends("/people/paste", {"list": "x" * MAX_BODY})
    assert answer.status_code == 413


async def test_an_upload_too_large_is_refused_before_it_is_looked_at(admin: Visitor) -> None:
    await admin.opens("/prompts")
    asked = list(admin.office.asked)
    answer = await admin.client.post(
        "/prompts/en",
        data={"csrf": admin.csrf, "name": "x", "do": "upload"},
        files={"file": ("x.wav", b"\0" * (MAX_UPLOAD + 1), "audio/wav")},
    )
    assert answer.status_code == 413
    assert admin.office.asked == asked


async def test_a_body_without_a_length_is_counted_as_it_comes(admin: Visitor) -> None:
    taken = 0

    async def long() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < MAX_UPLOAD:
            taken += 65_536
            yield b"x" * 65_536

    answer = await admin.client.post("/people/paste", content=long())
    assert answer.status_code == 413
    assert taken <= MAX_BODY + 2 * 65_536


async def test_a_body_that_trickles_is_given_up(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_BODY_S", 0.05)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"csrf="
        await asyncio.Event().wait()

    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await admin.client.post("/people/paste", content=trickle())
    assert answer.status_code == 408


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("192.168.1.5", True),
        ("192.168.1.5:8080", True),
        ("[fe80::1]:8080", True),
        ("zongji.local", True),
        ("zongji", True),
        ("localhost:8398", True),
        ("box.example.com", True),
        ("rebound.evil.example", False),
        ("evil.example:8080", False),
        ("zongji.local@evil.example", False),
        ("", False),
    ],
)
def test_only_names_of_this_box_are_answered(host: str, ours: bool) -> None:
    assert is_our_host(host, frozenset({"box.example.com"})) is ours


async def test_a_rebound_name_gets_nothing(admin: Visitor) -> None:
    assert (await admin.opens("/", host="evil.example")).status_code == 421


@pytest.mark.parametrize("path", ["/", "/login", "/nothing-here", "/static/x/y"])
async def test_every_answer_carries_the_policy(admin: Visitor, path: str) -> None:
    headers = (await admin.opens(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/login?next=/", "x"]
)
def test_signing_in_never_leads_elsewhere(target: str) -> None:
    assert local_path(target) == "/"


async def test_changing_the_password_signs_everybody_out(admin: Visitor) -> None:
    changed = await admin.sends("/account/password", {"old": PASSWORD, "password": "a better one, longer"})
    assert changed.headers["location"] == "/login"
    assert (await admin.opens("/calls")).status_code == 303
    assert (await admin.signs_in("a better one, longer")).status_code == 303


class Now:
    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def test_a_session_ends_after_half_a_day_of_silence_and_survives_a_restart(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sessions.json"
    now = Now()
    token, _ = Sessions(path, now).begin("admin", "::1")
    assert token not in path.read_text()
    again = Sessions(path, now)
    assert again.find(token) is not None
    now.at += 12 * 3600 + 1
    assert again.find(token) is None


def test_sessions_are_few_and_the_most_silent_goes_first(tmp_path: Path) -> None:
    now = Now()
    sessions = Sessions(tmp_path / "sessions.json", now)
    tokens = []
    for _ in range(MAX_SESSIONS + 1):
        now.at += 1
        tokens.append(sessions.begin("admin", "::1")[0])
    assert sessions.find(tokens[0]) is None
    assert sessions.find(tokens[1]) is not None


def test_the_brake_waits_longer_each_time_and_forgets_at_last() -> None:
    now = Now()
    brake = Brake(now)
    for _ in range(5):
        assert brake.wait_s("a") == 0
        brake.failed("a")
    first = brake.wait_s("a")
    brake.failed("a")
    assert brake.wait_s("a") > first > 0
    assert brake.wait_s("b") == 0
    now.at += 3601
    brake.failed("a")
    assert brake.wait_s("a") == 0


def test_many_addresses_that_guess_are_one() -> None:
    brake = Brake(Now())
    for n in range(50):
        brake.failed(f"10.0.0.{n}")
    assert brake.wait_s("192.168.1.20") > 0
