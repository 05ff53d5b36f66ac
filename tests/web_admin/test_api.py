"""The HTTP interface: tokens and scopes, and whatever a program may send (schemathesis)."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
import pytest

from firmware.control.live import PlaceCall
from tests.control.switch import FIRST_ID
from tests.web_admin.rig import Visitor
from web_admin.security.tokens import Scope


class Program:
    """Another program with a token."""

    def __init__(self, admin: Visitor, *scopes: Scope) -> None:
        self.token = admin.site.tokens.issue("crm", list(scopes), "admin")
        self.client = admin.client
        admin.client.cookies.clear()

    async def asks(self, path: str, data: Any = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        if data is None:
            return await self.client.get(f"/api/v1{path}", headers=headers)
        return await self.client.post(f"/api/v1{path}", headers=headers, json=data)


async def test_a_program_lists_calls_in_pages_and_reads_one(admin: Visitor) -> None:
    crm = Program(admin, Scope.CALLS_READ)
    first = (await crm.asks("/calls?limit=1")).json()
    assert len(first["calls"]) == 1
    second = (await crm.asks(f"/calls?limit=1&after={first['next']}")).json()
    assert second["calls"][0]["id"] == FIRST_ID
    assert second["next"] is None
    journey = (await crm.asks(f"/calls/{FIRST_ID}")).json()
    assert journey["id"] == FIRST_ID
    assert (await crm.asks("/calls/01KNOTTHERE")).status_code == 404


async def test_a_program_has_a_phone_call_somebody(admin: Visitor) -> None:
    crm = Program(admin, Scope.CALLS_MAKE)
    answer = await crm.asks("/calls", {"from": "101", "to": "13800138000"})
    assert answer.status_code == 201
    assert admin.office.last() == PlaceCall(own="101", to="13800138000", by="api:crm")
    admin.office.refusal = "No phone of 101 is registered; it can't ring."
    refused = await crm.asks("/calls", {"from": "101", "to": "13800138000"})
    assert (refused.status_code, "registered" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/calls", Scope.CALLS_READ),
        ("/people", Scope.PEOPLE_READ),
        ("/now", Scope.EVENTS_READ),
        ("/figures?since_ms=0&until_ms=86400000", Scope.FIGURES_READ),
    ],
)
async def test_a_token_opens_what_its_scopes_say(admin: Visitor, path: str, scope: Scope) -> None:
    others = Program(admin, *(one for one in Scope if one is not scope))
    assert (await others.asks(path)).status_code == 403
    assert (await Program(admin, scope).asks(path)).status_code == 200


async def test_without_a_token_and_with_a_cookie_alone_there_is_nothing(admin: Visitor) -> None:
    assert (await admin.opens("/api/v1/calls")).status_code == 401, "a browser's session is no token"
    answer = await admin.client.get("/api/v1/calls", headers={"authorization": "Bearer zj_guess"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_guessing_tokens_is_slowed_down(admin: Visitor) -> None:
    crm = Program(admin, Scope.PEOPLE_READ)
    for number in range(6):
        await admin.client.get("/api/v1/people", headers={"authorization": f"Bearer zj_{number}"})
    assert (await crm.asks("/people")).status_code == 401


async def test_a_revoked_token_ends_its_stream_and_opens_nothing(admin: Visitor) -> None:
    crm = Program(admin, Scope.EVENTS_READ)
    (token, _) = admin.site.tokens.all()[0]
    stream = admin.site.hub.stream(lambda: {"now": "{}"}, lambda: admin.site.tokens.is_alive(token), "now")
    async with contextlib.aclosing(stream):
        await anext(stream)
        event = await anext(stream)
        assert event.startswith(b"event: now\n")
        json.loads(event.partition(b"data: ")[2])
        admin.site.tokens.revoke(token.id)
        admin.switch.goes_on(faults=["x"])
        assert [one async for one in stream] == []
    assert (await crm.asks("/now")).status_code == 401


async def test_the_file_of_tokens_holds_none(admin: Visitor) -> None:
    crm = Program(admin, Scope.EVENTS_READ)
    assert crm.token not in (admin.site.folder / "tokens.json").read_text()


async def test_the_document_describes_the_interface_and_no_page(admin: Visitor) -> None:
    document = (await admin.client.get("/api/v1/openapi.json")).json()
    assert set(document["paths"]) == {
        f"/api/v1/{one}" for one in ("calls", "calls/{call}", "people", "now", "figures", "events")
    }
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/calls?limit=9999", None),
        ("/calls?limit=x", None),
        ("/calls?after=1", None),
        ("/calls?outcome=nonsense", None),
        ("/calls?since_ms=99999999999999999999", None),
        ("/calls/..%2f..%2fetc", None),
        ("/calls", {"from": "101"}),
        ("/calls", {"from": 101, "to": "1"}),
        ("/calls", {"from": "101; drop", "to": "1"}),
        ("/calls", [1]),
        ("/figures?since_ms=5&until_ms=1", None),
    ],
)
async def test_nonsense_is_refused_with_its_reason(admin: Visitor, path: str, data: Any) -> None:
    crm = Program(admin, Scope.CALLS_READ, Scope.CALLS_MAKE, Scope.FIGURES_READ)
    answer = await crm.asks(path, data)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["detail"]
