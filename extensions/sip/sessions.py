"""The calls and subscriptions of one agent, found by what a message says of them."""

from __future__ import annotations

from collections import Counter

from extensions.sip.call import Call
from extensions.sip.headers import Replaces
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request
from extensions.sip.subscription import Subscription

_Key = tuple[str, str]


class Sessions:
    """All of them, by Call-ID and our tag; counted by the host that began each."""

    def __init__(self) -> None:
        self.calls: dict[_Key, Call] = {}
        self.subscriptions: dict[_Key, Subscription] = {}
        self._offers: dict[tuple[str, str, int], IncomingCall] = {}
        """Calls to us by what their INVITE shares with its CANCEL and with copies of itself."""
        self._begun: dict[_Key, str] = {}
        self._begun_by: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.calls) + len(self.subscriptions)

    def adopt(self, session: Call | Subscription) -> None:
        """Take a session into the books. Repeatable."""
        key = session.call_id, session.local_tag
        if isinstance(session, Subscription):
            self.subscriptions[key] = session
        else:
            self.calls[key] = session
            if not isinstance(session, IncomingCall):
                return
            self._offers[_offer_key(session.invite)] = session
        if key not in self._begun:
            self._begun[key] = session.flow.host
            self._begun_by[session.flow.host] += 1

    def forget(self, session: Call | Subscription) -> None:
        """Strike a session off the books. Repeatable."""
        key = session.call_id, session.local_tag
        self.subscriptions.pop(key, None)
        self.calls.pop(key, None)
        if isinstance(session, IncomingCall):
            self._offers.pop(_offer_key(session.invite), None)
        host = self._begun.pop(key, None)
        if host is not None:
            self._begun_by[host] -= 1
            if not self._begun_by[host]:
                del self._begun_by[host]

    def begun_by(self, host: str) -> int:
        """Return how many calls and subscriptions a host has begun that still last."""
        return self._begun_by[host]

    def of(self, request: Request) -> Call | Subscription | None:
        """Return the session a request within a dialog belongs to."""
        key = request.call_id, request.to.tag or ""
        session = self.calls.get(key) or self.subscriptions.get(key)
        return session if session is not None and session.belongs(request) else None

    def offered(self, request: Request) -> IncomingCall | None:
        """Return the call that an INVITE offered, or that a CANCEL is about."""
        return self._offers.get(_offer_key(request))

    def find(self, replaces: Replaces) -> Call | None:
        """Return the call a Replaces names, seen from our end or, as busy lamps show it, from the phone's."""
        for ours, theirs in (
            (replaces.local_tag, replaces.remote_tag),
            (replaces.remote_tag, replaces.local_tag),
        ):
            call = self.calls.get((replaces.call_id, ours))
            if call is not None and (call.dialog is None or call.dialog.remote.tag == theirs):
                return call
        return None


def _offer_key(request: Request) -> tuple[str, str, int]:
    return request.call_id, request.from_.tag or "", request.cseq.number
