"""The front panel: lamps that tell how the box is, buttons, modems' power keys, the fan.

every second    lamps by lines, calls and faults
night lamp      lit while callers meet the office closed
night button    turns the day/night switch, as its code does
short press     the handset rings and says the box's address
10 s            the network becomes DHCP again and a new password may be chosen; never any data
a modem gone    MISSING_S long: its power key, after it again with twice the pause
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Coroutine
from typing import Final

import msgspec
from gpiozero import Device
from gpiozero.exc import BadPinFactory

from firmware.app.outbound import OfficeSpeaker
from firmware.app.parts import Parts
from firmware.app.voice import Voice
from firmware.control.access import AllowPasswordReset
from firmware.control.steward import KeepNetwork, Network, SetNetwork, ask_steward
from firmware.core.errors import ZongjiError
from firmware.core.leg import LegEnded, Party
from firmware.core.media import MediaError, PlayItem, PlaySilence
from firmware.core.trace.box import Box
from firmware.trunks.handset import Handset
from hal.line import HandsetLike, Line, LineState
from hal.panel import Fan, Lamps, ModemPower, Mood, PanelPins, PowerKey, PushButton

logger = logging.getLogger(__name__)

_LOOK_S: Final = 1.0
_MISSING_S: Final = 60.0
"""A modem's own restart takes 20 s, a brown-out's 30; what is away longer needs its power key."""
_LONGEST_S: Final = 3600.0


def mood_of(lines: list[LineState], calls: int, faults: int) -> Mood:
    """Return what the lamps should tell."""
    working = sum(state in (LineState.READY, LineState.IN_CALL) for state in lines)
    if lines and not working and LineState.STARTING not in lines:
        return Mood.FAULT
    if faults or working < len(lines):
        return Mood.DEGRADED if lines or faults else Mood.STARTING
    return Mood.TALKING if calls else Mood.READY


class Panel:
    """The panel of one running switch."""

    def __init__(self, parts: Parts, voice: Voice) -> None:
        self._parts = parts
        self._voice = voice
        pins = PanelPins(**msgspec.structs.asdict(parts.profile.panel))
        self._lamps = Lamps(pins)
        self._fan = Fan(pins.fan) if pins.fan is not None else None
        self._tasks: set[asyncio.Task[None]] = set()
        self._button = (
            PushButton(
                pins.reset_button, lambda: self._do(self.say_address()), lambda: self._do(self.reset())
            )
            if pins.reset_button is not None
            else None
        )
        self._night_button = (
            PushButton(pins.night_button, lambda: self._do(self.turn_night()), None)
            if pins.night_button is not None
            else None
        )

    async def run(self) -> None:
        """Look after it until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._show(), name="lamps")
            if self._fan is not None:
                group.create_task(self._fan.run(), name="fan")
            for line in self._parts.trunks.lines:
                wiring = self._parts.profile.power.get(line.name)
                if wiring is not None:
                    key = PowerKey(**msgspec.structs.asdict(wiring))
                    group.create_task(self._keep_powered(line, key), name=f"power of {line.name}")

    def close(self) -> None:
        """Let go of the pins."""
        for task in self._tasks:
            task.cancel()
        self._lamps.close()
        for one in (self._fan, self._button, self._night_button):
            if one is not None:
                one.close()

    async def turn_night(self) -> None:
        """Turn the day/night switch."""
        mode = await self._voice.turn("front panel")
        logger.info("night button: the switch is at %s", mode)
        self._lamps.show_night(on=not self._voice.is_open())

    async def say_address(self) -> None:
        """Ring the handset and say the box's address."""
        line = next((one for one in self._parts.trunks.lines if isinstance(one, HandsetLike)), None)
        address = _address()
        logger.info("reset button: the address is %s", address)
        if line is None:
            return
        handset = Handset(line, self._parts.plane, "0", lambda _: True, lambda leg, digits: None)
        leg = handset.leg_to()
        speaker = OfficeSpeaker(self._parts.paths.prompts, self._parts.settings)
        items: list[PlayItem] = []
        for part in address.split("."):
            items += [*speaker.digits(part), PlaySilence(600)]
        with contextlib.suppress(LegEnded, MediaError):
            await leg.ring(Party(None))
            await leg.answered()
            if leg.port is not None:
                for _ in range(2):
                    await self._parts.plane.play(leg.port, items).finished()
        await leg.hang_up()

    async def reset(self) -> None:
        """Make the network DHCP again and allow a new password; data stays."""
        logger.warning("reset button held: network and administrator's password are reset")
        self._parts.alarms(Box.RESET())
        await self._parts.answers.replies[AllowPasswordReset](AllowPasswordReset())
        try:
            await ask_steward(SetNetwork(network=Network(), by="reset button"))
            await ask_steward(KeepNetwork(by="reset button"))
        except ZongjiError as error:
            logger.error("the network couldn't be reset: %s", error)

    async def _show(self) -> None:
        while True:
            states = [line.state for line in self._parts.trunks.lines if not isinstance(line, HandsetLike)]
            faults = self._parts.store.status().fault is not None
            self._lamps.show(mood_of(states, len(self._parts.exchange.live()), int(faults)))
            self._lamps.show_night(on=not self._voice.is_open())
            await asyncio.sleep(_LOOK_S)

    async def _keep_powered(self, line: Line, wiring: PowerKey) -> None:
        """Press a modem's key when it stays away; more and more seldom."""
        power = ModemPower(wiring, lambda: line.state is not LineState.DOWN)
        pause = _MISSING_S
        try:
            while True:
                missing = 0.0
                while missing < pause:
                    await asyncio.sleep(_LOOK_S)
                    missing = missing + _LOOK_S if line.state is LineState.DOWN else 0.0
                    pause = pause if missing else _MISSING_S
                logger.warning("%s is away for %d s: its power key is pressed", line.name, pause)
                await power.cycle()
                pause = min(_LONGEST_S, pause * 2)
        finally:
            power.close()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def pins_are_there() -> bool:
    """Whether this computer has pins; says why not."""
    try:
        Device.ensure_pin_factory()
    except BadPinFactory as error:
        logger.error("the front panel stays dark: %s", error)
        return False
    return True


def _address() -> str:
    """Return the address others reach this box at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: connecting chooses the interface (RFC 5737 has no such host).
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
