"""Something is announced to all phones from a page, told as stories in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from firmware.app.announcing import LONGEST_TEXT, Announcements
from firmware.app.parts import Parts
from firmware.core.errors import UserError
from firmware.core.media import PlayFile
from tests.scenarios.mailboxes import at_once
from tests.scenarios.routed import RoutedOffice
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RoutedOffice:
    def spoken(_text: str, _language: str, path: Path) -> None:
        path.write_bytes(b"spoken")

    monkeypatch.setattr("asyncio.to_thread", at_once)
    monkeypatch.setattr("firmware.app.announcing.speak", spoken)
    office = RoutedOffice(tmp_path)
    words = msgspec.structs.replace(office.settings.current.office, language="en")
    await office.change(office=words)
    return office


@pytest.fixture
def announcements(office: RoutedOffice, tmp_path: Path) -> Announcements:
    parts = SimpleNamespace(
        settings=office.settings,
        directory=office.directory,
        exchange=office.exchange,
        phones=office.handsets,
        plane=office.media,
        paths=SimpleNamespace(prompts=tmp_path / "prompts"),
    )
    return Announcements(cast(Parts, parts))


async def test_every_phone_that_is_there_hears_what_was_typed_twice(
    office: RoutedOffice, announcements: Announcements
) -> None:
    office.handsets.gone = {"103"}
    hearers = await announcements.from_page("Fire, leave the house", "", "anna")
    assert (len(hearers.free), len(hearers.talking)) == (2, 0)
    assert office.spoken_to == ["101", "102"], "their phones are asked to answer by themselves"
    await asyncio.sleep(0.1)
    for leg in hearers.free:
        cast(FakeLeg, leg).far.answers()
    await asyncio.sleep(0.1)
    played = [one for one in office.media.played if one.running]
    assert len(played) == 2
    files = [Path(item.path) for item in played[0].items if isinstance(item, PlayFile)]
    assert [one.name.partition("-")[0] for one in files] == ["emergency", "announcement"] * 2
    scratch = files[1]
    assert scratch.exists()
    for one in played:
        one.stop()
    await asyncio.sleep(0.1)
    assert not scratch.exists()
    assert all(leg.ending is not None for leg in hearers.free)


async def test_one_is_made_at_a_time_and_the_next_after_its_end(
    office: RoutedOffice, announcements: Announcements
) -> None:
    await announcements.from_page("", "emergency-broadcast", "anna")
    with pytest.raises(UserError, match="Another announcement is being made"):
        await announcements.from_page("again", "", "anna")
    await asyncio.sleep(40)
    await announcements.from_page("again", "", "anna")
    await announcements.close()


@pytest.mark.parametrize(
    ("text", "prompt", "told"),
    [
        ("", "", "Write what is to be announced"),
        ("", "own/nothing", "There is no prompt own/nothing"),
        ("", "../zh-CN/busy", "There is no prompt"),
        ("x" * (LONGEST_TEXT + 1), "", "characters at most"),
    ],
)
async def test_what_can_not_be_announced_is_said(
    announcements: Announcements, text: str, prompt: str, told: str
) -> None:
    with pytest.raises(UserError, match=told):
        await announcements.from_page(text, prompt, "anna")


async def test_nobody_there_is_said_and_nothing_left_behind(
    office: RoutedOffice, announcements: Announcements, tmp_path: Path
) -> None:
    office.handsets.gone = {"101", "102", "103"}
    with pytest.raises(UserError, match="No phone is registered"):
        await announcements.from_page("Fire", "", "anna")
    assert not list((tmp_path / "prompts").glob("announcement-*"))
