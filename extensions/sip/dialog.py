"""A dialog: what two user agents remember of each other between requests (RFC 3261 §12)."""

from __future__ import annotations

from extensions.sip.compose import new_request
from extensions.sip.errors import MalformedMessage
from extensions.sip.flow import TCP, UDP, Flow
from extensions.sip.headers import NameAddr
from extensions.sip.message import Message, Request, Response
from extensions.sip.uri import SipUri

# §19.1.2, where a URI names none.
_PORT = 5060


class Dialog:
    """One dialog; its packets go out on the flow the peer last used.

    Args:
        call_id: The Call-ID.
        local: Our address with our tag.
        remote: The peer's address, with its tag.
        target: The URI requests go to: the peer's Contact.
        routes: Route values, in the order they are written into requests.
        local_seq: CSeq number of our latest request.
        remote_seq: CSeq number of the peer's latest request; None before the first.
        flow: How the peer is reached.
    """

    def __init__(
        self,
        call_id: str,
        local: NameAddr,
        remote: NameAddr,
        target: str,
        routes: list[str],
        local_seq: int,
        remote_seq: int | None,
        flow: Flow,
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.target = target
        self.routes = routes
        self.local_seq = local_seq
        self.remote_seq = remote_seq
        self.flow = flow

    @classmethod
    def of_caller(cls, invite: Request, response: Response, flow: Flow) -> Dialog:
        """Return the dialog that a response to our INVITE makes (§12.1.2).

        Raises:
            MalformedMessage: The response has no usable Contact.
        """
        target = _contact_of(response) or invite.uri
        routes = list(reversed(response.headers.items("record-route")))
        number = invite.cseq.number
        return cls(invite.call_id, invite.from_, response.to, target, routes, number, None, flow)

    @classmethod
    def of_callee(cls, invite: Request, tag: str, flow: Flow) -> Dialog:
        """Return the dialog that our response to an INVITE makes (§12.1.1).

        Raises:
            MalformedMessage: The INVITE has no usable Contact.
        """
        target = _contact_of(invite)
        if target is None:
            raise MalformedMessage("an INVITE without Contact")
        routes = invite.headers.items("record-route")
        local = invite.to.tagged(tag)
        return cls(invite.call_id, local, invite.from_, target, routes, 0, invite.cseq.number, flow)

    def request(self, method: str) -> Request:
        """Return a new request within the dialog."""
        self.local_seq += 1
        return self._compose(method, self.local_seq)

    def ack(self, invite_number: int) -> Request:
        """Return the ACK of a 2xx to our INVITE of that number (§13.2.2.4)."""
        return self._compose("ACK", invite_number)

    def take(self, request: Request, flow: Flow) -> bool:
        """Note a request of the peer's; False when it is out of order and must get a 500 (§12.2.2)."""
        number = request.cseq.number
        if self.remote_seq is not None and number <= self.remote_seq:
            return False
        self.remote_seq = number
        # A peer on UDP sends what is too large for it over TCP (§18.1.1), and may close that at once.
        if flow.host == self.flow.host and (self.flow.reliable or not flow.reliable):
            self.flow = flow
        return True

    def turn_to_udp(self) -> bool:
        """Go on over UDP, the peer's connection being gone; False where its Contact says something else."""
        try:
            contact = SipUri.parse(self.target)
        except MalformedMessage:
            return False
        flow = self.flow
        wants_udp = contact.scheme == "sip" and contact.transport in (None, UDP)
        if flow.transport != TCP or not wants_udp or contact.host.strip("[]") != flow.host:
            return False
        self.flow = Flow(UDP, flow.host, contact.port or _PORT, flow.local_host, flow.local_port)
        return True

    def refresh_target(self, message: Message) -> None:
        """Follow the peer's Contact (target refresh, §12.2.1.2); a broken one changes nothing."""
        try:
            self.target = _contact_of(message) or self.target
        except MalformedMessage:
            return

    def _compose(self, method: str, number: int) -> Request:
        request = new_request(
            method,
            self.target,
            self.flow,
            from_=self.local,
            to=self.remote,
            call_id=self.call_id,
            cseq=number,
        )
        request.headers.set_lines("route", self.routes)
        return request


def _contact_of(message: Message) -> str | None:
    contacts = message.headers.items("contact")
    if not contacts:
        return None
    uri = NameAddr.parse(contacts[0]).uri
    if not uri.lower().startswith(("sip:", "sips:")) or " " in uri:
        raise MalformedMessage("a Contact that is no sip URI")
    return uri
