"""How much one host may ask of us: messages, requests, connections; checked before a byte is parsed.

Theory of operation
-------------------
Each host has four buckets of tokens, filled at a rate: one for all messages, one for requests, which cost us
several times as much as a response or an ACK, one for TCP connections, and one for TLS handshakes, which cost
ten times as much as a request; the last two come before anything that could be authenticated. A message takes
a token of each kind that applies, and a host without isn't heard. A stranger's buckets are small: enough to
authenticate. A host from which somebody has authenticated lately is *known* and has large ones: a proxy or a
load generator with many phones works, and a broken phone or an attacker on the LAN still can't keep the
switch from everybody else.
What fits into a full bucket is what everybody else may have to wait for: some hundredths of a second's work.
What isn't heard is owed: who keeps flooding isn't heard at all until it pauses.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

# How long a host stays known after an authenticated request, in seconds: longer than any registration.
KNOWN_FOR_S = 7200.0
# Hosts remembered; the longest unheard are forgotten first, so that forged addresses cost no memory.
_REMEMBERED = 4096


class Budget(msgspec.Struct, frozen=True):
    """What a host may ask."""

    per_s: float
    """Messages a second, sustained."""
    burst: float
    """Messages at once."""
    transactions: int
    """Most live transactions, finished ones that can't be forgotten yet included."""
    dialogs: int = 1000
    """Most calls and subscriptions that it has begun and that still last."""
    requests_per_s: float = 1e9
    """Requests but ACKs a second, sustained. A call takes three of the caller: it is challenged first."""
    requests_at_once: float = 1e9
    handshakes_per_s: float = 1e9
    """TLS handshakes a second, sustained."""
    handshakes_at_once: float = 1e9
    connects_per_s: float = 1e9
    """TCP connections a second, sustained."""
    connects_at_once: float = 1e9


# A phone authenticates in a handful of messages, an office behind one address in some dozens. A stranger's
# 100 messages a second cost some 2 % of one core, its two handshakes a second some 1 %. A phone whose
# connection breaks again and again tries every second at most: ten a second, and all phones of an office at
# once, are plenty.
STRANGER = Budget(
    per_s=100, burst=400, transactions=500, dialogs=20, requests_per_s=100, requests_at_once=200,
    handshakes_per_s=2, handshakes_at_once=20, connects_per_s=10, connects_at_once=100,
)  # fmt: skip
# 500 calls a second through one proxy. A host that spends it all costs a third of one core. Fifty phones
# behind one address connect anew at once after a power cut; the first that registers makes them known.
KNOWN = Budget(
    per_s=6000, burst=2000, transactions=5000, requests_per_s=2000, requests_at_once=200,
    handshakes_per_s=20, handshakes_at_once=100, connects_per_s=100, connects_at_once=200,
)  # fmt: skip


class _Bucket:
    """Tokens of one kind that one host has."""

    __slots__ = ("filled_at", "tokens")

    def __init__(self, tokens: float, now: float) -> None:
        self.tokens = tokens
        self.filled_at = now

    def takes(self, per_s: float, most: float, now: float) -> bool:
        """Take a token; one that isn't there yet is owed, up to a bucketful."""
        elapsed = now - self.filled_at
        if elapsed > 0:
            self.filled_at = now
            self.tokens = min(most, self.tokens + elapsed * per_s)
        heard = self.tokens >= 1
        self.tokens = max(-most, self.tokens - 1)
        return heard


class _Source:
    __slots__ = ("connects", "handshakes", "known_until", "messages", "requests")

    def __init__(self, budget: Budget, now: float) -> None:
        self.connects = _Bucket(budget.connects_at_once, now)
        self.handshakes = _Bucket(budget.handshakes_at_once, now)
        self.messages = _Bucket(budget.burst, now)
        self.requests = _Bucket(budget.requests_at_once, now)
        self.known_until = now


class Sources:
    """The budgets of all hosts heard lately."""

    def __init__(self, stranger: Budget = STRANGER, known: Budget = KNOWN) -> None:
        self._stranger = stranger
        self._known = known
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    def takes(self, host: str, now: float, *, request: bool) -> bool:
        """Tell whether to hear a message from `host`, which takes its tokens; an ACK is no `request`."""
        source = self._sources.get(host) or self._meet(host, now)
        budget = self._known if source.known_until > now else self._stranger
        if request and not source.requests.takes(budget.requests_per_s, budget.requests_at_once, now):
            return False
        return source.messages.takes(budget.per_s, budget.burst, now)

    def shakes_hands(self, host: str, now: float) -> bool:
        """Tell whether to begin the TLS handshake that `host` asks for, which takes a token of it."""
        source = self._sources.get(host) or self._meet(host, now)
        budget = self._known if source.known_until > now else self._stranger
        return source.handshakes.takes(budget.handshakes_per_s, budget.handshakes_at_once, now)

    def connects(self, host: str, now: float) -> bool:
        """Tell whether to take the TCP connection that `host` opens, which takes a token of it."""
        source = self._sources.get(host) or self._meet(host, now)
        budget = self._known if source.known_until > now else self._stranger
        return source.connects.takes(budget.connects_per_s, budget.connects_at_once, now)

    def vouch(self, host: str, now: float) -> None:
        """Somebody at `host` has authenticated."""
        source = self._sources.get(host)
        if source is None:
            return
        if source.known_until <= now:
            source.messages.tokens = self._known.burst
            source.requests.tokens = self._known.requests_at_once
            source.handshakes.tokens = self._known.handshakes_at_once
            source.connects.tokens = self._known.connects_at_once
        source.known_until = now + KNOWN_FOR_S
        self._sources.move_to_end(host)

    def transactions_of(self, host: str, now: float) -> int:
        """Return how many live transactions `host` may hold."""
        return self._budget_of(host, now).transactions

    def dialogs_of(self, host: str, now: float) -> int:
        """Return how many calls and subscriptions `host` may have begun."""
        return self._budget_of(host, now).dialogs

    def _meet(self, host: str, now: float) -> _Source:
        """Take a host into the books that wasn't heard lately."""
        source = self._sources[host] = _Source(self._stranger, now)
        if len(self._sources) > _REMEMBERED:
            self._sources.popitem(last=False)
        return source

    def _budget_of(self, host: str, now: float) -> Budget:
        source = self._sources.get(host)
        return self._known if source is not None and source.known_until > now else self._stranger
