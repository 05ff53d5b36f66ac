"""Callers who spell a name, told as stories in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.menu_office import (
    MenuOffice,
)
from tests.scenarios.office import trace

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path) -> MenuOffice:
    return MenuOffice(tmp_path)


async def test_a_name_that_one_person_has_is_rung(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "8")
    await office.keys_after(caller, "spell-name", "926")
    await office.phone_rings("103")
    caller.far.ends()
    assert "menu main: spelled the name of 103" in trace(await office.journey())


async def test_of_several_people_the_caller_chooses_by_extension(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "8")
    await office.keys_after(caller, "spell-name", "934#")
    offer = ["for-extension", "say-1", "say-0", "say-1", "press", "say-1"]
    offer += ["for-extension", "say-1", "say-0", "say-3", "press", "say-2"]
    await office.until(lambda: office.has_heard(caller)[-12:] == offer)
    caller.far.presses("2")
    await office.phone_rings("103")


async def test_a_name_nobody_has_brings_the_caller_back(office: MenuOffice) -> None:
    caller = office.caller_meets()
    await office.keys_after(caller, "greeting", "8")
    await office.keys_after(caller, "spell-name", "999")
    await office.until(lambda: office.has_heard(caller)[-2:] == ["no-such-name", "spell-name"])
    await office.until(lambda: office.has_heard(caller)[-1:] == ["greeting"])
