"""The non-INVITE client transaction (RFC 3261 §17.1.2).

Theory of operation
-------------------
    TRYING ──1xx──► PROCEEDING ──final──► COMPLETED ──timer K──► TERMINATED
       └────────────final───────────────────▲

Timer E retransmits on UDP: T1 doubling up to T2 while TRYING, every T2 while PROCEEDING. Timer F gives up
after 64 T1. Timer K (T4 on UDP) absorbs repeated final responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from extensions.sip.message import Response
from extensions.sip.transaction.base import GIVE_UP_S, T1, T2, T4, ClientTransaction, Failure, State


class NonInviteClient(ClientTransaction):
    TRANSITIONS: ClassVar[Mapping[State, frozenset[State]]] = {
        State.TRYING: frozenset({State.PROCEEDING, State.COMPLETED}),
        State.PROCEEDING: frozenset({State.PROCEEDING, State.COMPLETED}),
        State.COMPLETED: frozenset(),
        State.TERMINATED: frozenset(),
    }

    def start(self, now: float) -> None:
        self._interval = T1
        self._wire.send(self.data, self.flow)
        if not self.flow.reliable:
            self._arm("E", self._interval, now)
        self._arm("F", GIVE_UP_S, now)

    def receive(self, response: Response, now: float) -> None:
        if self.state not in (State.TRYING, State.PROCEEDING):
            return
        if response.status < 200:
            self._became(State.PROCEEDING)
        else:
            self._became(State.COMPLETED)
            self._disarm("E", "F")
            self._linger("K", T4, now)
        self.user.on_response(self, response, now)

    def on_timer(self, name: str, now: float) -> None:
        if name == "E":
            self._interval = T2 if self.state is State.PROCEEDING else min(self._interval * 2, T2)
            self._wire.send(self.data, self.flow)
            self._arm("E", self._interval, now)
        elif name == "F":
            self.fail(Failure.TIMEOUT, now)
        else:
            self.terminate()
