"""`SwitchApi`: what the control socket answers, over the running parts."""

from __future__ import annotations

import asyncio
import datetime
import importlib.metadata
import logging
import os

import msgspec

from firmware.app.addresses import own_host, with_port
from firmware.app.api.audio import opened, shown_name
from firmware.app.api.hours import HoursWatch
from firmware.app.api.live import QueuePicture, parked_now
from firmware.app.api.picture import calls_now, lines_now, people_now
from firmware.app.api.search import day_figures, found
from firmware.app.parts import Parts
from firmware.control.base import OpenedFile
from firmware.control.editing import (
    ChangedReply,
    ChangeSettings,
    HistoryEntry,
    RestoreSettings,
    SettingsReply,
)
from firmware.control.picture import DayFigures, NowReply
from firmware.control.processes import process_status
from firmware.control.schema import LineStatus, PhoneAccount, StatusReply
from firmware.control.search import CallFilter, Cursor, FoundReply, RecordingReply
from firmware.core.errors import UserError, ZongjiError
from firmware.core.ids import CallId
from firmware.core.records import Journey
from firmware.core.trace import Text
from firmware.core.trace.box import Box as Words
from firmware.media.protocol import MediaStats
from firmware.store.search import CallSearch
from firmware.trunks.trunks import LineStatus as TrunkStatus

logger = logging.getLogger(__name__)

_FIGURES_S = 30.0
"""Today's figures are counted anew when a call has ended, and at least this often."""

# Figures of the media process that aren't the state of its process or a count of work done.
_NOT_FIGURES = {"pid", "rss_kb"}


class SwitchApi:
    """A `firmware.control.schema.ControlApi` over the running parts."""

    def __init__(self, parts: Parts) -> None:
        self._started = parts.started
        self._clock = parts.clock
        self._profile = parts.profile
        self._store = parts.store
        self._settings = parts.settings
        self._phones = parts.phones
        self._trunks = parts.trunks
        self._exchange = parts.exchange
        self._media = parts.media
        self._paths = parts.paths
        self._alarms = parts.alarms
        self._providers = parts.providers
        self._lot = parts.routing.lot
        self._queues = QueuePicture(parts.routing.desk)
        self._search = CallSearch(self._store.reader)
        self._desk = parts.editing
        self._hours = HoursWatch()
        self._today = DayFigures()
        self._counted: tuple[float, frozenset[CallId]] | None = None
        """When today's figures were counted, and which calls ran then."""

    async def status(self) -> StatusReply:
        """Return how the box is doing."""
        media = self._media.stats()
        processes = [process_status("switch", os.getpid())]
        if media.pid:
            processes.append(process_status("media", media.pid))
        return StatusReply(
            version=importlib.metadata.version("zongji"),
            started=self._started,
            ready_ms=self._ready_ms(),
            lines=[LineStatus(line.name, line.state, line.detail) for line in self._lines()],
            phones_registered=len(self._phones.registrations()),
            live_calls=len(self._exchange.live()),
            processes=processes,
            media={name: float(value) for name, value in _figures(media).items()},
            counters={
                **{f"sip {name}": count for name, count in self._phones.counters.items()},
                **{f"line {line.name} refused": line.refused_lines for line in self._trunks.status()},
                "calls refused": self._exchange.refused,
                "journeys waiting for the disk": self._store.status().backlog,
                "journeys lost": self._store.status().lost,
            },
            faults=self._faults(),
        )

    def _lines(self) -> list[TrunkStatus]:
        """Return how every line is, those bought from providers too."""
        return [*self._trunks.status(), *self._providers.status()]

    async def phones(self) -> list[PhoneAccount]:
        """Return the SIP accounts with their secrets."""
        registered: dict[str, list[str]] = {}
        for phone in self._phones.registrations():
            where = f"{phone.address} {phone.transport}"
            registered.setdefault(phone.extension, []).append(where)
        return [
            PhoneAccount(
                number=extension.number,
                name=extension.name,
                server=with_port(own_host(self._profile), self._phones.port),
                secret=extension.secret,
                algorithm=extension.algorithm,
                registered=extension.number in registered,
                contacts=registered.get(extension.number, []),
            )
            for extension in self._settings.current.extensions
        ]

    async def calls(self, limit: int) -> list[Journey]:
        """Return the newest journeys, running ones first."""
        live = list(reversed(self._exchange.live()))[:limit]
        ids = {journey.id for journey in live}
        stored = await asyncio.to_thread(self._store.reader.find, limit)
        return [*live, *(journey for journey in stored if journey.id not in ids)][:limit]

    async def call(self, call_id: str) -> Journey:
        """Return the journey whose id begins with `call_id`; of a running call, as far as it has come.

        Raises:
            UserError: There is none, or more than one.
        """
        live = [journey for journey in self._exchange.live() if journey.id.startswith(call_id.upper())]
        if call_id and len(live) == 1:
            return live[0]
        if len(live) > 1:
            raise UserError(f"{call_id} is the beginning of {len(live)} running calls; write more of it")
        return await asyncio.to_thread(self._store.reader.resolve, call_id)

    async def now(self) -> NowReply:
        """Return the switchboard at this moment."""
        journeys = self._exchange.live()
        calls, hands = calls_now(journeys)
        phones: dict[str, int] = {}
        for phone in self._phones.registrations():
            phones[phone.extension] = phones.get(phone.extension, 0) + 1
        current = self._settings.current
        now = self._clock.now()
        queues, agents = self._queues.look(now.wall_ms)
        return NowReply(
            at_wall_ms=now.wall_ms,
            version=importlib.metadata.version("zongji"),
            office=current.office.name,
            zone=current.hours.of().timezone,
            up_since_wall_ms=self._started.wall_ms,
            lines=lines_now(self._lines(), calls),
            people=people_now(((one.number, one.name) for one in current.extensions), phones, calls, hands),
            calls=calls,
            queues=queues,
            agents=agents,
            parked=parked_now(self._lot.parked()),
            today=await self._figures_of_today(frozenset(journey.id for journey in journeys)),
            hours=self._hours.look(current.hours, now),
            faults=self._faults(),
        )

    async def find(self, wanted: CallFilter, limit: int, after: Cursor | None) -> FoundReply:
        """Return closed calls, the newest first.

        Raises:
            UserError: It would take too long.
        """
        return await asyncio.to_thread(found, self._search, wanted, limit, after)

    async def recording(self, call_id: str, piece: int) -> OpenedFile[RecordingReply]:
        """Open a recording.

        Raises:
            UserError: There is none, or none any more.
        """
        journey = await self.call(call_id)
        if not 0 <= piece < len(journey.recordings):
            raise UserError(f"The call {journey.id} has no recording {piece + 1}.")
        record = journey.recordings[piece]
        descriptor = await asyncio.to_thread(
            opened, self._paths.recordings, record.path, self._paths.owner_key
        )
        reply = RecordingReply(
            name=f"{journey.id}-{piece + 1}{shown_name(record.path)}",
            size=os.fstat(descriptor).st_size,
            complete=record.complete,
        )
        return OpenedFile(reply, descriptor)

    async def settings(self) -> SettingsReply:
        """Return the settings and their description."""
        return await self._desk.read()

    async def change_settings(self, request: ChangeSettings) -> ChangedReply:
        """Change settings, or tell what would change.

        Raises:
            UserError: They can't be used. Nothing was changed.
        """
        return await self._desk.change(request)

    async def restore_settings(self, request: RestoreSettings) -> ChangedReply:
        """Make the settings what they were, or tell what would change.

        Raises:
            UserError: They can't be. Nothing was changed.
        """
        return await self._desk.restore(request)

    async def history(self, limit: int) -> list[HistoryEntry]:
        """Return the newest changes of the settings."""
        return await self._desk.history(limit)

    async def _figures_of_today(self, running: frozenset[CallId]) -> DayFigures:
        now = self._clock.monotonic()
        if self._counted is None or now - self._counted[0] > _FIGURES_S or self._counted[1] - running:
            self._counted = (now, running)
            midnight = datetime.datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
            try:
                self._today = await asyncio.to_thread(
                    day_figures, self._search, int(midnight.timestamp() * 1000)
                )
            except ZongjiError as error:
                logger.warning("today's figures can't be counted: %s", error)
        elif running - self._counted[1]:
            self._counted = (self._counted[0], running)
        return self._today

    def _ready_ms(self) -> int | None:
        first = self._phones.first_registered_at
        return None if first is None else int(first * 1000) - self._started.mono_ms

    def _faults(self) -> list[Text]:
        down = [line for line in self._lines() if line.state == "down"]
        faults: list[Text] = [Words.LINE_DOWN(line=line.name, why=line.detail) for line in down]
        if self._settings.fault is not None:
            faults.append(Words.SETTINGS(why=self._settings.fault))
        records = self._store.status().fault
        if records is not None:
            faults.append(Words.RECORDS(why=records))
        if not self._media.stats().pid:
            faults.append(Words.SILENT())
        return [*faults, *self._alarms.recent]


def _figures(media: MediaStats) -> dict[str, float]:
    return {name: value for name, value in msgspec.structs.asdict(media).items() if name not in _NOT_FIGURES}
