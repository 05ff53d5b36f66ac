"""The phones of the product follow its settings while they run, and its owner hears of who guesses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from extensions.bans import MOST_PER_ACCOUNT, MOST_PER_USER
from extensions.phones import Phones
from firmware.app import phones as app
from firmware.app.alarms import Alarms
from firmware.profile import Profile, SipProfile
from firmware.settings.document import Settings
from firmware.settings.store import SettingsStore
from tests.media.fake_media import FakeMedia

GUESSER = "192.168.7.7"


class World:
    def __init__(self, folder: Path) -> None:
        self.settings = SettingsStore(folder / "settings.json")
        self.settings.open()
        self.alarms = Alarms()
        profile = Profile(sip=SipProfile(host="127.0.0.1", port=0))
        self.phones: Phones = app.build(self.settings, FakeMedia(), profile)
        app.follow(self.phones, self.settings, self.alarms)

    async def set_sip(self, **changes: object) -> None:
        def edit(settings: Settings) -> Settings:
            return msgspec.structs.replace(settings, sip=msgspec.structs.replace(settings.sip, **changes))

        await self.settings.change(edit)

    def guesses(self, times: int, *, hosts: int = 1) -> None:
        for number in range(times):
            host = GUESSER if hosts == 1 else f"192.168.8.{number % hosts}"
            self.phones.bans.failed(host, "101", 0.0)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    await world.phones.stop()


async def test_who_guesses_a_password_is_kept_out_and_told_of(world: World) -> None:
    world.guesses(MOST_PER_USER)
    assert world.phones.bans.retry_after(GUESSER, "101", 1.0) > 0
    (alarm,) = world.alarms.recent
    assert f"{GUESSER} gave {MOST_PER_USER} wrong passwords for 101" in str(alarm)


async def test_a_network_that_is_never_banned_is_told_of_all_the_same(world: World) -> None:
    await world.set_sip(never_banned="192.168.7.0/24")
    world.guesses(MOST_PER_USER)
    assert world.phones.bans.retry_after(GUESSER, "101", 1.0) == 0
    (alarm,) = world.alarms.recent
    assert "never banned" in str(alarm)


async def test_an_account_that_many_places_guess_at_is_told_of(world: World) -> None:
    world.guesses(MOST_PER_ACCOUNT, hosts=50)
    assert "from many places" in str(world.alarms.recent[-1])


async def test_only_the_office_is_heard_and_of_it_what_the_settings_say(world: World) -> None:
    heard = world.phones.acl.allows
    assert (heard("192.168.1.5"), heard("fd00::5"), heard("8.8.8.8")) == (True, True, False)
    await world.set_sip(interfaces="lo")
    assert (heard("127.0.0.1"), heard("192.168.1.5")) == (True, False)
    await world.set_sip(interfaces="")
    assert heard("192.168.1.5")
