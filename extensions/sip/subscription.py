"""A subscription to the state of somebody here: the notifier's side (RFC 6665).

Theory of operation
-------------------
    SUBSCRIBE ──► 200, Subscribed ──notify──► NOTIFY active;expires=…
        refresh ──► 200, Subscribed again, NOTIFY anew
        Expires: 0 ──► 200, last NOTIFY terminated;reason=timeout, Unsubscribed
        timer "expiry" ──► the same;   481, 408, no answer to a NOTIFY ──► Unsubscribed

One NOTIFY at a time: a state that comes while one waits for its answer is sent after it, and of several
only the latest, so that a busy lamp never queues up behind a slow phone.
"""

from __future__ import annotations

from extensions.sip.compose import new_tag
from extensions.sip.core import ALLOW, Core
from extensions.sip.dialog import Dialog
from extensions.sip.events import Subscribed, Unsubscribed
from extensions.sip.flow import Flow
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.timers import Timer
from extensions.sip.transaction.base import ClientTransaction, Failure, ServerTransaction

# Seconds. Below a minute a subscription is only load; a phone that vanished is told to for an hour at most.
MIN_EXPIRES_S = 60
MAX_EXPIRES_S = 3600


def event_of(request: Request) -> str:
    """Return the event package a request is about, in lower case; `""` when it has none."""
    return (request.headers.get("event") or "").partition(";")[0].strip().lower()


def expires_of(request: Request) -> int:
    """Return the seconds a SUBSCRIBE asks for, cut to the maximum."""
    text = request.headers.get("expires") or ""
    return min(int(text[:9]), MAX_EXPIRES_S) if text.isascii() and text.isdigit() else MAX_EXPIRES_S


class Subscription:
    """One subscriber's view of one user's state in one event package.

    Raises:
        MalformedMessage: The SUBSCRIBE has no usable Contact.
    """

    def __init__(
        self, core: Core, request: Request, flow: Flow, *, event: str, user: str, identity: str
    ) -> None:
        self.armed: dict[str, Timer] = {}
        self.event = event
        self.user = user
        """Whose state it is."""
        self.identity = identity
        """Who subscribed."""
        self.call_id = request.call_id
        self.local_tag = new_tag()
        self.dialog = Dialog.of_callee(request, self.local_tag, flow)
        self.over = False
        self.version = 0
        """How many NOTIFYs were composed: the version number of documents that need one."""
        self._core = core
        self._event_line = request.headers.get("event") or event
        self._expires_at = 0.0
        self._pending: ClientTransaction | None = None
        self._next: tuple[str, bytes] | None = None

    def __repr__(self) -> str:
        return f"<Subscription {self.identity} to {self.event} of {self.user}>"

    @property
    def flow(self) -> Flow:
        return self.dialog.flow

    def start(self, transaction: ServerTransaction, seconds: int, now: float) -> None:
        """Accept the SUBSCRIBE, first or refreshing, for so many seconds; 0 ends it."""
        response = respond_to(transaction.request, 200, tag=self.local_tag)
        response.headers.set("expires", str(seconds))
        response.headers.set("contact", self._core.contact(transaction.flow))
        response.headers.set("allow", ALLOW)
        transaction.respond(response, now)
        self._expires_at = now + seconds
        self._core.timers.arm(self, "expiry", self._expires_at)
        self._core.emit(Subscribed(self, self.identity))

    def notify(self, content_type: str, body: bytes, now: float) -> None:
        """Tell the subscriber the state as it is now."""
        if self.over:
            return
        if self._pending is not None:
            self._next = (content_type, body)
            return
        left = max(0, round(self._expires_at - now))
        self._send(content_type, body, f"active;expires={left}" if left else "terminated;reason=timeout", now)
        if not left:
            self._close()

    def terminate(self, reason: str, now: float) -> None:
        """End it from our side (RFC 6665 §4.1.3): `deactivated`, `noresource`, …"""
        if not self.over:
            self._send("", b"", f"terminated;reason={reason}", now)
            self._close()

    # In the dialog

    def belongs(self, request: Request) -> bool:
        return request.from_.tag == self.dialog.remote.tag

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        """Take a request within the dialog: a refresh, or an end."""
        status = 200
        if not self.dialog.take(request, flow):
            status = 500
        elif request.method != "SUBSCRIBE":
            status = 405
        elif event_of(request) != self.event:
            status = 489
        if status == 200:
            self.dialog.refresh_target(request)
            self.start(transaction, expires_of(request), now)
            return
        response = respond_to(request, status, tag=self.local_tag)
        if status == 405:
            response.headers.set("allow", ALLOW)
        transaction.respond(response, now)

    def receive_ack(self, request: Request, now: float) -> None:
        """An ACK has no business here."""

    def flow_lost(self, now: float) -> None:
        """The connection is gone: a phone on UDP is told there, another subscribes anew when it is back."""
        if not self.dialog.turn_to_udp():
            self._close()

    def on_timer(self, name: str, now: float) -> None:
        self.terminate("timeout", now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if response.status < 200 or transaction is not self._pending:
            return
        self._pending = None
        if response.status >= 300 and response.status not in (401, 407):
            self._close()
        elif self._next is not None:
            (content_type, body), self._next = self._next, None
            self.notify(content_type, body, now)

    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None:
        self._close()

    def _send(self, content_type: str, body: bytes, state: str, now: float) -> None:
        request = self.dialog.request("NOTIFY")
        request.headers.set("event", self._event_line)
        request.headers.set("subscription-state", state)
        request.headers.set("contact", self._core.contact(self.dialog.flow))
        if body:
            request.headers.set("content-type", content_type)
            request.body = body
        self._pending = self._core.transactions.request(request, self.dialog.flow, self, now)

    def _close(self) -> None:
        if not self.over:
            self.over = True
            self._core.timers.disarm_all(self)
            self._core.forget(self)
            self._core.emit(Unsubscribed(self))
