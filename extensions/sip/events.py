"""What the user-agent core tells its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from extensions.sip.headers import Reason

if TYPE_CHECKING:
    from extensions.sip.call import Call
    from extensions.sip.incoming_call import IncomingCall
    from extensions.sip.outgoing_call import OutgoingCall
    from extensions.sip.registration import Registration


class CallOffered(msgspec.Struct, frozen=True):
    """Somebody calls us. 100 is sent; ring, answer or refuse it."""

    call: IncomingCall
    identity: str
    """Who the policy says the caller is."""


class CallProgressed(msgspec.Struct, frozen=True):
    """The called party's phone said something provisional other than 100."""

    call: OutgoingCall
    status: int
    body: bytes


class CallAnswered(msgspec.Struct, frozen=True):
    """The called party answered; the ACK is on its way."""

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


class RegistrationChanged(msgspec.Struct, frozen=True):
    """Our registration at a registrar succeeded, was refreshed, or failed."""

    registration: Registration
    registered: bool
    detail: str
    """"200 OK", or why it failed."""


Event = (
    CallOffered
    | CallProgressed
    | CallAnswered
    | CallAcknowledged
    | CallReoffered
    | CallReanswered
    | CallInfo
    | CallEnded
    | RegistrationChanged
)
