"""The office's SIP phones: the one class that puts gate, registrar, agent, sockets and legs together.

phone ──UDP/TCP──► Endpoint ──► Agent ──► Gate (digest) ──► Registrar
                                  │
                   calls ◄────────┴── leg_to("101"), on_incoming(leg, "9138…")
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Callable

import msgspec

from extensions.accounts import AccountSource
from extensions.bans import Bans
from extensions.gate import Gate
from extensions.presence import DIALOG, SUMMARY, Presence
from extensions.registrar import Binding, Registrar
from extensions.sip.acl import EVERYBODY, Acl
from extensions.sip.agent import Agent
from extensions.sip.call import Call
from extensions.sip.compose import new_tag
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import (
    CallOffered,
    Event,
    MessageDelivered,
    MessageReceived,
    RegistrationChanged,
    Subscribed,
    Unsubscribed,
)
from extensions.sip.flow import Flow
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.net.driver import Driver
from extensions.sip.net.endpoint import Endpoint
from extensions.sip.offer_answer import is_acceptable
from extensions.sip.sdp import parse as parse_sdp
from extensions.sip.sources import Sources
from extensions.sip.subscription import Subscription
from extensions.sip.uri import SipUri, scheme_of
from extensions.sip_leg import SipLeg
from extensions.texts import Texts
from firmware.core.causes import Cause
from firmware.core.leg import Direction, Leg, Party
from firmware.core.media import MediaPlane

logger = logging.getLogger(__name__)

MakeDriver = Callable[[Agent, Callable[[Event], None], Callable[[Flow], None]], Driver]
OnIncoming = Callable[[SipLeg, str], None]
# Phones agree on no one way: Answer-Mode is RFC 5373's; the first of the others is Snom's, Grandstream's and
# baresip's, the second Yealink's and Fanvil's.
AUTO_ANSWER = (
    ("answer-mode", "Auto"),
    ("call-info", "<sip:intercom>;answer-after=0"),
    ("alert-info", "<http://intercom>;info=alert-autoanswer;delay=0"),
)
OnPickup = Callable[[SipLeg, SipLeg], None]


_COUNTERS = (
    "outsiders", "flooded", "malformed", "oversize", "auth_failed", "auth_braked", "refused", "stray",
    "unsent", "bugs",
)  # fmt: skip


class RegistrationStatus(msgspec.Struct, frozen=True):
    """One registered phone, for status pages."""

    extension: str
    account: str
    """The user name of the device."""
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
        sources: What each host may ask of us; the standard budgets when None.
        tls: Certificate and key for TLS; None offers none.
        tls_port: TLS port; 0 lets the system choose.
        acl: Who is heard at all; everybody when None.
        make_driver: How packets travel; the sockets of `Endpoint` unless a test says otherwise.
    """

    def __init__(
        self,
        accounts: AccountSource,
        media: MediaPlane,
        host: str,
        port: int,
        *,
        sources: Sources | None = None,
        tls: ssl.SSLContext | None = None,
        tls_port: int = 5061,
        acl: Acl | None = None,
        make_driver: MakeDriver | None = None,
    ) -> None:
        self.media = media
        self.on_incoming: OnIncoming | None = None
        """Told of each call from a phone, with the dialled user part; without it calls are refused."""
        self.on_pickup: OnPickup | None = None
        """Told of each call that is to take the place of another leg: (the new leg, the leg to replace). A
        ringing leg is a pickup; a connected one an attended transfer that phones finish by themselves."""
        self.acl = acl or Acl(EVERYBODY)
        """Who is heard at all."""
        self.wideband = False
        """Whether two phones that have G.722 may use it with each other."""
        self.on_registered: list[Callable[[str], None]] = []
        """Told the extension of each phone that registers anew; not of refreshed registrations."""
        self.accounts = accounts
        self._registrar = Registrar()
        counters: Counter[str] = Counter()
        self.bans = Bans()
        """Who guessed too often; set `on_ban` for alarms, `allow` for networks never banned."""
        policy = _Policy(accounts, Gate(accounts, counters, self.bans), self._registrar, self._registered)
        self._agent = policy.agent = Agent(policy, sources=sources)
        self._agent.counters = counters
        if make_driver is None:
            self.driver: Driver = Endpoint(
                self._agent, self._on_event, host, port,
                on_flow_closed=self._registrar.flow_closed, tls=tls, tls_port=tls_port, acl=self.acl,
            )  # fmt: skip
        else:
            self.driver = make_driver(self._agent, self._on_event, self._registrar.flow_closed)
        self._legs: dict[Call, SipLeg] = {}
        self.presence = Presence(
            self._notify, lambda leg: leg.calls if isinstance(leg, SipLeg) else [], accounts
        )
        policy.has_switch = self.presence.has_switch
        self.texts = Texts(accounts, self.bindings, self.driver)

    def serve_tls(self, context: ssl.SSLContext, port: int) -> None:
        """Offer TLS, too; before `start`."""
        if isinstance(self.driver, Endpoint):
            self.driver.serve_tls(context, port)

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
    def tls_port(self) -> int:
        """The TLS port in use, once started; 0 without TLS."""
        return self.driver.tls_port if isinstance(self.driver, Endpoint) else 0

    @property
    def counters(self) -> dict[str, int]:
        """What was refused or odd since the start.

        outsiders (not of the LAN), flooded (beyond a host's budget), malformed, oversize, auth_failed,
        auth_braked, refused, stray (responses nobody waits for), unsent (the connection was gone), bugs."""
        return {**dict.fromkeys(_COUNTERS, 0), **self._agent.counters}

    @property
    def first_registered_at(self) -> float | None:
        """Monotonic seconds at which the first phone registered since the start; None before that."""
        return self._registrar.first_registered_at

    def leg_to(self, extension: str) -> SipLeg:
        """Return an idle leg that will ring every phone of an extension; the first that answers wins."""
        party = Party(extension, self.accounts.name_of(extension))
        leg = SipLeg(self, Direction.OUTGOING, party, extension)
        self.presence.watch(leg)
        return leg

    def speak_to(self, extension: str) -> SipLeg:
        """Return an idle leg as `leg_to` does, with the phones asked to answer by themselves."""
        leg = self.leg_to(extension)
        leg.headers = list(AUTO_ANSWER)
        return leg

    def is_registered(self, extension: str) -> bool:
        return bool(self.bindings(extension))

    def registrations(self) -> list[RegistrationStatus]:
        now = asyncio.get_running_loop().time()
        return [
            RegistrationStatus(
                extension=binding.extension,
                account=binding.account,
                contact=binding.contact,
                transport=binding.flow.transport,
                address=f"{binding.flow.host}:{binding.flow.port}",
                user_agent=binding.user_agent,
                expires_in_s=max(0, round(binding.expires_at - now)),
            )
            for binding in self._registrar.all(now)
        ]

    def accounts_changed(self) -> None:
        """Forget the phones whose account is gone: an account that is taken away must not ring any more."""
        self._registrar.keep_only(lambda binding: self.accounts.find(binding.account) is not None)

    # What legs use (Exchange)

    def bindings(self, extension: str) -> list[Binding]:
        return self._registrar.bindings(extension, asyncio.get_running_loop().time())

    def is_secure(self, binding: Binding) -> bool:
        account = self.accounts.find(binding.account)
        return account is not None and account.srtp

    def attach(self, call: Call, leg: SipLeg) -> None:
        self._legs[call] = leg

    def detach(self, call: Call) -> None:
        self._legs.pop(call, None)

    def leg_of(self, call: Call) -> SipLeg | None:
        return self._legs.get(call)

    # Events of the agent

    def _on_event(self, event: Event) -> None:
        match event:
            case CallOffered():
                self._offered(event)
            case Subscribed():
                self.presence.subscribed(event.subscription)
            case Unsubscribed():
                self.presence.unsubscribed(event.subscription)
            case MessageReceived():
                self.texts.received(event)
            case MessageDelivered():
                self.texts.delivered(event)
            case RegistrationChanged():
                return
            case _:
                leg = self._legs.get(event.call)
                if leg is not None:
                    leg.on_event(event)

    def _offered(self, event: CallOffered) -> None:
        call, account = event.call, self.accounts.find(event.identity)
        dialled = dialled_of(call.invite)
        replaced = None if event.replaces is None else self._legs.get(event.replaces)
        refusal: int | None = None
        offer = None
        if account is None:
            refusal = 403
        elif event.replaces is not None and (replaced is None or self.on_pickup is None):
            refusal = 481 if replaced is None else 501
        elif not dialled and replaced is None:
            refusal = 484
        elif self.on_incoming is None:
            refusal = 503
        elif call.invite.body:
            try:
                offer = parse_sdp(call.invite.body)
            except MalformedMessage:
                refusal = 400
            else:
                refusal = None if is_acceptable(offer, secure=account.srtp) else 488
        if refusal is not None or self.on_incoming is None or account is None:
            with self.driver.turn() as now:
                call.refuse(refusal or 503, now)
            return
        party = Party(account.extension, account.name)
        leg = SipLeg.of_call(self, call, party, offer, secure=account.srtp)
        self.presence.watch(leg)
        if replaced is not None and self.on_pickup is not None:
            logger.info("%s: %s takes the place of %s", leg.id, account.user, replaced.id)
            self.on_pickup(leg, replaced)
            return
        logger.info("%s: %s dialled %s", leg.id, account.user, dialled)
        self.on_incoming(leg, dialled)

    def _registered(self, extension: str) -> None:
        """Tell of a new phone, once the turn in which it registered is over."""
        for tell in self.on_registered:
            asyncio.get_running_loop().call_soon(tell, extension)

    def _notify(self, subscription: Subscription, content_type: str, body: bytes) -> None:
        with self.driver.turn() as now:
            subscription.notify(content_type, body, now)


class _Policy:
    """Phones must authenticate, then may register and call."""

    agent: Agent
    has_switch: Callable[[str], bool]

    def __init__(
        self, accounts: AccountSource, gate: Gate, registrar: Registrar, registered: Callable[[str], None]
    ) -> None:
        self._accounts = accounts
        self._gate = gate
        self._registrar = registrar
        self._registered = registered

    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        return self._gate.admit(request, flow, now)

    def watches(self, identity: str, event: str, user: str) -> int:
        """Lamps of every extension and switch may be watched; a mailbox by its owner only."""
        if event not in (DIALOG, SUMMARY):
            return 489
        if event == DIALOG and self.has_switch(user):
            return 200
        watched = self._accounts.extension_of(user)
        if watched is None:
            return 404
        return 403 if event == SUMMARY and watched != self._accounts.extension_of(identity) else 200

    def register(self, request: Request, identity: str, flow: Flow, now: float) -> Response:
        account = self._accounts.find(identity)
        if account is None:
            return respond_to(request, 403, tag=new_tag())
        before = len(self._registrar.bindings(account.extension, now))
        response = self._registrar.register(request, account, flow, now)
        if response.status == 200:
            if len(self._registrar.bindings(account.extension, now)) > before:
                self._registered(account.extension)
            for binding in self._registrar.bindings(account.extension, now):
                if binding.flow == flow:
                    self.agent.flow_found(SipUri.parse(binding.contact), flow, now)
        return response


def _calls_of(leg: Leg) -> list[Call]:
    return leg.calls if isinstance(leg, SipLeg) else []


def dialled_of(invite: Request) -> str:
    """Return the user part a phone dialled, of a sip or tel URI; `""` when there is none."""
    if scheme_of(invite.uri) == "tel":
        return invite.uri.partition(":")[2].partition(";")[0]
    try:
        return SipUri.parse(invite.uri).user or ""
    except MalformedMessage:
        return ""
