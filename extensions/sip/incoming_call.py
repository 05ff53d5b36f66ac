"""A call from a peer to us: the INVITE server's side of `call.py` (RFC 3261 §13.3)."""

from __future__ import annotations

from extensions.sip.call import Call, CallState
from extensions.sip.compose import new_tag
from extensions.sip.core import ALLOW, Core
from extensions.sip.dialog import Dialog
from extensions.sip.events import CallAcknowledged
from extensions.sip.flow import Flow
from extensions.sip.headers import Reason, first_reason
from extensions.sip.message import Request, respond_to
from extensions.sip.transaction.base import ServerTransaction


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

    @property
    def flow(self) -> Flow:
        return self.dialog.flow if self.dialog is not None else self._transaction.flow

    def ring(self, now: float) -> None:
        """Tell the caller that the called party is being alerted (180)."""
        if self.state is CallState.OFFERED:
            ringing = respond_to(self.invite, 180, tag=self.local_tag)
            ringing.headers.set("contact", self._core.contact(self._transaction.flow))
            self._transaction.respond(ringing, now)

    def answer(self, body: bytes, now: float) -> None:
        """Take the call (200); CallAcknowledged follows."""
        if self.state is CallState.OFFERED:
            self.state = CallState.ANSWERED
            self._answer_with(self._transaction, body, now)

    def refuse(self, status: int, now: float, reason: Reason | None = None) -> None:
        """Refuse the call with a final response of 300 or above."""
        if self.state is not CallState.OFFERED:
            return
        self._silent = True
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

    def caller_vanished(self, now: float) -> None:
        """The connection on which we owed an answer is gone."""
        if self.state is CallState.OFFERED:
            self._over(None, "connection lost", None, now, by_peer=False)

    def _acknowledged(self, request: Request, now: float) -> None:
        if self.state is CallState.ANSWERED and not self._silent:
            self.state = CallState.ESTABLISHED
            self._emit(CallAcknowledged(self, request.body))
        else:
            super()._acknowledged(request, now)
