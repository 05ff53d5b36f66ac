"""Matches messages to transactions (RFC 3261 §17.1.3, §17.2.3) and bounds how many a source may hold.

A finished transaction lives on to absorb copies of its request (32 s on UDP). A source that has as many as it
may loses the oldest finished ones, whose copies would have come long ago; only one with that many
*unfinished* ones is refused.
"""

from __future__ import annotations

import itertools
import secrets
from collections import deque
from collections.abc import Callable
from typing import Protocol

from extensions.sip.flow import Flow
from extensions.sip.message import Request, Response
from extensions.sip.timers import Timers
from extensions.sip.transaction.base import (
    ClientTransaction,
    ClientUser,
    Failure,
    ServerTransaction,
    State,
    Transaction,
    Wire,
)
from extensions.sip.transaction.client import NonInviteClient
from extensions.sip.transaction.invite_client import InviteClient
from extensions.sip.transaction.invite_server import InviteServer
from extensions.sip.transaction.server import NonInviteServer

# RFC 3261 §8.1.1.7: a branch that begins so is unique by itself.
MAGIC_COOKIE = "z9hG4bK"
# How many of a source's oldest transactions are looked at for one that can be forgotten.
_LOOK_AT = 8


class TransactionUser(Protocol):
    """Who takes requests."""

    def on_request(
        self, transaction: ServerTransaction, request: Request, flow: Flow, now: float
    ) -> None: ...
    def on_ack(self, request: Request, flow: Flow, now: float) -> None:
        """An ACK that belongs to no 3xx-6xx: that of a 2xx, or a stray one."""

    def on_too_many(self, request: Request, flow: Flow, now: float) -> None:
        """A source holds too many transactions; nothing was created."""

    def on_stray_response(self, response: Response, now: float) -> None: ...


class _Held:
    """The server transactions of one source."""

    __slots__ = ("live", "oldest")

    def __init__(self) -> None:
        self.live = 0
        self.oldest: deque[ServerTransaction] = deque()
        """In the order they began; terminated ones stay until they come to the front."""


class TransactionLayer:
    """All transactions of one user agent. Messages must have been validated.

    Args:
        wire: Where packets go.
        timers: On whose clock they run.
        user: Who takes requests.
        most_of: Returns how many live server transactions a host may hold.
    """

    def __init__(
        self, wire: Wire, timers: Timers, user: TransactionUser, most_of: Callable[[str, float], int]
    ) -> None:
        self._wire = wire
        self._timers = timers
        self._user = user
        self._most_of = most_of
        self._servers: dict[tuple[str, ...], ServerTransaction] = {}
        self._clients: dict[tuple[str, ...], ClientTransaction] = {}
        self._sources: dict[str, _Held] = {}

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    def request(self, request: Request, flow: Flow, user: ClientUser, now: float) -> ClientTransaction:
        """Send a request; its topmost Via must have a branch of its own."""
        key = (request.via.branch, request.method)
        kind = InviteClient if request.method == "INVITE" else NonInviteClient
        transaction = kind(key, request, flow, self._wire, self._timers, self._forget)
        transaction.user = user
        self._clients[key] = transaction
        transaction.prepare(now)
        transaction.start(now)
        return transaction

    def receive_response(self, response: Response, now: float) -> None:
        transaction = self._clients.get((response.via.branch, response.cseq.method))
        if transaction is None:
            self._user.on_stray_response(response, now)
        else:
            transaction.receive(response, now)

    def receive_request(self, request: Request, flow: Flow, now: float) -> None:
        """Take a request that came in on `flow`; its topmost Via holds received and rport already."""
        key = _server_key(request, request.method)
        transaction = self._servers.get(key)
        if request.method == "ACK":
            if isinstance(transaction, InviteServer) and _acknowledges(transaction):
                transaction.receive_ack(now)
            else:
                self._user.on_ack(request, flow, now)
            return
        if transaction is not None:
            transaction.receive_again(now)
            return
        held = self._sources.get(flow.host)
        if held is None:
            held = self._sources[flow.host] = _Held()
        elif held.live >= self._most_of(flow.host, now) and not _make_room(held):
            self._user.on_too_many(request, flow, now)
            return
        kind = InviteServer if request.method == "INVITE" else NonInviteServer
        transaction = kind(key, request, flow, self._wire, self._timers, self._forget)
        self._servers[key] = transaction
        held.live += 1
        held.oldest.append(transaction)
        if len(held.oldest) > 2 * held.live + _LOOK_AT:
            held.oldest = deque(one for one in held.oldest if one.state is not State.TERMINATED)
        self._user.on_request(transaction, request, flow, now)
        if transaction.state is State.TRYING and isinstance(transaction, InviteServer):
            transaction.promise(now)

    def invite_of(self, cancel: Request) -> InviteServer | None:
        """Return the INVITE transaction that a CANCEL is about (§9.2)."""
        found = self._servers.get(_server_key(cancel, "INVITE"))
        return found if isinstance(found, InviteServer) else None

    def flow_closed(self, flow: Flow, now: float) -> bool:
        """A connection is gone: what waits for answers on it fails, what owes answers is dropped.

        Returns:
            Whether a request turned to UDP instead.
        """
        fell_back = False
        for client in [found for found in self._clients.values() if found.flow == flow]:
            if client.fall_back(now):
                fell_back = True
            else:
                client.fail(Failure.FLOW_CLOSED, now)
        for server in [found for found in self._servers.values() if found.flow == flow]:
            server.terminate()
        return fell_back

    def _forget(self, transaction: Transaction) -> None:
        if self._clients.get(transaction.key) is transaction:
            del self._clients[transaction.key]
        elif self._servers.get(transaction.key) is transaction:
            del self._servers[transaction.key]
            held = self._sources[transaction.flow.host]
            held.live -= 1
            if not held.live:
                del self._sources[transaction.flow.host]


# Unique over space and time (RFC 3261 §8.1.1.7): a chance beginning per process, then numbers.
_BRANCHES = itertools.count(secrets.randbits(32))
_OURS = MAGIC_COOKIE + secrets.token_hex(6)


def new_branch() -> str:
    return f"{_OURS}{next(_BRANCHES):x}"


def _make_room(held: _Held) -> bool:
    """Forget the oldest finished transaction; False when none of the oldest is."""
    before = held.live
    for _ in range(min(_LOOK_AT, len(held.oldest))):
        transaction = held.oldest.popleft()
        if transaction.expendable:
            transaction.terminate()
            if held.live < before:
                return True
        elif transaction.state is not State.TERMINATED:
            held.oldest.append(transaction)
    return False


def _acknowledges(transaction: InviteServer) -> bool:
    """Tell whether an ACK of the same branch is the machine's business, not the user's."""
    return transaction.last is not None and not transaction.last.startswith(b"SIP/2.0 2")


def _server_key(request: Request, method: str) -> tuple[str, ...]:
    """Return what identifies a server transaction; an ACK is looked up as the INVITE it acknowledges."""
    method = "INVITE" if method == "ACK" else method
    via = request.via
    sent_by = f"{via.host.lower()}:{via.port or 5060}"
    if via.branch.startswith(MAGIC_COOKIE) and len(via.branch) > len(MAGIC_COOKIE):
        return via.branch, sent_by, method
    # A client of RFC 2543: the fields that identified a transaction then (§17.2.3).
    return request.uri, request.from_.tag or "", request.call_id, str(request.cseq.number), str(via), method
