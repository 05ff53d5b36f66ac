"""The box's front panel on GPIO pins, by gpiozero: lamps, buttons, modem power keys, fan.

Theory of operation
-------------------
Lamps: green ready, green blinking on a call, amber degraded, red only for a fault a person must mend; one of
its own while callers meet the office closed.

Buttons are debounced here, since a mock pin and some pin factories don't: a press counts once it has held
`DEBOUNCE`, by the moments of its edges, so that an event loop that comes late loses none. Released before
`LONG_PRESS` it is short; held that long it is long, told at that moment, once.

A modem's power key toggles: pulsed on a running modem it switches it off. So STATUS is read before and after,
and a modem that is as wanted is left alone. Where the board has no STATUS pin, the modem's port tells, or
whether the modem answers.
"""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import logging
from collections.abc import Callable
from pathlib import Path

from gpiozero import LED, Button, Device, DigitalInputDevice, DigitalOutputDevice
from gpiozero.exc import BadPinFactory

logger = logging.getLogger(__name__)

DEBOUNCE = 0.03
"""Seconds a contact must hold; push buttons bounce up to 10 ms."""
LONG_PRESS = 10.0
BLINK = 0.5
"""Seconds on and off of a blinking lamp."""
KEY_TRIES = 3
STATUS_LOOK = 0.5
_CPU = Path("/sys/class/thermal/thermal_zone0/temp")
FAN_ON, FAN_OFF = 65.0, 55.0
"""Degrees Celsius; a Pi slows down from 80."""
FAN_LOOK = 10.0


def pins_are_there() -> bool:
    """Whether this computer has pins; says why not."""
    try:
        Device.ensure_pin_factory()
    except BadPinFactory as error:
        logger.error("lamps stay dark, buttons and power keys dead: %s", error)
        return False
    return True


class Mood(enum.Enum):
    """What the lamps tell, the worst first."""

    FAULT = "a fault a person must mend"
    DEGRADED = "works, but not all of it"
    TALKING = "a call stands"
    READY = "ready"
    STARTING = "starting"


@dataclasses.dataclass(frozen=True)
class PanelPins:
    """BCM numbers; None for what the board doesn't have."""

    green: int | None = None
    amber: int | None = None
    red: int | None = None
    reset_button: int | None = None
    fan: int | None = None
    night: int | None = None
    night_button: int | None = None


@dataclasses.dataclass(frozen=True)
class PowerKey:
    """How one modem is switched, from the board's profile (telephony-reference A7)."""

    key: int
    """BCM number of PWRKEY, high while pressed."""
    status: int | None = None
    """BCM number of STATUS; None where the board has none."""
    status_on_high: bool = True
    on_seconds: float = 2.0
    off_seconds: float = 3.0
    boot_seconds: float = 20.0
    """What a start takes, until STATUS tells or the modem answers."""
    port_tells: bool = False
    """Whether the modem's port is there exactly while it has power, as on USB and never on a UART."""
    reset: int | None = None
    """BCM number of RESET, high while pressed; None where the board has none."""
    reset_seconds: float = 0.3
    """An EC25 wants 150 to 460 ms."""


class Lamps:
    """The three lamps of the box's mood, and that of the night."""

    def __init__(self, pins: PanelPins) -> None:
        wanted = {"green": pins.green, "amber": pins.amber, "red": pins.red}
        self._lamps = {name: LED(pin) for name, pin in wanted.items() if pin is not None}
        self._night = LED(pins.night) if pins.night is not None else None
        self.mood: Mood | None = None

    def show_night(self, *, on: bool) -> None:
        """Show whether callers meet the office closed."""
        if self._night is not None:
            self._night.value = on

    def show(self, mood: Mood) -> None:
        """Show how the box is; repeating it changes nothing."""
        if mood is self.mood:
            return
        self.mood = mood
        for name, lamp in self._lamps.items():
            lit = {"green": Mood.READY, "amber": Mood.DEGRADED, "red": Mood.FAULT}[name] is mood
            if name == "green" and mood is Mood.TALKING:
                lamp.blink(on_time=BLINK, off_time=BLINK)
            elif lit:
                lamp.on()
            else:
                lamp.off()

    def close(self) -> None:
        for lamp in self._lamps.values():
            lamp.close()
        if self._night is not None:
            self._night.close()


class PushButton:
    """One button; `on_short` and `on_long` are called in the event loop.

    Args:
        pin: BCM number, pulled up; pressed is low.
        on_short: What a short press does.
        on_long: What a long one does; None when it is no other than a short one.
    """

    def __init__(self, pin: int, on_short: Callable[[], None], on_long: Callable[[], None] | None) -> None:
        self._on_short = on_short
        self._on_long = on_long
        self._loop = asyncio.get_running_loop()
        self._settling: asyncio.TimerHandle | None = None
        self._holding: asyncio.TimerHandle | None = None
        self._pressed = self._told = False
        self._edge: tuple[bool, float] | None = None
        """The newest: whether it was a press, and when."""
        self._button = Button(pin, pull_up=True)
        self._button.when_pressed = lambda: self._changed(pressed=True)
        self._button.when_released = lambda: self._changed(pressed=False)

    def close(self) -> None:
        for timer in (self._settling, self._holding):
            if timer is not None:
                timer.cancel()
        self._button.close()

    def _changed(self, *, pressed: bool) -> None:
        """From gpiozero's thread."""
        self._loop.call_soon_threadsafe(self._bounced, pressed, self._loop.time())

    def _bounced(self, pressed: bool, at: float) -> None:
        if self._settling is not None:
            self._settling.cancel()
        if self._edge is not None and at - self._edge[1] >= DEBOUNCE:
            # It had held, and only our timer is late.
            self._settled(self._edge[0])
        self._edge = (pressed, at)
        self._settling = self._loop.call_later(DEBOUNCE, self._settled, pressed)

    def _settled(self, pressed: bool) -> None:
        self._settling = None
        if pressed == self._pressed:
            return
        self._pressed = pressed
        if pressed:
            self._told = False
            if self._on_long is None:
                return
            self._holding = self._loop.call_later(LONG_PRESS - DEBOUNCE, self._held)
            return
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None
        if not self._told:
            self._on_short()

    def _held(self) -> None:
        self._holding = None
        self._told = True
        if self._on_long is not None:
            self._on_long()


class ModemPower:
    """One modem's power.

    Args:
        wiring: Its pins and times.
        lives: Whether the modem shows that it has power, for boards without a STATUS pin.
    """

    def __init__(self, wiring: PowerKey, lives: Callable[[], bool]) -> None:
        self._wiring = wiring
        self._lives = lives
        self._key = DigitalOutputDevice(wiring.key)
        self._reset = DigitalOutputDevice(wiring.reset) if wiring.reset is not None else None
        self._status = (
            DigitalInputDevice(wiring.status, pull_up=None, active_state=wiring.status_on_high)
            if wiring.status is not None
            else None
        )

    @property
    def is_on(self) -> bool:
        return bool(self._status.value) if self._status is not None else self._lives()

    async def switch(self, *, on: bool) -> bool:
        """Have the modem on or off; return whether it is. One that is as wanted is left alone."""
        for _ in range(KEY_TRIES):
            if self.is_on == on:
                return True
            self._key.on()
            try:
                await asyncio.sleep(self._wiring.on_seconds if on else self._wiring.off_seconds)
            finally:
                self._key.off()
            looks = round(self._wiring.boot_seconds / STATUS_LOOK)
            for _ in range(looks):
                if self.is_on == on:
                    break
                await asyncio.sleep(STATUS_LOOK)
        return self.is_on == on

    async def cycle(self) -> bool:
        """Switch it off and on again; return whether it is on."""
        if not await self.switch(on=False):
            logger.warning("a modem doesn't switch off by its key")
        return await self.switch(on=True)

    async def press_reset(self) -> bool:
        """Reset a modem that has power; return whether it has, and the board a RESET."""
        if self._reset is None or not self.is_on:
            return False
        self._reset.on()
        try:
            await asyncio.sleep(self._wiring.reset_seconds)
        finally:
            self._reset.off()
        return True

    def close(self) -> None:
        for pin in (self._key, self._reset, self._status):
            if pin is not None:
                pin.close()


class Fan:
    """A fan that turns while the processor is hot.

    Args:
        pin: BCM number.
        temperature: Returns degrees Celsius; None when it can't be read: then the fan turns.
    """

    def __init__(self, pin: int, temperature: Callable[[], float | None] | None = None) -> None:
        self._fan = DigitalOutputDevice(pin)
        self._temperature = temperature or processor_temperature

    def look(self) -> None:
        """Switch it as the temperature wants."""
        now = self._temperature()
        if now is None or now >= FAN_ON:
            self._fan.on()
        elif now <= FAN_OFF:
            self._fan.off()

    async def run(self) -> None:
        """Look now and then, for ever."""
        while True:
            self.look()
            await asyncio.sleep(FAN_LOOK)

    def close(self) -> None:
        self._fan.close()


def processor_temperature() -> float | None:
    """Return the processor's temperature in degrees Celsius; None when it isn't told."""
    try:
        return int(_CPU.read_text("ascii")) / 1000
    except (OSError, ValueError):
        return None
