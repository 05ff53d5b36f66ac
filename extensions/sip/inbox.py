"""Text messages outside any call (RFC 3428): one that came, and one we send."""

from __future__ import annotations

from extensions.sip.compose import new_call_id, new_request, new_tag
from extensions.sip.core import Core
from extensions.sip.events import MessageDelivered
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.transaction.base import ClientTransaction, Failure, ServerTransaction

# Most bytes of a text taken or sent: RFC 3428 §8's bound for what travels outside a session.
MOST_BYTES = 1300


class MessageToUs:
    """A MESSAGE that waits for our answer."""

    def __init__(self, transaction: ServerTransaction, user: str) -> None:
        self.user = user
        """Whom it is for: an extension or a telephone number."""
        self.content_type = transaction.request.headers.get("content-type") or "text/plain"
        self.body = transaction.request.body
        self._transaction = transaction

    def answer(self, status: int, now: float) -> None:
        """Tell the sender: 200 delivered, 202 kept for later, 404, 480, …; only the first answer counts."""
        if self._transaction.answerable:
            self._transaction.respond(respond_to(self._transaction.request, status, tag=new_tag()), now)


class MessageFromUs:
    """A MESSAGE on its way."""

    def __init__(self, core: Core, token: str) -> None:
        self._core = core
        self._token = token

    def send(
        self,
        flow: Flow,
        target: str,
        *,
        from_: NameAddr,
        to: NameAddr,
        content_type: str,
        body: bytes,
        now: float,
    ) -> None:
        request: Request = new_request(
            "MESSAGE", target, flow, from_=from_.tagged(new_tag()), to=to, call_id=new_call_id(), cseq=1
        )
        request.headers.set("content-type", content_type)
        request.body = body
        self._core.transactions.request(request, flow, self, now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if response.status >= 200:
            self._core.emit(MessageDelivered(self._token, response.status))

    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None:
        self._core.emit(MessageDelivered(self._token, None))
