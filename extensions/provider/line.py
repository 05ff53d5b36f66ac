"""A provider's line: its own agent and sockets, apart from the phones', and legs both ways.

Only hosts the account names are heard, before a byte is parsed; they need not authenticate, since no
provider does. A call from there reaches `on_incoming` with the number that was dialled, and nothing else: it
can register nowhere, watch nobody, and never becomes a call to an outside line.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable

import msgspec

from extensions.phones import MakeDriver
from extensions.provider.account import ProviderAccount
from extensions.provider.identity import caller_of, dialled_by
from extensions.provider.leg import ProviderLeg
from extensions.provider.link import Link
from extensions.registrar import Binding
from extensions.sip.acl import Acl
from extensions.sip.agent import Agent
from extensions.sip.call import Call
from extensions.sip.compose import new_tag
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import CallEvent, CallOffered, Event, RegistrationChanged
from extensions.sip.flow import Flow
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.net.driver import Driver
from extensions.sip.net.endpoint import Endpoint
from extensions.sip.offer_answer import is_acceptable
from extensions.sip.sdp import parse as parse_sdp
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause
from firmware.core.media import MediaPlane

logger = logging.getLogger(__name__)

OnIncoming = Callable[[ProviderLeg, str], None]

GOODBYE_S = 3.0
"""How long the ends of calls may take to arrive when the line stops: a BYE has to wait for the ACK of a call
just answered (RFC 3261, 15), and is sent again where packets get lost."""
_LOOKS = 150


class ProviderStatus(msgspec.Struct, frozen=True):
    """One line, for status pages."""

    name: str
    up: bool
    detail: str
    calls: int


class ProviderLine:
    """One account in service.

    Args:
        account: Of the provider.
        media: Where the audio runs.
        host: Address to bind.
        port: UDP port; 0 lets the system choose.
        trust: Whom to believe over TLS.
        make_driver: How packets travel; sockets unless a test says otherwise.
    """

    def __init__(
        self,
        account: ProviderAccount,
        media: MediaPlane,
        host: str,
        port: int = 0,
        *,
        trust: ssl.SSLContext | None = None,
        make_driver: MakeDriver | None = None,
    ) -> None:
        self.account = account
        self.media = media
        self.wideband = False
        self.on_incoming: OnIncoming | None = None
        """Told of each call from outside, with the number that was dialled; without it calls are refused."""
        self.on_changed: Callable[[ProviderStatus], None] | None = None
        """Told when the line comes up or goes down."""
        self._hosts: set[str] = set()
        agent = Agent(_Provider(self._hosts), contact_user=account.username)
        if make_driver is None:
            self._acl = _OnlyThese(self._hosts)
            # A provider may open a connection to our Contact rather than use ours (§18.2.1).
            self.driver: Driver = Endpoint(
                agent,
                self._on_event,
                host,
                port,
                on_flow_closed=self._flow_closed,
                trust=trust,
                acl=self._acl,
            )
        else:
            self.driver = make_driver(agent, self._on_event, self._flow_closed)
        self.link = Link(agent, account, self._reach, self._link_changed)
        self._legs: dict[Call, SipLeg] = {}
        self._reaching: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the sockets and begin to register; the line comes up by itself.

        Raises:
            OSError: The address can't be bound.
        """
        await self.driver.start()
        with self.driver.turn() as now:
            self.link.start(now)

    async def stop(self) -> None:
        """Hang up every call, unregister, close."""
        for leg in set(self._legs.values()):
            await leg.hang_up(Cause.DESTINATION_OUT_OF_ORDER)
        for _ in range(_LOOKS):
            if not len(self.driver.agent):
                break
            await asyncio.sleep(GOODBYE_S / _LOOKS)
        else:
            logger.warning("%s: the provider didn't confirm the end of a call", self.account.name)
        with self.driver.turn() as now:
            self.link.stop(now)
        for task in self._reaching:
            task.cancel()
        await asyncio.sleep(0)
        await self.driver.close()

    @property
    def status(self) -> ProviderStatus:
        calls = len(set(self._legs.values()))
        return ProviderStatus(self.account.name, self.link.up, self.link.detail, calls)

    def leg_to(self, number: str) -> ProviderLeg:
        """Return an idle leg that will call a number outside."""
        return ProviderLeg.to(self, number)

    async def end_oldest(self) -> None:
        """Hang up the call that has lasted the longest, for one that matters more."""
        oldest = next(iter(self._legs.values()), None)
        if oldest is not None:
            await oldest.hang_up(Cause.NO_CIRCUIT)

    # What legs use (Exchange)

    def bindings(self, extension: str) -> list[Binding]:
        return []

    def is_secure(self, binding: Binding) -> bool:
        return False

    def attach(self, call: Call, leg: SipLeg) -> None:
        self._legs[call] = leg

    def detach(self, call: Call) -> None:
        self._legs.pop(call, None)

    def leg_of(self, call: Call) -> SipLeg | None:
        return self._legs.get(call)

    # Ways to the servers

    def _reach(self, index: int) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(index))
        self._reaching.add(task)
        task.add_done_callback(self._reaching.discard)

    async def _connect(self, index: int) -> None:
        server, flow = self.account.servers[index], None
        try:
            flow = await self.driver.connect(server.host, server.port, server.transport)
        except (OSError, TimeoutError) as error:
            logger.warning("%s: %s can't be reached: %s", self.account.name, server.host, error)
        else:
            self._hosts.add(flow.host)
        with self.driver.turn() as now:
            self.link.reached(index, flow, now)

    def _flow_closed(self, flow: Flow) -> None:
        with self.driver.turn() as now:
            self.link.lost(flow, now)

    # Events of the agent

    def _on_event(self, event: Event) -> None:
        if isinstance(event, CallOffered):
            self._offered(event)
        elif isinstance(event, RegistrationChanged):
            with self.driver.turn() as now:
                self.link.on_registration(event, now)
        elif isinstance(event, CallEvent):
            leg = self._legs.get(event.call)
            if leg is not None:
                leg.on_event(event)

    def _offered(self, event: CallOffered) -> None:
        call, offer = event.call, None
        refusal = 503 if self.on_incoming is None else None
        if event.replaces is not None:
            refusal = 403
        elif call.invite.body:
            try:
                offer = parse_sdp(call.invite.body)
            except MalformedMessage:
                refusal = 400
            else:
                refusal = refusal or (None if is_acceptable(offer) else 488)
        if refusal is not None or self.on_incoming is None:
            with self.driver.turn() as now:
                call.refuse(refusal or 503, now)
            return
        dialled = dialled_by(call.invite, self.account.username)
        leg = ProviderLeg.of_call(self, call, caller_of(call.invite), offer, self.account.name)
        leg._line = self
        logger.info("%s: a call for %s", leg.id, dialled)
        self.on_incoming(leg, dialled)

    def _link_changed(self) -> None:
        logger.info("%s is %s: %s", self.account.name, "up" if self.link.up else "down", self.link.detail)
        if self.on_changed is not None:
            self.on_changed(self.status)


class _OnlyThese(Acl):
    """The provider's servers, as they were resolved."""

    def __init__(self, hosts: set[str]) -> None:
        super().__init__(())
        self._hosts = hosts

    def allows(self, host: str) -> bool:
        return host in self._hosts


class _Provider:
    """The provider's servers may call us, and nothing else."""

    def __init__(self, hosts: set[str]) -> None:
        self._hosts = hosts

    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        if request.method == "INVITE" and flow.host in self._hosts:
            return "provider"
        return respond_to(request, 403, tag=new_tag())

    def watches(self, identity: str, event: str, user: str) -> int:
        return 403

    def register(self, request: Request, identity: str, flow: Flow, now: float) -> Response:
        return respond_to(request, 403, tag=new_tag())
