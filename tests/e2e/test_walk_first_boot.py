"""A box that nobody has spoken to yet, set up in a browser until the first call is placed and heard."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec
import pytest

from firmware.settings.document import Settings
from firmware.sim.listening import find_speech, find_tone, read_wav
from tests.e2e.walking import walk
from tests.interop.baresip import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]

CALLER = "13800138000"
GREETING = "您好，这里是莲花牙科，请拨分机号。"
# Callers are told of the recording first; who keys later hears the greeting as well.
NOTICE_S = 8.0
STEPS = ["language", "office", "hours", "lines", "people", "phones", "greeting", "test"]


def elsewhere(settings: Settings) -> Settings:
    """Phones fetch their settings at a port that no other box of this computer has."""
    ports = {"provisioning_port": free_port(), "provisioning_tls_port": free_port()}
    return msgspec.structs.replace(settings, sip=msgspec.structs.replace(settings.sip, **ports))


async def fetched(address: str) -> str:
    """Return what a phone gets at an address; "" where there is nothing for it."""
    async with httpx.AsyncClient() as phone:
        answer = await phone.get(address)
    assert answer.status_code in (200, 404)
    return answer.text


async def test_a_code_for_a_phone_is_made_by_a_button_and_used_once(tmp_path: Path, prompts: Path) -> None:
    async with walk(tmp_path, prompts, elsewhere) as (box, browser):
        await browser.do("sign_up")
        secret = (await box.account("101")).secret
        first = await browser.do("code_of", number="101")
        assert (first["before"], first["after"]) == (0, 0), "a code is shown by the button alone"
        assert first["address"] not in first["html"]
        assert "no phone has used it yet" in first["told"]
        # The page was loaded anew: what was scanned before still holds, once.
        assert secret in await fetched(first["address"])
        assert secret not in await fetched(first["address"])

        second = (await browser.do("next_code"))["address"]
        assert await fetched(first["address"]) == ""
        assert secret in await fetched(second)
        assert "has fetched its password" in (await browser.do("code_is_used"))["told"]
        assert "No code is out" in (await browser.do("withdraw_code"))["told"]
        assert await fetched(second) == ""


async def test_from_nothing_to_a_call_that_both_sides_hear(tmp_path: Path, prompts: Path) -> None:
    async with walk(tmp_path, prompts, elsewhere) as (box, browser):
        began = await browser.do("first_boot", people="104 王伟\n105 Anna", greeting=GREETING)
        assert began["began"] == "/welcome"
        assert began["seen"] == STEPS
        assert began["resumed"] == "people", "who left comes back to the step left"

        # A person who was typed in a minute ago has a phone that registers.
        shown = await browser.do("phone_of", number="104")
        account = await box.account("104")
        assert account.secret in shown["text"]
        assert account.secret not in shown["hidden"]
        phone = await box.phone("104", plays=1000.0)
        await browser.do("phone_is_there")

        # The call: greeted with what was typed, connected, heard both ways, seen on the page.
        caller = await box.calls(CALLER, digits="104", digits_after=NOTICE_S, hertz=440.0)
        await phone.event("CALL_INCOMING")
        await phone.accept()
        await phone.event("CALL_ESTABLISHED")
        seen = await browser.do("test_call")
        assert "138 0013 8000" in seen["said"]
        assert "王伟" in seen["said"]
        await caller.hang_up()
        journey = await box.journey(1)
        assert "104" in [leg.address for leg in journey.legs]

        (spoken,) = (box.paths.prompts).rglob("own/greeting.wav")
        rate, samples = read_wav(spoken)
        assert rate == 8000
        assert find_speech(box.heard(CALLER), samples[:, 0]) is not None, "the greeting that was typed"
        heard_by_caller = find_tone(box.heard(CALLER), 8000, 1000.0)
        heard_by_phone = find_tone(box.heard_by(phone), 8000, 440.0)
        assert heard_by_caller is not None
        assert heard_by_phone is not None

        done = await browser.do("finish")
        assert done["reminded"] == 0, "a set-up that is done is not reminded of"
