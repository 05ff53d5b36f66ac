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
from collections import Counter

from extensions.sip.call import Call
from extensions.sip.client_auth import ClientAuth
from extensions.sip.compose import contact_uri, new_tag
from extensions.sip.core import ALLOW, EXTENSIONS, KNOWN_METHODS, SDP_TYPE, SUPPORTED, Policy
from extensions.sip.errors import MalformedMessage, TooLarge
from extensions.sip.events import CallOffered, Event, MessageReceived
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr, Replaces
from extensions.sip.inbox import MOST_BYTES, MessageFromUs, MessageToUs
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request, Response, parse_head, parse_message, respond_to
from extensions.sip.outgoing_call import OutgoingCall
from extensions.sip.registration import Registration
from extensions.sip.session_timer import SessionTimer
from extensions.sip.sources import Sources
from extensions.sip.subscription import MIN_EXPIRES_S, Subscription, event_of, expires_of
from extensions.sip.timers import Timers
from extensions.sip.transaction.base import ServerTransaction
from extensions.sip.transaction.layer import TransactionLayer
from extensions.sip.uri import SipUri, scheme_of
from extensions.sip.validate import can_be_answered, fault_of

logger = logging.getLogger(__name__)

# Most calls at once, over all sources: far above what a small office or the box can carry.
MAX_CALLS = 2000
# Most subscriptions at once: fifty phones with forty keys each.
MAX_SUBSCRIPTIONS = 2000


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
        self.timers = Timers()
        self.sources = sources or Sources()
        self.transactions = TransactionLayer(self, self.timers, self, self.sources.transactions_of)
        self._policy = policy
        self._contact_user = contact_user
        self._product = product
        self._calls: dict[tuple[str, str], Call] = {}
        self._subscriptions: dict[tuple[str, str], Subscription] = {}
        self._offers: dict[tuple[str, str, int], IncomingCall] = {}
        """Calls to us by what their INVITE shares with its CANCEL and with copies of itself."""
        self._contacts: dict[tuple[str, str, int], str] = {}
        self._outside = {
            "INVITE": self._invite,
            "REGISTER": self._register,
            "OPTIONS": self._options,
            "SUBSCRIBE": self._subscribe,
            "MESSAGE": self._message,
        }
        self._packets: list[tuple[bytes, Flow]] = []
        self._events: list[Event] = []

    def __len__(self) -> int:
        """Return the number of calls and subscriptions."""
        return len(self._calls) + len(self._subscriptions)

    # What the adapter drives

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take one datagram, or one framed message of a stream."""
        if not self.sources.takes(flow.host, now):
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
        """A connection is gone."""
        self.transactions.flow_closed(flow, now)
        for call in [call for call in self._calls.values() if call.flow == flow]:
            call.flow_lost(now)
        for subscription in [one for one in self._subscriptions.values() if one.flow == flow]:
            subscription.flow_lost(now)

    def flow_found(self, contact: SipUri, flow: Flow, now: float) -> None:
        """A phone has registered over `flow`: its calls whose connection was lost go on over that."""
        if flow.reliable:
            for call in list(self._calls.values()):
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
        """Return the call a Replaces names, seen from our end or, as busy lamps show it, from the phone's."""
        for ours, theirs in (
            (replaces.local_tag, replaces.remote_tag),
            (replaces.remote_tag, replaces.local_tag),
        ):
            call = self._calls.get((replaces.call_id, ours))
            if call is not None and (call.dialog is None or call.dialog.remote.tag == theirs):
                return call
        return None

    def registration(
        self, flow: Flow, aor: str, auth: ClientAuth, expires_s: int, contact_user: str = ""
    ) -> Registration:
        """Return a registration to start."""
        return Registration(self, flow, aor, auth, expires_s, contact_user)

    # What calls use (Core)

    def send(self, data: bytes, flow: Flow) -> None:
        self._packets.append((data, flow))

    def emit(self, event: Event) -> None:
        self._events.append(event)

    def contact(self, flow: Flow) -> str:
        key = (flow.transport, flow.local_host, flow.local_port)
        found = self._contacts.get(key)
        if found is None:
            found = self._contacts[key] = f"<{contact_uri(self._contact_user, flow)}>"
        return found

    def adopt(self, session: Call | Subscription) -> None:
        key = session.call_id, session.local_tag
        if isinstance(session, Subscription):
            self._subscriptions[key] = session
            return
        self._calls[key] = session
        if isinstance(session, IncomingCall):
            self._offers[_offer_key(session.invite)] = session

    def forget(self, session: Call | Subscription) -> None:
        key = session.call_id, session.local_tag
        self._subscriptions.pop(key, None)
        self._calls.pop(key, None)
        if isinstance(session, IncomingCall):
            self._offers.pop(_offer_key(session.invite), None)

    # What the transaction layer hands up (TransactionUser)

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        if request.method == "CANCEL":
            self._cancel(transaction, request, flow, now)
        elif request.to.tag is not None:
            session = self._session_of(request)
            if session is None:
                self._reply(transaction, 481, now)
            else:
                session.receive(transaction, request, transaction.flow, now)
        elif scheme_of(request.uri) not in ("sip", "sips", "tel"):
            self._reply(transaction, 416, now)
        elif not EXTENSIONS.issuperset(request.headers.tokens("require")):
            self._bad_extension(transaction, request, now)
        else:
            handle = self._outside.get(request.method)
            if handle is not None:
                handle(transaction, request, now)
            elif request.method in ("BYE", "UPDATE", "PRACK", "INFO", "NOTIFY"):
                self._reply(transaction, 481, now)
            elif request.method == "REFER":
                self._reply(transaction, 403, now)
            else:
                self._reply(transaction, 405 if request.method in KNOWN_METHODS else 501, now)

    def on_ack(self, request: Request, flow: Flow, now: float) -> None:
        session = self._session_of(request)
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

    def _session_of(self, request: Request) -> Call | Subscription | None:
        key = request.call_id, request.to.tag or ""
        session = self._calls.get(key) or self._subscriptions.get(key)
        return session if session is not None and session.belongs(request) else None

    def _admit(self, transaction: ServerTransaction, request: Request, now: float) -> str | None:
        """Return who sent a request; None when that was refused or challenged."""
        admitted = self._policy.admit(request, transaction.flow, now)
        if isinstance(admitted, Response):
            transaction.respond(admitted, now)
            return None
        self.sources.vouch(transaction.flow.host, now)
        return admitted

    def _reply(self, transaction: ServerTransaction, status: int, now: float) -> None:
        response = respond_to(transaction.request, status, tag=new_tag())
        if status in (405, 501):
            response.headers.set("allow", ALLOW)
        response.headers.set("server", self._product)
        transaction.respond(response, now)

    def _cancel(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        invite = self.transactions.invite_of(request)
        if invite is None or invite.flow.host != flow.host:
            self._reply(transaction, 481, now)
            return
        call = self._offers.get(_offer_key(request))
        tag = new_tag() if call is None else call.local_tag
        transaction.respond(respond_to(request, 200, tag=tag), now)
        if call is not None:
            call.cancelled(request, now)

    def _bad_extension(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        response = respond_to(request, 420, tag=new_tag())
        response.headers.set(
            "unsupported",
            ", ".join(name for name in request.headers.items("require") if name.lower() not in EXTENSIONS),
        )
        transaction.respond(response, now)

    def _invite(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        if request.headers.get("max-forwards") == "0":
            self._reply(transaction, 483, now)
        elif request.headers.items("content-encoding") or (request.body and request.content_type != SDP_TYPE):
            response = respond_to(request, 415, tag=new_tag())
            response.headers.set("accept", SDP_TYPE)
            transaction.respond(response, now)
        elif _offer_key(request) in self._offers:
            # The same INVITE has reached us by another way (§8.2.2.2).
            self._reply(transaction, 482, now)
        elif len(self._calls) >= MAX_CALLS:
            self.counters["refused"] += 1
            self._reply(transaction, 503, now)
        else:
            self._offer(transaction, request, now)

    def _offer(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        identity = self._admit(transaction, request, now)
        if identity is None:
            return
        if SessionTimer.too_brief(request):
            brief = respond_to(request, 422, tag=new_tag())
            brief.headers.set("min-se", SessionTimer.MIN_SE)
            transaction.respond(brief, now)
            return
        replaced = None
        try:
            if "replaces" in request.headers:
                replaced = self.find(Replaces.parse(request.headers.get("replaces") or ""))
                if replaced is None:
                    self._reply(transaction, 481, now)
                    return
            call = IncomingCall(self, transaction, request, transaction.flow)
        except MalformedMessage:
            self._reply(transaction, 400, now)
            return
        transaction.respond(respond_to(request, 100), now)
        self.adopt(call)
        self.emit(CallOffered(call, identity, replaced))

    def _register(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        identity = self._admit(transaction, request, now)
        if identity is not None:
            response = self._policy.register(request, identity, transaction.flow, now)
            response.headers.set("server", self._product)
            transaction.respond(response, now)

    def _subscribe(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        identity = self._admit(transaction, request, now)
        if identity is None:
            return
        event, seconds = event_of(request), expires_of(request)
        user = _user_of(request.uri)
        status = self._policy.watches(identity, event, user)
        if status == 200 and 0 < seconds < MIN_EXPIRES_S:
            brief = respond_to(request, 423, tag=new_tag())
            brief.headers.set("min-expires", str(MIN_EXPIRES_S))
            transaction.respond(brief, now)
            return
        if status == 200 and len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            self.counters["refused"] += 1
            status = 503
        if status != 200:
            self._reply(transaction, status, now)
            return
        try:
            subscription = Subscription(
                self, request, transaction.flow, event=event, user=user, identity=identity
            )
        except MalformedMessage:
            self._reply(transaction, 400, now)
            return
        self.adopt(subscription)
        subscription.start(transaction, seconds, now)

    def _message(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        identity = self._admit(transaction, request, now)
        if identity is None:
            return
        if len(request.body) > MOST_BYTES:
            self._reply(transaction, 413, now)
        elif not request.content_type.startswith("text/plain"):
            response = respond_to(request, 415, tag=new_tag())
            response.headers.set("accept", "text/plain")
            transaction.respond(response, now)
        else:
            self.emit(MessageReceived(MessageToUs(transaction, _user_of(request.uri)), identity))

    def _options(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        response = respond_to(request, 200, tag=new_tag())
        response.headers.set("allow", ALLOW)
        response.headers.set("accept", SDP_TYPE)
        response.headers.set("supported", SUPPORTED)
        response.headers.set("server", self._product)
        transaction.respond(response, now)


def _offer_key(request: Request) -> tuple[str, str, int]:
    return request.call_id, request.from_.tag or "", request.cseq.number


def _answer_flow(request: Request, flow: Flow) -> Flow:
    """Return where responses go: back on the connection; on UDP to the source port with rport, else to
    the port the Via names (§18.2.2, RFC 3581 §4)."""
    if flow.reliable or request.via.wants_rport:
        return flow
    return flow.with_port(request.via.port or 5060)


def _user_of(uri: str) -> str:
    """Return the user a sip or tel URI names; `""` when there is none."""
    if scheme_of(uri) == "tel":
        return uri.partition(":")[2].partition(";")[0]
    try:
        return SipUri.parse(uri).user or ""
    except MalformedMessage:
        return ""


def _user_at(call: Call) -> str | None:
    """Return the user part of the peer's Contact."""
    try:
        return None if call.dialog is None else SipUri.parse(call.dialog.target).user
    except MalformedMessage:
        return None
