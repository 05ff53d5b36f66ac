"""The INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2).

Theory of operation
-------------------
    CALLING ──1xx──► PROCEEDING ──2xx──► ACCEPTED ──timer M──► TERMINATED
       │  └──────────2xx──────────────────▲
       └──3xx-6xx──► COMPLETED ──timer D──► TERMINATED        (PROCEEDING likewise)

Timer A retransmits on UDP at T1, doubling without bound; timer B gives up after 64 T1. The machine itself
acknowledges 3xx-6xx, again for every repetition. Every 2xx goes up, also a second one from another
branch of a fork, because only the user can acknowledge it: that is what ACCEPTED is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from extensions.sip.message import Headers, Request, Response
from extensions.sip.transaction.base import GIVE_UP_S, T1, TIMER_D_S, ClientTransaction, Failure, State


class InviteClient(ClientTransaction):
    TRANSITIONS: ClassVar[Mapping[State, frozenset[State]]] = {
        State.CALLING: frozenset({State.PROCEEDING, State.COMPLETED, State.ACCEPTED}),
        State.PROCEEDING: frozenset({State.PROCEEDING, State.COMPLETED, State.ACCEPTED}),
        State.COMPLETED: frozenset(),
        State.ACCEPTED: frozenset(),
        State.TERMINATED: frozenset(),
    }

    def start(self, now: float) -> None:
        self.state = State.CALLING
        self._interval = T1
        self._wire.send(self.data, self.flow)
        if not self.flow.reliable:
            self._arm("A", self._interval, now)
        self._arm("B", GIVE_UP_S, now)

    def receive(self, response: Response, now: float) -> None:
        if self.state is State.ACCEPTED:
            if 200 <= response.status < 300:
                self.user.on_response(self, response, now)
        elif self.state is State.COMPLETED:
            if response.status >= 300:
                self._wire.send(self._ack(response), self.flow)
        elif self.state in (State.CALLING, State.PROCEEDING):
            self._disarm("A", "B")
            if response.status < 200:
                self._became(State.PROCEEDING)
            elif response.status < 300:
                self._became(State.ACCEPTED)
                self._timers.arm(self, "M", now + GIVE_UP_S, lax=True)
            else:
                self._became(State.COMPLETED)
                self._wire.send(self._ack(response), self.flow)
                self._linger("D", TIMER_D_S, now)
            self.user.on_response(self, response, now)

    def on_timer(self, name: str, now: float) -> None:
        if name == "A":
            self._interval *= 2
            self._wire.send(self.data, self.flow)
            self._arm("A", self._interval, now)
        elif name == "B":
            self.fail(Failure.TIMEOUT, now)
        else:
            self.terminate()

    def _ack(self, response: Response) -> bytes:
        """Build the ACK of a 3xx-6xx: the request's own Via and the response's To (§17.1.1.3)."""
        headers = Headers()
        headers.set("via", str(self.request.via))
        headers.set("max-forwards", "70")
        for name in ("from", "call-id", "route"):
            headers.set_lines(name, self.request.headers.lines(name))
        headers.set("to", response.headers.get("to") or self.request.headers.get("to") or "")
        headers.set("cseq", f"{self.request.cseq.number} ACK")
        return Request("ACK", self.request.uri, headers).encode()
