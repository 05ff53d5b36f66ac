"""A call: one INVITE dialog and what happens inside it (RFC 3261 §12 to §15).

Theory of operation
-------------------
    OFFERED ──answer──► ANSWERED ──ACK──► ESTABLISHED ──► ENDED        incoming_call.py
    CALLING ──2xx, ACK──────────────────► ESTABLISHED ──► ENDED        outgoing_call.py

Here is what both kinds share: BYE, re-INVITE and UPDATE either way (`reoffers.py`), INFO, REFER and its
NOTIFYs (`transfer.py`), and the repetition of our own 2xx until its ACK comes (§13.3.1.4), which is the
user's task and not the transaction's. The callee must not send BYE before that ACK (§15): such a hang-up
waits for it. After a local hang-up the call winds down by itself and tells nothing more.

A peer that has died is found out in three ways: its connection closed and no new flow came within
`FLOW_GRACE_S`; it did not answer the OPTIONS that a silent dialog is probed with; its session timer ran
out (`session_timer.py`). A peer that answers 481 knows the dialog no more: it has hung up, and its BYE was
overtaken or lost and comes within `BYE_WITHIN_S`; or it has restarted, and none comes.
"""

from __future__ import annotations

import abc
import enum
import secrets

from extensions.sip.core import (
    ALLOW,
    DTMF_RELAY_TYPE,
    DTMF_TYPE,
    KNOWN_METHODS,
    SDP_TYPE,
    SUPPORTED,
    Core,
)
from extensions.sip.dialog import Dialog
from extensions.sip.events import CallEnded, CallInfo, CallQuiet, CallReanswered, Event
from extensions.sip.flow import Flow
from extensions.sip.headers import Reason, first_reason
from extensions.sip.message import REASONS, Request, Response, respond_to
from extensions.sip.reoffers import GLARE, Reoffers
from extensions.sip.session_timer import SessionTimer
from extensions.sip.timers import Timer
from extensions.sip.transaction.base import GIVE_UP_S, T1, T2, ClientTransaction, Failure, ServerTransaction
from extensions.sip.transfer import Transfers

# A dialog from which nothing was heard for so long is asked whether it is still there. With the 32 s a
# request takes to fail, a phone without power is missed after a minute.
PROBE_S = 30.0
# How long a call outlives the connection it ran on: a phone reconnects and registers within seconds.
FLOW_GRACE_S = 20.0
# How long a peer that knows the dialog no more has for its BYE, in seconds: one that was lost is repeated
# after T1 and 3 T1.
BYE_WITHIN_S = 4 * T1


class CallState(enum.StrEnum):
    OFFERED = "offered"
    CALLING = "calling"
    ANSWERED = "answered"
    ESTABLISHED = "established"
    ENDED = "ended"


class Call(abc.ABC):
    """One call. Commands take `now`; what happens is told through the agent's events."""

    state: CallState
    local_tag: str
    call_id: str
    owns_call_id: bool

    def __init__(self, core: Core) -> None:
        self.armed: dict[str, Timer] = {}
        self.dialog: Dialog | None = None
        self.transfers = Transfers(self, core)
        self._core = core
        self._session = SessionTimer(self, core.timers)
        self._reoffers = Reoffers(self, core, self._session)
        self._silent = False
        self._heard_at = 0.0
        self._answered: tuple[ServerTransaction, Response] | None = None
        """Our 2xx that waits for its ACK, first or of a re-INVITE."""
        self._interval = T1
        self.described = b""
        """The latest session description of ours."""
        self._bye_reason: Reason | None = None
        self._redirected_to = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.call_id[:8]} {self.state}>"

    @property
    @abc.abstractmethod
    def flow(self) -> Flow:
        """How the peer is reached."""

    # Commands

    @abc.abstractmethod
    def hang_up(self, now: float, reason: Reason | None = None) -> None:
        """End the call from our side, however far it has come; nothing more is told of it."""

    def reoffer(self, body: bytes, now: float) -> bool:
        """Send a re-INVITE with an offer; False when one is under way or the call isn't established."""
        return self._reoffers.begin(body, now)

    def accept_again(self, body: bytes, now: float) -> None:
        """Answer the peer's re-INVITE or UPDATE with 200."""
        self._reoffers.accept(body, now)

    def refuse_again(self, status: int, now: float) -> None:
        """Refuse the peer's re-INVITE or UPDATE; the call goes on as it was."""
        self._reoffers.refuse(status, now)

    def request_within(self, request: Request, now: float) -> ClientTransaction | None:
        """Send a request composed by the dialog; what comes of it reaches `on_response`."""
        if self.dialog is None:
            return None
        return self._core.transactions.request(request, self.dialog.flow, self, now)

    # Requests within the dialog

    def belongs(self, request: Request) -> bool:
        """Tell whether a request that has our Call-ID and tag has the peer's tag, too."""
        return self.dialog is not None and request.from_.tag == self.dialog.remote.tag

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        """Take a request within the dialog."""
        if self.dialog is None or not self.dialog.take(request, flow):
            self.reply(transaction, 500, now)
            return
        self._heard(now)
        match request.method:
            case "BYE":
                self.reply(transaction, 200, now)
                self._over(None, "BYE", first_reason(request.headers.items("reason")), now)
            case "INVITE" | "UPDATE":
                self._reoffers.asked(transaction, request, now)
            case "PRACK":
                self._pracked(transaction, request, now)
            case "INFO":
                self._informed(transaction, request, now)
            case "OPTIONS":
                self.reply(transaction, 200, now)
            case "REFER":
                self.transfers.asked(transaction, request, now)
            case "NOTIFY":
                self.transfers.notified(transaction, request, now)
            case _:
                self.reply(transaction, 405 if request.method in KNOWN_METHODS else 501, now)

    def receive_ack(self, request: Request, now: float) -> None:
        """Take the ACK of one of our 2xx."""
        if self._answered is None or request.cseq.number != self._answered[0].request.cseq.number:
            return
        self._answered[0].acknowledged = True
        self._answered = None
        self._core.timers.disarm(self, "2xx")
        self._core.timers.disarm(self, "ack")
        self._heard(now)
        self._acknowledged(request, now)

    def flow_lost(self, now: float) -> None:
        """The connection to the peer is gone; a call in progress waits for the phone to come back, or to be
        found over UDP."""
        if self.state in (CallState.ANSWERED, CallState.ESTABLISHED):
            self._core.timers.disarm(self, "probe")
            self._core.timers.arm(self, "flow", now + FLOW_GRACE_S)
            if self.dialog is not None and self.dialog.turn_to_udp():
                self.request_within(self.dialog.request("OPTIONS"), now)

    def flow_found(self, flow: Flow, now: float) -> None:
        """The phone has registered anew over another connection: the call goes on over that."""
        if self.dialog is not None and "flow" in self.armed:
            self.dialog.flow = flow
            self._heard(now)

    def on_timer(self, name: str, now: float) -> None:
        if name == "2xx" and self._answered is not None:
            transaction, response = self._answered
            transaction.respond(response, now)
            self._interval = min(self._interval * 2, T2)
            self._core.timers.arm(self, "2xx", now + self._interval)
        elif name == "ack":
            self._answered = None
            self._core.timers.disarm(self, "2xx")
            self._fail("no ACK", now)
        elif name == GLARE:
            self._reoffers.send(now)
        elif name == "probe" and self.dialog is not None:
            silent_at = self._heard_at + PROBE_S
            if now < silent_at:
                self._core.timers.arm(self, "probe", silent_at, lax=True)
            else:
                self.request_within(self.dialog.request("OPTIONS"), now)
        elif name == "gone":
            self._send_bye(now)
            self._over(481, REASONS[481], None, now, by_peer=False)
        elif name == "flow":
            self._over(None, "connection lost", None, now, by_peer=False)
        elif name == "refresh" and self.dialog is not None:
            self._refresh(self.dialog, now)
        elif name == "expiry":
            self._fail("session expired", now)

    # What came of our requests

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        method = transaction.request.method
        if method == "BYE":
            return
        self._heard(now)
        if method == "INVITE":
            self._reoffers.answered(transaction, response, now)
        elif response.status in (408, 481) and method in ("OPTIONS", "UPDATE"):
            self.forgotten(response, now)
        elif method == "UPDATE" and 200 <= response.status < 300:
            self._session.granted(response, now)
        elif method == "UPDATE" and response.status in (405, 501) and self.described:
            # The peer knows no UPDATE: a re-INVITE that changes nothing refreshes as well (RFC 4028 §7.4).
            self.reoffer(self.described, now)
        elif method == "REFER":
            self.transfers.answered(response)

    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None:
        method = transaction.request.method
        lost = failure is Failure.FLOW_CLOSED and self.state is CallState.ESTABLISHED
        if self._reoffers.failed(transaction):
            if not lost:
                self._fail("no answer to re-INVITE", now)
        elif method == "OPTIONS" and transaction.flow != self.flow:
            # It is reached elsewhere by now.
            return
        elif method in ("OPTIONS", "UPDATE", "NOTIFY") and not lost:
            self._fail(f"no answer to {method}", now)

    # For the two kinds of call, and the parts of one

    @property
    def is_established(self) -> bool:
        return self.state is CallState.ESTABLISHED

    @property
    def owes_ack(self) -> bool:
        """Whether the peer owes the ACK of a 2xx of ours."""
        return self._answered is not None

    @property
    def is_quiet(self) -> bool:
        """Whether an offer of ours can begin, as far as the dialog goes."""
        return self.is_established and not self.owes_ack and self.armed.keys().isdisjoint({GLARE, "gone"})

    def reply(self, transaction: ServerTransaction, status: int, now: float) -> None:
        """Answer a request within the dialog, without a body."""
        response = respond_to(transaction.request, status, tag=self.local_tag)
        if status in (200, 405):
            response.headers.set("allow", ALLOW)
        if status == 500:
            # The peer's request overtook another or met one of ours (§14.2): it may try again shortly.
            response.headers.set("retry-after", str(secrets.randbelow(10)))
        if status == 200 and transaction.request.method == "UPDATE":
            response.headers.set("contact", self._core.contact(transaction.flow))
            self._session.grant(transaction.request, response, now)
        transaction.respond(response, now)

    def emit(self, event: Event) -> None:
        """Tell the owner something, unless it has hung up."""
        if not self._silent:
            self._core.emit(event)

    def _heard(self, now: float) -> None:
        """The peer lives: probe it again only after a silence."""
        if self.state is CallState.ESTABLISHED:
            self._heard_at = now
            self._core.timers.disarm(self, "flow")
            if "probe" not in self.armed:
                self._core.timers.arm(self, "probe", now + PROBE_S, lax=True)

    def _acknowledged(self, request: Request, now: float) -> None:
        """An ACK came that was waited for; a body in it answers the offer in our 200."""
        if self._silent:
            self._send_bye(now)
        elif request.body:
            self.emit(CallReanswered(self, 200, request.body))
        else:
            self.emit(CallQuiet(self))

    def _over(
        self, status: int | None, phrase: str, reason: Reason | None, now: float, *, by_peer: bool = True
    ) -> None:
        """The call has ended without our doing."""
        if self.state is not CallState.ENDED:
            self.state = CallState.ENDED
            self._reoffers.end(now)
            self.emit(CallEnded(self, status, phrase, reason, by_peer, self._redirected_to))
        self._core.timers.disarm_all(self)
        self._core.forget(self)

    def _fail(self, phrase: str, now: float) -> None:
        """End the call because the wire failed; the BYE reaches a peer that is still there."""
        self._send_bye(now)
        self._over(None, phrase, None, now, by_peer=False)

    def forgotten(self, response: Response, now: float) -> None:
        """The peer knows the dialog no more (481), or can't be reached (408; §12.2.1.2)."""
        if self.state is CallState.ENDED or "gone" in self.armed:
            return
        if response.status == 481:
            self._core.timers.disarm(self, "probe")
            self._core.timers.arm(self, "gone", now + BYE_WITHIN_S)
        else:
            self._send_bye(now)
            self._over(response.status, response.reason, None, now, by_peer=False)

    def _send_bye(self, now: float) -> None:
        """Send BYE and let go of the dialog; what becomes of it changes nothing."""
        if self.dialog is None:
            return
        bye = self.dialog.request("BYE")
        if self._bye_reason is not None:
            bye.headers.set("reason", str(self._bye_reason))
        self.request_within(bye, now)
        self.state = CallState.ENDED if self._silent else self.state
        if self._silent:
            self._core.timers.disarm_all(self)
            self._core.forget(self)

    def success(self, request: Request, flow: Flow, body: bytes) -> Response:
        response = respond_to(request, 200, tag=self.local_tag)
        response.headers.set("contact", self._core.contact(flow))
        response.headers.set("allow", ALLOW)
        response.headers.set("supported", SUPPORTED)
        if body:
            response.headers.set("content-type", SDP_TYPE)
            response.body = self.described = body
        return response

    def answer_with(self, transaction: ServerTransaction, body: bytes, now: float) -> None:
        """Send a 200 to an INVITE and keep sending it until it is acknowledged."""
        response = self.success(transaction.request, transaction.flow, body)
        self._session.grant(transaction.request, response, now)
        transaction.respond(response, now)
        self._answered = (transaction, response)
        self._interval = T1
        self._core.timers.arm(self, "2xx", now + T1)
        self._core.timers.arm(self, "ack", now + GIVE_UP_S)

    def _pracked(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        """Take a PRACK; only a call that is being offered to us waits for one."""
        self.reply(transaction, 481, now)

    def _informed(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        if request.body and request.content_type not in (DTMF_RELAY_TYPE, DTMF_TYPE):
            self.reply(transaction, 415, now)
            return
        self.reply(transaction, 200, now)
        if request.body:
            self.emit(CallInfo(self, request.content_type, request.body))

    def _refresh(self, dialog: Dialog, now: float) -> None:
        """Refresh the session with an UPDATE, which needs no offer (RFC 4028 §7.4)."""
        update = dialog.request("UPDATE")
        update.headers.set("contact", self._core.contact(dialog.flow))
        update.headers.set("supported", SUPPORTED)
        self._session.propose(update)
        self.request_within(update, now)
