"""The hours as a page works with them: one switch's parts, without its wires."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from extensions.directory import OfficeDirectory
from extensions.feature_codes import CodeBook, Feature
from firmware.app.announcing import Announcements
from firmware.app.api.settings import SettingsDesk
from firmware.app.api.voice import VoiceApi
from firmware.app.front_panel import Panel
from firmware.app.parts import Parts
from firmware.app.voice import Voice
from firmware.app.voice_lamp import keep_lamp
from firmware.control.answers import Answers
from firmware.control.voice import GetHours, SwitchHours
from firmware.core.clock import SystemClock
from firmware.core.errors import UserError
from firmware.core.leg import Leg
from firmware.core.paths import StatePaths
from firmware.profile import PanelProfile, Profile
from firmware.settings.checks_voice import known_to_menus
from firmware.settings.store import SettingsStore
from firmware.switch.directory import Extension
from hal.panel import DEBOUNCE
from ivr.menu import MenuBook, first_menus
from ivr.menu.model import ToExtension


def _no_leg(number: str) -> Leg:
    raise AssertionError(number)


@pytest.fixture
def api(tmp_path: Path) -> VoiceApi:
    paths = StatePaths(tmp_path)
    paths.ensure()
    settings = SettingsStore(paths.settings)
    settings.open()
    people = [Extension(one.number, one.name) for one in settings.current.extensions]
    parts = SimpleNamespace(
        paths=paths,
        settings=settings,
        editing=SettingsDesk(settings, tmp_path / "settings-history.jsonl", SystemClock()),
        clock=SystemClock(),
        directory=OfficeDirectory(people, "101", _no_leg),
        answers=Answers(),
    )
    api = VoiceApi(cast(Parts, parts), Voice(cast(Parts, parts), Announcements(cast(Parts, parts))))
    api.serve()
    return api


async def test_the_day_night_switch_is_turned(api: VoiceApi) -> None:
    before = await api.hours(GetHours())
    assert (before.enabled, before.is_open, before.mode) == (False, True, "auto")
    night = await api.switch(SwitchHours(mode="night"))
    assert (night.is_open, night.mode) == (False, "night")
    assert night.state["zh-CN"].startswith("休息：人工切换")
    until = await api.switch(SwitchHours(mode="day", until="2099-01-01T08:00"))
    assert until.is_open
    assert until.state["en"] == "open: switched by hand until 2099-01-01 08:00"
    auto = await api.switch(SwitchHours(mode="auto"))
    assert (auto.is_open, auto.mode) == (True, "auto")


class _Lamps:
    """What phones that watch codes show."""

    def __init__(self) -> None:
        self.lit: dict[str, bool | None] = {}

    def show_switch(self, code: str, on: bool | None) -> None:
        self.lit[code] = on


async def test_the_lamp_of_the_switch_is_lit_while_callers_meet_the_office_closed(api: VoiceApi) -> None:
    lamps, features = _Lamps(), SimpleNamespace(book=CodeBook())
    parts = SimpleNamespace(
        phones=SimpleNamespace(presence=lamps),
        settings=api._parts.settings,
        routing=SimpleNamespace(features=features),
    )
    keeping = asyncio.create_task(keep_lamp(cast(Parts, parts), api._voice.is_open))
    try:
        await asyncio.sleep(0)
        assert lamps.lit == {"*60": False}
        await api.switch(SwitchHours(mode="night"))
        await asyncio.sleep(0.05)
        assert lamps.lit == {"*60": True}
        features.book = CodeBook({Feature.DAY_NIGHT: "*66"})
        await api.switch(SwitchHours(mode="auto"))
        await asyncio.sleep(0.05)
        assert lamps.lit == {"*60": None, "*66": False}
    finally:
        keeping.cancel()


async def test_the_front_panel_turns_the_switch_and_shows_the_night(
    api: VoiceApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Device, "pin_factory", MockFactory(pin_class=MockPWMPin))
    lamp, button = 16, 12
    parts = SimpleNamespace(profile=Profile(panel=PanelProfile(night=lamp, night_button=button)))
    panel = Panel(cast(Parts, parts), api._voice, {})
    pins = cast(MockFactory, Device.pin_factory)
    try:
        pins.pin(button).drive_low()
        await asyncio.sleep(3 * DEBOUNCE)
        pins.pin(button).drive_high()
        # The lamp comes last, after the change is on the disk with its author.
        while not pins.pin(lamp).state:
            await asyncio.sleep(0.01)
        assert (await api.hours(GetHours())).mode == "night"
        (newest, *_) = await api._parts.editing.history(1)
        assert newest.by == "front panel"
        await panel.turn_night()
        assert not pins.pin(lamp).state
    finally:
        panel.close()
        pins.reset()


async def test_whoever_turns_the_switch_by_a_code_is_named_in_the_history(api: VoiceApi) -> None:
    assert await api._voice.turn("phone 101") == "night"
    assert (await api.hours(GetHours())).mode == "night"
    (newest, *_) = await api._parts.editing.history(1)
    assert newest.by == "phone 101"
    assert "hours" in newest.changes[0].path
    assert await api._voice.turn("phone 102") == "auto"


async def test_whoever_turns_the_switch_on_a_page_is_named_in_the_history(api: VoiceApi) -> None:
    await api.switch(SwitchHours(mode="night", by="anna"))
    (newest, *_) = await api._parts.editing.history(1)
    assert newest.by == "anna"


async def test_what_can_not_be_switched_is_said(api: VoiceApi) -> None:
    with pytest.raises(UserError, match="there is no schedule"):
        await api.switch(SwitchHours(mode="day", schedule="nowhere"))
    with pytest.raises(UserError, match="write a moment like"):
        await api.switch(SwitchHours(mode="day", until="tomorrow"))
    with pytest.raises(UserError, match="There is no schedule"):
        await api.hours(GetHours(schedule="nowhere"))


async def test_an_extension_the_menus_in_force_name_can_not_be_taken_away(api: VoiceApi) -> None:
    first = first_menus()
    main = msgspec.structs.replace(first.menus["main"], keys={"5": ToExtension("103")})
    menus = msgspec.structs.replace(first, menus={**first.menus, "main": main})
    store, known = api._parts.settings, known_to_menus(api._parts.settings.current)
    now = datetime.datetime.now(datetime.UTC)
    book = MenuBook().drafted(menus, known).published(known, "li", now)
    await store.change(lambda settings: msgspec.structs.replace(settings, menus=book))
    with pytest.raises(UserError, match="There is no extension 103"):
        await store.change(
            lambda settings: msgspec.structs.replace(settings, extensions=settings.extensions[:2])
        )
    assert len(store.current.extensions) == 3
