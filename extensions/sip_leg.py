"""A SIP phone's side of a call, as the contract of `firmware.core.leg` wants it.

Theory of operation
-------------------
    outgoing   ring ─► RTP port ─► INVITE to every phone of the extension
                       180 from any: ALERTING    first 200: CONNECTED, the others get CANCEL
                       all refused: the most telling refusal ends the leg; a 6xx ends it at once
    incoming   progress ─► 180    answer ─► RTP port ─► 200 with SDP    hang_up ─► mapped refusal
    both       re-INVITE of the phone: new direction and address; one that stops receiving is HELD
               hold, resume: a re-INVITE of ours; said as soon as none is under way

Who holds whom is `leg_hold.py`'s; what the phone was not told yet is said whenever the dialog is quiet.
Port and offers are `leg_audio.py`'s. Digits come from the media plane (RFC 4733, in-band) and as INFO.
"""

from __future__ import annotations

import asyncio
import logging
from typing import ClassVar, Self

from extensions.leg_audio import LegAudio, new_negotiation
from extensions.leg_exchange import Exchange
from extensions.leg_hold import Hold
from extensions.leg_words import digit_of, ending_of, from_of, most_telling
from extensions.sip.call import Call
from extensions.sip.causes import reason_of, status_of
from extensions.sip.compose import bracketed
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import (
    CallAcknowledged,
    CallAnswered,
    CallEnded,
    CallInfo,
    CallProgressed,
    CallQuiet,
    CallReanswered,
    CallReoffered,
    Event,
    TransferAsked,
)
from extensions.sip.headers import NameAddr, Reason
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.offer_answer import AudioNegotiation, NoCommonMedia
from extensions.sip.outgoing_call import OutgoingCall
from extensions.sip.sdp import SessionDescription
from extensions.sip.sdp import parse as parse_sdp
from firmware.core.causes import Cause, Side
from firmware.core.ids import PortId
from firmware.core.leg import (
    AudioBegan,
    DigitPressed,
    Direction,
    Ending,
    Leg,
    LegState,
    Party,
    TransferRequested,
)
from firmware.core.media import (
    DigitHeard,
    MediaError,
    PortEvent,
    PortFailed,
    RtpAddress,
)

logger = logging.getLogger(__name__)

_IN_TALK = (LegState.CONNECTED, LegState.HELD)


class SipLeg(Leg):
    """One SIP phone, or all phones of one extension until one answers. Made by `Phones`."""

    KIND: ClassVar[str] = "sip"

    def __init__(self, exchange: Exchange, direction: Direction, party: Party, extension: str) -> None:
        super().__init__(self.KIND, direction, party, extension)
        self._exchange = exchange
        self._audio = LegAudio(exchange.media, self._heard)
        self._call: Call | None = None
        """The call that counts: the incoming one, or the first that was answered."""
        self.headers: list[tuple[str, str]] = []
        """Further headers of the INVITE, for a phone that is to answer by itself."""
        self._forks: list[OutgoingCall] = []
        self._refusals: list[Ending] = []
        self._hold = Hold()
        self._acknowledged = asyncio.Event()
        self._early = False
        self._transfer_accepted = False

    @classmethod
    def of_call(
        cls,
        exchange: Exchange,
        call: IncomingCall,
        party: Party,
        offer: SessionDescription | None,
        address: str | None = None,
        *,
        secure: bool = False,
    ) -> Self:
        """Return the leg of a call somebody places.

        Args:
            exchange: What the leg belongs to.
            call: Offered to us.
            party: Who calls.
            offer: None when its INVITE had none.
            address: Where the leg runs; the caller's number when None.
            secure: Whether its audio must be encrypted.
        """
        leg = cls(exchange, Direction.INCOMING, party, address or party.number or "")
        leg._call = call
        leg._audio.offered = offer
        leg._audio.negotiates(call, new_negotiation(secure=secure))
        exchange.attach(call, leg)
        return leg

    @property
    def port(self) -> PortId | None:
        open_now = self._early or self.state in _IN_TALK
        return self._audio.rtp.port_id if self._audio.rtp is not None and open_now else None

    @property
    def can_wideband(self) -> bool:
        return self._exchange.wideband and self._audio.can_wideband

    @property
    def calls(self) -> list[Call]:
        """The calls that carry it: several while an extension's phones ring."""
        return [*self._forks, *([] if self._call is None else [self._call])]

    # Commands on the wire

    async def _do_ring(self, caller: Party) -> None:
        bindings = self._exchange.bindings(self.address)
        if not bindings:
            self._finish(Ending(Cause.SUBSCRIBER_ABSENT, Side.WIRE, "not registered"))
            return
        rtp = await self._open_port(bindings[0].flow.local_host)
        if rtp is None:
            return
        with self._exchange.driver.turn() as now:
            for binding in bindings:
                negotiation = new_negotiation(
                    secure=self._exchange.is_secure(binding),
                    wideband=self.wideband and self._exchange.wideband,
                )
                call = self._exchange.driver.agent.call(
                    binding.flow,
                    binding.contact,
                    from_=from_of(caller, binding.flow),
                    to=NameAddr(f"sip:{self.address}@{bracketed(binding.flow.local_host)}"),
                    body=negotiation.offer(rtp.host, rtp.port),
                    headers=self.headers,
                    now=now,
                )
                self._rings(call, negotiation)

    def _rings(self, call: OutgoingCall, negotiation: AudioNegotiation) -> None:
        """Take a call that rings somebody into the books."""
        self._forks.append(call)
        self._audio.negotiates(call, negotiation)
        self._exchange.attach(call, self)

    async def _do_progress(self) -> None:
        if isinstance(self._call, IncomingCall):
            with self._exchange.driver.turn() as now:
                self._call.ring(now)

    async def _do_open_early(self) -> bool:
        call, offer = self._call, self._audio.offered
        if not isinstance(call, IncomingCall) or offer is None:
            return False
        if self._early:
            return True
        if await self._open_port(call.flow.local_host) is None:
            return False
        body, _ = self._audio.answer(call, offer)
        self._early = True
        with self._exchange.driver.turn() as now:
            call.open_early(body, now)
        return True

    async def _do_answer(self) -> None:
        call, offer = self._call, self._audio.offered
        if not isinstance(call, IncomingCall):
            return
        if not self._early and await self._open_port(call.flow.local_host) is None:
            with self._exchange.driver.turn() as now:
                call.refuse(503, now, reason_of(Cause.BEARER_NOT_AVAILABLE))
            return
        if self.wideband and not self._early:
            self._audio.speak_wideband(call)
        body = self._audio.offer(call) if offer is None else self._audio.answer(call, offer)[0]
        with self._exchange.driver.turn() as now:
            call.answer(body, now)
        if offer is None:
            # Where the phone listens is known with its ACK only.
            ended = asyncio.ensure_future(self._ended.wait())
            acknowledged = asyncio.ensure_future(self._acknowledged.wait())
            try:
                await asyncio.wait((ended, acknowledged), return_when=asyncio.FIRST_COMPLETED)
            finally:
                ended.cancel()
                acknowledged.cancel()

    async def _do_hang_up(self, cause: Cause, before: LegState) -> None:
        with self._exchange.driver.turn() as now:
            if before is LegState.OFFERED and isinstance(self._call, IncomingCall):
                self._call.refuse(status_of(cause), now, reason_of(cause))
            self._let_go(now, reason_of(cause))

    def _do_accept_transfer(self) -> None:
        self._transfer_accepted = True

    def _do_transfer_finished(self, cause: Cause) -> None:
        if self._call is not None:
            status = 200 if cause is Cause.NORMAL else status_of(cause)
            with self._exchange.driver.turn() as now:
                self._call.transfers.finish(status, now)

    async def _do_hold(self, *, on: bool) -> None:
        self._hold.receiving = not on
        self._say()

    def _release(self) -> None:
        self._audio.close()

    # What the phone says

    def on_event(self, event: Event) -> None:
        """Take an event about one of this leg's calls."""
        if self.ending is not None:
            return
        match event:
            case CallProgressed(status=status):
                if self.state is LegState.RINGING and status >= 180:
                    self._became(LegState.ALERTING)
                if event.body:
                    self._heard_early(event.call, event.body)
            case CallAnswered():
                self._answered_by(event.call, event.body)
            case CallAcknowledged():
                self._take_answer(event.call, event.body)
                self._acknowledged.set()
                self._say()
            case CallReoffered():
                self._reoffered(event.call, event.body)
            case CallReanswered(status=status):
                if 200 <= status < 300:
                    self._take_answer(event.call, event.body)
                self._say()
            case CallQuiet():
                self._say()
            case TransferAsked():
                self._transfer_asked(event)
            case CallInfo():
                digit = digit_of(event)
                if digit is not None:
                    self._emit(DigitPressed(digit))
            case CallEnded():
                self._call_ended(event)
            case _:
                logger.debug("%s: nothing to do for %s", self.id, type(event).__name__)

    def _transfer_asked(self, event: TransferAsked) -> None:
        target, consulted = event.target, None
        agent = self._exchange.driver.agent
        if target.replaces is not None:
            other = agent.find(target.replaces)
            consulted = None if other is None else self._exchange.leg_of(other)
        self._transfer_accepted = False
        known = self.state in _IN_TALK and (target.replaces is None or consulted not in (None, self))
        if known and (target.user or consulted is not None):
            self._emit(TransferRequested(target.user, consulted))
        with self._exchange.driver.turn() as now:
            if self._transfer_accepted:
                event.call.transfers.accept(now)
            else:
                event.call.transfers.refuse(603 if known else 404, now)

    def _heard_early(self, call: Call, body: bytes) -> None:
        """Follow early media of the one phone or trunk that is rung; forks' would mix."""
        if len(self._forks) != 1 or self.state not in (LegState.RINGING, LegState.ALERTING):
            return
        try:
            self._audio.read_answer(call, body)
        except (MalformedMessage, NoCommonMedia):
            return
        if not self._early:
            self._early = True
            self._emit(AudioBegan())

    def _answered_by(self, call: OutgoingCall, body: bytes) -> None:
        self._call = call
        self._forks.remove(call)
        elsewhere = Reason("SIP", 200, "Call completed elsewhere")
        with self._exchange.driver.turn() as now:
            for other in self._forks:
                other.hang_up(now, elsewhere)
                self._exchange.detach(other)
        self._forks.clear()
        if self._take_answer(call, body):
            self._became(LegState.CONNECTED)
            self._follow_hold()

    def _call_ended(self, event: CallEnded) -> None:
        self._exchange.detach(event.call)
        ending = ending_of(event, was_answered=event.call is self._call)
        if event.call is self._call:
            self._finish(ending)
        elif isinstance(event.call, OutgoingCall) and event.call in self._forks:
            self._forks.remove(event.call)
            self._refusals.append(ending)
            everywhere = event.status is not None and event.status >= 600
            if everywhere or not self._forks:
                with self._exchange.driver.turn() as now:
                    self._let_go(now, reason_of(ending.cause))
                self._finish(most_telling(self._refusals))

    def _reoffered(self, call: Call, body: bytes) -> None:
        with self._exchange.driver.turn() as now:
            try:
                if body:
                    answer, agreed = self._audio.answer(call, parse_sdp(body), receiving=self._hold.receiving)
                    self._hold.offered(agreed)
                else:
                    answer = self._audio.offer(call, receiving=self._hold.receiving)
            except (MalformedMessage, NoCommonMedia):
                call.refuse_again(488, now)
                return
            self._hold.say()
            call.accept_again(answer, now)
        self._follow_hold()

    def _heard(self, event: PortEvent) -> None:
        if self.ending is not None:
            return
        if isinstance(event, DigitHeard):
            self._emit(DigitPressed(event.digit))
        elif isinstance(event, PortFailed):
            self._give_up(Ending(Cause.BEARER_NOT_AVAILABLE, Side.WIRE, event.reason))

    # Helpers

    async def _open_port(self, host: str) -> RtpAddress | None:
        """Open the RTP port; None when that failed or the leg ended meanwhile."""
        try:
            await self._audio.open(host)
        except MediaError as error:
            self._finish(Ending(Cause.BEARER_NOT_AVAILABLE, Side.WIRE, str(error)))
            return None
        if self.ending is not None:
            self._audio.close()
        return self._audio.rtp

    def _take_answer(self, call: Call, body: bytes) -> bool:
        """Follow the phone's answer to our offer; a call without common media is hung up."""
        if not body and self._audio.offered is not None:
            return True
        try:
            agreed = self._audio.read_answer(call, body)
        except (MalformedMessage, NoCommonMedia) as error:
            self._give_up(Ending(Cause.INCOMPATIBLE, Side.THEM, str(error)))
            return False
        self._hold.answered(agreed)
        self._follow_hold()
        return True

    def _say(self) -> None:
        """Tell the phone our direction if it was told another; later, when the dialog isn't quiet."""
        if not self._hold.is_unsaid or self._call is None or self._audio.rtp is None:
            return
        offer = self._audio.offer(self._call, receiving=self._hold.receiving)
        with self._exchange.driver.turn() as now:
            if self._call.reoffer(offer, now):
                self._hold.say()

    def _follow_hold(self) -> None:
        """Be HELD while the phone or we hold, CONNECTED else."""
        if self._hold.holds and self.state is LegState.CONNECTED:
            self._became(LegState.HELD)
        elif not self._hold.holds and self.state is LegState.HELD:
            self._became(LegState.CONNECTED)

    def _give_up(self, ending: Ending) -> None:
        self._finish(ending)
        with self._exchange.driver.turn() as now:
            self._let_go(now, reason_of(ending.cause))

    def _let_go(self, now: float, reason: Reason) -> None:
        """Hang up every call of this leg and hear no more of it."""
        for call in self.calls:
            call.hang_up(now, reason)
            self._exchange.detach(call)
        self._forks.clear()
