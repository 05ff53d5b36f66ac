"""A person's phone: a code that is made by a button and shown once, the password that is shown once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from litestar import Request

from firmware.control.phones import InvitationNow, InviteDevice, WithdrawInvitation
from firmware.settings.sip import Device
from tests.web_admin.rig import Visitor
from web_admin.pages.phone import host_of

PHONE = "/people/101/phone"
INVITATION = "/people/101/invitation"
CODE = 'class="qr"'
"""What a page shows a code with."""
PART = {"HX-Request": "true"}


async def test_looking_at_the_page_makes_no_code_and_voids_none(admin: Visitor) -> None:
    for _ in range(2):
        page = (await admin.opens(PHONE)).text
        assert CODE not in page
        assert "No code is out" in page or "没有有效的二维码" in page
    assert admin.office.asked == []
    assert CODE in (await admin.sends(INVITATION)).text
    live = admin.office.invitations["101"]
    page = (await admin.opens(PHONE)).text
    assert admin.office.invitations["101"] == live, "a reload made another"
    assert CODE not in page and "/p/ticket" not in page, "what the code says was served twice"
    assert 'value="withdraw"' in page
    assert admin.office.asked == [
        InviteDevice(account="101", host="192.168.1.5", id=admin.office.asked[0].id)
    ]


async def test_a_code_leads_to_where_the_browser_reached_the_box(admin: Visitor) -> None:
    await admin.opens(PHONE)
    page = (await admin.sends(INVITATION)).text
    assert admin.office.last() == InviteDevice(account="101", host="192.168.1.5")
    assert "http://192.168.1.5:8088/p/ticket1/101.xml" in page
    assert "192.168.1.5:5060" in page
    await admin.sends(INVITATION, {"account": "101-desk"})
    assert admin.office.last() == InviteDevice(account="101-desk", host="192.168.1.5")
    await admin.sends(INVITATION, {"account": "102"})
    assert admin.office.last() == InviteDevice(account="101", host="192.168.1.5"), "somebody else's account"


async def test_a_code_leads_to_an_address_and_never_to_a_name_that_only_the_browser_knows(
    admin: Visitor,
) -> None:
    await admin.opens(PHONE)
    for host in ("zongji.local:8080", "localhost:8080", "127.0.0.1:8080", "[fe80::1]:8080"):
        answer = await admin.sends(INVITATION, host=host)
        assert answer.status_code == 200, host
        # Where the browser's connection ended.
        assert admin.office.last() == InviteDevice(account="101", host="192.168.1.5"), host


@pytest.mark.parametrize(
    ("typed", "ended_at", "told"),
    [
        ("192.168.1.5", "10.0.0.1", "192.168.1.5"),
        ("zongji.local", "192.168.1.5", "192.168.1.5"),
        ("zongji.local", "127.0.0.1", ""),
        ("localhost", "::", ""),
        ("[fd00::5]", "127.0.0.1", "fd00::5"),
        ("[fe80::5]", "fe80::5%eth0", ""),
    ],
)
def test_the_address_that_phones_are_given(typed: str, ended_at: str, told: str) -> None:
    scope: Any = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http",
        "headers": [(b"host", f"{typed}:8080".encode())], "server": (ended_at, 8080),
    }  # fmt: skip
    assert host_of(Request(scope)) == told


async def test_the_page_tells_how_its_code_is_until_a_phone_has_used_it(admin: Visitor) -> None:
    await admin.opens(PHONE)
    part = (await admin.sends(INVITATION, {}, **PART)).text
    assert CODE in part and "<html" not in part
    assert "&amp;shown=1" in part
    waiting = await admin.opens(f"{INVITATION}?account=101&shown=1", **PART)
    assert "HX-Retarget" not in waiting.headers
    assert "ticket" not in waiting.text and CODE not in waiting.text
    admin.office.invitations["101"] = InvitationNow(serial=1, seconds_left=80_000, fetched_s_ago=20)
    used = await admin.opens(f"{INVITATION}?account=101&shown=1", **PART)
    # What is shown is of no use any more: it makes room.
    assert used.headers["HX-Retarget"] == "#invitation"
    assert CODE not in used.text
    assert "has fetched" in used.text or "获取密码" in used.text


async def test_a_code_goes_from_the_page_when_another_was_made_elsewhere(admin: Visitor) -> None:
    await admin.opens(PHONE)
    await admin.sends(INVITATION)
    live = admin.office.invitations["101"]
    admin.office.invitations["101"] = msgspec.structs.replace(live, serial=2)
    answer = await admin.opens(f"{INVITATION}?account=101&shown=1", **PART)
    assert answer.headers["HX-Retarget"] == "#invitation"


async def test_a_code_is_withdrawn(admin: Visitor) -> None:
    await admin.opens(PHONE)
    await admin.sends(INVITATION)
    page = (await admin.sends(INVITATION, {"do": "withdraw"})).text
    assert admin.office.last() == WithdrawInvitation(account="101")
    assert admin.office.invitations == {}
    assert 'value="withdraw"' not in page
    noted = [one.what for one in admin.site.audit.newest(4)]
    assert noted.count("phone-invited") == noted.count("phone-withdrawn") == 1


async def test_a_desk_phone_gets_an_address_and_no_code_to_scan(admin: Visitor) -> None:
    admin.office.makes["101-desk"] = "yealink"
    await admin.opens(f"{PHONE}?account=101-desk")
    page = (await admin.sends(INVITATION, {"account": "101-desk"})).text
    assert "http://192.168.1.5:8088/p/ticket1/<" in page
    assert CODE not in page


async def test_a_box_that_sets_up_no_phones_says_so_and_how_to_do_it_by_hand(admin: Visitor) -> None:
    admin.office.refusal = "Phones can't fetch their configuration: sip.provisioning is off."
    page = (await admin.opens(PHONE)).text
    assert "/settings/sip" in page and 'value="invite"' not in page
    assert "192.168.1.5:5060" in page
    refused = await admin.sends(INVITATION)
    assert refused.status_code == 422
    assert "sip.provisioning is off" in refused.text


async def test_each_phones_password_is_shown_once(admin: Visitor) -> None:
    for account in ("101", "101-desk"):
        secret = f"secret-of-{account}"
        of = f"{PHONE}?account={account}"
        assert secret not in (await admin.opens(of)).text
        assert secret in (await admin.sends(PHONE, {"account": account})).text
        assert secret not in (await admin.sends(PHONE, {"account": account})).text
        page = (await admin.opens(of)).text
        assert secret not in page
        assert 'value="secret"' in page, "the remedy: another one"
        assert secret not in (admin.site.folder / "shown.json").read_text()
    assert [one.what for one in admin.site.audit.newest(5)].count("phone-shown") == 2


async def test_nobodys_phone(admin: Visitor) -> None:
    assert (await admin.opens("/people/999/phone")).status_code == 404
    for path in ("/people/999/phone", "/people/999/invitation"):
        assert (await admin.sends(path)).status_code == 404
    for path in ("/people/999/invitation", "/people/999/presence"):
        assert (await admin.opens(path)).status_code == 404
    assert admin.office.asked == []


async def test_a_second_phone_is_given_another_password(admin: Visitor) -> None:
    store = admin.switch.store
    (first, *_), desk = store.current.extensions, Device(extension="101", account="101-desk")
    await store.change(lambda settings: msgspec.structs.replace(settings, devices=(desk,)))
    await admin.opens("/people")
    done = await admin.sends("/people/101", {"do": "secret", "name": first.name, "account": "101-desk"})
    assert done.status_code == 303
    (changed,) = store.current.devices
    assert changed.secret != desk.secret and len(changed.secret) >= 16
    assert store.current.extension("101") == first, "the first phone keeps its own"
