"""A call from us to a peer: the INVITE client's side of `call.py` (RFC 3261 §13.2, §9.1).

Theory of operation
-------------------
A challenge (401, 407) is answered once with credentials, in a new INVITE with the next number. The first
2xx makes the dialog. A 2xx with another tag is another branch of a fork that answered too late: it is
acknowledged and hung up. A repeated 2xx gets the same ACK again. A hang-up before the answer is a CANCEL,
which may only follow a provisional response (§9.1): until one comes it waits, and a 2xx that crosses it
is acknowledged and hung up.

A provisional response with a tag makes an early dialog, one per branch of a fork; a reliable one
(RFC 3262) is acknowledged with PRACK, once and in order. An INVITE without an offer leaves it to the
answering side: CallAnswered brings its offer, and `acknowledge` puts our answer into the ACK.
"""

from __future__ import annotations

from extensions.sip.call import Call, CallState
from extensions.sip.client_auth import ClientAuth
from extensions.sip.compose import new_call_id, new_cancel, new_request, new_tag
from extensions.sip.core import ALLOW, SDP_TYPE, SUPPORTED, Core
from extensions.sip.dialog import Dialog
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import CallAnswered, CallProgressed
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr, Reason, first_reason
from extensions.sip.message import Request, Response
from extensions.sip.transaction.base import GIVE_UP_S, ClientTransaction, Failure, State

# INVITEs sent for one call: the first, one with credentials, one more when the nonce had gone stale.
_MOST_ATTEMPTS = 3
# Branches of a forked call whose early dialogs are kept.
_MOST_BRANCHES = 16


class OutgoingCall(Call):
    """A call we place; `start` sends the INVITE.

    Args:
        core: The agent.
        flow: How the peer is reached.
        target: The request URI.
        from_: Who calls, without a tag.
        to: Whom.
        body: The SDP offer.
        auth: Credentials for a challenge; None refuses to be challenged.
    """

    def __init__(
        self,
        core: Core,
        flow: Flow,
        target: str,
        *,
        from_: NameAddr,
        to: NameAddr,
        body: bytes,
        auth: ClientAuth | None = None,
    ) -> None:
        super().__init__(core)
        self.state = CallState.CALLING
        self.owns_call_id = True
        self.call_id = new_call_id()
        self.local_tag = new_tag()
        self._flow = flow
        self._target = target
        self._from = from_.tagged(self.local_tag)
        self._to = to
        self._body = body
        self._auth = auth
        self._attempts = 0
        self._transaction: ClientTransaction | None = None
        self._ack = b""
        self._cancelled = False
        self._early: dict[str, tuple[Dialog, int]] = {}
        """Early dialogs by the peer's tag, with the latest RSeq acknowledged in each."""
        self._extra: list[tuple[str, str]] = []

    @property
    def flow(self) -> Flow:
        return self.dialog.flow if self.dialog is not None else self._flow

    def start(self, now: float) -> None:
        """Send the INVITE, or send it again with credentials."""
        self._attempts += 1
        self._core.adopt(self)
        invite = new_request(
            "INVITE", self._target, self._flow,
            from_=self._from, to=self._to, call_id=self.call_id, cseq=self._attempts,
        )  # fmt: skip
        invite.headers.set("contact", self._core.contact(self._flow))
        invite.headers.set("allow", ALLOW)
        invite.headers.set("supported", SUPPORTED)
        self._session.propose(invite)
        for name, value in self._extra:
            invite.headers.add(name, value)
        if self._body:
            invite.headers.set("content-type", SDP_TYPE)
            invite.body = self.described = self._body
        if self._auth is not None:
            self._auth.sign(invite)
        self._transaction = self._core.transactions.request(invite, self._flow, self, now)

    def with_headers(self, headers: list[tuple[str, str]]) -> None:
        """Have further headers sent in the INVITE (Replaces, P-Asserted-Identity); before `start`."""
        self._extra = headers

    def acknowledge(self, body: bytes, now: float) -> None:
        """Answer the offer that came with the 2xx to our INVITE without one."""
        if self.dialog is None or self._ack:
            return
        ack = self.dialog.ack(self._attempts)
        ack.headers.set("content-type", SDP_TYPE)
        ack.body = self.described = body
        self._ack = ack.encode()
        self._core.send(self._ack, self.dialog.flow)

    def hang_up(self, now: float, reason: Reason | None = None) -> None:
        if self._silent or self.state is CallState.ENDED:
            return
        self._silent = True
        self._bye_reason = reason
        if self.state is CallState.ESTABLISHED:
            self._send_bye(now)
        elif self._transaction is not None and self._transaction.state is State.PROCEEDING:
            self._cancel(self._transaction.request, now)

    def on_timer(self, name: str, now: float) -> None:
        if name == "cancelled":
            # No final response followed the CANCEL (§9.1): the INVITE is considered over.
            if self._transaction is not None:
                self._transaction.terminate()
            self._over(None, "CANCEL", None, now, by_peer=False)
        else:
            super().on_timer(name, now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if transaction is not self._transaction:
            if transaction.request.method not in ("CANCEL", "PRACK"):
                super().on_response(transaction, response, now)
        elif response.status < 200:
            self._progressed(transaction.request, response, now)
        elif response.status < 300:
            self._answered_by(transaction.request, response, now)
        elif self.state is CallState.CALLING:
            self._refused(transaction.request, response, now)

    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None:
        if transaction is not self._transaction:
            super().on_failure(transaction, failure, now)
            return
        phrase = "no answer to INVITE" if failure is Failure.TIMEOUT else "connection lost"
        self._over(None, phrase, None, now, by_peer=False)

    def _progressed(self, invite: Request, response: Response, now: float) -> None:
        if self.state is not CallState.CALLING:
            return
        if self._silent:
            self._cancel(invite, now)
        elif response.status > 100 and self._take_early(invite, response, now):
            self.emit(CallProgressed(self, response.status, response.body, response.to.tag or ""))

    def _take_early(self, invite: Request, response: Response, now: float) -> bool:
        """Acknowledge a reliable provisional response; False for a repeated one."""
        tag, text = response.to.tag, response.headers.get("rseq") or ""
        reliable = "100rel" in response.headers.tokens("require") and text.isdigit() and len(text) < 11
        if tag is None or (tag not in self._early and len(self._early) >= _MOST_BRANCHES):
            return True
        if tag not in self._early:
            try:
                self._early[tag] = (Dialog.of_caller(invite, response, self._flow), 0)
            except MalformedMessage:
                return True
        if not reliable:
            return True
        dialog, last = self._early[tag]
        if last and int(text) != last + 1:
            # A copy, or one that overtook another and will be repeated (§4).
            return False
        self._early[tag] = (dialog, int(text))
        prack = dialog.request("PRACK")
        prack.headers.set("rack", f"{int(text)} {invite.cseq}")
        self._core.transactions.request(prack, dialog.flow, self, now)
        return True

    def _cancel(self, invite: Request, now: float) -> None:
        if self._cancelled:
            return
        self._cancelled = True
        cancel = new_cancel(invite)
        if self._bye_reason is not None:
            cancel.headers.set("reason", str(self._bye_reason))
        # The same way as the INVITE, which may have been too large for UDP (§9.1).
        flow = self._flow if self._transaction is None else self._transaction.flow
        self._core.transactions.request(cancel, flow, self, now)
        self._core.timers.arm(self, "cancelled", now + GIVE_UP_S)

    def _answered_by(self, invite: Request, response: Response, now: float) -> None:
        tag = response.to.tag
        if self.dialog is not None:
            if tag == self.dialog.remote.tag:
                if self._ack:
                    self._core.send(self._ack, self.dialog.flow)
            else:
                self._turn_away(invite, response, now)
            return
        try:
            self.dialog = Dialog.of_caller(invite, response, self._flow)
        except MalformedMessage:
            self._turn_away(invite, response, now)
            self._over(response.status, "an answer without a usable Contact", None, now)
            return
        if tag in self._early:
            self.dialog.local_seq = self._early[tag][0].local_seq
        self._early.clear()
        self._core.timers.disarm(self, "cancelled")
        self.state = CallState.ESTABLISHED
        self._session.granted(response, now)
        self._heard(now)
        if self._body or self._silent:
            self._ack = self.dialog.ack(invite.cseq.number).encode()
            self._core.send(self._ack, self.dialog.flow)
        if self._silent:
            self._send_bye(now)
        else:
            self.emit(CallAnswered(self, response.body))

    def _turn_away(self, invite: Request, response: Response, now: float) -> None:
        """Acknowledge and hang up an answer nobody waits for (§13.2.2.4)."""
        response.headers.set_lines("contact", response.headers.lines("contact")[:1])
        try:
            stray = Dialog.of_caller(invite, response, self._flow)
        except MalformedMessage:
            response.headers.set_lines("contact", [])
            stray = Dialog.of_caller(invite, response, self._flow)
        self._core.send(stray.ack(invite.cseq.number).encode(), self._flow)
        self._core.transactions.request(stray.request("BYE"), self._flow, self, now)

    def _refused(self, invite: Request, response: Response, now: float) -> None:
        retry = (
            not self._silent
            and self._attempts < _MOST_ATTEMPTS
            and (
                self._session.lengthen(response)
                or (self._auth is not None and self._auth.take(response, invite))
            )
        )
        if retry:
            self.start(now)
            return
        reason = first_reason(response.headers.items("reason"))
        if 300 <= response.status < 400:
            self._redirected_to = _first_contact(response)
        self._over(response.status, response.reason, reason, now)


def _first_contact(response: Response) -> str:
    try:
        return next((contact.uri for contact in response.contacts()), "")
    except MalformedMessage:
        return ""
