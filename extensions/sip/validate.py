"""What a parsed message must have before any machine sees it (RFC 3261 §8.1.1, §8.2).

A broken request is answered with the fault when enough of it can be read to answer at all; a broken
response is dropped (§8.1.3.4).
"""

from __future__ import annotations

import msgspec

from extensions.sip.errors import MalformedMessage
from extensions.sip.message import Message, Request, Response

_MANDATORY = frozenset({"via", "from", "to", "call-id", "cseq"})
_SINGLE = frozenset(
    {"from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type", "expires"}
)


class Fault(msgspec.Struct, frozen=True):
    status: int
    reason: str


def fault_of(message: Request | Response) -> Fault | None:
    """Return what is wrong with a message; None when it can be worked with."""
    try:
        _require(message)
        if isinstance(message, Request):
            return _request_fault(message)
        if len(message.headers.items("via")) != 1:
            return Fault(400, "A response for somebody else")
    except MalformedMessage as error:
        return Fault(400, f"Bad Request: {str(error)[:60]}" if _printable(str(error)) else "Bad Request")
    return None


def can_be_answered(request: Request) -> bool:
    """Tell whether a broken request has what a response must copy."""
    if request.method == "ACK" or not request.headers.names() >= _MANDATORY:
        return False
    try:
        return bool(request.via)
    except MalformedMessage:
        return False


def _require(message: Message) -> None:
    names = message.headers.names()
    if not names >= _MANDATORY:
        raise MalformedMessage(f"no {min(_MANDATORY - names)}")
    for name in message.headers.repeated():
        if name in _SINGLE:
            raise MalformedMessage(f"more than one {name}")
    _ = message.via, message.cseq, message.from_, message.to
    if not message.call_id or " " in message.call_id:
        raise MalformedMessage("no usable call-id")


def _request_fault(request: Request) -> Fault | None:
    if request.version != "SIP/2.0":
        return Fault(505, "Version Not Supported")
    if request.cseq.method != request.method:
        raise MalformedMessage("the method of cseq differs")
    if request.uri.startswith("<") or ":" not in request.uri:
        raise MalformedMessage("no usable request URI")
    hops = request.headers.get("max-forwards")
    if hops is not None and not (hops.isascii() and hops.isdigit() and len(hops) <= 10 and int(hops) < 256):
        raise MalformedMessage("max-forwards out of range")
    return None


def _printable(text: str) -> bool:
    return text.isascii() and text.isprintable()
