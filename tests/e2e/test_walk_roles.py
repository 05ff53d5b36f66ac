"""Four people with four roles before the real box: each opens and does what the role says, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.control.client import ControlClient
from tests.e2e.walking import walk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

# Pages by the least role that may open them.
PAGES = {
    "person": ["/desk", "/account"],
    "supervisor": ["/", "/calls", "/reports", "/tasks", "/texts"],
    "admin": [
        "/people", "/people/101/phone", "/settings", "/settings/office", "/settings/inbound", "/menus",
        "/prompts", "/calendar", "/history", "/system", "/system/log", "/system/network", "/lines",
        "/setup/office",
    ],
    "owner": ["/users", "/integrations", "/certificates", "/system/updates"],
}  # fmt: skip

# Forms that would change something, by the least role that may send them.
FORMS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "supervisor": [("/board/act", {"do": "hang-up", "call": "01NONE"})],
    "admin": [
        ("/people", {"number": "777", "name": "Intruder"}),
        ("/people/101", {"do": "remove", "name": "x"}),
        ("/settings/office", {"do": "save", "office.name": "Intruder"}),
        ("/settings/apply", {"edits": '[{"type":"set","path":["office","name"],"value":"Intruder"}]'}),
        ("/history/restore", {"to": "1", "sure": "yes"}),
        ("/menus", {"do": "publish"}),
        ("/calendar", {"schedule": "main", "day": "2026-12-09", "do": "closed"}),
        ("/prompts/zh-CN", {"name": "intruder", "text": "x", "do": "say"}),
        ("/setup/office", {"office.name": "Intruder"}),
        ("/system/act", {"do": "reboot"}),
    ],
    "owner": [
        ("/users", {"name": "intruder", "role": "owner"}),
        ("/users/admin", {"do": "remove"}),
        ("/integrations", {"name": "intruder", "scopes": "calls:read"}),
    ],
}
ROLES = ["person", "supervisor", "admin", "owner"]


@pytest.mark.parametrize("role", ROLES[:3])
async def test_who_may_not_is_refused_and_changes_nothing(role: str, tmp_path: Path, prompts: Path) -> None:
    rank = ROLES.index(role)
    pages = {page: least for least, some in PAGES.items() for page in some}
    beyond = [form for least, some in FORMS.items() if ROLES.index(least) > rank for form in some]
    async with walk(tmp_path, prompts) as (box, browser):
        await browser.do("sign_up")
        async with ControlClient(box.paths.control_socket) as switch:
            before = (await switch.settings()).values
        seen = await browser.do(
            "tries", name=f"some-{role}", role=role, extension="102", pages=list(pages), forms=beyond
        )
        assert seen["held"] == "/account", "a lent password is changed before anything else"
        assert seen["home"] == ("/desk" if role == "person" else "/")
        for page, status in seen["opened"].items():
            # A person is led from the switchboard to the own desk.
            allowed = ROLES.index(pages[page]) <= rank or (page == "/" and role == "person")
            assert status == (200 if allowed else 403), f"{role} opens {page}"
        doors = {
            "/": "supervisor", "/calls": "supervisor", "/reports": "supervisor", "/people": "admin",
            "/settings": "admin", "/system": "admin", "/desk": "person",
        }  # fmt: skip
        shown = {door for door, least in doors.items() if ROLES.index(least) <= rank}
        assert set(seen["doors"]) == shown, "the bar names what may be opened"
        assert seen["sent"] == {path: 403 for path, _ in beyond}
        async with ControlClient(box.paths.control_socket) as switch:
            assert (await switch.settings()).values == before
