"""The cure of lines that don't work: restarts, RESET pins and power keys, by the ladder of remedies.

line, health ──► trouble ──► Ladder ──┬─ soft reset:  the modem's own restart, once no call stands
   every second                       └─ power cycle: RESET, where wired, the first time; then the power key
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Final

import msgspec

from firmware.app.parts import Parts
from firmware.profile import PowerProfile
from firmware.trunks.health import LineHealth
from firmware.trunks.remedies import Ladder, Remedy, Trouble
from hal.line import HandsetLike, Line, LineError, LineState, RestartableLine

logger = logging.getLogger(__name__)

_LOOK_S: Final = 1.0


def trouble_of(line: Line, health: LineHealth, now: float) -> Trouble:
    """Return what ails a line.

    Args:
        line: Whose state and verdicts are looked at.
        health: How its calls have gone.
        now: Seconds, monotonic.
    """
    match line.state:
        case LineState.DOWN:
            return Trouble.AWAY
        case LineState.STARTING:
            sim = (one for one in line.checkup() if one.step == "sim")
            return Trouble.HAND if any(one.fine is False for one in sim) else Trouble.STUCK
        case LineState.READY | LineState.IN_CALL:
            if health.is_silent(line.name):
                return Trouble.SILENT
            return Trouble.SICK if health.is_sick(line.name, now) else Trouble.NONE


class Power:
    """The pins of one line's modem."""

    def __init__(self, line: Line, wiring: PowerProfile) -> None:
        # gpiozero is loaded only where pins are wired.
        from hal.panel import ModemPower, PowerKey

        fields = msgspec.structs.asdict(wiring)
        usb = line if wiring.port_tells and isinstance(line, RestartableLine) else None
        self._modem = ModemPower(
            PowerKey(**fields),
            lambda: usb.has_device if usb is not None else line.state is not LineState.DOWN,
        )
        self._reset_tried = False

    async def cycle(self) -> None:
        """Have the modem begin anew; RESET and the key take turns."""
        self._reset_tried = not self._reset_tried and await self._modem.press_reset()
        if not self._reset_tried:
            await self._modem.cycle()

    def close(self) -> None:
        self._modem.close()


class LineCure:
    """What looks after one line.

    Args:
        line: Which.
        health: How its calls have gone.
        power: Its modem's pins; None where none are wired.
    """

    def __init__(self, line: Line, health: LineHealth, power: Power | None = None) -> None:
        self.line = line
        self._health = health
        self._power = power
        self._ladder = Ladder()

    @property
    def needs_a_hand(self) -> bool:
        """Whether a person must look after the line."""
        return self._ladder.needs_a_hand(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Look after it until cancelled."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(_LOOK_S)
        finally:
            if self._power is not None:
                self._power.close()

    async def look(self) -> None:
        """Look once, and do what is due."""
        now = asyncio.get_running_loop().time()
        trouble = trouble_of(self.line, self._health, now)
        remedy = self._ladder.look(trouble, now, idle=self.line.state is not LineState.IN_CALL)
        if remedy is None:
            return
        if remedy is Remedy.POWER_CYCLE and self._power is not None:
            logger.warning("%s: %s: its power is cycled", self.line.name, trouble.value)
            await self._power.cycle()
        elif trouble is not Trouble.AWAY and isinstance(self.line, RestartableLine):
            try:
                await self.line.restart(trouble.value)
            except LineError as error:
                logger.warning("%s: it can't be restarted: %s", self.line.name, error)
                return
        self._health.cured(self.line.name)


def build(parts: Parts) -> dict[str, LineCure]:
    """Return what looks after each line to the outside, by its name, not running yet."""
    wired = parts.profile.power
    if wired:
        from hal.panel import pins_are_there

        wired = wired if pins_are_there() else {}
    cures = {}
    for line in parts.trunks.lines:
        if not isinstance(line, HandsetLike):
            power = Power(line, wired[line.name]) if line.name in wired else None
            cures[line.name] = LineCure(line, parts.trunks.health, power)
    return cures


async def start(cures: dict[str, LineCure], running: AsyncExitStack) -> None:
    """Begin to look after the lines."""
    tasks = [asyncio.create_task(cure.run(), name=f"cure of {name}") for name, cure in cures.items()]

    async def stop() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    running.push_async_callback(stop)
