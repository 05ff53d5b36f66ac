"""Keeps us registered at one of the provider's servers, and moves on when it fails. Sans-IO.

Theory of operation
-------------------
    start ─► reach server 1 ─► REGISTER ──2xx──► UP ── OPTIONS every `CHECK_S` ──2xx/any answer──► UP
                 │ no way      │ refused, no answer  └── no answer, 408, 5xx: DOWN, next server
                 ▼             ▼
             server 2, … after the last: wait `RETRY_S`, begin again with the first

To reach a server is the owner's: its name is looked up and its connection opened anew each time, since after
a power cut we are awake before the way to the Internet is, and a provider changes its addresses. A connection
that breaks while UP is opened again at once, but not twice within `CHECK_S`. While UP elsewhere, the
preferred server is tried again after `RETURN_S`. A refusal of the credentials (403, or 401 again) is no
reason to try another server: it is told and retried slowly.
"""

from __future__ import annotations

from collections.abc import Callable

from extensions.provider.account import ProviderAccount
from extensions.sip.agent import Agent
from extensions.sip.client_auth import ClientAuth
from extensions.sip.compose import bracketed, new_call_id, new_request, new_tag
from extensions.sip.events import RegistrationChanged
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.message import Response
from extensions.sip.registration import Registration
from extensions.sip.timers import Timer
from extensions.sip.transaction.base import ClientTransaction, Failure

# Seconds. Half a minute of silence is noticed before the next caller is; a NAT forgets UDP after 30-180 s.
CHECK_S = 25.0
RETRY_S = 60.0
RETURN_S = 900.0


class Link:
    """The state of one account.

    Args:
        agent: The provider line's own.
        account: Whose.
        reach: Asked to find a way to the server of an index; `reached` tells what came of it.
        changed: Told whenever `up` or `detail` changes.
    """

    def __init__(
        self,
        agent: Agent,
        account: ProviderAccount,
        reach: Callable[[int], None],
        changed: Callable[[], None],
    ) -> None:
        self.armed: dict[str, Timer] = {}
        self.up = False
        self.detail = "not started"
        """Why it is down, or the server it is up at."""
        self.current = 0
        """Index of the server in use."""
        self.flow: Flow | None = None
        self._agent = agent
        self._account = account
        self._reach = reach
        self._changed = changed
        self._sought: int | None = None
        """Index of the server to which a way is being looked for."""
        self._reopen_from = float("-inf")
        """When a broken connection may be opened again at once."""
        self._auth = ClientAuth(account.username, account.secret)
        self._registration: Registration | None = None
        self._stopping = False

    @property
    def domain(self) -> str:
        return self._account.domain or bracketed(self._account.servers[self.current].host)

    @property
    def auth(self) -> ClientAuth:
        """Credentials for calls; a nonce of their own."""
        return ClientAuth(self._account.username, self._account.secret)

    def start(self, now: float) -> None:
        """Begin with the first server that can be reached."""
        self._try(0, now)

    def reached(self, index: int, flow: Flow | None, now: float) -> None:
        """A way to a server was found, or None."""
        if self._stopping or index != self._sought:
            return
        self._sought = None
        if flow is not None:
            self._use(index, flow, now)
        elif self.up:
            # The preferred server isn't there yet.
            self._agent.timers.arm(self, "return", now + RETURN_S)
        else:
            self._set(up=False, detail=f"{self._account.servers[index].host} can't be reached")
            self._try(index + 1, now)

    def lost(self, flow: Flow, now: float) -> None:
        """A connection is gone."""
        if flow != self.flow or self._stopping:
            return
        again = self.up and now >= self._reopen_from
        self._leave()
        self._set(up=False, detail="connection lost")
        if again:
            self._reopen_from = now + CHECK_S
            self._try(self.current, now)
        else:
            self._next(now)

    def stop(self, now: float) -> None:
        """Unregister."""
        self._stopping = True
        self._agent.timers.disarm_all(self)
        if self._registration is not None and self._registration.registered:
            self._registration.stop(now)
        self._set(up=False, detail="stopped")

    def on_registration(self, event: RegistrationChanged, now: float) -> None:
        """Take in what became of our registration."""
        if event.registration is not self._registration or self._stopping:
            return
        if event.registered:
            self._is_up(now)
            return
        self._set(up=False, detail=event.detail)
        if event.detail[:3] in ("401", "403", "407"):
            # The registration itself tries again; another server knows the same secret.
            return
        self._next(now)

    def on_timer(self, name: str, now: float) -> None:
        if name == "check":
            self._check(now)
        elif (name == "return" and self.current != 0) or name == "retry":
            self._try(0, now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if response.status < 200 or transaction.flow != self.flow:
            return
        if response.status in (408, 500, 502, 503, 504):
            self._failed(f"{response.status} {response.reason}", now)
        else:
            # Whatever else it says to OPTIONS, it is there.
            self._is_up(now)

    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None:
        # Of a connection that is gone `lost` tells.
        if transaction.flow == self.flow and failure is not Failure.FLOW_CLOSED:
            self._failed("no answer to OPTIONS", now)

    def _try(self, index: int, now: float) -> None:
        """Use the next reachable server from `index` on."""
        if index < len(self._account.servers):
            self._sought = index
            self._reach(index)
        else:
            self._leave()
            self._agent.timers.arm(self, "retry", now + RETRY_S)

    def _leave(self) -> None:
        """Let go of the server in use."""
        if self._registration is not None:
            self._registration.abandon()
            self._registration = None
        self._agent.timers.disarm_all(self)
        self.flow = None

    def _use(self, index: int, flow: Flow, now: float) -> None:
        self._leave()
        self.current, self.flow = index, flow
        if not self._account.registers:
            self._check(now)
            return
        aor = f"sip:{self._account.username}@{self.domain}"
        self._registration = self._agent.registration(
            flow, aor, self._auth, self._account.expires_s, self._account.username
        )
        self._registration.start(now)

    def _next(self, now: float) -> None:
        self._try(self.current + 1, now)

    def _is_up(self, now: float) -> None:
        server = self._account.servers[self.current]
        self._set(up=True, detail=f"{server.host}:{server.port}")
        self._agent.timers.arm(self, "check", now + CHECK_S)
        if self.current and "return" not in self.armed:
            self._agent.timers.arm(self, "return", now + RETURN_S)

    def _check(self, now: float) -> None:
        if self.flow is None:
            return
        user = NameAddr(f"sip:{self._account.username}@{self.domain}")
        request = new_request(
            "OPTIONS", f"sip:{self.domain}", self.flow, from_=user.tagged(new_tag()),
            to=NameAddr(f"sip:{self.domain}"), call_id=new_call_id(), cseq=1,
        )  # fmt: skip
        self._agent.transactions.request(request, self.flow, self, now)

    def _failed(self, detail: str, now: float) -> None:
        if not self._stopping:
            self._set(up=False, detail=detail)
            self._next(now)

    def _set(self, *, up: bool, detail: str) -> None:
        if (up, detail) != (self.up, self.detail):
            self.up, self.detail = up, detail
            self._changed()
