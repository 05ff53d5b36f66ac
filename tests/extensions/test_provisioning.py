"""Phones that set themselves up: each make reads its own, and a secret leaves the box once."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from extensions.certificates import Certificates
from extensions.provisioning.desk import ProvisioningDesk
from extensions.provisioning.device import Configuration, Device, Make, mac_of
from extensions.provisioning.http import ProvisioningServer
from extensions.provisioning.makes import document, file_names
from extensions.provisioning.tickets import LIFE_S, TicketState
from extensions.sip.acl import Acl
from extensions.sip.sources import Budget, Sources
from firmware.core.errors import UserError

MAC = "001565112233"
SECRET = "k7mn2pq9rs4tvw6xyz3abcde"  # noqa: S105 - of a phone that does not exist
NASTY = "Ann <\"&'>\r\naccount.1.sip_server.1.address = evil"
CONFIGURATION = Configuration(
    "101", "101-desk", NASTY, SECRET, "192.168.1.2", 5061, "tls", lamps=(("102", "Bob"),), pickup_code="**",
    messages_code="*97",
)  # fmt: skip


def a_desk(make: Make = Make.YEALINK) -> tuple[ProvisioningDesk, Device]:
    device = Device(MAC, make, "101", "101-desk")
    desk = ProvisioningDesk(
        lambda mac: device if mac == MAC else None,
        lambda _, host: msgspec.structs.replace(CONFIGURATION, host=host),
        lambda: b"-----BEGIN CERTIFICATE-----",
    )
    return desk, device


def path_of(url: str) -> str:
    return url.removeprefix("http://box:8088")


@pytest.mark.parametrize("make", list(Make))
def test_each_make_finds_server_user_and_secret_in_its_file(make: Make) -> None:
    content_type, body = document(make, CONFIGURATION)
    text = body.decode()
    assert all(word in text for word in ("101", SECRET, "192.168.1.2", "5061"))
    # A name can't smuggle in a line or a tag of its own.
    assert "\naccount.1.sip_server.1.address = evil" not in text
    if "xml" in content_type:
        ElementTree.fromstring(body)  # noqa: S314 - our own document
    elif "json" in content_type:
        assert json.loads(body)["secret"] == SECRET


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (Make.YEALINK, "account.1.srtp_encryption = 2"),
        (Make.GRANDSTREAM, "<P183>2</P183>"),
        (Make.FANVIL, "SIP1 Media Crypto       :2"),
        (Make.SNOM, '<user_savp idx="1" perm="">mandatory</user_savp>'),
        (Make.LINPHONE, '<entry name="media_encryption_mandatory" overwrite="true">1</entry>'),
        (Make.GENERIC, '"srtp": true'),
    ],
)
def test_a_phone_that_must_encrypt_is_told_so(make: Make, line: str) -> None:
    assert line not in document(make, CONFIGURATION)[1].decode()
    secured = msgspec.structs.replace(CONFIGURATION, srtp=True, web_port=8088)
    assert line in document(make, secured)[1].decode()


DESK_PHONES = (Make.YEALINK, Make.GRANDSTREAM, Make.FANVIL, Make.SNOM)


@pytest.mark.parametrize(
    ("make", "lamp", "messages"),
    [
        (Make.YEALINK, ("linekey.2.type = 16", "linekey.2.value = 102"), "voice_mail.number.1 = *97"),
        (Make.GRANDSTREAM, ("<P23000>1<", "<P23003>102<", "<P323>1<", "<P303>102<"), "<P33>*97</P33>"),
        (Make.FANVIL, ("Fkey1 Type              :1", "Fkey1 Value             :102@1/ba**102"), "MWI Num"),
        (Make.SNOM, ('<fkey idx="0" context="1" label="Bob" perm="">blf sip:102@',), ">*97</user_mailbox>"),
    ],
)  # fmt: skip
def test_a_desk_phone_has_its_lamps_and_its_key_for_messages(
    make: Make, lamp: tuple[str, ...], messages: str
) -> None:
    text = document(make, CONFIGURATION)[1].decode()
    assert all(line in text for line in lamp)
    assert "Bob" in text
    assert messages in text and "*97" in text


@pytest.mark.parametrize(
    ("make", "by_minutes"),
    [
        (
            Make.YEALINK,
            {
                480: "time_zone = +8\n",
                330: "time_zone = +5:30\n",
                -210: "time_zone = -3:30\n",
                0: "zone = 0\n",
            },
        ),
        (Make.GRANDSTREAM, {480: "<P246>LCL-8<", 330: "<P246>LCL-5:30<", -210: "<P246>LCL+3:30<"}),
        (Make.FANVIL, {480: ":32\r\nTime Zone Name          :UTC+8", -210: ":-14\r\n", 0: ":UTC+0"}),
        (Make.SNOM, {480: ">+28800</utc_offset>", 330: ">+19800<", -210: ">-12600<"}),
    ],
)
def test_a_desk_phone_shows_the_offices_time(make: Make, by_minutes: dict[int, str]) -> None:
    for minutes, line in by_minutes.items():
        configuration = msgspec.structs.replace(CONFIGURATION, utc_offset_minutes=minutes)
        text = document(make, configuration)[1].decode()
        assert line in text, minutes
        assert ".pool.ntp.org" in text


@pytest.mark.parametrize("make", DESK_PHONES)
def test_no_phone_is_told_to_ask_the_box_for_the_time(make: Make) -> None:
    # The box takes its own from the network and hands none out.
    assert not any(
        "192.168.1.2" in line and ("ntp" in line.lower() or "P30>" in line)
        for line in document(make, CONFIGURATION)[1].decode().splitlines()
    )


def test_a_fanvil_takes_a_file_anew_when_something_in_it_has_changed() -> None:
    def version(configuration: Configuration) -> str:
        text = document(Make.FANVIL, configuration)[1].decode()
        banner, _, rest = text.partition("\r\n")
        # As long as the phone's own, and no line end of another kind.
        assert len(banner) == 62
        assert "\n" not in rest.replace("\r\n", "")
        assert text.endswith("<<END OF FILE>>\r\n")
        return banner.strip()

    first = version(CONFIGURATION)
    assert first.startswith("<<VOIP CONFIG FILE>>Version:2.")
    assert version(msgspec.structs.replace(CONFIGURATION, name=NASTY)) == first
    assert version(msgspec.structs.replace(CONFIGURATION, secret=SECRET[::-1])) != first
    assert version(msgspec.structs.replace(CONFIGURATION, lamps=())) != first


@pytest.mark.parametrize("make", list(Make))
def test_the_secret_is_served_once_per_act_of_an_administrator(make: Make) -> None:
    desk, device = a_desk(make)
    for _ in range(2):
        invitation = desk.issue(device, "http://box:8088/", 0)
        path = path_of(invitation.qr)
        assert path.rpartition("/")[2] in file_names(make, MAC)
        assert SECRET in desk.get(path, 1).body.decode()
        again = desk.get(path, 2)
        assert again.status == 200
        assert SECRET not in again.body.decode()
    assert (desk.counters["served"], desk.counters["refreshed"]) == (2, 2)


def test_a_new_ticket_voids_the_old_and_all_run_out() -> None:
    desk, device = a_desk()
    old = path_of(desk.issue(device, "http://box:8088", 0).qr)
    new = path_of(desk.issue(device, "http://box:8088", 0).qr)
    assert desk.get(old, 1).status == 404
    assert desk.get(new, LIFE_S).status == 404
    late = path_of(desk.issue(device, "http://box:8088", LIFE_S).qr)
    desk.revoke(MAC)
    assert desk.get(late, LIFE_S).status == 404


def test_whoever_issued_a_ticket_can_see_whether_a_phone_has_used_it() -> None:
    desk, device = a_desk()
    assert desk.state(MAC, 0) is None
    path = path_of(desk.issue(device, "http://box:8088", 0).qr)
    assert desk.state(MAC, 60) == TicketState(1, LIFE_S - 60, None)
    desk.get(path + ".bak", 61)
    assert desk.state(MAC, 62) == TicketState(1, LIFE_S - 62, None), "another file doesn't use it up"
    for now in (100, 200):
        desk.get(path, now)
    assert desk.state(MAC, 300) == TicketState(1, LIFE_S - 300, 200), "the first use took the secret"
    assert desk.state(MAC, LIFE_S) is None
    desk.issue(device, "http://box:8088", 400)
    assert desk.state(MAC, 400) == TicketState(2, LIFE_S, None)
    desk.revoke(MAC)
    assert desk.state(MAC, 401) is None


def test_each_phone_is_led_to_where_the_one_who_invited_it_reached_the_box() -> None:
    # Another invitation from elsewhere, meanwhile, changes nothing for this phone.
    devices = {mac: Device(mac, Make.GENERIC, "101", mac) for mac in (MAC, "0" * 12)}
    desk = ProvisioningDesk(devices.get, lambda _, host: msgspec.structs.replace(CONFIGURATION, host=host))
    here = path_of(desk.issue(devices[MAC], "http://box:8088", 0).qr)
    desk.issue(devices["0" * 12], "http://[fd00::5]:8088", 0)
    assert json.loads(desk.get(here, 1).body)["server"] == "box"
    there = desk.issue(devices["0" * 12], "http://[fd00::5]:8088", 0).qr.removeprefix("http://[fd00::5]:8088")
    assert json.loads(desk.get(there, 1).body)["server"] == "fd00::5"


def test_asking_for_other_files_does_not_use_the_ticket_up() -> None:
    desk, device = a_desk()
    folder = path_of(desk.issue(device, "http://box:8088", 0).url)
    for name in ("y000000000028.cfg", "0004f2aaaaaa.cfg", "../../etc/passwd", "", f"{MAC}.cfg/x"):
        assert desk.get(folder + name, 1).status == 404
    assert SECRET in desk.get(folder + MAC.upper() + ".cfg", 1).body.decode()


def test_snom_puts_its_model_into_the_name() -> None:
    desk, device = a_desk(Make.SNOM)
    folder = path_of(desk.issue(device, "http://box:8088", 0).url)
    assert desk.get(f"{folder}snomD785-{MAC.upper()}.htm", 1).status == 200


def test_the_authority_is_for_everybody() -> None:
    desk, _ = a_desk()
    assert desk.get("/ca.pem", 0).body.startswith(b"-----BEGIN")
    assert ProvisioningDesk(lambda _: None, lambda _, __: None).get("/ca.pem", 0).status == 404
    assert desk.get("/", 0).status == 404


def test_mac_addresses_as_people_write_them() -> None:
    assert {
        mac_of(text) for text in ("00:15:65:11:22:33", "00-15-65-11-22-33", "001565112233", "0015.6511.2233")
    } == {MAC}
    with pytest.raises(UserError, match="MAC"):
        mac_of("phone on my desk")
    assert SECRET not in repr(CONFIGURATION)


async def ask(port: int, text: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_over_http() -> None:
    desk, device = a_desk()
    server = ProvisioningServer(desk, "127.0.0.1", 0)
    await server.start()
    path = path_of(desk.issue(device, "http://box:8088", asyncio.get_running_loop().time()).qr)
    assert (await ask(server.port, f"HEAD {path} HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")
    first = await ask(server.port, f"GET {path}?x=1 HTTP/1.1\r\nHost: box\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200") and SECRET.encode() in first
    assert SECRET.encode() not in await ask(server.port, f"GET {path} HTTP/1.1\r\n\r\n")
    assert b" 405 " in await ask(server.port, f"POST {path} HTTP/1.1\r\n\r\n")
    assert b" 400 " in await ask(server.port, "rubbish\r\n\r\n")
    assert await ask(server.port, "GET /" + "x" * 20_000) == b""
    await server.stop()


async def test_an_outsider_gets_nothing() -> None:
    desk, _ = a_desk()
    server = ProvisioningServer(desk, "127.0.0.1", 0, acl=Acl(["192.168.0.0/16"]))
    await server.start()
    with contextlib.suppress(ConnectionError):
        assert await ask(server.port, "GET /ca.pem HTTP/1.1\r\n\r\n") == b""
    assert desk.counters["refused"] == 1
    await server.stop()


async def test_over_https_for_the_lan_at_a_bounded_rate(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.ensure(["127.0.0.1"], datetime.datetime.now(datetime.UTC))
    desk, _ = a_desk()
    seldom = Budget(per_s=1, burst=1, transactions=1, handshakes_per_s=1 / 3600, handshakes_at_once=3)
    server = ProvisioningServer(
        desk, "127.0.0.1", 0, acl=Acl(["127.0.0.1/32"]), tls=certificates.server_context(),
        sources=Sources(seldom),
    )  # fmt: skip
    await server.start()
    trust = certificates.client_context()

    async def fetches(host: str) -> bool:
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=trust, server_hostname="127.0.0.1", local_addr=(host, 0)
            )
        except OSError:
            return False
        writer.write(b"GET /ca.pem HTTP/1.1\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return answer.startswith(b"HTTP/1.1 200")

    assert not await fetches("127.0.0.2")
    assert desk.counters["refused"] == 1
    assert [await fetches("127.0.0.1") for _ in range(5)] == [True, True, True, False, False]
    await server.stop()


async def test_a_host_that_opens_connections_and_says_nothing_keeps_nobody_out() -> None:
    desk, _ = a_desk()
    server = ProvisioningServer(desk, "127.0.0.1", 0)
    await server.start()
    theirs = ("127.0.0.2", 0)
    idle = [await asyncio.open_connection("127.0.0.1", server.port, local_addr=theirs) for _ in range(60)]
    assert (await ask(server.port, "GET /ca.pem HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")
    for _, writer in idle:
        writer.close()
    await server.stop()
