"""New offers within a call: re-INVITE and UPDATE, either way (RFC 3261 §14, RFC 3311).

Theory of operation
-------------------
    ours    offer ─► re-INVITE ─► 2xx, ACK: CallReanswered        491: again after a while, at random
    theirs  CallReoffered ─► accept: 200 (an ACK follows a re-INVITE's)    refuse: 4xx

One at a time: while ours waits for its answer theirs gets 491, while theirs waits, or our 2xx for its ACK, we
don't begin, and a further one of theirs gets 500 (§14.2). An UPDATE without an offer only refreshes.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from extensions.sip.core import ALLOW, SDP_TYPE, SUPPORTED
from extensions.sip.events import CallReanswered, CallReoffered
from extensions.sip.message import Request, Response, respond_to

if TYPE_CHECKING:
    from extensions.sip.call import Call
    from extensions.sip.core import Core
    from extensions.sip.session_timer import SessionTimer
    from extensions.sip.transaction.base import ClientTransaction, ServerTransaction

# RFC 3261 §14.1, in seconds: how long to wait before repeating a re-INVITE that crossed the peer's. Who
# chose the Call-ID waits longer, so that the two don't meet again.
_GLARE_OWNER_S = (2.1, 4.0)
_GLARE_OTHER_S = (0.0, 2.0)
# The name of the call's timer that ends that wait.
GLARE = "glare"


class Reoffers:
    """The offers that follow the first one of a call, ours and the peer's."""

    def __init__(self, call: Call, core: Core, session: SessionTimer) -> None:
        self._call = call
        self._core = core
        self._session = session
        self._theirs: ServerTransaction | None = None
        """The peer's re-INVITE or UPDATE that waits for our answer."""
        self._ours: ClientTransaction | None = None
        """Our re-INVITE that waits for the peer's answer."""
        self._body = b""

    # Ours

    def begin(self, body: bytes, now: float) -> bool:
        """Send a re-INVITE with an offer; False when the call isn't quiet enough for one."""
        if self._ours is not None or self._theirs is not None or not self._call.is_quiet:
            return False
        self._body = body
        self.send(now)
        return True

    def send(self, now: float) -> None:
        """Send the re-INVITE, or send it again after a glare."""
        dialog = self._call.dialog
        if dialog is None:
            return
        invite = dialog.request("INVITE")
        invite.headers.set("contact", self._core.contact(dialog.flow))
        invite.headers.set("allow", ALLOW)
        invite.headers.set("supported", SUPPORTED)
        invite.headers.set("content-type", SDP_TYPE)
        self._session.propose(invite)
        invite.body = self._call.described = self._body
        self._ours = self._core.transactions.request(invite, dialog.flow, self._call, now)

    def answered(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """A re-INVITE of ours was answered."""
        dialog = self._call.dialog
        if response.status < 200 or dialog is None:
            return
        if response.status < 300:
            dialog.refresh_target(response)
            ack = dialog.ack(transaction.request.cseq.number)
            self._core.send(ack.encode(), dialog.flow)
        if transaction is not self._ours:
            return
        self._ours = None
        if response.status == 491:
            low, high = _GLARE_OWNER_S if self._call.owns_call_id else _GLARE_OTHER_S
            wait = low + secrets.randbelow(1000) / 1000 * (high - low)
            self._core.timers.arm(self._call, GLARE, now + wait)
        elif response.status in (408, 481):
            self._call.forgotten(response, now)
        else:
            if response.status < 300:
                self._session.granted(response, now)
            self._call.emit(CallReanswered(self._call, response.status, response.body))

    def failed(self, transaction: ClientTransaction) -> bool:
        """Nothing answers a request any more; False when it wasn't a re-INVITE that counts."""
        if transaction is not self._ours:
            return False
        self._ours = None
        return True

    # Theirs

    def asked(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        """The peer sent a re-INVITE or an UPDATE."""
        call, update = self._call, request.method == "UPDATE"
        if update and not request.body:
            if call.dialog is not None:
                call.dialog.refresh_target(request)
            call.reply(transaction, 200, now)
        elif self._ours is not None:
            call.reply(transaction, 491, now)
        elif self._theirs is not None or call.owes_ack:
            call.reply(transaction, 500, now)
        elif not call.is_established or call.dialog is None:
            # Our offer's answer or theirs is still owed: no second offer yet (RFC 3311 §5.2).
            call.reply(transaction, 500 if update else 481, now)
        elif request.body and request.content_type != SDP_TYPE:
            call.reply(transaction, 415, now)
        elif self._session.too_brief(request):
            brief = respond_to(request, 422, tag=call.local_tag)
            brief.headers.set("min-se", self._session.MIN_SE)
            transaction.respond(brief, now)
        else:
            call.dialog.refresh_target(request)
            self._theirs = transaction
            call.emit(CallReoffered(call, request.body))

    def accept(self, body: bytes, now: float) -> None:
        """Answer the peer's re-INVITE or UPDATE with 200."""
        if self._theirs is None:
            return
        transaction, self._theirs = self._theirs, None
        if transaction.request.method == "INVITE":
            self._call.answer_with(transaction, body, now)
            return
        response = self._call.success(transaction.request, transaction.flow, body)
        self._session.grant(transaction.request, response, now)
        transaction.respond(response, now)

    def refuse(self, status: int, now: float) -> None:
        """Refuse the peer's re-INVITE or UPDATE; the call goes on as it was."""
        if self._theirs is not None:
            transaction, self._theirs = self._theirs, None
            transaction.respond(respond_to(transaction.request, status, tag=self._call.local_tag), now)

    def end(self, now: float) -> None:
        """The call is over: what waits gets 487 (§15.1.2), what we asked counts no more."""
        self.refuse(487, now)
        self._ours = None
