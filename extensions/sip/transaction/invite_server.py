"""The INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1).

Theory of operation
-------------------
    PROCEEDING ──2xx──► ACCEPTED ──timer L──► TERMINATED
        └──3xx-6xx──► COMPLETED ──ACK──► CONFIRMED ──timer I──► TERMINATED
                          └────timer H───────────────────────────▲

A user that says nothing within `TRYING_S` is spoken for with 100. A repeated INVITE gets the latest response
again in PROCEEDING and COMPLETED, and nothing in ACCEPTED, where it is the user who repeats the 2xx until it
is acknowledged. Timer G repeats a 3xx-6xx on UDP: T1 doubling up to T2. Timer H (64 T1) gives up waiting for
the ACK; timer I (T4) absorbs repeated ACKs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from extensions.sip.message import Response, respond_to
from extensions.sip.transaction.base import GIVE_UP_S, T1, T2, T4, ServerTransaction, State

# §17.2.1: a caller that hears nothing repeats its INVITE, after T1 for the first time.
TRYING_S = 0.2


class InviteServer(ServerTransaction):
    TRANSITIONS: ClassVar[Mapping[State, frozenset[State]]] = {
        State.TRYING: frozenset({State.PROCEEDING, State.ACCEPTED, State.COMPLETED}),
        State.PROCEEDING: frozenset({State.PROCEEDING, State.ACCEPTED, State.COMPLETED}),
        State.ACCEPTED: frozenset({State.ACCEPTED}),
        State.COMPLETED: frozenset({State.CONFIRMED}),
        State.CONFIRMED: frozenset(),
        State.TERMINATED: frozenset(),
    }

    def promise(self, now: float) -> None:
        """The user has `TRYING_S` to say something before we say 100."""
        self._arm("100", TRYING_S, now)

    def respond(self, response: Response, now: float) -> None:
        """Send a response; a 2xx may be repeated by the user, anything else after a final is dropped."""
        success = 200 <= response.status < 300
        if not (self.answerable or (success and self.state is State.ACCEPTED)):
            return
        self._disarm("100")
        self.last = response.encode()
        self._wire.send(self.last, self.flow)
        if response.status < 200:
            self._became(State.PROCEEDING)
        elif success:
            if self.state is not State.ACCEPTED:
                self._timers.arm(self, "L", now + GIVE_UP_S, lax=True)
            self._became(State.ACCEPTED)
        else:
            self._became(State.COMPLETED)
            self._interval = T1
            if not self.flow.reliable:
                self._arm("G", self._interval, now)
            self._arm("H", GIVE_UP_S, now)

    def receive_again(self, now: float) -> None:
        if self.last is not None and self.state in (State.PROCEEDING, State.COMPLETED):
            self._wire.send(self.last, self.flow)

    def receive_ack(self, now: float) -> None:
        """The ACK of a 3xx-6xx came."""
        if self.state is State.COMPLETED:
            self._became(State.CONFIRMED)
            self._disarm("G", "H")
            self._linger("I", T4, now)

    def on_timer(self, name: str, now: float) -> None:
        if name == "100":
            self.respond(respond_to(self.request, 100), now)
        elif name == "G" and self.last is not None:
            self._interval = min(self._interval * 2, T2)
            self._wire.send(self.last, self.flow)
            self._arm("G", self._interval, now)
        else:
            self.terminate()
