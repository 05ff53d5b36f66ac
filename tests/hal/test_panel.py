"""The front panel on mock pins: lamps, the reset button, power keys that toggle, the fan."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from hal.panel import DEBOUNCE, LONG_PRESS, Fan, Lamps, ModemPower, Mood, PanelPins, PowerKey, PushButton

pytestmark = pytest.mark.looptime

GREEN, AMBER, RED, BUTTON, KEY, STATUS, FAN, NIGHT = 5, 6, 13, 19, 26, 20, 21, 16


@pytest.fixture
def pins() -> Iterator[Any]:
    before, Device.pin_factory = Device.pin_factory, MockFactory(pin_class=MockPWMPin)
    yield Device.pin_factory
    Device.pin_factory.reset()
    Device.pin_factory = before


def lit(pins: Any) -> set[str]:
    return {name for name, pin in (("green", GREEN), ("amber", AMBER), ("red", RED)) if pins.pin(pin).state}


def test_each_lamp_has_one_meaning(pins: Any) -> None:
    lamps = Lamps(PanelPins(GREEN, AMBER, RED))
    for mood, wanted in (
        (Mood.READY, {"green"}),
        (Mood.DEGRADED, {"amber"}),
        (Mood.FAULT, {"red"}),
        (Mood.STARTING, set()),
    ):
        lamps.show(mood)
        assert lit(pins) == wanted
    lamps.show(Mood.TALKING)
    assert lamps.mood is Mood.TALKING
    assert "red" not in lit(pins)
    lamps.close()


def test_the_lamp_of_the_night_is_its_own(pins: Any) -> None:
    lamps = Lamps(PanelPins(GREEN, AMBER, RED, night=NIGHT))
    lamps.show(Mood.READY)
    lamps.show_night(on=True)
    assert (lit(pins), pins.pin(NIGHT).state) == ({"green"}, 1)
    lamps.show_night(on=False)
    assert (lit(pins), pins.pin(NIGHT).state) == ({"green"}, 0)
    lamps.close()


async def test_a_button_with_one_meaning_counts_when_it_is_released_however_long_it_was_held(
    pins: Any,
) -> None:
    told: list[str] = []
    button = PushButton(BUTTON, lambda: told.append("short"), None)
    await hold(pins, LONG_PRESS + 1)
    await hold(pins, 0.2)
    assert told == ["short", "short"]
    button.close()


class Presses:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.button = PushButton(BUTTON, lambda: self.told.append("short"), lambda: self.told.append("long"))


async def hold(pins: Any, seconds: float) -> None:
    pins.pin(BUTTON).drive_low()
    await asyncio.sleep(seconds)
    pins.pin(BUTTON).drive_high()
    await asyncio.sleep(2 * DEBOUNCE)


async def test_a_short_press_and_a_long_one_are_told_apart(pins: Any) -> None:
    presses = Presses()
    await hold(pins, 0.4)
    assert presses.told == ["short"]
    await hold(pins, LONG_PRESS - 0.5)
    assert presses.told == ["short", "short"]
    await hold(pins, LONG_PRESS + 0.5)
    assert presses.told == ["short", "short", "long"]
    presses.button.close()


async def test_a_long_press_is_told_while_it_is_held(pins: Any) -> None:
    presses = Presses()
    pins.pin(BUTTON).drive_low()
    await asyncio.sleep(LONG_PRESS + 0.1)
    assert presses.told == ["long"]
    presses.button.close()


async def test_bouncing_contacts_are_one_press(pins: Any) -> None:
    presses = Presses()
    for _ in range(5):
        pins.pin(BUTTON).drive_low()
        await asyncio.sleep(DEBOUNCE / 5)
        pins.pin(BUTTON).drive_high()
        await asyncio.sleep(DEBOUNCE / 5)
    await asyncio.sleep(1)
    assert presses.told == []
    await hold(pins, 0.2)
    assert presses.told == ["short"]
    presses.button.close()


async def test_a_press_counts_although_the_event_loop_comes_late(
    pins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    presses, loop = Presses(), asyncio.get_running_loop()
    pressed_at = loop.time()
    pins.pin(BUTTON).drive_low()
    # Released before anybody has looked, by a loop that was busy with something else.
    with monkeypatch.context() as late:
        late.setattr(loop, "time", lambda: pressed_at + 0.2)
        pins.pin(BUTTON).drive_high()
    await asyncio.sleep(1)
    assert presses.told == ["short"]
    presses.button.close()


class Modem:
    """A modem whose key toggles it, as they do."""

    def __init__(self, pins: Any, *, on: bool) -> None:
        self.on = on
        self.pulses = 0
        self._pins = pins
        self._status()

    def _status(self) -> None:
        pin = self._pins.pin(STATUS)
        pin.drive_high() if self.on else pin.drive_low()

    async def watch(self) -> None:
        pressed = False
        while True:
            now = bool(self._pins.pin(KEY).state)
            if pressed and not now:
                self.pulses += 1
                self.on = not self.on
                self._status()
            pressed = now
            await asyncio.sleep(0.1)


async def test_a_running_modem_is_not_pulsed_off(pins: Any) -> None:
    modem = Modem(pins, on=True)
    power = ModemPower(PowerKey(KEY, STATUS), lambda: False)
    watching = asyncio.create_task(modem.watch())
    assert await power.switch(on=True)
    # A press shows once the key is let go.
    await asyncio.sleep(1)
    assert modem.pulses == 0
    assert await power.cycle()
    assert (modem.pulses, modem.on) == (2, True)
    watching.cancel()
    power.close()


async def test_without_a_status_pin_the_modems_answer_decides(pins: Any) -> None:
    modem = Modem(pins, on=False)
    power = ModemPower(PowerKey(KEY), lambda: modem.on)
    watching = asyncio.create_task(modem.watch())
    assert await power.switch(on=True)
    assert modem.pulses == 1
    assert await power.switch(on=True)
    assert modem.pulses == 1
    watching.cancel()
    power.close()


async def test_a_dead_modem_is_not_pulsed_for_ever(pins: Any) -> None:
    power = ModemPower(PowerKey(KEY, STATUS), lambda: False)
    pins.pin(STATUS).drive_low()
    assert not await power.switch(on=True)
    assert not pins.pin(KEY).state
    power.close()


def test_the_fan_turns_when_it_is_hot_or_nobody_knows(pins: Any) -> None:
    heat: list[float | None] = [50.0]
    fan = Fan(FAN, lambda: heat[0])
    for degrees, turning in ((50.0, False), (66.0, True), (60.0, True), (54.0, False), (None, True)):
        heat[0] = degrees
        fan.look()
        assert bool(pins.pin(FAN).state) is turning
    fan.close()
