"""A call: one INVITE dialog and what happens inside it (RFC 3261 §12 to §15).

Theory of operation
-------------------
    OFFERED ──answer──► ANSWERED ──ACK──► ESTABLISHED ──► ENDED        incoming_call.py
    CALLING ──2xx, ACK──────────────────► ESTABLISHED ──► ENDED        outgoing_call.py

Here is what both kinds share: BYE either way, re-INVITE either way, INFO, OPTIONS, and the repetition of
our own 2xx until its ACK comes (§13.3.1.4), which is the user's task and not the transaction's. The
callee must not send BYE before that ACK (§15): such a hang-up waits for it. After a local hang-up the
call winds down by itself and tells nothing more.
"""

from __future__ import annotations

import enum
import secrets

from extensions.sip.core import ALLOW, DTMF_RELAY_TYPE, DTMF_TYPE, KNOWN_METHODS, SDP_TYPE, Core
from extensions.sip.dialog import Dialog
from extensions.sip.events import CallEnded, CallInfo, CallReanswered, CallReoffered, Event
from extensions.sip.flow import Flow
from extensions.sip.headers import Reason, first_reason
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.timers import Timer
from extensions.sip.transaction.base import GIVE_UP_S, T1, T2, ClientTransaction, Failure, ServerTransaction

# RFC 3261 §14.1, in seconds: how long to wait before repeating a re-INVITE that crossed the peer's. Who
# chose the Call-ID waits longer, so that the two don't meet again.
_GLARE_OWNER_S = (2.1, 4.0)
_GLARE_OTHER_S = (0.0, 2.0)


class CallState(enum.StrEnum):
    OFFERED = "offered"
    CALLING = "calling"
    ANSWERED = "answered"
    ESTABLISHED = "established"
    ENDED = "ended"


class Call:
    """One call. Commands take `now`; what happens is told through the agent's events."""

    state: CallState
    local_tag: str
    call_id: str
    owns_call_id: bool

    def __init__(self, core: Core) -> None:
        self.armed: dict[str, Timer] = {}
        self.dialog: Dialog | None = None
        self._core = core
        self._silent = False
        self._answered: tuple[ServerTransaction, Response] | None = None
        """Our 2xx that waits for its ACK, first or of a re-INVITE."""
        self._interval = T1
        self._reoffer_in: ServerTransaction | None = None
        """The peer's re-INVITE that waits for our answer."""
        self._reoffer_out: ClientTransaction | None = None
        """Our re-INVITE that waits for the peer's answer."""
        self._reoffer_body = b""
        self._bye_reason: Reason | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.call_id[:8]} {self.state}>"

    @property
    def flow(self) -> Flow:
        """How the peer is reached."""
        raise NotImplementedError

    # Commands

    def hang_up(self, now: float, reason: Reason | None = None) -> None:
        """End the call from our side, however far it has come; nothing more is told of it."""
        raise NotImplementedError

    def reoffer(self, body: bytes, now: float) -> bool:
        """Send a re-INVITE with an offer; False when one is under way or the call isn't established."""
        busy = self._reoffer_out is not None or self._reoffer_in is not None or self._answered is not None
        if busy or self.dialog is None or self.state is not CallState.ESTABLISHED or "glare" in self.armed:
            return False
        self._reoffer_body = body
        self._send_reoffer(self.dialog, now)
        return True

    def accept_again(self, body: bytes, now: float) -> None:
        """Answer the peer's re-INVITE with 200."""
        if self._reoffer_in is not None:
            transaction, self._reoffer_in = self._reoffer_in, None
            self._answer_with(transaction, body, now)

    def refuse_again(self, status: int, now: float) -> None:
        """Refuse the peer's re-INVITE; the call goes on as it was."""
        if self._reoffer_in is not None:
            transaction, self._reoffer_in = self._reoffer_in, None
            transaction.respond(respond_to(transaction.request, status, tag=self.local_tag), now)

    # Requests within the dialog

    def belongs(self, request: Request) -> bool:
        """Tell whether a request that has our Call-ID and tag has the peer's tag, too."""
        return self.dialog is not None and request.from_.tag == self.dialog.remote.tag

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        """Take a request within the dialog."""
        assert self.dialog is not None  # noqa: S101 - belongs() was asked before
        if not self.dialog.take(request, flow):
            self._reply(transaction, 500, now)
        elif request.method == "BYE":
            self._reply(transaction, 200, now)
            self._over(None, "BYE", first_reason(request.headers.items("reason")), now)
        elif request.method == "INVITE":
            self._reinvited(transaction, request, now)
        elif request.method == "INFO":
            self._informed(transaction, request, now)
        elif request.method == "OPTIONS":
            self._reply(transaction, 200, now)
        else:
            self._reply(transaction, 405 if request.method in KNOWN_METHODS else 501, now)

    def receive_ack(self, request: Request, now: float) -> None:
        """Take the ACK of one of our 2xx."""
        if self._answered is None or request.cseq.number != self._answered[0].request.cseq.number:
            return
        self._answered = None
        self._core.timers.disarm(self, "2xx")
        self._core.timers.disarm(self, "ack")
        self._acknowledged(request, now)

    def on_timer(self, name: str, now: float) -> None:
        if name == "2xx" and self._answered is not None:
            transaction, response = self._answered
            transaction.respond(response, now)
            self._interval = min(self._interval * 2, T2)
            self._core.timers.arm(self, "2xx", now + self._interval)
        elif name == "ack":
            self._answered = None
            self._core.timers.disarm(self, "2xx")
            self._send_bye(now)
            self._over(None, "no ACK", None, now, by_peer=False)
        elif name == "glare" and self.dialog is not None and self.state is CallState.ESTABLISHED:
            self._send_reoffer(self.dialog, now)

    # What came of our requests

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if transaction.request.method == "INVITE":
            self._reoffer_answered(transaction, response, now)

    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None:
        if transaction is self._reoffer_out:
            self._reoffer_out = None
            self._send_bye(now)
            self._over(None, "no answer to re-INVITE", None, now, by_peer=False)

    # For the two kinds of call

    def _acknowledged(self, request: Request, now: float) -> None:
        """An ACK came that was waited for; a body in it answers the offer in our 200."""
        if self._silent:
            self._send_bye(now)
        elif request.body:
            self._emit(CallReanswered(self, 200, request.body))

    def _emit(self, event: Event) -> None:
        if not self._silent:
            self._core.emit(event)

    def _over(
        self, status: int | None, phrase: str, reason: Reason | None, now: float, *, by_peer: bool = True
    ) -> None:
        """The call has ended without our doing."""
        if self.state is not CallState.ENDED:
            self.state = CallState.ENDED
            if self._reoffer_in is not None:
                self._reply(self._reoffer_in, 487, now)
                self._reoffer_in = None
            self._emit(CallEnded(self, status, phrase, reason, by_peer))
        self._core.timers.disarm_all(self)
        self._core.forget(self)

    def _send_bye(self, now: float) -> None:
        """Send BYE and let go of the dialog; what becomes of it changes nothing."""
        if self.dialog is None:
            return
        bye = self.dialog.request("BYE")
        if self._bye_reason is not None:
            bye.headers.set("reason", str(self._bye_reason))
        self._core.transactions.request(bye, self.dialog.flow, self, now)
        self.state = CallState.ENDED if self._silent else self.state
        if self._silent:
            self._core.timers.disarm_all(self)
            self._core.forget(self)

    def _answer_with(self, transaction: ServerTransaction, body: bytes, now: float) -> None:
        """Send a 200 to an INVITE and keep sending it until it is acknowledged."""
        response = respond_to(transaction.request, 200, tag=self.local_tag)
        response.headers.set("contact", self._core.contact(transaction.flow))
        response.headers.set("allow", ALLOW)
        if body:
            response.headers.set("content-type", SDP_TYPE)
            response.body = body
        transaction.respond(response, now)
        self._answered = (transaction, response)
        self._interval = T1
        self._core.timers.arm(self, "2xx", now + T1)
        self._core.timers.arm(self, "ack", now + GIVE_UP_S)

    def _reply(self, transaction: ServerTransaction, status: int, now: float) -> None:
        response = respond_to(transaction.request, status, tag=self.local_tag)
        if status in (200, 405):
            response.headers.set("allow", ALLOW)
        if status == 500:
            # The peer's request overtook another or met one of ours (§14.2): it may try again shortly.
            response.headers.set("retry-after", str(secrets.randbelow(10)))
        transaction.respond(response, now)

    def _reinvited(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        if self._reoffer_out is not None:
            self._reply(transaction, 491, now)
        elif self._reoffer_in is not None or self._answered is not None:
            self._reply(transaction, 500, now)
        elif self.state is not CallState.ESTABLISHED or self.dialog is None:
            self._reply(transaction, 481, now)
        elif request.body and request.content_type != SDP_TYPE:
            self._reply(transaction, 415, now)
        else:
            self.dialog.refresh_target(request)
            self._reoffer_in = transaction
            self._emit(CallReoffered(self, request.body))

    def _informed(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        if request.body and request.content_type not in (DTMF_RELAY_TYPE, DTMF_TYPE):
            self._reply(transaction, 415, now)
            return
        self._reply(transaction, 200, now)
        if request.body:
            self._emit(CallInfo(self, request.content_type, request.body))

    def _send_reoffer(self, dialog: Dialog, now: float) -> None:
        invite = dialog.request("INVITE")
        invite.headers.set("contact", self._core.contact(dialog.flow))
        invite.headers.set("allow", ALLOW)
        invite.headers.set("content-type", SDP_TYPE)
        invite.body = self._reoffer_body
        self._reoffer_out = self._core.transactions.request(invite, dialog.flow, self, now)

    def _reoffer_answered(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        dialog = self.dialog
        if response.status < 200 or dialog is None:
            return
        if response.status < 300:
            dialog.refresh_target(response)
            ack = dialog.ack(transaction.request.cseq.number)
            self._core.send(ack.encode(), dialog.flow)
        if transaction is not self._reoffer_out:
            return
        self._reoffer_out = None
        if response.status == 491:
            low, high = _GLARE_OWNER_S if self.owns_call_id else _GLARE_OTHER_S
            wait = low + secrets.randbelow(1000) / 1000 * (high - low)
            self._core.timers.arm(self, "glare", now + wait)
        elif response.status in (408, 481):
            # The peer has forgotten the dialog (§12.2.1.2).
            self._send_bye(now)
            self._over(response.status, response.reason, None, now)
        else:
            self._emit(CallReanswered(self, response.status, response.body))
