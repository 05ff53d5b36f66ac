"""Puts together requests of our own (RFC 3261 §8.1.1)."""

from __future__ import annotations

import hashlib
import os

from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.message import Headers, Request
from extensions.sip.transaction.layer import new_branch

# §8.1.1.6.
_MAX_FORWARDS = "70"
# Random bytes fetched from the system at once: a call needs a hundred, and asking costs more than giving.
_POOL_BYTES = 4096


class _Randomness:
    """Hands out the system's random bytes, each once."""

    def __init__(self) -> None:
        self._pool = b""
        self._used = 0

    def hex(self, count: int) -> str:
        """Return so many bytes in hexadecimal."""
        if self._used + count > len(self._pool):
            self._pool, self._used = os.urandom(_POOL_BYTES), 0
        self._used += count
        return self._pool[self._used - count : self._used].hex()


_RANDOM = _Randomness()
_TAG_KEY = os.urandom(16)


def new_tag() -> str:
    """Return a tag no stranger guesses: with the Call-ID it is what lets a request into a dialog."""
    return _RANDOM.hex(8)


def stable_tag(request: Request) -> str:
    """Return a tag that is the same for every copy of a request, for answers of which nothing is kept
    (§8.2.7)."""
    call_id = request.call_id.encode("utf-8", "surrogateescape")
    return hashlib.blake2s(call_id, key=_TAG_KEY, digest_size=8).hexdigest()


def new_call_id() -> str:
    return _RANDOM.hex(16)


def new_via(flow: Flow) -> str:
    """Return a Via that asks for the answer on the same path (RFC 3581)."""
    host = bracketed(flow.local_host)
    return f"SIP/2.0/{flow.transport.upper()} {host}:{flow.local_port};rport;branch={new_branch()}"


def contact_uri(user: str, flow: Flow) -> str:
    """Return the URI under which we are reached on a flow."""
    transport = f";transport={flow.transport}" if flow.reliable else ""
    return f"sip:{user}@{bracketed(flow.local_host)}:{flow.local_port}{transport}"


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def new_request(
    method: str, uri: str, flow: Flow, *, from_: NameAddr, to: NameAddr, call_id: str, cseq: int
) -> Request:
    """Return a request with the headers every one must have and no body."""
    headers = Headers(
        ("via", new_via(flow)),
        ("max-forwards", _MAX_FORWARDS),
        ("from", str(from_)),
        ("to", str(to)),
        ("call-id", call_id),
        ("cseq", f"{cseq} {method}"),
    )
    return Request(method, uri, headers)


def new_cancel(invite: Request) -> Request:
    """Return the CANCEL of an INVITE: same URI, branch, From, To, Call-ID and number (§9.1)."""
    headers = Headers(("via", str(invite.via)), ("max-forwards", _MAX_FORWARDS))
    for name in ("from", "to", "call-id", "route"):
        headers.set_lines(name, invite.headers.lines(name))
    headers.set("cseq", f"{invite.cseq.number} CANCEL")
    return Request("CANCEL", invite.uri, headers)
