"""Phones that set themselves up, a person with two of them, encrypted audio, wideband: in the real box."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from firmware.cli import root
from firmware.control.client import ControlClient
from firmware.control.editing import AddPerson, RemovePerson
from firmware.control.phones import (
    AuthorityReply,
    DevicesReply,
    GetAuthority,
    InvitationReply,
    InviteDevice,
    ListDevices,
)
from firmware.core.records import Outcome
from firmware.settings.document import Settings
from firmware.settings.sip import Device, SipSettings
from tests.e2e.box import Box, dump
from tests.e2e.test_first_call import clearly, tone
from tests.interop.baresip import Baresip, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]

SOFA = "101-sofa"


@pytest.fixture
async def box(tmp_path: Path, prompts: Path) -> AsyncIterator[Box]:
    def secured(settings: Settings) -> Settings:
        sip = SipSettings(
            tls=True, tls_port=free_port(), provisioning_port=free_port(), provisioning_tls_port=free_port()
        )
        sofa = Device(extension="101", account=SOFA, srtp=True, make="generic", lamps=("102",))
        # As on the label of the phone.
        desk = Device(extension="102", account="102", make="yealink", mac="00:15:65:AA:22:33", lamps=("101",))
        # Three hours behind UTC the year round, unlike the computer of the test.
        schedules = {
            name: msgspec.structs.replace(schedule, timezone="America/Sao_Paulo")
            for name, schedule in settings.hours.schedules.items()
        }
        hours = msgspec.structs.replace(settings.hours, schedules=schedules)
        return msgspec.structs.replace(settings, sip=sip, devices=(sofa, desk), hours=hours)

    async with Box.running(tmp_path, prompts, secured) as running:
        yield running


async def fetched(url: str, authority: bytes = b"") -> bytes:
    """Fetch something from the box; over HTTPS only what this authority vouches for is believed."""
    trust = ssl.create_default_context(cadata=authority.decode()) if authority else None

    def get() -> bytes:
        with urllib.request.urlopen(url, timeout=10, context=trust) as answer:  # noqa: S310 - the box's own
            return bytes(answer.read())

    return await asyncio.to_thread(get)


async def configuration(box: Box, account: str) -> dict[str, Any]:
    """Have the administrator invite a device, and the device fetch its configuration."""
    async with ControlClient(box.paths.control_socket) as switch:
        invitation = await switch.ask(InviteDevice(account=account), InvitationReply)
    first = json.loads(await fetched(invitation.qr))
    assert "secret" not in json.loads(await fetched(invitation.qr)), "the secret was served twice"
    return dict(first)


async def test_a_softphone_sets_itself_up_and_takes_the_call_that_rings_on_the_desk_too(
    box: Box, tmp_path: Path
) -> None:
    told = await configuration(box, SOFA)
    assert (told["user"], told["transport"], told["srtp"]) == (SOFA, "tls", True)
    async with ControlClient(box.paths.control_socket) as switch:
        authority = tmp_path / "ca.pem"
        authority.write_text((await switch.ask(GetAuthority(), AuthorityReply)).pem)
    desk = await box.phone("101")
    async with Baresip.running(
        tmp_path / "sofa", "101", told["secret"], account=SOFA, registrar_port=told["port"],
        transport="tls", srtp=True, authority=authority, plays=box.tone(1000, 120),
    ) as sofa:  # fmt: skip
        await sofa.registered()
        async with ControlClient(box.paths.control_socket) as switch:
            devices = (await switch.ask(ListDevices(), DevicesReply)).devices
        assert [(one.account, bool(one.contacts)) for one in devices if one.extension == "101"] == [
            ("101", True), (SOFA, True),
        ]  # fmt: skip

        async def talk(number: int) -> None:
            caller = await box.calls("13800138000", digits="101")
            await asyncio.gather(desk.event("CALL_INCOMING"), sofa.event("CALL_INCOMING"))
            await sofa.accept()
            await desk.event("CALL_CLOSED")
            await asyncio.sleep(3)
            await caller.hang_up()
            await sofa.event("CALL_CLOSED")
            journey = await box.journey(number)
            assert journey.outcome is Outcome.ANSWERED, dump(journey)
            assert tone(box.heard_by(sofa), 440).lasted_seconds > 2
            assert tone(box.heard("13800138000"), 1000).lasted_seconds > 2

        await clearly(talk)


async def test_a_desk_phone_fetches_its_own_file_once_with_its_password(box: Box) -> None:
    async with ControlClient(box.paths.control_socket) as switch:
        folder = (await switch.ask(InviteDevice(account="102"), InvitationReply)).url
    # A Yealink asks for its model's file first, which there isn't.
    with pytest.raises(urllib.error.HTTPError, match="404"):
        await fetched(f"{folder}y000000000028.cfg")
    first = (await fetched(f"{folder}001565aa2233.cfg")).decode()
    secret = (await box.account("102")).secret
    assert f"account.1.password = {secret}" in first
    assert f"account.1.sip_server.1.port = {await box.sip_port()}" in first
    assert "linekey.2.value = 101" in first
    assert "local_time.time_zone = -3\n" in first, "the office's own"
    assert secret not in (await fetched(f"{folder}001565aa2233.cfg")).decode()


async def test_two_phones_with_g722_talk_and_are_recorded(box: Box, tmp_path: Path) -> None:
    codecs = "G722/16000/1,PCMA/8000/1"
    ann = await box.phone("101", plays=700, codecs=codecs)
    bob = await box.phone("102", plays=1000, auto_answer=True, codecs=codecs)

    async def talk(number: int) -> None:
        await ann.dial("102")
        await ann.event("CALL_ESTABLISHED")
        await asyncio.sleep(3)
        await ann.hang_up()
        await bob.event("CALL_CLOSED")
        journey = await box.journey(number)
        left, right = box.recording(journey)
        assert tone(left, 700).lasted_seconds > 2
        assert tone(right, 1000).lasted_seconds > 2

    await clearly(talk)
    assert "Set audio encoder: G722" in ann.log() and "Set audio encoder: G722" in bob.log()


async def test_an_invitation_for_nobody(box: Box) -> None:
    async with ControlClient(box.paths.control_socket) as switch:
        with pytest.raises(Exception, match="no phone account"):
            await switch.ask(InviteDevice(account="999"), InvitationReply)
    port = (await configuration_port(box)).rstrip("/")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        await fetched(f"{port}/p/guessed/{SOFA}.json")
    authority = await fetched(f"{port}/ca.pem")
    assert authority.startswith(b"-----BEGIN CERTIFICATE")
    async with ControlClient(box.paths.control_socket) as switch:
        invitation = await switch.ask(InviteDevice(account=SOFA), InvitationReply)
    assert b'"secret"' in await fetched(invitation.secure_url + invitation.qr.rpartition("/")[2], authority)


async def test_whoever_was_invited_and_left_can_not_fetch_the_password_of_who_came_next(box: Box) -> None:
    async with ControlClient(box.paths.control_socket) as switch:
        for_ann = (await switch.ask(InviteDevice(account="103"), InvitationReply)).qr
        await switch.change_settings([RemovePerson("103")], "the owner")
        await switch.change_settings([AddPerson("103", "Bea")], "the owner")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            await fetched(for_ann)
        for_bea = (await switch.ask(InviteDevice(account="103"), InvitationReply)).qr
    assert (await box.account("103")).secret in (await fetched(for_bea)).decode()


async def test_an_installer_invites_from_the_command_line(box: Box) -> None:
    def asked(*arguments: str) -> str:
        state = str(box.paths.root)
        done = CliRunner().invoke(root, [*arguments, "--state", state, "--lang", "en"])
        assert done.exit_code == 0, done.output
        return done.output

    listed = await asyncio.to_thread(asked, "devices")
    assert SOFA in listed and "yes" in listed
    told = await asyncio.to_thread(asked, "invite", "103", "--make", "generic")
    qr = next(line for line in told.splitlines() if "QR" in line).rpartition(" ")[2]
    assert json.loads(await fetched(qr))["user"] == "103"
    # A desk phone scans nothing: it is given the folder, and asks there for what it is called.
    told = await asyncio.to_thread(asked, "invite", "102")
    assert "QR" not in told
    folder = next(line for line in told.splitlines() if "folder" in line).rpartition(" ")[2]
    assert (await box.account("102")).secret in (await fetched(f"{folder}001565aa2233.cfg")).decode()


async def configuration_port(box: Box) -> str:
    """Return where configurations are fetched."""
    async with ControlClient(box.paths.control_socket) as switch:
        invitation = await switch.ask(InviteDevice(account=SOFA), InvitationReply)
    return invitation.url.partition("/p/")[0]
