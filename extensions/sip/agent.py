"""The user-agent core: bytes and `now` in, packets and events out. No socket, no clock, no waiting.

                 receive(bytes, flow, now)          commands of calls (answer, hang_up, …)
                          │                                       │
       budget of the host, limits, parsing, validation            │
                          ▼                                       ▼
                 transaction layer ───────────────────────► take_packets()
                          │
       Policy.admit (digest) ── outside dialogs: REGISTER, INVITE, SUBSCRIBE, MESSAGE; OPTIONS for all
                          ▼
   calls and subscriptions by (Call-ID, our tag) ─────────► take_events()

Nothing a peer sends raises out of `receive`: it is answered or dropped, and counted.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict

from extensions.sip.call import Call
from extensions.sip.client_auth import ClientAuth
from extensions.sip.compose import contact_uri, new_tag
from extensions.sip.core import ALLOW, Policy
from extensions.sip.errors import MalformedMessage, TooLarge
from extensions.sip.events import Event
from extensions.sip.flow import DIAL, TCP, Flow
from extensions.sip.headers import NameAddr, Replaces
from extensions.sip.inbox import MessageFromUs
from extensions.sip.message import Request, Response, parse_head, parse_message, respond_to
from extensions.sip.outgoing_call import OutgoingCall
from extensions.sip.outside import Outside
from extensions.sip.registration import Registration
from extensions.sip.sessions import Sessions
from extensions.sip.sources import Sources
from extensions.sip.subscription import Subscription
from extensions.sip.timers import Timers
from extensions.sip.transaction.base import ServerTransaction
from extensions.sip.transaction.layer import TransactionLayer
from extensions.sip.uri import SipUri
from extensions.sip.validate import can_be_answered, fault_of

logger = logging.getLogger(__name__)

# By how much timers that only wait for stragglers may be late: one wake a second serves them all.
SLACK_S = 1.0
# How responses and ACKs begin, which cost little.
_CHEAP = (b"SIP/", b"ACK ")
# How long a host to which no TCP connection could be opened is spared another attempt, in seconds.
_NO_STREAM_S = 600.0
# Hosts of which that is remembered.
_REMEMBERED = 1000


class Agent:
    """One user agent.

    Args:
        policy: Who may do what.
        contact_user: The user part of our Contact.
        product: What User-Agent and Server say.
        sources: What each host may ask; the standard budgets when None.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        contact_user: str = "zongji",
        product: str = "zongji",
        sources: Sources | None = None,
    ) -> None:
        self.counters: Counter[str] = Counter()
        """What was refused or odd: flooded, malformed, oversize, refused, stray, bugs."""
        self.timers = Timers(SLACK_S)
        self.sources = sources or Sources()
        self.transactions = TransactionLayer(self, self.timers, self, self.sources.transactions_of)
        self._contact_user = contact_user
        self.product = product
        self.sessions = Sessions()
        self.streams = False
        """Whether TCP connections can be opened, for requests too large for UDP."""
        self._contacts: dict[tuple[str, str, int], str] = {}
        self._outside = Outside(self, policy)
        self._no_streams: OrderedDict[tuple[str, int], float] = OrderedDict()
        """Where no TCP connection could be opened, until when not to try again."""
        self._packets: list[tuple[bytes, Flow]] = []
        self._events: list[Event] = []

    def __len__(self) -> int:
        """Return the number of calls and subscriptions."""
        return len(self.sessions)

    # What the adapter drives

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take one datagram, or one framed message of a stream."""
        if not self.sources.takes(flow.host, now, request=data[:4] not in _CHEAP):
            self.counters["flooded"] += 1
            return
        if data[:1] in b"\r\n\0" and not data.strip(b"\r\n\0"):
            return
        try:
            self._receive(data, flow, now)
        except TooLarge:
            self.counters["oversize"] += 1
            self._refuse_unread(data, flow)
        except MalformedMessage:
            self.counters["malformed"] += 1
        except Exception:
            # The last line of defence: a defect of ours must not take the switch down with a packet.
            self.counters["bugs"] += 1
            logger.exception("a message from %s met a bug", flow)

    def get_timer(self) -> float | None:
        """Return when `handle_timer` is next wanted; None while nothing is timed."""
        return self.timers.next()

    def handle_timer(self, now: float) -> None:
        try:
            self.timers.fire(now)
        except Exception:
            self.counters["bugs"] += 1
            logger.exception("a timer met a bug")

    def flow_closed(self, flow: Flow, now: float) -> None:
        """A connection is gone, or could not be opened."""
        if self.transactions.flow_closed(flow, now):
            self._no_streams[flow.host, flow.port] = now + _NO_STREAM_S
            if len(self._no_streams) > _REMEMBERED:
                self._no_streams.popitem(last=False)
        for call in [call for call in self.sessions.calls.values() if call.flow == flow]:
            call.flow_lost(now)
        for subscription in [one for one in self.sessions.subscriptions.values() if one.flow == flow]:
            subscription.flow_lost(now)

    def flow_found(self, contact: SipUri, flow: Flow, now: float) -> None:
        """A phone has registered over `flow`: its calls whose connection was lost go on over that."""
        if flow.reliable:
            for call in list(self.sessions.calls.values()):
                if call.flow.host == flow.host and call.flow != flow and _user_at(call) == contact.user:
                    call.flow_found(flow, now)

    def take_packets(self) -> list[tuple[bytes, Flow]]:
        """Return what is to be sent since the last call."""
        packets, self._packets = self._packets, []
        return packets

    def take_events(self) -> list[Event]:
        """Return what happened since the last call."""
        events, self._events = self._events, []
        return events

    # Verbs

    def call(
        self,
        flow: Flow,
        target: str,
        *,
        from_: NameAddr,
        to: NameAddr,
        body: bytes,
        now: float,
        auth: ClientAuth | None = None,
        headers: list[tuple[str, str]] | None = None,
    ) -> OutgoingCall:
        """Send an INVITE; what comes of it arrives as events about the returned call."""
        call = OutgoingCall(self, flow, target, from_=from_, to=to, body=body, auth=auth)
        if headers:
            call.with_headers(headers)
        call.start(now)
        return call

    def message(
        self,
        flow: Flow,
        target: str,
        *,
        from_: NameAddr,
        to: NameAddr,
        content_type: str,
        body: bytes,
        token: str,
        now: float,
    ) -> None:
        """Send a text; MessageDelivered with `token` tells what came of it."""
        MessageFromUs(self, token).send(
            flow, target, from_=from_, to=to, content_type=content_type, body=body, now=now
        )

    def find(self, replaces: Replaces) -> Call | None:
        """Return the call a Replaces names."""
        return self.sessions.find(replaces)

    def registration(
        self, flow: Flow, aor: str, auth: ClientAuth, expires_s: int, contact_user: str = ""
    ) -> Registration:
        """Return a registration to start."""
        return Registration(self, flow, aor, auth, expires_s, contact_user)

    # What calls use (Core)

    def send(self, data: bytes, flow: Flow) -> None:
        self._packets.append((data, flow))

    def stream_to(self, flow: Flow, now: float) -> Flow | None:
        key = flow.host, flow.port
        if not self.streams or self._no_streams.get(key, now) > now:
            return None
        return Flow(TCP, flow.host, flow.port, flow.local_host, flow.local_port, DIAL)

    def emit(self, event: Event) -> None:
        self._events.append(event)

    def contact(self, flow: Flow) -> str:
        key = (flow.transport, flow.local_host, flow.local_port)
        found = self._contacts.get(key)
        if found is None:
            found = self._contacts[key] = f"<{contact_uri(self._contact_user, flow)}>"
        return found

    def adopt(self, session: Call | Subscription) -> None:
        self.sessions.adopt(session)

    def forget(self, session: Call | Subscription) -> None:
        self.sessions.forget(session)

    # What the transaction layer hands up (TransactionUser)

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        if request.method == "CANCEL":
            self._cancel(transaction, request, flow, now)
        elif request.to.tag is not None:
            session = self.sessions.of(request)
            if session is None:
                self.reply(transaction, 481, now)
            else:
                session.receive(transaction, request, transaction.flow, now)
        else:
            self._outside.receive(transaction, request, now)

    def on_ack(self, request: Request, flow: Flow, now: float) -> None:
        session = self.sessions.of(request)
        if session is not None:
            session.receive_ack(request, now)

    def on_too_many(self, request: Request, flow: Flow, now: float) -> None:
        self.counters["refused"] += 1
        busy = respond_to(request, 503, tag=new_tag())
        busy.headers.set("retry-after", "10")
        self.send(busy.encode(), flow)

    def on_stray_response(self, response: Response, now: float) -> None:
        self.counters["stray"] += 1

    # Out of dialogs

    def _receive(self, data: bytes, flow: Flow, now: float) -> None:
        message = parse_message(data)
        fault = fault_of(message)
        if isinstance(message, Response):
            if fault is not None:
                self.counters["malformed"] += 1
            else:
                self.transactions.receive_response(message, now)
            return
        if fault is not None:
            self.counters["malformed"] += 1
            if can_be_answered(message):
                message.replace_via(message.via.received_from(flow.host, flow.port))
                response = respond_to(message, fault.status, fault.reason, tag=new_tag())
                self.send(response.encode(), _answer_flow(message, flow))
            return
        if message.via.transport.lower() != flow.transport:
            self.counters["odd_transport"] += 1
        message.replace_via(message.via.received_from(flow.host, flow.port))
        self.transactions.receive_request(message, _answer_flow(message, flow), now)

    def _refuse_unread(self, data: bytes, flow: Flow) -> None:
        """Answer 513 to an oversize request when its beginning can be read (§21.5.7)."""
        try:
            request = parse_head(data)
        except MalformedMessage:
            return
        if isinstance(request, Request) and can_be_answered(request):
            request.replace_via(request.via.received_from(flow.host, flow.port))
            self.send(respond_to(request, 513, tag=new_tag()).encode(), _answer_flow(request, flow))

    def reply(self, transaction: ServerTransaction, status: int, now: float) -> None:
        """Answer a request outside any dialog."""
        response = respond_to(transaction.request, status, tag=new_tag())
        if status in (405, 501):
            response.headers.set("allow", ALLOW)
        response.headers.set("server", self.product)
        transaction.respond(response, now)

    def _cancel(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        invite = self.transactions.invite_of(request)
        if invite is None or invite.flow.host != flow.host:
            self.reply(transaction, 481, now)
            return
        call = self.sessions.offered(request)
        tag = new_tag() if call is None else call.local_tag
        transaction.respond(respond_to(request, 200, tag=tag), now)
        if call is not None:
            call.cancelled(request, now)


def _answer_flow(request: Request, flow: Flow) -> Flow:
    """Return where responses go: back on the connection; on UDP to the source port with rport, else to
    the port the Via names (§18.2.2, RFC 3581 §4)."""
    if flow.reliable or request.via.wants_rport:
        return flow
    return flow.with_port(request.via.port or 5060)


def _user_at(call: Call) -> str | None:
    """Return the user part of the peer's Contact."""
    try:
        return None if call.dialog is None else SipUri.parse(call.dialog.target).user
    except MalformedMessage:
        return None
