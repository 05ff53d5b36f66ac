"""Bought lines in service: they follow the settings, register, carry calls both ways, and tell when down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from extensions.accounts import Account, Accounts
from extensions.phones import Phones
from extensions.sip_leg import SipLeg
from firmware.app.alarms import Alarms
from firmware.app.providers import ProviderLines
from firmware.core.leg import Leg, LegState, Party
from firmware.profile import Profile, SipProfile
from firmware.settings.document import Settings
from firmware.settings.sip import Provider
from firmware.settings.store import SettingsStore
from firmware.switch.outbound.lines import LineCondition
from tests.media.fake_media import FakeMedia

NUMBER = "02087654321"
KEY = "k7mn2pq9rs4tvw6xyz3a"


class World:
    """A provider (a box of our own, which others stand in for in tests/interop) and the lines to it."""

    def __init__(self, folder: Path) -> None:
        self.media = FakeMedia()
        self.provider = Phones(Accounts([Account(NUMBER, "the box", KEY)]), self.media, "127.0.0.1", 0)
        self.dialled: asyncio.Queue[tuple[SipLeg, str]] = asyncio.Queue()
        self.provider.on_incoming = lambda leg, number: self.dialled.put_nowait((leg, number))
        self.store = SettingsStore(folder / "settings.json")
        self.store.open()
        self.alarms = Alarms()
        profile = Profile(sip=SipProfile(host="127.0.0.1"))
        self.lines = ProviderLines(self.store, self.media, profile, self.alarms, ["gsm1"])
        self.incoming: asyncio.Queue[tuple[Leg, str]] = asyncio.Queue()
        self.lines.on_incoming = lambda leg, dialled: self.incoming.put_nowait((leg, dialled))

    def bought(self, name: str = "bought", **changes: object) -> Provider:
        server = f"127.0.0.1:{self.provider.port}"
        line = Provider(name=name, servers=(server,), username=NUMBER, secret=KEY, most_calls=1)
        return msgspec.structs.replace(line, **changes)

    async def set(self, *providers: Provider) -> None:
        def edit(settings: Settings) -> Settings:
            return msgspec.structs.replace(settings, providers=providers)

        await self.store.change(edit)

    def condition(self) -> LineCondition | None:
        return next((line.condition for line in self.lines.lines()), None)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    await world.provider.start()
    await world.lines.start()
    yield world
    await world.lines.stop()
    await world.provider.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_line_that_is_added_comes_up_and_carries_calls_both_ways(world: World) -> None:
    await world.set(world.bought())
    await until(lambda: world.condition() is LineCondition.READY)
    out = world.lines.leg("bought", "13800138000")
    assert out is not None and world.lines.leg("gsm1", "13800138000") is None
    await out.ring(Party("101"))
    far, number = await asyncio.wait_for(world.dialled.get(), 10)
    assert number == "13800138000"
    await far.answer()
    await asyncio.wait_for(out.answered(), 10)
    assert world.condition() is LineCondition.BUSY
    await world.lines.free("bought")
    await until(lambda: far.state is LegState.ENDED)

    back = world.provider.leg_to(NUMBER)
    await back.ring(Party("13900139000"))
    leg, dialled = await asyncio.wait_for(world.incoming.get(), 10)
    assert (leg.address, leg.party.number, dialled) == ("bought", "13900139000", NUMBER)
    await leg.hang_up()


async def test_a_line_that_is_taken_away_is_gone_and_one_that_did_not_change_keeps_its_calls(
    world: World,
) -> None:
    await world.set(world.bought())
    await until(lambda: world.condition() is LineCondition.READY)
    out = world.lines.leg("bought", "13800138000")
    assert out is not None
    await out.ring(Party("101"))
    await world.set(world.bought(), world.bought("second", registers=False))
    await until(lambda: len(world.lines.lines()) == 2)
    assert out.ending is None
    await world.set()
    await until(lambda: not world.lines.lines())
    assert out.ending is not None


async def test_a_name_that_another_line_has_is_refused_with_an_alarm(world: World) -> None:
    await world.set(world.bought("gsm1"))
    await until(lambda: bool(world.alarms.recent))
    assert "gsm1" in str(world.alarms.recent[0])
    assert world.lines.lines() == []


async def test_a_wrong_password_shows_in_the_status(world: World) -> None:
    await world.set(world.bought(secret="wrong"))  # noqa: S106 - on purpose
    await until(lambda: any("401" in line.detail for line in world.lines.status()))
    assert world.condition() is LineCondition.DOWN
