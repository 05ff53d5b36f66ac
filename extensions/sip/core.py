"""What calls and registrations use of the agent they belong to, and what an agent asks of its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from extensions.sip.events import Event
from extensions.sip.flow import Flow
from extensions.sip.message import Request, Response
from extensions.sip.timers import Timers
from extensions.sip.transaction.layer import TransactionLayer

if TYPE_CHECKING:
    from extensions.sip.call import Call
    from extensions.sip.subscription import Subscription


class Core(Protocol):
    """The agent, as seen from a call."""

    transactions: TransactionLayer
    timers: Timers

    def send(self, data: bytes, flow: Flow) -> None:
        """Send outside any transaction (ACK of a 2xx)."""

    def emit(self, event: Event) -> None: ...
    def contact(self, flow: Flow) -> str:
        """Return our Contact header's value on a flow."""

    def adopt(self, session: Call | Subscription) -> None:
        """Route requests within its dialog to it."""

    def forget(self, session: Call | Subscription) -> None: ...


class Policy(Protocol):
    """Decides who may do what; answered at once, without waiting for anything."""

    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        """Return who sent a request outside any dialog, or the response that refuses or challenges it.

        Called for REGISTER, INVITE, SUBSCRIBE and MESSAGE.
        """

    def watches(self, identity: str, event: str, user: str) -> int:
        """Return 200 when an admitted SUBSCRIBE is to be taken, else why not: 489, 404, 403."""

    def register(self, request: Request, identity: str, flow: Flow, now: float) -> Response:
        """Carry out a REGISTER that was admitted."""


# Methods we carry out (Allow, §20.5).
ALLOWED = (
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY", "SUBSCRIBE",
    "MESSAGE",
)  # fmt: skip
ALLOW = ", ".join(ALLOWED)
# Extensions we understand (Supported, §20.37); nothing else may be required of us.
EXTENSIONS = frozenset({"100rel", "timer", "replaces", "norefersub", "outbound"})
SUPPORTED = "100rel, timer, replaces, norefersub"
# Methods that exist but that we don't take: 405, while an unheard-of method gets 501.
KNOWN_METHODS = frozenset({*ALLOWED, "REGISTER", "PUBLISH"})
SDP_TYPE = "application/sdp"
DTMF_RELAY_TYPE = "application/dtmf-relay"
DTMF_TYPE = "application/dtmf"
