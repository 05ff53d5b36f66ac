"""What the four transaction machines share: states, the standard's timer values, and their wire.

States and timers bear the names of RFC 3261 §17 (timers A to K) and RFC 6026 (Accepted, timers L and M).
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from extensions.sip.flow import UDP, Flow
from extensions.sip.message import Request, Response
from extensions.sip.timers import Timer, Timers

# RFC 3261 §17.1.1.1, in seconds: estimated round trip, the longest pause between retransmissions, and how
# long a message may live in the network.
T1 = 0.5
T2 = 4.0
T4 = 5.0
# How long a transaction tries: timers B, F, H, J, L, M.
GIVE_UP_S = 64 * T1
# Timer D: how long an INVITE client waits for repeated final responses; at least 32 s on UDP (§17.1.1.2).
TIMER_D_S = 32.0
# Bytes of a request that UDP surely carries whole where the path's MTU isn't known (§18.1.1).
LARGEST_DATAGRAM = 1300


class State(enum.StrEnum):
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class IllegalTransition(Exception):
    """A machine was driven where its table has no arrow: a defect of ours, never the peer's doing."""


class Wire(Protocol):
    """Where a machine's packets go."""

    def send(self, data: bytes, flow: Flow) -> None: ...
    def stream_to(self, flow: Flow, now: float) -> Flow | None:
        """Return the TCP flow for a request too large for a UDP one; None where there can be none."""


class Failure(enum.Enum):
    """Why a client transaction ended without a final response."""

    TIMEOUT = "timeout"
    FLOW_CLOSED = "flow closed"


class ClientUser(Protocol):
    """Who sent a request and wants to know what came of it."""

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None: ...
    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None: ...


class Transaction(abc.ABC):
    """One machine. `TRANSITIONS` is its table; `key` is how the layer finds it."""

    TRANSITIONS: ClassVar[Mapping[State, frozenset[State]]]

    def __init__(
        self,
        key: tuple[str, ...],
        request: Request,
        flow: Flow,
        wire: Wire,
        timers: Timers,
        forget: Callable[[Transaction], None],
    ) -> None:
        self.key = key
        self.request = request
        self.flow = flow
        self.armed: dict[str, Timer] = {}
        self.state = State.TRYING
        self._wire = wire
        self._timers = timers
        self._forget = forget

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.request.method} {self.state}>"

    @abc.abstractmethod
    def on_timer(self, name: str, now: float) -> None:
        """One of its timers has fired."""

    def terminate(self) -> None:
        """End at once, whatever the state; nothing more is sent."""
        if self.state is not State.TERMINATED:
            self.state = State.TERMINATED
            self._timers.disarm_all(self)
            self._forget(self)

    def _became(self, state: State) -> None:
        if state not in self.TRANSITIONS[self.state]:
            raise IllegalTransition(f"{self!r} can't become {state}")
        self.state = state

    def _arm(self, name: str, delay: float, now: float) -> None:
        self._timers.arm(self, name, now + delay)

    def _disarm(self, *names: str) -> None:
        for name in names:
            self._timers.disarm(self, name)

    def _linger(self, name: str, delay: float, now: float) -> None:
        """Wait for stragglers before terminating; a reliable transport has none."""
        if self.flow.reliable:
            self.terminate()
        else:
            self._timers.arm(self, name, now + delay, lax=True)


class ClientTransaction(Transaction):
    """A request of ours."""

    user: ClientUser
    data: bytes = b""
    """The request as it is on the wire."""
    _fallback: Flow | None = None
    """Where to turn when the stream that its size asks for can't be had."""

    @abc.abstractmethod
    def start(self, now: float) -> None:
        """Send the request for the first time; `data` was set."""

    @abc.abstractmethod
    def receive(self, response: Response, now: float) -> None:
        """Take a response of the same branch."""

    def prepare(self, now: float) -> None:
        """Encode the request; one that might not pass UDP whole goes over TCP (§18.1.1)."""
        self.data = self.request.encode()
        if self.flow.transport == UDP and len(self.data) > LARGEST_DATAGRAM:
            stream = self._wire.stream_to(self.flow, now)
            if stream is not None:
                self._fallback = self.flow
                self._move_to(stream)

    def fall_back(self, now: float) -> bool:
        """Send the request over UDP after all, no stream having been found; False when it was no such one."""
        if self._fallback is None or self.state not in (State.CALLING, State.TRYING):
            return False
        flow, self._fallback = self._fallback, None
        self._move_to(flow)
        self.start(now)
        return True

    def _move_to(self, flow: Flow) -> None:
        self.flow = flow
        self.request.replace_via(self.request.via.over(flow.transport.upper()))
        self.data = self.request.encode()

    def fail(self, failure: Failure, now: float) -> None:
        """End without a final response and tell the user."""
        if self.state is not State.TERMINATED:
            waiting = self.state in (State.CALLING, State.TRYING, State.PROCEEDING)
            self.terminate()
            if waiting:
                self.user.on_failure(self, failure, now)


class ServerTransaction(Transaction):
    """A request of the peer's."""

    last: bytes | None = None
    """The latest response on the wire; None while there is none."""
    acknowledged = False
    """The user has got the ACK of its 2xx: nothing can come any more but late copies."""

    @abc.abstractmethod
    def respond(self, response: Response, now: float) -> None:
        """Send a response."""

    def respond_statelessly(self, response: Response) -> None:
        """Send a final response and keep nothing: a copy of the request is answered as a new one, and the ACK
        of an INVITE's is nobody's (§8.2.7)."""
        self._wire.send(response.encode(), self.flow)
        self.terminate()

    @abc.abstractmethod
    def receive_again(self, now: float) -> None:
        """The request was retransmitted."""

    @property
    def answerable(self) -> bool:
        """Whether a final response can still be given."""
        return self.state in (State.TRYING, State.PROCEEDING)

    @property
    def expendable(self) -> bool:
        """Whether it only waits for copies of what it has dealt with."""
        return not self.answerable and (self.state is not State.ACCEPTED or self.acknowledged)
