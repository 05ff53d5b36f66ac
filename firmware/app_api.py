"""What the control socket answers: the switch's parts, put into the words of `firmware.control.schema`."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os

import msgspec

from extensions.phones import Phones
from firmware.control.processes import process_status
from firmware.control.schema import LineStatus, PhoneAccount, StatusReply
from firmware.core.clock import Clock, Instant
from firmware.core.errors import UserError
from firmware.core.records import Journey
from firmware.media.protocol import MediaStats
from firmware.media.supervisor import MediaSupervisor
from firmware.profile import SipProfile
from firmware.store.records import SqliteJourneyStore
from firmware.store.settings import SettingsStore
from firmware.switch.exchange import Exchange
from firmware.trunks.trunks import Trunks

# Figures of the media process that aren't the state of its process or a count of work done.
_NOT_FIGURES = {"pid", "rss_kb"}


class SwitchApi:
    """A `firmware.control.schema.ControlApi` over the running parts."""

    def __init__(
        self,
        started: Instant,
        clock: Clock,
        sip: SipProfile,
        store: SqliteJourneyStore,
        settings: SettingsStore,
        phones: Phones,
        trunks: Trunks,
        exchange: Exchange,
        media: MediaSupervisor,
    ) -> None:
        self._started = started
        self._clock = clock
        self._sip = sip
        self._store = store
        self._settings = settings
        self._phones = phones
        self._trunks = trunks
        self._exchange = exchange
        self._media = media

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
            lines=[LineStatus(line.name, line.state, line.detail) for line in self._trunks.status()],
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
                server=f"{self._sip.host}:{self._phones.port}",
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

    def _ready_ms(self) -> int | None:
        first = self._phones.first_registered_at
        return None if first is None else int(first * 1000) - self._started.mono_ms

    def _faults(self) -> list[str]:
        faults = [
            f"line {line.name}: {line.detail}" for line in self._trunks.status() if line.state == "down"
        ]
        if self._settings.fault is not None:
            faults.append(f"settings: {self._settings.fault}")
        records = self._store.status().fault
        if records is not None:
            faults.append(f"records: {records}")
        if not self._media.stats().pid:
            faults.append("the media process isn't running: calls are silent")
        return faults


def _figures(media: MediaStats) -> dict[str, float]:
    return {name: value for name, value in msgspec.structs.asdict(media).items() if name not in _NOT_FIGURES}
