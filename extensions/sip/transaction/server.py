"""The non-INVITE server transaction (RFC 3261 §17.2.2).

Theory of operation
-------------------
    TRYING ──1xx──► PROCEEDING ──final──► COMPLETED ──timer J──► TERMINATED
       └────────────final───────────────────▲

A retransmitted request gets the latest response again, or silence while there is none. Timer J
(64 T1 on UDP) is how long that goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from extensions.sip.message import Response
from extensions.sip.transaction.base import GIVE_UP_S, ServerTransaction, State


class NonInviteServer(ServerTransaction):
    TRANSITIONS: ClassVar[Mapping[State, frozenset[State]]] = {
        State.TRYING: frozenset({State.PROCEEDING, State.COMPLETED}),
        State.PROCEEDING: frozenset({State.PROCEEDING, State.COMPLETED}),
        State.COMPLETED: frozenset(),
        State.TERMINATED: frozenset(),
    }

    def respond(self, response: Response, now: float) -> None:
        """Send a response; after the final one nothing more is sent."""
        if not self.answerable:
            return
        self.last = response.encode()
        self._wire.send(self.last, self.flow)
        if response.status < 200:
            self._became(State.PROCEEDING)
        else:
            self._became(State.COMPLETED)
            self._linger("J", GIVE_UP_S, now)

    def receive_again(self, now: float) -> None:
        if self.last is not None:
            self._wire.send(self.last, self.flow)

    def on_timer(self, name: str, now: float) -> None:
        self.terminate()
