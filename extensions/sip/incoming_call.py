"""A call from a peer to us: the INVITE server's side of `call.py` (RFC 3261 §13.3).

Provisional responses are sent reliably (RFC 3262) when the caller requires it, or when they carry early
media and the caller can: repeated from T1 on until the PRACK comes, one at a time; without a PRACK for
64 T1 the call is refused. An answer waits for the PRACK of early media (§5).
"""

from __future__ import annotations

from extensions.sip.call import Call, CallState
from extensions.sip.compose import new_tag
from extensions.sip.core import ALLOW, SDP_TYPE, SUPPORTED, Core
from extensions.sip.dialog import Dialog
from extensions.sip.events import CallAcknowledged
from extensions.sip.flow import Flow
from extensions.sip.headers import Reason, first_reason
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.transaction.base import GIVE_UP_S, T1, ServerTransaction


class IncomingCall(Call):
    """A call offered to us.

    Raises:
        MalformedMessage: The INVITE has no usable Contact.
    """

    def __init__(self, core: Core, transaction: ServerTransaction, invite: Request, flow: Flow) -> None:
        super().__init__(core)
        self.state = CallState.OFFERED
        self.owns_call_id = False
        self.invite = invite
        self.call_id = invite.call_id
        self.local_tag = new_tag()
        self.dialog = Dialog.of_callee(invite, self.local_tag, flow)
        self._transaction = transaction
        self._can_prack = "100rel" in invite.headers.tokens("supported")
        self._must_prack = "100rel" in invite.headers.tokens("require")
        self._rseq = 0
        self._unacknowledged: Response | None = None
        """The reliable provisional response that is repeated until its PRACK comes."""
        self._awaits_prack = False
        """Whether one is owed; the answer may come before it, but ends the repetition only (RFC 3262 §3)."""
        self._queued: tuple[int, bytes] | None = None
        self._repeat_after = T1
        self._answer_later: bytes | None = None

    @property
    def flow(self) -> Flow:
        return self.dialog.flow if self.dialog is not None else self._transaction.flow

    def ring(self, now: float) -> None:
        """Tell the caller that the called party is being alerted (180)."""
        self._progress(180, b"", now)

    def open_early(self, body: bytes, now: float) -> None:
        """Let the caller hear something before the answer (183); `body` answers the INVITE's offer."""
        self._progress(183, body, now)

    def answer(self, body: bytes, now: float) -> None:
        """Take the call (200); CallAcknowledged follows."""
        if self.state is not CallState.OFFERED:
            return
        if self._unacknowledged is not None and self._unacknowledged.body:
            self._answer_later = body
            return
        self._stop_repeating()
        self.state = CallState.ANSWERED
        self.answer_with(self._transaction, body, now)

    def refuse(self, status: int, now: float, reason: Reason | None = None) -> None:
        """Refuse the call with a final response of 300 or above."""
        if self.state is not CallState.OFFERED:
            return
        self._silent = True
        self._core.timers.disarm_all(self)
        self.state = CallState.ENDED
        response = respond_to(self.invite, status, tag=self.local_tag)
        if reason is not None:
            response.headers.set("reason", str(reason))
        if status == 405:
            response.headers.set("allow", ALLOW)
        self._transaction.respond(response, now)
        self._core.forget(self)

    def hang_up(self, now: float, reason: Reason | None = None) -> None:
        if self.state is CallState.OFFERED:
            self.refuse(480, now, reason)
        elif self.state is not CallState.ENDED and not self._silent:
            self._silent = True
            self._bye_reason = reason
            # §15: not before the ACK; `_acknowledged`, or the timer that waits for it, sends it.
            if self._answered is None:
                self._send_bye(now)

    def cancelled(self, cancel: Request, now: float) -> None:
        """The caller gave up before we answered."""
        if self.state is CallState.OFFERED:
            self._transaction.respond(respond_to(self.invite, 487, tag=self.local_tag), now)
            self._over(None, "CANCEL", first_reason(cancel.headers.items("reason")), now)

    def flow_lost(self, now: float) -> None:
        if self.state is CallState.OFFERED:
            # We owed an answer on the connection that is gone.
            self._over(None, "connection lost", None, now, by_peer=False)
        else:
            super().flow_lost(now)

    def _acknowledged(self, request: Request, now: float) -> None:
        if self.state is CallState.ANSWERED and not self._silent:
            self.state = CallState.ESTABLISHED
            self._heard(now)
            self.emit(CallAcknowledged(self, request.body))
        else:
            super()._acknowledged(request, now)

    # Provisional responses, reliable where they must be

    def on_timer(self, name: str, now: float) -> None:
        if name == "1xx" and self._unacknowledged is not None:
            self._transaction.respond(self._unacknowledged, now)
            self._repeat_after *= 2
            self._core.timers.arm(self, "1xx", now + self._repeat_after)
        elif name == "prack":
            self._transaction.respond(respond_to(self.invite, 504, tag=self.local_tag), now)
            self._over(None, "no PRACK", None, now, by_peer=False)
        else:
            super().on_timer(name, now)

    def _progress(self, status: int, body: bytes, now: float) -> None:
        if self.state is not CallState.OFFERED:
            return
        if self._unacknowledged is not None:
            self._queued = (status, body)
            return
        response = respond_to(self.invite, status, tag=self.local_tag)
        response.headers.set("contact", self._core.contact(self._transaction.flow))
        response.headers.set("allow", ALLOW)
        response.headers.set("supported", SUPPORTED)
        if body:
            response.headers.set("content-type", SDP_TYPE)
            response.body = body
        if self._must_prack or (body and self._can_prack):
            self._rseq += 1
            response.headers.set("require", "100rel")
            response.headers.set("rseq", str(self._rseq))
            self._unacknowledged = response
            self._awaits_prack = True
            self._repeat_after = T1
            self._core.timers.arm(self, "1xx", now + T1)
            self._core.timers.arm(self, "prack", now + GIVE_UP_S)
        self._transaction.respond(response, now)

    def _pracked(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        wanted = [str(self._rseq), str(self.invite.cseq.number), "INVITE"]
        if not self._awaits_prack or (request.headers.get("rack") or "").split() != wanted:
            self.reply(transaction, 481, now)
            return
        self._awaits_prack = False
        self._stop_repeating()
        self.reply(transaction, 200, now)
        if self._queued is not None:
            (status, body), self._queued = self._queued, None
            self._progress(status, body, now)
        if self._answer_later is not None:
            body, self._answer_later = self._answer_later, None
            self.answer(body, now)

    def _stop_repeating(self) -> None:
        self._unacknowledged = None
        self._core.timers.disarm(self, "1xx")
        self._core.timers.disarm(self, "prack")
