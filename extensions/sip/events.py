"""What the user-agent core tells its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from extensions.sip.headers import Reason

if TYPE_CHECKING:
    from extensions.sip.call import Call
    from extensions.sip.inbox import MessageToUs
    from extensions.sip.incoming_call import IncomingCall
    from extensions.sip.outgoing_call import OutgoingCall
    from extensions.sip.registration import Registration
    from extensions.sip.subscription import Subscription
    from extensions.sip.transfer import ReferTarget


class CallOffered(msgspec.Struct, frozen=True):
    """Somebody calls us. 100 is sent; ring, answer or refuse it."""

    call: IncomingCall
    identity: str
    """Who the policy says the caller is."""
    replaces: Call | None = None
    """The call this one takes the place of (Replaces): a pickup, or the end of an attended transfer."""


class CallProgressed(msgspec.Struct, frozen=True):
    """The called party's phone said something provisional other than 100."""

    call: OutgoingCall
    status: int
    body: bytes
    """Early media's SDP; empty without."""
    tag: str = ""
    """Which branch said so, where a proxy forks."""


class CallAnswered(msgspec.Struct, frozen=True):
    """The called party answered; the ACK is on its way.

    Where our INVITE had no offer the body is the peer's, and `call.acknowledge` must answer it at once.
    """

    call: OutgoingCall
    body: bytes


class CallAcknowledged(msgspec.Struct, frozen=True):
    """The caller has acknowledged our answer; `body` is its SDP answer when our 200 held the offer."""

    call: IncomingCall
    body: bytes


class CallReoffered(msgspec.Struct, frozen=True):
    """The peer sent a re-INVITE: answer with `accept_again` or `refuse_again` before returning."""

    call: Call
    body: bytes


class CallReanswered(msgspec.Struct, frozen=True):
    """Our re-INVITE came to an end, or the peer's ACK answered the offer in our 200 to its re-INVITE."""

    call: Call
    status: int
    body: bytes


class CallQuiet(msgspec.Struct, frozen=True):
    """The peer's own re-INVITE is over: what had to wait for it may be offered now."""

    call: Call


class CallInfo(msgspec.Struct, frozen=True):
    """The peer sent an INFO within the call; it has been answered with 200."""

    call: Call
    content_type: str
    body: bytes


class CallEnded(msgspec.Struct, frozen=True):
    """The call is over, and not by our command."""

    call: Call
    status: int | None
    """The final response that refused it; None when the peer hung up or cancelled."""
    phrase: str
    """The response's phrase, or "BYE", "CANCEL", "no answer to INVITE", "no ACK"."""
    reason: Reason | None
    """The Reason header, when there was one."""
    by_peer: bool
    """False when the wire failed."""
    redirected_to: str = ""
    """The first Contact of a 3xx."""


class TransferAsked(msgspec.Struct, frozen=True):
    """The peer wants its call transferred: `call.transfers.accept` or `refuse` before returning."""

    call: Call
    target: ReferTarget


class TransferProgressed(msgspec.Struct, frozen=True):
    """The peer told how the transfer we asked it for is going."""

    call: Call
    status: int
    over: bool


class Subscribed(msgspec.Struct, frozen=True):
    """Somebody subscribed, or refreshed a subscription: `subscription.notify` the state before returning."""

    subscription: Subscription
    identity: str


class Unsubscribed(msgspec.Struct, frozen=True):
    """A subscription ended by the peer's wish, by running out, or because its NOTIFY failed."""

    subscription: Subscription


class MessageReceived(msgspec.Struct, frozen=True):
    """A text message for somebody: `message.accept` or `refuse` it, now or within some seconds."""

    message: MessageToUs
    identity: str


class MessageDelivered(msgspec.Struct, frozen=True):
    """What came of a text message we sent."""

    token: str
    """As given to `Agent.message`."""
    status: int | None
    """The final response; None when there was none."""


class RegistrationChanged(msgspec.Struct, frozen=True):
    """Our registration at a registrar succeeded, was refreshed, or failed."""

    registration: Registration
    registered: bool
    detail: str
    """"200 OK", or why it failed."""


CallEvent = (
    CallProgressed
    | CallAnswered
    | CallAcknowledged
    | CallReoffered
    | CallReanswered
    | CallQuiet
    | CallInfo
    | CallEnded
    | TransferAsked
    | TransferProgressed
)
"""What is told about one call to whoever holds it."""

Event = (
    CallEvent
    | CallOffered
    | Subscribed
    | Unsubscribed
    | MessageReceived
    | MessageDelivered
    | RegistrationChanged
)
