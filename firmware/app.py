"""The composition root of the switch process: the only place that sees every part.

profile ──► lines ───► Trunks ─┐                        ┌─► SqliteJourneyStore
settings ─► accounts ─► Phones ┴─► Exchange ─► Call ────┤
            zongji ──► ControlServer                    └─► MediaClient ─► media process
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from extensions.dial import dial
from extensions.directory import OfficeDirectory
from extensions.phones import Phones
from firmware.app_accounts import SettingsAccounts
from firmware.app_api import SwitchApi
from firmware.app_outbound import Alarms, office_of, outbound_of
from firmware.control.server import ControlServer
from firmware.core.clock import SystemClock
from firmware.core.errors import UserError
from firmware.core.leg import Leg
from firmware.core.paths import StatePaths
from firmware.core.tones import tones_of
from firmware.media.client import MediaClient
from firmware.media.supervisor import MediaSupervisor
from firmware.profile import Profile
from firmware.store.records import SqliteJourneyStore
from firmware.store.settings import SettingsStore
from firmware.store.settings_schema import Settings
from firmware.switch.directory import Extension
from firmware.switch.exchange import Exchange
from firmware.switch.outbound.outbound import Outbound
from firmware.trunks.trunks import Trunks
from hal.line import Line
from hal.modems.build import ProfileError, build_line
from ivr.prompts import Prompts
from ivr.reception import Reception, reception

logger = logging.getLogger(__name__)


@asynccontextmanager
async def switch(paths: StatePaths, profile: Profile) -> AsyncIterator[SwitchApi]:
    """Run the switch for the length of the block, booted in the order in which each part needs the last.

    Args:
        paths: Where its state lies.
        profile: Which wires the board has.

    Raises:
        UserError: Profile or settings can't be used.
        DeviceError: A port or file that nothing works without is not to be had.
    """
    clock = SystemClock()
    started = clock.now()
    async with AsyncExitStack() as running:
        # Folders and settings: everything else is made from what the administrator has set.
        paths.ensure()
        settings = SettingsStore(paths.settings)
        settings.open()
        # Media: a process of its own, found running or started; it restarts whenever it dies.
        plane = MediaClient()
        media = MediaSupervisor(plane, paths.media_socket, profile.media.rtp_ports)
        await media.start()
        running.push_async_callback(media.stop)
        # Records: calls that the last power cut or crash broke off are closed before a new one begins; their
        # recordings are complete now, even where media had outlived the switch.
        store = SqliteJourneyStore(paths.records, clock)
        store.start()
        running.push_async_callback(asyncio.to_thread, store.stop)
        store.recover(paths.recordings, started)
        # Phones before lines: when the first caller is greeted there are phones to ring.
        phones = Phones(SettingsAccounts(settings), plane, profile.sip.host, profile.sip.port)
        directory = OfficeDirectory([], None, phones.leg_to)
        exchange = Exchange(store, clock, plane, directory)
        _apply(paths, directory, exchange, settings.current)
        settings.subscribe(lambda _, after: _apply(paths, directory, exchange, after))
        alarms = Alarms()
        trunks = Trunks(_lines(paths, profile), plane, partial(_line_rings, exchange, settings, paths))
        outbound = outbound_of(settings, paths.prompts, trunks, alarms)
        phones.on_incoming = partial(_phone_calls, exchange, settings, outbound)
        try:
            await phones.start()
        except OSError as error:
            where = f"{profile.sip.host}:{profile.sip.port}"
            raise UserError(
                f"SIP can't listen at {where}: {error.strerror}; free that port or choose another"
            ) from error
        running.push_async_callback(phones.stop)
        # Lines: each keeps itself alive from here on, also through a modem that isn't there yet.
        await trunks.start()
        running.push_async_callback(trunks.stop)
        # From here on, ending means: first no more calls, then lines, phones, media, records.
        running.push_async_callback(exchange.stop)
        # The socket through which web page, console and commands see all of it.
        api = SwitchApi(
            started,
            clock,
            paths,
            profile.sip,
            store,
            settings,
            phones,
            trunks,
            exchange,
            media,
            alarms.recent,
        )
        control = ControlServer(paths.control_socket, api)
        await control.start()
        running.push_async_callback(control.close)
        logger.info("the switch is up")
        yield api


def _lines(paths: StatePaths, profile: Profile) -> list[Line]:
    try:
        return [build_line(entry, str(paths.run)) for entry in profile.lines]
    except ProfileError as error:
        raise UserError(f"board profile: {error}") from error


def _apply(paths: StatePaths, directory: OfficeDirectory, exchange: Exchange, settings: Settings) -> None:
    """Put changed settings into force; calls in progress keep what they began with."""
    directory.replace([Extension(e.number, e.name) for e in settings.extensions], settings.office.operator)
    exchange.tones = tones_of(settings.office.country)
    exchange.recordings = paths.recordings if settings.recording.enabled else None


def _line_rings(exchange: Exchange, settings: SettingsStore, paths: StatePaths, leg: Leg, _: Line) -> None:
    now = settings.current
    rules = Reception(
        attempts=now.reception.attempts,
        first_key_seconds=now.reception.digits_timeout_ms / 1000,
        ring_seconds=now.reception.ring_seconds,
        recording_notice=now.recording.enabled,
    )
    prompts = Prompts(paths.prompts, now.office.language)
    exchange.take(leg, partial(reception, prompts=prompts, settings=rules))


def _phone_calls(
    exchange: Exchange, settings: SettingsStore, outbound: Outbound, leg: Leg, dialled: str
) -> None:
    vital = outbound.plan.emergency.match(dialled) is not None
    script = partial(dial, dialled=dialled, office=office_of(settings, outbound))
    exchange.take(leg, script, called=dialled, vital=vital)
