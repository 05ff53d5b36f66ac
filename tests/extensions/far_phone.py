"""A phone played by a test: the person at it answers, declines, holds and hangs up as told."""

from __future__ import annotations

import asyncio
import secrets

from extensions.sip.agent import Agent
from extensions.sip.call import Call, CallState
from extensions.sip.client_auth import ClientAuth
from extensions.sip.compose import new_tag
from extensions.sip.events import (
    CallAnswered,
    CallEnded,
    CallOffered,
    CallProgressed,
    CallReoffered,
    Event,
    RegistrationChanged,
    TransferProgressed,
)
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.offer_answer import Agreed, AudioNegotiation
from extensions.sip.registration import Registration
from extensions.sip.sdp import parse as parse_sdp
from tests.extensions.sip_net import Net, NetDriver


class _TakesCalls:
    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        return "box"

    def watches(self, identity: str, event: str, user: str) -> int:
        return 200

    def register(self, request: Request, identity: str, flow: Flow, now: float) -> Response:
        return respond_to(request, 405, tag=new_tag())


class FarPhone:
    """One phone on a `Net`, with a person at it."""

    def __init__(self, net: Net, host: str, extension: str, secret: str) -> None:
        self.extension = extension
        self.host = host
        self.agent = Agent(_TakesCalls(), contact_user=f"{extension}-0x{secrets.token_hex(4)}")
        self.driver = NetDriver(self.agent, self._on_event, net, host)
        self.auth = ClientAuth(extension, secret)
        self.call: Call | None = None
        self.offered: IncomingCall | None = None
        self.hears_ringback = False
        self.agreed: Agreed | None = None
        self.ended: CallEnded | None = None
        self.events: list[Event] = []
        self.registration: Registration | None = None
        self.flow: Flow | None = None
        self.holds = False
        self.answers_offers = True
        self.transfer_statuses: list[int] = []
        self._offered_media = True
        self._negotiation = AudioNegotiation(1)
        self._registered = asyncio.Event()

    async def register(
        self, host: str, port: int = 5060, transport: str = "udp", expires_s: int = 600
    ) -> None:
        await self.driver.start()
        self.flow = await self.driver.connect(host, port, transport)
        self.registration = self.agent.registration(
            self.flow, f"sip:{self.extension}@{host}", self.auth, expires_s
        )
        with self.driver.turn() as now:
            self.registration.start(now)
        await asyncio.wait_for(self._registered.wait(), 60)

    def has_wideband(self) -> None:
        """It is a phone that speaks G.722."""
        self._negotiation = AudioNegotiation(1, wideband=True)

    def dial(
        self, number: str, body: bytes | None = None, headers: list[tuple[str, str]] | None = None
    ) -> None:
        assert self.flow is not None
        sdp = self._negotiation.offer(self.host, 4000) if body is None else body
        self._offered_media = bool(sdp)
        with self.driver.turn() as now:
            self.call = self.agent.call(
                self.flow,
                f"sip:{number}@{self.flow.host}",
                from_=NameAddr(f"sip:{self.extension}@{self.flow.host}"),
                to=NameAddr(f"sip:{number}@{self.flow.host}"),
                body=sdp,
                now=now,
                auth=self.auth,
                headers=headers,
            )

    def alert(self) -> None:
        if self.offered is not None:
            with self.driver.turn() as now:
                self.offered.ring(now)

    def answer(self) -> None:
        call = self.offered
        if call is None or call.state is not CallState.OFFERED:
            return
        with self.driver.turn() as now:
            if call.invite.body:
                body, self.agreed = self._negotiation.answer(parse_sdp(call.invite.body), self.host, 4000)
            else:
                body = self._negotiation.offer(self.host, 4000)
            call.answer(body, now)

    def refuse(self, status: int) -> None:
        if self.offered is not None:
            with self.driver.turn() as now:
                self.offered.refuse(status, now)
            self.call = None

    def hang_up(self) -> None:
        if self.call is not None:
            with self.driver.turn() as now:
                self.call.hang_up(now)
            self.call = None

    def hold(self, *, on: bool) -> None:
        self.holds = on
        if self.call is not None:
            offer = self._negotiation.offer(self.host, 4000, receiving=not on)
            with self.driver.turn() as now:
                self.call.reoffer(offer, now)

    def refer(self, target: str) -> None:
        """Press the transfer key."""
        if self.call is not None:
            with self.driver.turn() as now:
                self.call.transfers.refer(target, now)

    def vanish(self) -> None:
        """The power plug is pulled."""
        self.driver._net.detach(self.driver)
        self.driver._disarm()

    def is_rung(self) -> bool:
        return self.hears_ringback or (self.offered is not None and self.offered.state is CallState.OFFERED)

    def is_talking(self) -> bool:
        return self._is_up() and self.agreed is not None and self.agreed.receive

    def is_held(self) -> bool:
        """The box sends to it but doesn't listen."""
        return self._is_up() and self.agreed is not None and not self.agreed.send

    def is_free(self) -> bool:
        return self.call is None or self.call.state is CallState.ENDED

    def _is_up(self) -> bool:
        return self.call is not None and self.call.state is CallState.ESTABLISHED

    def _on_event(self, event: Event) -> None:
        self.events.append(event)
        match event:
            case RegistrationChanged(registered=True):
                self._registered.set()
            case CallOffered():
                self.offered = self.call = event.call
            case CallProgressed(status=180):
                self.hears_ringback = True
            case CallAnswered() if not self._offered_media:
                answer, self.agreed = self._negotiation.answer(parse_sdp(event.body), self.host, 4000)
                with self.driver.turn() as now:
                    event.call.acknowledge(answer if self.answers_offers else b"", now)
            case CallAnswered():
                self.agreed = self._negotiation.read_answer(parse_sdp(event.body))
            case TransferProgressed():
                self.transfer_statuses.append(event.status)
            case CallReoffered():
                answer, self.agreed = self._negotiation.answer(
                    parse_sdp(event.body), self.host, 4000, receiving=not self.holds
                )
                with self.driver.turn() as now:
                    event.call.accept_again(answer, now)
            case CallEnded() if event.call is self.call:
                self.ended = event
                self.call = None
            case _:
                return
