"""Every page of settings in a browser: made, changed, explained, taken back, while a call goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firmware.settings.document import Settings
from firmware.sim.listening import find_tone
from tests.e2e.walking import walk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

CALLER = "13800138000"

# What an entry of each list needs, in the order a person fills it in; `add:` presses a button of the form.
NEW: dict[str, list[tuple[str, str]]] = {
    "groups": [
        ("groups.new.name", "Front desk"),
        ("groups.new.number", "610"),
        ("add:groups.new.members", ""),
        ("groups.new.members.0.number", "101"),
    ],
    "queues": [
        ("queues.new.name", "Appointments"),
        ("queues.new.number", "620"),
        ("add:queues.new.agents", ""),
        ("queues.new.agents.0.number", "101"),
    ],
    "rooms": [("rooms.new.name", "Morning round"), ("rooms.new.number", "630")],
    "devices": [
        ("devices.new.extension", "101"),
        ("devices.new.account", "101-lab"),
        ("devices.new.label", "Laboratory"),
        ("devices.new.secret", "a-long-enough-secret"),
    ],
    "providers": [
        ("providers.new.name", "sipline"),
        ("providers.new.servers", "127.0.0.1:5999"),
        ("providers.new.username", "02087650000"),
        ("providers.new.secret", "a-long-enough-secret"),
    ],
    "surveys": [("surveys.new.name", "how-was-it")],
    "lines": [("lines.new.name", "gsm1")],
}

# Lists that are inside a section's own form, and what shows that an entry is there.
NEW_WITHIN: dict[str, tuple[list[tuple[str, str]], str]] = {
    "inbound": (
        [
            ("add:inbound.rules", ""),
            ("inbound.rules.0.name", "Sales campaign"),
            ("add:inbound.rules.0.to", ""),
            ("inbound.rules.0.to.0.type", "reception"),
        ],
        '[name="inbound.rules.0.name"]',
    ),
    "integrations": (
        [
            ("add:integrations.webhooks", ""),
            ("integrations.webhooks.0.url", "https://crm.example/hook"),
            ("integrations.webhooks.0.secret", "a-long-enough-secret"),
        ],
        '[name="integrations.webhooks.0.url"]',
    ),
}

# Sections with pages of their own, walked elsewhere.
ELSEWHERE = {"extensions", "menus"}


async def test_every_section_is_changed_and_taken_back_while_a_call_goes_on(
    tmp_path: Path, prompts: Path
) -> None:
    async with walk(tmp_path, prompts) as (box, browser):
        await browser.do("sign_up")
        phone = await box.phone("101", plays=1000.0, auto_answer=True)
        caller = await box.talking(CALLER)
        told: dict[str, str] = await browser.do("every_section")
        assert {door: said for door, said in told.items() if said not in ("ok", "empty")} == {}
        sections = {door.removeprefix("/settings/"): said for door, said in told.items()}
        assert set(sections) | ELSEWHERE >= set(Settings.__struct_fields__)
        assert {name for name, said in sections.items() if said == "empty"} <= {*NEW, *NEW_WITHIN}

        # Whatever was changed, the call of before it all goes on, and both still hear each other at its end.
        assert (await box.live()).outcome is None
        await caller.hang_up()
        assert (await box.journey(1)).hung_up_by == "caller"
        assert find_tone(box.heard(CALLER)[-8000:], 8000, 1000.0) is not None
        assert find_tone(box.heard_by(phone)[-8000:], 8000, 440.0) is not None


async def test_an_entry_of_every_list_is_made_changed_and_taken_back(tmp_path: Path, prompts: Path) -> None:
    async with walk(tmp_path, prompts) as (_, browser):
        await browser.do("sign_up")
        for section, fields in NEW.items():
            made: dict[str, Any] = await browser.do("create", section=section, fields=fields)
            assert made["changes"], section
            assert (made["before"], made["made"], made["after"]) == (0, 1, 0), section
            assert made["edited"] == "ok", f"{section}: {made['edited']}"
        for section, (fields, shows) in NEW_WITHIN.items():
            made = await browser.do("create_within", section=section, fields=fields, shows=shows)
            assert (made["made"], made["after"]) == (1, 0), section


async def test_people_days_off_nonsense_and_the_history(tmp_path: Path, prompts: Path) -> None:
    async with walk(tmp_path, prompts) as (box, browser):
        await browser.do("sign_up")
        people = await browser.do("people", number="104", name="Zhang Wei")
        assert people == {"before": 3, "added": 4, "renamed": "Zhang Wei II", "removed": 3, "after": 4}
        assert (await box.account("104")).number == "104"

        day = await browser.do("day_off", day="2026-12-09", name="Outing")
        assert "Outing" in day["closed"]
        assert day["after"] == day["before"] != day["closed"]

        # What can't be is refused in words that name the field, and what was typed is still there.
        number = [("rooms.new.name", "Twice"), ("rooms.new.number", "101")]
        refused = await browser.do("nonsense", address="/settings/rooms/new", fields=number)
        assert "101" in refused["said"] or "number" in refused["said"].lower()
        assert refused["typed"] == "101"

        history = await browser.do("history")
        assert history["revisions"] >= 6
        assert "admin" in history["newest"]
        assert "Outing" in history["newest"]
