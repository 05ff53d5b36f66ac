"""Safe mode: what runs after three starts that failed. The control socket answers, so that pages and console
work; the last good settings are in force and can be changed; no line, no phone, no coprocessor is touched, so
the power-fail relay ties line and handset together and the office can at least telephone by hand.

It ends when somebody says so, or by itself after `STAY_S`: whatever was wrong may have passed.
"""

from __future__ import annotations

import asyncio
import datetime
import importlib.metadata
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from firmware.app.api.settings import SettingsDesk
from firmware.control.answers import Answers
from firmware.control.base import BaseReply
from firmware.control.care import CareReply, GetCare, LeaveSafeMode, LeavingReply
from firmware.control.editing import (
    MAX_HISTORY,
    ChangeSettings,
    GetHistory,
    GetSettings,
    HistoryReply,
    RestoreSettings,
)
from firmware.control.picture import DayFigures, NowReply, WatchNow
from firmware.control.processes import process_status
from firmware.control.schema import GetStatus, StatusReply
from firmware.control.server import ControlServer
from firmware.core import notify
from firmware.core.clock import SystemClock
from firmware.core.paths import StatePaths
from firmware.core.trace.box import Box
from firmware.self_care.card import card_health
from firmware.self_care.starts import Starts
from firmware.settings.store import SettingsStore

logger = logging.getLogger(__name__)

STAY_S: Final = 600.0

WHY: Final = Box.SAFE_MODE()


@asynccontextmanager
async def safe_mode(paths: StatePaths, starts: Starts) -> AsyncIterator[asyncio.Event]:
    """Run safe mode for the length of the block; yield the event that says it should end.

    Raises:
        UserError: Another switch runs, or not even the last good settings can be read.
        DeviceError: The control socket can't be made.
    """
    paths.ensure()
    set_aside = starts.use_last_good()
    logger.error("%s%s", WHY, " The newer settings are set aside." if set_aside else "")
    clock = SystemClock()
    started = clock.now()
    settings = SettingsStore(paths.settings)
    settings.open()
    desk = SettingsDesk(settings, paths.root / "settings-history.jsonl", clock)
    leave = asyncio.Event()
    version = importlib.metadata.version("zongji")

    async def status(_: GetStatus) -> BaseReply:
        return StatusReply(
            version=version,
            started=started,
            ready_ms=None,
            lines=[],
            phones_registered=0,
            live_calls=0,
            processes=[process_status("switch", os.getpid())],
            media={},
            counters={},
            faults=[WHY],
        )

    async def now(_: WatchNow) -> BaseReply:
        return NowReply(
            at_wall_ms=int(datetime.datetime.now(datetime.UTC).timestamp() * 1000),
            version=version,
            office=settings.current.office.name,
            zone=settings.current.hours.of().timezone,
            up_since_wall_ms=started.wall_ms,
            lines=[],
            people=[],
            calls=[],
            today=DayFigures(),
            faults=[WHY],
        )

    async def care(_: GetCare) -> BaseReply:
        card = await asyncio.to_thread(card_health, paths.root)
        return CareReply(
            safe_mode=True,
            card=card.device,
            card_used_percent=round(card.used_percent, 1),
            card_free_mb=card.free_mb,
            card_life_tenths=card.life_tenths,
            troubles=[WHY, *card.troubles],
        )

    async def leaving(_: LeaveSafeMode) -> BaseReply:
        asyncio.get_running_loop().call_later(0.2, leave.set)
        return LeavingReply()

    async def history(request: GetHistory) -> BaseReply:
        return HistoryReply(entries=await desk.history(max(1, min(request.limit, MAX_HISTORY))))

    answers = Answers()
    answers.on(GetStatus, status)
    answers.on_watch(WatchNow, now)
    answers.on(GetCare, care)
    answers.on(LeaveSafeMode, leaving)
    answers.on(GetSettings, lambda _: desk.read())
    answers.on(ChangeSettings, desk.change)
    answers.on(RestoreSettings, desk.restore)
    answers.on(GetHistory, history)
    async with AsyncExitStack() as running:
        control = ControlServer(paths.control_socket, answers)
        await control.start()
        running.push_async_callback(control.close)
        alive = asyncio.create_task(_say_alive(), name="watchdog")
        running.callback(alive.cancel)
        asyncio.get_running_loop().call_later(STAY_S, leave.set)
        yield leave


async def _say_alive() -> None:
    period = notify.watchdog_period()
    while period is not None:
        notify.alive()
        await asyncio.sleep(period)
