"""The office's SIP phones: the one class that puts gate, registrar, agent, sockets and legs together.

phone ──UDP/TCP──► Endpoint ──► Agent ──► Gate (digest) ──► Registrar
                                  │
                   calls ◄────────┴── leg_to("101"), on_incoming(leg, "9138…")
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

import msgspec

from extensions.accounts import AccountSource
from extensions.gate import Gate
from extensions.registrar import Binding, Registrar
from extensions.sip.agent import Agent
from extensions.sip.call import Call
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import CallOffered, Event, RegistrationChanged
from extensions.sip.flow import Flow
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request, Response
from extensions.sip.net.driver import Driver
from extensions.sip.net.endpoint import Endpoint
from extensions.sip.offer_answer import is_acceptable
from extensions.sip.sdp import parse as parse_sdp
from extensions.sip.transaction.layer import PER_SOURCE
from extensions.sip.uri import SipUri, scheme_of
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause
from firmware.core.leg import Direction, Party
from firmware.core.media import MediaPlane

logger = logging.getLogger(__name__)

MakeDriver = Callable[[Agent, Callable[[Event], None], Callable[[Flow], None]], Driver]
OnIncoming = Callable[[SipLeg, str], None]


class RegistrationStatus(msgspec.Struct, frozen=True):
    """One registered phone, for status pages."""

    extension: str
    contact: str
    transport: str
    address: str
    """Where its packets come from: host:port."""
    user_agent: str
    expires_in_s: int


class Phones:
    """All SIP phones of the box.

    Args:
        accounts: Who may register.
        media: Where the audio runs.
        host: Address to bind, for SIP.
        port: UDP and TCP port; 0 lets the system choose.
        per_source: Most live transactions of one host.
        make_driver: How packets travel; the sockets of `Endpoint` unless a test says otherwise.
    """

    def __init__(
        self,
        accounts: AccountSource,
        media: MediaPlane,
        host: str,
        port: int,
        *,
        per_source: int = PER_SOURCE,
        make_driver: MakeDriver | None = None,
    ) -> None:
        self.media = media
        self.on_incoming: OnIncoming | None = None
        """Told of each call from a phone, with the dialled user part; without it calls are refused."""
        self._accounts = accounts
        self._registrar = Registrar()
        counters: Counter[str] = Counter()
        self._agent = Agent(_Policy(Gate(accounts, counters), self._registrar), per_source=per_source)
        self._agent.counters = counters
        if make_driver is None:
            self.driver: Driver = Endpoint(
                self._agent, self._on_event, host, port, on_flow_closed=self._registrar.flow_closed
            )
        else:
            self.driver = make_driver(self._agent, self._on_event, self._registrar.flow_closed)
        self._legs: dict[Call, SipLeg] = {}

    async def start(self) -> None:
        """Open the sockets.

        Raises:
            OSError: The address can't be bound.
        """
        await self.driver.start()

    async def stop(self) -> None:
        """Hang up every call and close the sockets."""
        for leg in set(self._legs.values()):
            await leg.hang_up(Cause.DESTINATION_OUT_OF_ORDER)
        await self.driver.close()

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self.driver.port if isinstance(self.driver, Endpoint) else 0

    @property
    def counters(self) -> dict[str, int]:
        """What was refused or odd since the start: malformed, oversize, auth_failed, auth_braked, refused,
        stray (responses nobody waits for), unsent (the connection was gone), bugs (ours)."""
        names = ("malformed", "oversize", "auth_failed", "auth_braked", "refused", "stray", "unsent", "bugs")
        return {**dict.fromkeys(names, 0), **self._agent.counters}

    @property
    def first_registered_at(self) -> float | None:
        """Monotonic seconds at which the first phone registered since the start; None before that."""
        return self._registrar.first_registered_at

    def leg_to(self, extension: str) -> SipLeg:
        """Return an idle leg that will ring every phone of an extension; the first that answers wins."""
        account = self._accounts.find(extension)
        party = Party(extension, None if account is None else account.name)
        return SipLeg(self, Direction.OUTGOING, party, extension)

    def is_registered(self, extension: str) -> bool:
        return bool(self.bindings(extension))

    def registrations(self) -> list[RegistrationStatus]:
        now = asyncio.get_running_loop().time()
        return [
            RegistrationStatus(
                extension=binding.extension,
                contact=binding.contact,
                transport=binding.flow.transport,
                address=f"{binding.flow.host}:{binding.flow.port}",
                user_agent=binding.user_agent,
                expires_in_s=max(0, round(binding.expires_at - now)),
            )
            for binding in self._registrar.all(now)
        ]

    # What legs use (Exchange)

    def bindings(self, extension: str) -> list[Binding]:
        return self._registrar.bindings(extension, asyncio.get_running_loop().time())

    def attach(self, call: Call, leg: SipLeg) -> None:
        self._legs[call] = leg

    def detach(self, call: Call) -> None:
        self._legs.pop(call, None)

    # Events of the agent

    def _on_event(self, event: Event) -> None:
        if isinstance(event, CallOffered):
            self._offered(event.call, event.identity)
        elif not isinstance(event, RegistrationChanged):
            leg = self._legs.get(event.call)
            if leg is not None:
                leg.on_event(event)

    def _offered(self, call: IncomingCall, extension: str) -> None:
        dialled = dialled_of(call.invite)
        refusal: int | None = None
        offer = None
        if not dialled:
            refusal = 484
        elif self.on_incoming is None:
            refusal = 503
        elif call.invite.body:
            try:
                offer = parse_sdp(call.invite.body)
            except MalformedMessage:
                refusal = 400
            else:
                refusal = None if is_acceptable(offer) else 488
        if refusal is not None or self.on_incoming is None:
            with self.driver.turn() as now:
                call.refuse(refusal or 503, now)
            return
        account = self._accounts.find(extension)
        party = Party(extension, None if account is None else account.name)
        leg = SipLeg.of_call(self, call, party, offer)
        logger.info("%s: %s dialled %s", leg.id, extension, dialled)
        self.on_incoming(leg, dialled)


class _Policy:
    """Phones must authenticate, then may register and call."""

    def __init__(self, gate: Gate, registrar: Registrar) -> None:
        self._gate = gate
        self._registrar = registrar

    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        return self._gate.admit(request, flow, now)

    def register(self, request: Request, identity: str, flow: Flow, now: float) -> Response:
        return self._registrar.register(request, identity, flow, now)


def dialled_of(invite: Request) -> str:
    """Return the user part a phone dialled, of a sip or tel URI; `""` when there is none."""
    if scheme_of(invite.uri) == "tel":
        return invite.uri.partition(":")[2].partition(";")[0]
    try:
        return SipUri.parse(invite.uri).user or ""
    except MalformedMessage:
        return ""
