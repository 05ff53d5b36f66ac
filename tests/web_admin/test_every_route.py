"""Every address there is: who may ask for it, and that nothing is done without the token of one's own page.

The table below is written down apart from the product's own: a new page has to be named in both before
anybody but the owner may open it.
"""

from __future__ import annotations

import re

import pytest

from tests.web_admin.rig import PASSWORD, Visitor
from tests.web_admin.routes import routes
from web_admin.security.rights import Role

ANYBODY = {
    "/login", "/login/code", "/welcome", "/forgotten", "/language/{language}", "/static/{tag}/{name}",
    "/healthz", "/metrics", "/ca.crt",
}  # fmt: skip
PERSON = {"/account", "/desk", "/logout"}
SUPERVISOR = {"/", "/board", "/calls", "/calls.csv", "/calls.xlsx", "/live", "/reports", "/tasks", "/texts"}
ADMIN = {
    "/people", "/settings", "/history", "/setup", "/menus", "/prompts", "/calendar", "/lines", "/system",
}  # fmt: skip
OWNER = {"/users", "/integrations", "/certificates", "/system/updates"}

_PROGRAMS = "/api/"
"""Where no session counts, only a token in a header."""
_FILLED = {"year": "2026", "month": "11", "piece": "0", "step": "office", "section": "office", "place": "0"}
# Streams have no end; what they are refused for is the same gate.
_STREAMS = {"/live", "/desk/live", "/lines/levels"}


def least(path: str) -> Role | None:
    """Return the least role for an address; None where everybody comes in."""
    if path in ANYBODY:
        return None
    for role, places in ((Role.OWNER, OWNER), (Role.ADMIN, ADMIN), (Role.SUPERVISOR, SUPERVISOR)):
        if path in places or any(path.startswith(f"{one}/") for one in places if one != "/"):
            return role
    if path in PERSON or any(path.startswith(f"{one}/") for one in PERSON):
        return Role.PERSON
    raise AssertionError(f"{path}: who may open it is not written down")


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: _FILLED.get(found[1], "x"), path)


PAGES = [(path, methods) for path, methods in routes() if not path.startswith(_PROGRAMS)]


async def as_role(admin: Visitor, role: Role) -> None:
    """Sign in as somebody of that role."""
    await admin.site.users.add("somebody", role, "101")
    await admin.site.users.choose_password("somebody", PASSWORD)
    admin.client.cookies.clear()
    await admin.client.post("/login", data={"username": "somebody", "password": PASSWORD})
    await admin.opens("/account")


def test_the_site_has_pages() -> None:
    assert len(PAGES) > 60


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_is_refused_whatever_it_may_not(admin: Visitor, role: Role) -> None:
    await as_role(admin, role)
    before = admin.switch.store.current
    for path, methods in PAGES:
        needed = least(path)
        may = needed is None or role.includes(needed)
        address = filled(path)
        if "GET" in methods and path not in _STREAMS:
            status = (await admin.client.get(address)).status_code
            is_led_home = path == "/" and role is Role.PERSON
            assert (status == 403) is not (may or is_led_home), f"{role} opens {address}: {status}"
        if "POST" in methods and not may:
            answer = await admin.sends(address, {"do": "remove", "sure": "yes"})
            assert answer.status_code == 403, f"{role} sends {address}: {answer.status_code}"
            assert "Your role" in answer.text
    assert admin.switch.store.current == before
    assert [user.name for user in admin.site.users.all()] == ["admin", "somebody"]


async def test_nobody_gets_in_anywhere_without_signing_in(admin: Visitor) -> None:
    admin.client.cookies.clear()
    for path, methods in PAGES:
        if least(path) is None:
            continue
        for method in methods:
            answer = await admin.client.request(method, filled(path))
            assert answer.status_code == 303, f"{method} {path}: {answer.status_code}"
            assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("forged", ["no token", "another's token", "from elsewhere"])
async def test_no_form_of_any_page_works_without_its_own_token(admin: Visitor, forged: str) -> None:
    before, asked = admin.switch.store.current, list(admin.office.asked)
    token = {"no token": "", "another's token": "A" * len(admin.csrf), "from elsewhere": admin.csrf}[forged]
    headers = {"sec-fetch-site": "cross-site"} if forged == "from elsewhere" else {}
    for path, methods in PAGES:
        if "POST" not in methods or least(path) is None:
            continue
        for body in ({"csrf": token}, {"csrf": token, "do": "remove", "sure": "yes"}):
            answer = await admin.client.post(filled(path), data=body, headers=headers)
            assert answer.status_code == 403, f"{path}: {answer.status_code}"
    assert admin.switch.store.current == before
    assert admin.office.asked == asked
    assert [user.name for user in admin.site.users.all()] == ["admin"]
