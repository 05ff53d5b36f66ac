"""Slows down those who guess passwords: after some failures, an address waits, each time twice as long.

So does a user's name, later and whatever the address: many addresses that guess at one person are one.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

_FREE = 5
"""Failures that cost nothing: people mistype."""

_FIRST_WAIT_S = 15.0
_LONGEST_WAIT_S = 900.0

_FORGET_S = 3600.0
"""Failures older than this are forgotten."""

_MAX_ADDRESSES = 1000
"""Addresses remembered; the one that failed longest ago is forgotten first."""

_EVERYBODY = "*"
_USER = "user:"
_FREE_FOR_A_USER = 20
"""More than for an address: nobody shall lock a colleague out by mistyping on purpose for a minute."""

_FREE_FOR_EVERYBODY = 50
"""Failures of all addresses together within `_FORGET_S` before everybody waits: many guessers are one."""


class _Failures(msgspec.Struct):
    count: int = 0
    last: float = 0.0


class Brake:
    """Failures by address. Times are seconds on the monotonic clock."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait_s(self, address: str, user: str = "") -> int:
        """Return how many seconds this address has to wait with this user; 0 when it may try."""
        of_user = self._wait(_USER + user.lower(), _FREE_FOR_A_USER) if user else 0
        return max(self._wait(address, _FREE), self._wait(_EVERYBODY, _FREE_FOR_EVERYBODY), of_user)

    def failed(self, address: str, user: str = "") -> None:
        """Note a wrong password."""
        for key in (address, _EVERYBODY, _USER + user.lower() if user else ""):
            if not key:
                continue
            known = self._failures.pop(key, None) or _Failures()
            if self._now() - known.last > _FORGET_S:
                known.count = 0
            known.count += 1
            known.last = self._now()
            self._failures[key] = known
        while len(self._failures) > _MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def succeeded(self, address: str, user: str = "") -> None:
        """Forget the failures of an address and a user: it has shown that it knows."""
        self._failures.pop(address, None)
        self._failures.pop(_USER + user.lower(), None)

    def _wait(self, key: str, free: int) -> int:
        known = self._failures.get(key)
        if known is None or known.count < free:
            return 0
        doublings = min(known.count - free, 10)
        left = known.last + min(_FIRST_WAIT_S * 2**doublings, _LONGEST_WAIT_S) - self._now()
        return max(0, int(left + 0.999))
