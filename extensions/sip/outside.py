"""Requests outside any dialog: what may begin one, and what stands alone.

scheme, Require ─► INVITE ────► budget of the host ─► Policy.admit ─► CallOffered
                   SUBSCRIBE ─► budget of the host ─► Policy.admit ─► Policy.watches ─► Subscribed
                   REGISTER ──► Policy.admit ─► Policy.register
                   MESSAGE ───► Policy.admit ─► MessageReceived
                   OPTIONS ───► 200
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extensions.sip.compose import new_tag
from extensions.sip.core import ALLOW, EXTENSIONS, KNOWN_METHODS, SDP_TYPE, SUPPORTED, Policy
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import CallOffered, MessageReceived
from extensions.sip.headers import Replaces
from extensions.sip.inbox import MOST_BYTES, MessageToUs
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.session_timer import SessionTimer
from extensions.sip.subscription import MIN_EXPIRES_S, Subscription, event_of, expires_of
from extensions.sip.transaction.base import ServerTransaction
from extensions.sip.uri import SipUri, scheme_of

if TYPE_CHECKING:
    from extensions.sip.agent import Agent

# Most calls at once, over all sources: far above what a small office or the box can carry.
MAX_CALLS = 2000
# Most subscriptions at once: fifty phones with forty keys each.
MAX_SUBSCRIPTIONS = 2000


class Outside:
    """An agent's gate for requests without a dialog.

    Args:
        agent: Whose.
        policy: Who may do what.
    """

    def __init__(self, agent: Agent, policy: Policy) -> None:
        self._agent = agent
        self._policy = policy
        self._by_method = {
            "INVITE": self._invite,
            "REGISTER": self._register,
            "OPTIONS": self._options,
            "SUBSCRIBE": self._subscribe,
            "MESSAGE": self._message,
        }

    def receive(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        """Carry out a request, or refuse it."""
        handle = self._by_method.get(request.method)
        if scheme_of(request.uri) not in ("sip", "sips", "tel"):
            self._reply(transaction, 416, now)
        elif not EXTENSIONS.issuperset(request.headers.tokens("require")):
            self._bad_extension(transaction, request, now)
        elif handle is not None:
            handle(transaction, request, now)
        elif request.method in ("BYE", "UPDATE", "PRACK", "INFO", "NOTIFY"):
            self._reply(transaction, 481, now)
        elif request.method == "REFER":
            self._reply(transaction, 403, now)
        else:
            self._reply(transaction, 405 if request.method in KNOWN_METHODS else 501, now)

    def _invite(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        if request.headers.get("max-forwards") == "0":
            self._reply(transaction, 483, now)
        elif request.headers.items("content-encoding") or (request.body and request.content_type != SDP_TYPE):
            response = respond_to(request, 415, tag=new_tag())
            response.headers.set("accept", SDP_TYPE)
            transaction.respond(response, now)
        elif self._agent.sessions.offered(request) is not None:
            # The same INVITE has reached us by another way (§8.2.2.2).
            self._reply(transaction, 482, now)
        elif len(self._agent.sessions.calls) >= MAX_CALLS or self._has_enough(transaction, now):
            self._agent.counters["refused"] += 1
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
                replaced = self._agent.find(Replaces.parse(request.headers.get("replaces") or ""))
                if replaced is None:
                    self._reply(transaction, 481, now)
                    return
            call = IncomingCall(self._agent, transaction, request, transaction.flow)
        except MalformedMessage:
            self._reply(transaction, 400, now)
            return
        self._agent.adopt(call)
        self._agent.emit(CallOffered(call, identity, replaced))

    def _register(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        identity = self._admit(transaction, request, now)
        if identity is not None:
            response = self._policy.register(request, identity, transaction.flow, now)
            response.headers.set("server", self._agent.product)
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
        full = len(self._agent.sessions.subscriptions) >= MAX_SUBSCRIPTIONS
        if status == 200 and (full or self._has_enough(transaction, now)):
            self._agent.counters["refused"] += 1
            status = 503
        if status != 200:
            self._reply(transaction, status, now)
            return
        try:
            subscription = Subscription(
                self._agent, request, transaction.flow, event=event, user=user, identity=identity
            )
        except MalformedMessage:
            self._reply(transaction, 400, now)
            return
        self._agent.adopt(subscription)
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
            self._agent.emit(MessageReceived(MessageToUs(transaction, _user_of(request.uri)), identity))

    def _options(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        response = respond_to(request, 200, tag=new_tag())
        response.headers.set("allow", ALLOW)
        response.headers.set("accept", SDP_TYPE)
        response.headers.set("supported", SUPPORTED)
        response.headers.set("server", self._agent.product)
        transaction.respond(response, now)

    def _admit(self, transaction: ServerTransaction, request: Request, now: float) -> str | None:
        """Return who sent a request; None when that was refused or challenged."""
        admitted = self._policy.admit(request, transaction.flow, now)
        if isinstance(admitted, Response):
            if admitted.status == 401 and "authorization" not in request.headers:
                # Who hasn't even tried to authenticate gets nothing kept for it (§8.2.7, §26.3.2.4).
                transaction.respond_statelessly(admitted)
            else:
                transaction.respond(admitted, now)
            return None
        self._agent.sources.vouch(transaction.flow.host, now)
        return admitted

    def _has_enough(self, transaction: ServerTransaction, now: float) -> bool:
        """Tell whether a host has begun as many calls and subscriptions as it may."""
        host = transaction.flow.host
        return self._agent.sessions.begun_by(host) >= self._agent.sources.dialogs_of(host, now)

    def _reply(self, transaction: ServerTransaction, status: int, now: float) -> None:
        self._agent.reply(transaction, status, now)

    def _bad_extension(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        response = respond_to(request, 420, tag=new_tag())
        response.headers.set(
            "unsupported",
            ", ".join(name for name in request.headers.items("require") if name.lower() not in EXTENSIONS),
        )
        transaction.respond(response, now)


def _user_of(uri: str) -> str:
    """Return the user a sip or tel URI names; `""` when there is none."""
    if scheme_of(uri) == "tel":
        return uri.partition(":")[2].partition(";")[0]
    try:
        return SipUri.parse(uri).user or ""
    except MalformedMessage:
        return ""
