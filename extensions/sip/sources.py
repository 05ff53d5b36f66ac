"""How much one host may ask of us: a budget of messages, checked before a byte is parsed.

Theory of operation
-------------------
Each host has a bucket of tokens, filled at a rate; a message takes one, and a host without tokens isn't
heard. A stranger's bucket is small: enough to authenticate. A host from which somebody has authenticated
lately is *known* and has a large one, so that a proxy or a load generator with many phones works, and a
broken phone or an attacker on the LAN still can't keep the switch from everybody else.
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


# A phone authenticates in a handful of messages, an office behind one address in some dozens. A stranger's
# 100 messages a second cost some 3 % of one core.
STRANGER = Budget(per_s=100, burst=400, transactions=500, dialogs=20)
# 300 calls a second through one proxy are some 4,000 messages a second.
KNOWN = Budget(per_s=6000, burst=12_000, transactions=5000, dialogs=1000)


class _Source:
    __slots__ = ("filled_at", "known_until", "tokens")

    def __init__(self, now: float) -> None:
        self.tokens = STRANGER.burst
        self.filled_at = now
        self.known_until = now


class Sources:
    """The budgets of all hosts heard lately."""

    def __init__(self, stranger: Budget = STRANGER, known: Budget = KNOWN) -> None:
        self._stranger = stranger
        self._known = known
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    def takes(self, host: str, now: float) -> bool:
        """Tell whether to hear a message from `host`, which takes a token."""
        source = self._sources.get(host)
        if source is None:
            source = self._sources[host] = _Source(now)
            source.tokens = self._stranger.burst
            if len(self._sources) > _REMEMBERED:
                self._sources.popitem(last=False)
        budget = self._known if source.known_until > now else self._stranger
        elapsed = now - source.filled_at
        if elapsed > 0:
            source.filled_at = now
            source.tokens = min(budget.burst, source.tokens + elapsed * budget.per_s)
        if source.tokens < 1:
            return False
        source.tokens -= 1
        return True

    def vouch(self, host: str, now: float) -> None:
        """Somebody at `host` has authenticated."""
        source = self._sources.get(host)
        if source is None:
            return
        if source.known_until <= now:
            source.tokens = self._known.burst
        source.known_until = now + KNOWN_FOR_S
        self._sources.move_to_end(host)

    def transactions_of(self, host: str, now: float) -> int:
        """Return how many live transactions `host` may hold."""
        return self._budget_of(host, now).transactions

    def dialogs_of(self, host: str, now: float) -> int:
        """Return how many calls and subscriptions `host` may have begun."""
        return self._budget_of(host, now).dialogs

    def _budget_of(self, host: str, now: float) -> Budget:
        source = self._sources.get(host)
        return self._known if source is not None and source.known_until > now else self._stranger
