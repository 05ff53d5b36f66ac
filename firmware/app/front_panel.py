"""The front panel: lamps that tell how the box is, buttons, modems' power keys, the fan.

every second    lamps by lines, calls and faults
night lamp      lit while callers meet the office closed
night button    turns the day/night switch, as its code does
short press     the handset rings and says the box's address
10 s            the network becomes DHCP again and a new password may be chosen; never any data

The modems' power keys and resets are line_cure's.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import socket
from collections.abc import Coroutine, Mapping, Sequence
from typing import Final

import msgspec

from firmware.app.line_cure import LineCure
from firmware.app.outbound import OfficeSpeaker
from firmware.app.parts import Parts
from firmware.app.voice import Voice
from firmware.control.access import AllowPasswordReset
from firmware.control.steward import ResetNetwork, ask_steward
from firmware.core.errors import ZongjiError
from firmware.core.leg import LegEnded, Party
from firmware.core.media import MediaError, PlayItem, PlaySilence
from firmware.core.trace.box import Box
from firmware.trunks.handset import Handset
from hal.line import HandsetLike, LineState
from hal.panel import Fan, Lamps, Mood, PanelPins, PushButton

logger = logging.getLogger(__name__)

_LOOK_S: Final = 1.0
_WORKING: Final = (LineState.READY, LineState.IN_CALL)


@dataclasses.dataclass(frozen=True)
class Seen:
    """One line as the lamps take it."""

    works: bool
    needs_a_hand: bool = False
    """Only a person can mend it: there is no SIM, or all the box does by itself was in vain."""


def mood_of(lines: Sequence[Seen], calls: int, faults: int) -> Mood:
    """Return what the lamps should tell.

    Args:
        lines: Those in service.
        calls: How many stand.
        faults: Of the box itself.
    """
    if any(line.needs_a_hand for line in lines):
        return Mood.FAULT
    if faults or not all(line.works for line in lines):
        return Mood.DEGRADED
    return Mood.TALKING if calls else Mood.READY


class Panel:
    """The panel of one running switch."""

    def __init__(self, parts: Parts, voice: Voice, cures: Mapping[str, LineCure]) -> None:
        self._parts = parts
        self._cures = cures
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
            await ask_steward(ResetNetwork(by="reset button"))
        except ZongjiError as error:
            logger.error("the network couldn't be reset: %s", error)

    async def _show(self) -> None:
        while True:
            self._lamps.show(mood_of(self._lines(), len(self._parts.exchange.live()), int(self._box_fails())))
            self._lamps.show_night(on=not self._voice.is_open())
            await asyncio.sleep(_LOOK_S)

    def _lines(self) -> list[Seen]:
        trunks, now = self._parts.trunks, asyncio.get_running_loop().time()
        return [
            Seen(
                works=line.state in _WORKING and trunks.health.fit(line.name, now),
                needs_a_hand=self._cures[line.name].needs_a_hand,
            )
            for line in trunks.lines
            if not isinstance(line, HandsetLike) and line.name not in trunks.health.out_of_service
        ]

    def _box_fails(self) -> bool:
        return self._parts.store.status().fault is not None

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _address() -> str:
    """Return the address others reach this box at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: connecting chooses the interface (RFC 5737 has no such host).
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
