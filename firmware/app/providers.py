"""Lines bought from SIP providers, kept alive as the settings say, and offered to outgoing calls.

settings.providers ─► ProviderLine each ─┬─► on_incoming(leg, number dialled) ─► callers
                                         └─► lines(), leg() ─► outbound
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from extensions.provider.account import CallerId, ProviderAccount, Server
from extensions.provider.line import ProviderLine, ProviderStatus
from firmware.app.alarms import Alarms
from firmware.app.line_verdicts import ProviderSeen, provider_verdicts
from firmware.core.leg import Leg, LegEvent
from firmware.core.media import MediaPlane
from firmware.core.trace.phones import Providers as Words
from firmware.profile import Profile
from firmware.settings.sip import Provider
from firmware.settings.store import SettingsStore
from firmware.switch.inbound import route
from firmware.switch.outbound.lines import LineCondition, OutsideLine
from firmware.trunks.trunks import LineStatus
from hal.line import Verdict

if TYPE_CHECKING:
    from firmware.app.parts import Parts

logger = logging.getLogger(__name__)

OnIncoming = Callable[[Leg, str], None]

_DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


class ProviderLines:
    """The provider lines in service: a `firmware.switch.outbound.lines.LineChooser` of them.

    Args:
        settings: Opened; followed from `start` on.
        plane: Where the audio runs.
        profile: Names the address to speak from.
        alarms: Told of a line that goes down, or can't be used.
        taken: Names of other lines.
    """

    def __init__(
        self,
        settings: SettingsStore,
        plane: MediaPlane,
        profile: Profile,
        alarms: Alarms,
        taken: Sequence[str],
    ) -> None:
        self.on_incoming: OnIncoming | None = None
        """Told of each call from outside, with the number that was dialled."""
        self._settings = settings
        self._plane = plane
        self._host = profile.sip.host
        self._alarms = alarms
        self._taken = frozenset(taken)
        self._lines: dict[str, tuple[Provider, ProviderLine]] = {}
        self._was_up: dict[str, bool] = {}
        self._seen: dict[str, ProviderSeen] = {}
        self._changing = asyncio.Lock()
        self._change: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Put the lines of the settings in service; each comes up by itself."""
        await self._apply(self._settings.current.providers)
        self._settings.subscribe(lambda _, after: self._follow(after.providers))

    async def stop(self) -> None:
        """Take every line out of service."""
        for change in list(self._change):
            change.cancel()
        await asyncio.gather(*self._change, return_exceptions=True)
        await self._apply(())

    def status(self) -> list[LineStatus]:
        """Return how each line is now."""
        return [
            LineStatus(name, self._condition(name).value, line.status.detail)
            for name, (_, line) in self._lines.items()
        ]

    def checkup(self, name: str) -> tuple[Verdict, ...]:
        """Return the doctor's verdicts on a line.

        Raises:
            KeyError: There is no such line.
        """
        return provider_verdicts(self._lines[name][1].status, self._seen.get(name, ProviderSeen()))

    # LineChooser

    def lines(self) -> Sequence[OutsideLine]:
        return [OutsideLine(name, self._condition(name)) for name in self._lines]

    def leg(self, line: str, digits: str) -> Leg | None:
        known = self._lines.get(line)
        if known is None:
            return None
        leg = known[1].leg_to(digits)
        self._watch(leg)
        return leg

    async def free(self, line: str) -> None:
        """End the oldest call of a line that has as many as it may."""
        known = self._lines.get(line)
        if known is not None and self._condition(line) is LineCondition.BUSY:
            await known[1].end_oldest()

    def _condition(self, name: str) -> LineCondition:
        provider, line = self._lines[name]
        status = line.status
        if not status.up:
            return LineCondition.DOWN
        return LineCondition.BUSY if status.calls >= provider.most_calls else LineCondition.READY

    # In service and out of it

    def _follow(self, providers: Sequence[Provider]) -> None:
        change = asyncio.create_task(self._apply(providers), name="provider lines")
        self._change.add(change)
        change.add_done_callback(self._change.discard)

    async def _apply(self, providers: Sequence[Provider]) -> None:
        """Have exactly these lines in service; those that didn't change keep their calls."""
        async with self._changing:
            wanted = {provider.name: provider for provider in providers}
            for name, (provider, line) in list(self._lines.items()):
                if wanted.get(name) != provider:
                    del self._lines[name]
                    self._was_up.pop(name, None)
                    await line.stop()
            for name, provider in wanted.items():
                if name not in self._lines:
                    await self._put_in_service(provider)

    async def _put_in_service(self, provider: Provider) -> None:
        if provider.name in self._taken:
            self._alarms(Words.NAME_TAKEN(line=provider.name))
            return
        trust = ssl.create_default_context()
        line = ProviderLine(account_of(provider), self._plane, self._host, trust=trust)
        line.on_incoming = self._incoming
        line.on_changed = self._changed
        self._lines[provider.name] = (provider, line)
        try:
            await line.start()
        except OSError as error:
            del self._lines[provider.name]
            await line.stop()
            self._alarms(Words.UNUSABLE(line=provider.name, why=error.strerror or str(error)))

    def _watch(self, leg: Leg) -> None:
        """Note at its end how the call was heard."""

        def on_leg(event: LegEvent) -> None:
            port = leg.port
            quality = self._plane.quality(port) if port is not None else None
            if quality is not None:
                self._seen.setdefault(leg.address, ProviderSeen()).mos = quality.mos

        leg.subscribe(on_leg)

    def _incoming(self, leg: Leg, dialled: str) -> None:
        self._seen.setdefault(leg.address, ProviderSeen()).rings(leg)
        self._watch(leg)
        if self.on_incoming is not None:
            self.on_incoming(leg, dialled)

    def _changed(self, status: ProviderStatus) -> None:
        """Tell the owner once when a line that was up goes down."""
        if self._was_up.get(status.name) and not status.up:
            self._alarms(Words.DOWN(line=status.name, why=status.detail))
        self._was_up[status.name] = status.up


def account_of(provider: Provider) -> ProviderAccount:
    """Return the account that a section of the settings describes; the settings were checked."""
    return ProviderAccount(
        name=provider.name,
        servers=tuple(_server(text) for text in provider.servers),
        username=provider.username,
        secret=provider.secret,
        domain=provider.domain,
        number=provider.number,
        registers=provider.registers,
        expires_s=provider.expires_seconds,
        caller_id=CallerId(provider.caller_id),
    )


def _server(text: str) -> Server:
    where, _, transport = text.partition(";")
    host, _, port = where.partition(":")
    transport = transport or "udp"
    return Server(host, int(port) if port else _DEFAULT_PORTS[transport], transport)


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Put the lines in service, and lead their callers as the inbound plan says."""
    providers = parts.providers

    def incoming(leg: Leg, dialled: str) -> None:
        script = partial(route, inbound=parts.routing.inbound(), did=dialled)
        parts.exchange.take(leg, script, called=dialled)

    providers.on_incoming = incoming
    running.push_async_callback(providers.stop)
    await providers.start()
