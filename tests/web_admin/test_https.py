"""HTTPS with the box's own authority, and HTTP sent on once somebody has seen it work."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import sys

import httpx
import pytest

from firmware.control.certificates import SignedReply, SignPages, is_local
from firmware.core.errors import UserError
from tests.web_admin.rig import PASSWORD, Visitor
from tests.web_admin.serving import PATIENCE_SECONDS, free_port, serving
from web_admin.security.https import names_of_box


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("192.168.1.5", True),
        ("zongji.local", True),
        ("box", True),
        ("fd00::1", True),
        ("bank.example.com", False),
        ("8.8.8.8", False),
        ("*.local", False),
        ("evil.com/.local", False),
        ("", False),
    ],
)
def test_the_authority_vouches_for_this_network_only(host: str, ours: bool) -> None:
    assert is_local(host) is ours


def test_the_certificate_names_what_browsers_type() -> None:
    assert {"localhost", "127.0.0.1", "zongji.local"} <= set(names_of_box(frozenset()))


async def test_a_strange_name_is_not_signed_for(admin: Visitor) -> None:
    async with admin.site.box.ask() as switch:
        with pytest.raises(UserError, match="only names of this network"):
            await switch.ask(SignPages(request="x", hosts=["bank.example.com"]), SignedReply)
        with pytest.raises(UserError, match="can't be signed"):
            await switch.ask(SignPages(request="x", hosts=["zongji.local"]), SignedReply)


async def test_https_only_can_not_be_switched_on_by_http(admin: Visitor) -> None:
    await admin.opens("/certificates")
    await admin.sends("/certificates", {"do": "on"})
    assert not admin.site.https.is_trusted
    assert (await admin.opens("/ca.crt")).text.startswith("-----BEGIN CERTIFICATE")


async def test_pages_with_a_certificate_do_without_the_library_that_made_it() -> None:
    said = "import sys, web_admin.app; print('cryptography' in sys.modules)"
    asked = await asyncio.create_subprocess_exec(sys.executable, "-c", said, stdout=asyncio.subprocess.PIPE)
    out, _ = await asked.communicate()
    assert out.strip() == b"False", "it takes eight megabytes"


async def test_a_certificate_is_looked_at_and_renewed(admin: Visitor) -> None:
    assert 'value="renew"' not in (await admin.opens("/certificates")).text, "there is none yet"
    assert await admin.site.https.ensure(admin.site.box, datetime.datetime.now(datetime.UTC))
    page = (await admin.opens("/certificates")).text
    assert "zongji.local" in page
    key, certificate = admin.site.folder / "https.key", admin.site.folder / "https.pem"
    before = key.read_bytes(), certificate.read_bytes()
    assert (await admin.sends("/certificates", {"do": "renew"})).status_code == 303
    assert key.read_bytes() != before[0]
    assert certificate.read_bytes() != before[1]
    assert not admin.site.https.is_trusted, "renewing switches nothing"
    assert admin.site.audit.newest(1)[0].what == "https-renewed"


@pytest.mark.slow
async def test_the_lock_closes_and_http_is_sent_on() -> None:
    port = free_port()
    async with serving("--https-port", str(port)) as served, httpx.AsyncClient() as plain:
        authority = (await plain.get(f"{served.address}/ca.crt")).text
        context = ssl.create_default_context(cadata=authority)
        secure = f"https://localhost:{port}"
        async with httpx.AsyncClient(verify=context, base_url=secure) as client:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    try:
                        assert (await client.get("/healthz")).text == "ok"
                        break
                    except httpx.ConnectError:
                        await asyncio.sleep(0.2)
            form = {"username": "admin", "password": PASSWORD, "again": PASSWORD}
            signed_in = await client.post("/welcome", data=form)
            assert "secure" in signed_in.headers["set-cookie"].lower()
            page = await client.get("/certificates")
            csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
            await client.post("/certificates", data={"csrf": csrf, "do": "on"})
            sent_on = await plain.get(f"{served.address}/calls?person=101")
            assert sent_on.status_code == 307
            assert sent_on.headers["location"] == f"https://127.0.0.1:{port}/calls?person=101"
            assert (await plain.get(f"{served.address}/ca.crt")).status_code == 200
