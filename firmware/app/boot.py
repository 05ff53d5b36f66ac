"""The switch process, put together.

profile ──► lines ───► Trunks ─┐                        ┌─► SqliteJourneyStore
settings ─► accounts ─► Phones ┴─► Exchange ─► Call ────┤
            zongji ──► ControlServer                    └─► MediaClient ─► media process
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from extensions.directory import OfficeDirectory
from firmware.app import (
    keeping,
    line_care,
    lines,
    lost_callers,
    mail,
    office_time,
    pages,
    panel,
    people,
    phones,
    providers,
    records,
    self_care,
    survey,
    voice,
    voicemail,
)
from firmware.app.alarms import Alarms
from firmware.app.api import SwitchApi
from firmware.app.api.settings import SettingsDesk
from firmware.app.api.voice import VoiceApi
from firmware.app.callers import LineCallers
from firmware.app.outbound import outbound_of
from firmware.app.parts import Parts
from firmware.app.providers import ProviderLines
from firmware.app.routing import Routing
from firmware.control.answers import Answers, answers_of
from firmware.control.server import ControlServer
from firmware.core.clock import SystemClock
from firmware.core.paths import StatePaths
from firmware.media.client import MediaClient
from firmware.media.supervisor import MediaSupervisor
from firmware.profile import Profile
from firmware.settings.store import SettingsStore
from firmware.store.texts import TextStore
from firmware.switch.destinations import Destinations
from firmware.switch.exchange import Exchange
from firmware.trunks.texting import Texting

logger = logging.getLogger(__name__)

# Objects made before the collector looks, and how often the older ones are looked at: a call makes some
# thousands that mostly go by themselves, and a full look takes milliseconds in which no phone is answered.
_COLLECT_AFTER = (10_000, 20, 20)

MEDIA_VARIABLE = "ZONGJI_MEDIA"
"""Environment variable: "service" where the service manager keeps the media process running, so that it
outlives a switch that crashes."""


@asynccontextmanager
async def switch(paths: StatePaths, profile: Profile) -> AsyncIterator[Parts]:
    """Run the switch for the length of the block.

    Args:
        paths: Where its state lies.
        profile: Which wires the board has.

    Raises:
        UserError: Profile or settings can't be used.
        DeviceError: A port or file that nothing works without is not to be had.
    """
    async with AsyncExitStack() as running:
        parts = await _parts(paths, profile, running)
        office_time.start(parts, running)
        answers_of(SwitchApi(parts), parts.answers)
        await mail.start(parts, running)
        # What people and callers are led by, before anyone can call.
        await people.start(parts, running)
        # What callers hear, before anyone can call.
        spoken = await voice.start(parts, running)
        VoiceApi(parts, spoken).serve()
        await voicemail.start(parts, running)
        await survey.start(parts, running)
        await lost_callers.start(parts, running)
        # Phones before lines: when the first caller is greeted there are phones to ring.
        await phones.start(parts, running)
        await line_care.start(parts, running)
        await lines.start(parts, running)
        await panel.start(parts, spoken, running)
        await providers.start(parts, running)
        # From here on, ending means: first no more calls, then lines, phones, media, records.
        running.push_async_callback(parts.exchange.stop)
        await self_care.start(parts, running)
        await pages.start(parts, running)
        await keeping.start(parts, running)
        # The socket through which web page, console and commands see all of it.
        control = ControlServer(paths.control_socket, parts.answers)
        await control.start()
        running.push_async_callback(control.close)
        # What exists now lives as long as the switch: the collector needn't look at it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        logger.info("the switch is up")
        yield parts


async def _parts(paths: StatePaths, profile: Profile, running: AsyncExitStack) -> Parts:
    """Return the parts: settings, media and records running, the rest made and not started."""
    clock = SystemClock()
    started = clock.now()
    # Folders and settings: everything else is made from what the administrator has set.
    paths.ensure()
    settings = SettingsStore(paths.settings)
    settings.open()
    editing = SettingsDesk(settings, paths.root / "settings-history.jsonl", clock)
    # Media: a process of its own, found running or started; it restarts whenever it dies.
    plane = MediaClient()
    media = MediaSupervisor(
        plane, paths.media_socket, profile.media.rtp_ports, starts=os.environ.get(MEDIA_VARIABLE) != "service"
    )
    await media.start()
    running.push_async_callback(media.stop)
    store = records.open_store(paths, clock, started, settings, running)
    handsets = phones.build(settings, plane, profile)
    directory = OfficeDirectory([], None, handsets.leg_to, handsets.speak_to)
    exchange = Exchange(store, clock, plane, directory)
    destinations = Destinations()
    callers = LineCallers(exchange)
    trunks = lines.build(paths, profile, plane, callers)
    alarms = Alarms()
    bought = ProviderLines(settings, plane, profile, alarms, [line.name for line in trunks.lines])
    outbound = outbound_of(settings, paths.prompts, trunks, bought, alarms)
    routes = Routing(
        settings,
        editing.edit,
        exchange,
        directory,
        outbound,
        destinations,
        plane,
        handsets,
        paths.recordings,
    )
    callers.inbound = routes.inbound
    return Parts(
        paths=paths,
        profile=profile,
        clock=clock,
        started=started,
        settings=settings,
        editing=editing,
        alarms=alarms,
        plane=plane,
        media=media,
        store=store,
        phones=handsets,
        directory=directory,
        exchange=exchange,
        trunks=trunks,
        providers=bought,
        texting=Texting(trunks, TextStore(store, clock)),
        mail=mail.build(settings, store, clock, alarms),
        voicemail=voicemail.build(paths, settings, store, clock),
        outbound=outbound,
        routing=routes,
        destinations=destinations,
        answers=Answers(),
    )
