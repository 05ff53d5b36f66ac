"""Lines cured by themselves: restarted, reset or switched off and on, never while somebody talks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from firmware.app.line_care import LineCare
from firmware.app.line_cure import LineCure, Power
from firmware.app.parts import Parts
from firmware.core.leg import LegEnded
from firmware.core.media import LevelMetered
from firmware.profile import PowerProfile
from firmware.settings.store import SettingsStore
from firmware.trunks.line_leg import LineLeg
from firmware.trunks.remedies import AWAY_S, FIRST_PAUSE, HAND_S
from firmware.trunks.sound import DEAF_S, METER_S
from hal.line import LineState
from tests.hal.bench import Bench
from tests.trunks.one_line import Office, office

pytestmark = pytest.mark.looptime

KEY, RESET = 26, 21


@pytest.fixture
def pins() -> Iterator[Any]:
    before, Device.pin_factory = Device.pin_factory, MockFactory(pin_class=MockPWMPin)
    yield Device.pin_factory
    Device.pin_factory.reset()
    Device.pin_factory = before


@contextlib.asynccontextmanager
async def cured(place: Office, power: Power | None = None) -> AsyncIterator[LineCure]:
    cure = LineCure(place.bench.line, place.trunks.health, power)
    task = asyncio.create_task(cure.run())
    try:
        yield cure
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def listening(place: Office, folder: Path) -> None:
    """Have what lines bring judged, as the switch does."""
    settings = SettingsStore(folder / "settings.json")
    settings.open()
    parts = SimpleNamespace(trunks=place.trunks, settings=settings, plane=place.media)
    LineCare(cast(Parts, parts)).start()


async def talk(place: Office, level_dbm0: float, seconds: float = DEAF_S + 1) -> LineLeg:
    """Have a caller answered and heard so loud for so long."""
    leg = await place.caller()
    await leg.answer()
    assert leg.port is not None
    for _ in range(round(seconds / METER_S)):
        await asyncio.sleep(METER_S)
        place.media.notice(leg.port, LevelMetered(level_dbm0, level_dbm0, -20.0))
    return leg


def restarts(place: Office) -> int:
    return len(place.bench.commands("AT+CRESET"))


async def test_h1_a_modem_whose_capture_is_silent_is_restarted_once_it_is_idle(tmp_path: Path) -> None:
    async with office() as place, cured(place):
        await listening(place, tmp_path)
        leg = await talk(place, -96.0)
        await asyncio.sleep(30)
        assert restarts(place) == 0
        assert "no sound" in place.trunks.status()[0].detail
        await leg.hang_up()
        # No call goes out on it meanwhile.
        assert place.trunks.outgoing("10086") is None
        await asyncio.sleep(2)
        assert restarts(place) == 1
        await place.ready()
        assert place.trunks.outgoing("10086") is not None


@pytest.mark.parametrize(("level", "seconds"), [(-60.0, DEAF_S + 1), (-96.0, DEAF_S - 3)])
async def test_a_quiet_party_and_a_short_call_are_no_reason_to_restart(
    tmp_path: Path, level: float, seconds: float
) -> None:
    async with office() as place, cured(place):
        await listening(place, tmp_path)
        await (await talk(place, level, seconds)).hang_up()
        await asyncio.sleep(5)
        assert restarts(place) == 0
        assert place.trunks.outgoing("10086") is not None


async def test_a_line_whose_calls_fail_is_restarted_when_it_is_idle() -> None:
    async with office() as place, cured(place):
        place.media.missing_devices.add("/pcm")
        for _ in range(3):
            await place.ready()
            with pytest.raises(LegEnded):
                await (await place.caller()).answer()
        await asyncio.sleep(3)
        assert restarts(place) == 1


class Pressed:
    """What the modem's pins do to it: a press of the key toggles it, one of RESET begins anew."""

    def __init__(self, pins: Any, bench: Bench) -> None:
        self.presses: list[tuple[str, float]] = []
        self._pins, self._bench = pins, bench
        self.cures_by = "key"

    async def watch(self) -> None:
        began: dict[int, float] = {}
        while True:
            now = asyncio.get_running_loop().time()
            for name, pin in (("key", KEY), ("reset", RESET)):
                if self._pins.pin(pin).state and pin not in began:
                    began[pin] = now
                elif not self._pins.pin(pin).state and pin in began:
                    self.presses.append((name, round(now - began.pop(pin), 1)))
                    await self._happens(name)
            await asyncio.sleep(0.01)

    async def _happens(self, name: str) -> None:
        if name == "reset":
            if self.cures_by == "reset":
                self._bench.modem.quirks.deaf = False
        elif self._bench.plugged:
            await asyncio.sleep(2)
            self._bench.vanish()
        else:
            self._bench.modem.quirks.deaf = False
            self._bench.come_back()


@contextlib.asynccontextmanager
async def wired(place: Office, pins: Any, **wiring: Any) -> AsyncIterator[tuple[LineCure, Pressed]]:
    power = Power(place.bench.line, PowerProfile(key=KEY, **wiring))
    pins.pin(RESET)
    pressed = Pressed(pins, place.bench)
    watching = asyncio.create_task(pressed.watch())
    async with cured(place, power) as cure:
        yield cure, pressed
    watching.cancel()


async def test_a_modem_that_hangs_is_switched_off_and_on_although_its_port_is_there(pins: Any) -> None:
    async with office() as place, wired(place, pins, port_tells=True) as (cure, pressed):
        place.bench.modem.quirks.deaf = True
        while place.bench.line.state is not LineState.DOWN:
            await asyncio.sleep(1)
        await asyncio.sleep(AWAY_S - 5)
        assert pressed.presses == []
        await place.ready()
        assert pressed.presses == [("key", 3.0), ("key", 2.0)]
        assert not cure.needs_a_hand


async def test_a_modem_that_is_off_gets_one_press_and_none_that_would_switch_it_off_again(pins: Any) -> None:
    async with office() as place, wired(place, pins, port_tells=True) as (_, pressed):
        place.bench.vanish()
        await asyncio.sleep(AWAY_S + 2)
        await place.ready()
        assert pressed.presses == [("key", 2.0)]


async def test_where_reset_is_wired_it_comes_before_the_key(pins: Any) -> None:
    async with office() as place, wired(place, pins, port_tells=True, reset=RESET) as (_, pressed):
        place.bench.modem.quirks.deaf = True
        pressed.cures_by = "reset"
        await asyncio.sleep(AWAY_S + 30)
        await place.ready()
        assert pressed.presses == [("reset", 0.3)]


async def test_where_reset_does_not_help_the_key_is_next(pins: Any) -> None:
    async with office() as place, wired(place, pins, port_tells=True, reset=RESET) as (_, pressed):
        place.bench.modem.quirks.deaf = True
        await asyncio.sleep(AWAY_S + FIRST_PAUSE + 60)
        await place.ready()
        assert [name for name, _ in pressed.presses] == ["reset", "key", "key"]


async def test_a_modem_that_never_comes_back_needs_a_person_until_it_does() -> None:
    async with office() as place, cured(place) as cure:
        place.bench.vanish()
        needed = []
        for pause in (HAND_S - 10, 20):
            await asyncio.sleep(pause)
            needed.append(cure.needs_a_hand)
        place.bench.come_back()
        await place.ready()
        await asyncio.sleep(2)
        assert [*needed, cure.needs_a_hand] == [False, True, False]


async def test_a_missing_sim_needs_a_person_and_no_restart() -> None:
    async with office() as place, cured(place) as cure:
        place.bench.modem.sim.present = False
        place.bench.act(place.bench.modem.power_off)
        place.bench.act(place.bench.modem.power_on)
        await asyncio.sleep(60)
        assert cure.needs_a_hand
        await asyncio.sleep(1000)
        assert restarts(place) == 0
