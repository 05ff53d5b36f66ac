"""The switch looks after itself: tells the service manager that it lives, counts its starts, watches card and
power, and answers what the pages and the console ask about all that.

    every watchdog period   WATCHDOG=1: the event loop runs and the records' writer isn't stuck
    after HEALTHY_S         this start counts as good; its settings are the last good ones
    every second            supply voltage: warn, and end everything cleanly before it fails
    every ten minutes       card: life, errors, read-only
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from contextlib import AsyncExitStack
from typing import Final

from firmware.app.parts import Parts
from firmware.app.self_test import test_call
from firmware.control.base import BaseReply
from firmware.control.care import CareReply, GetCare, TestCall
from firmware.control.steward import PowerOff, StewardError, ask_steward
from firmware.core import notify
from firmware.core.trace import Said
from firmware.core.trace.box import Box
from firmware.self_care.card import CardHealth, card_health
from firmware.self_care.power import Advice, PowerWatch, is_low, sensor
from firmware.self_care.starts import HEALTHY_S, Starts

logger = logging.getLogger(__name__)

_POWER_S: Final = 1.0
_CARD_S: Final = 600.0
_STUCK_WRITES: Final = 500
"""Journeys that wait for the disk: the writer is stuck, or the disk is gone, and a restart may mend it."""


class SelfCare:
    """The care of one running switch."""

    def __init__(self, parts: Parts, starts: Starts) -> None:
        self._parts = parts
        self._starts = starts
        self._sensor = sensor()
        self._power = PowerWatch()
        self._card: CardHealth | None = None
        self._told: list[Said] = []

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._say_alive(), name="watchdog")
            group.create_task(self._count_start(), name="start counter")
            group.create_task(self._watch_card(), name="card watch")
            if self._sensor is not None:
                group.create_task(self._watch_power(), name="power watch")

    async def care(self, _: GetCare) -> BaseReply:
        """Answer what the box knows about its health."""
        self._card = card = await asyncio.to_thread(card_health, self._parts.paths.root)
        return CareReply(
            card=card.device,
            card_used_percent=round(card.used_percent, 1),
            card_free_mb=card.free_mb,
            card_life_tenths=card.life_tenths,
            under_voltage=None if self._sensor is None else is_low(self._sensor),
            troubles=[*card.troubles],
        )

    async def test_call(self, _: TestCall) -> BaseReply:
        """Make a call within the box; records that can't be written count as failed too."""
        fault = self._parts.store.status().fault
        reply = await test_call(self._parts)
        if reply.ok and fault is not None:
            return type(reply)(ok=False, detail=f"records: {fault}")
        return reply

    async def _say_alive(self) -> None:
        period = notify.watchdog_period()
        while period is not None:
            backlog = self._parts.store.status().backlog
            if backlog < _STUCK_WRITES:
                notify.alive()
            else:
                logger.error("%d journeys wait for the disk: asking to be restarted", backlog)
            await asyncio.sleep(period)

    async def _count_start(self) -> None:
        await asyncio.sleep(HEALTHY_S)
        await asyncio.to_thread(self._starts.healthy)

    async def _watch_card(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                self._card = await asyncio.to_thread(card_health, self._parts.paths.root)
                troubles = self._card.troubles
                for trouble in troubles:
                    if trouble not in self._told:
                        self._parts.alarms(trouble)
                self._told = troubles
            await asyncio.sleep(_CARD_S)

    async def _watch_power(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._sensor is not None:
            calls = len(self._parts.exchange.live())
            advice = self._power.note(is_low(self._sensor), calls, clock())
            if advice is Advice.WARN:
                self._parts.alarms(Box.WEAK_POWER())
            elif advice is Advice.SHUT_DOWN:
                self._parts.alarms(Box.SHUTTING_DOWN())
                try:
                    await ask_steward(PowerOff(by="under-voltage"))
                except StewardError as error:
                    logger.error("%s: ending the switch alone", error)
                    os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(_POWER_S)


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Begin, and answer about it."""
    starts = Starts(parts.paths.starts, parts.paths.settings)
    care = SelfCare(parts, starts)
    parts.answers.on(GetCare, care.care)
    parts.answers.on(TestCall, care.test_call)
    task = asyncio.create_task(care.run(), name="self care")

    async def stop() -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.to_thread(starts.ended)

    running.push_async_callback(stop)
