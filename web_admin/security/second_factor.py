"""The second factor: codes of an authenticator app (TOTP, RFC 6238), each good once.

password right, factor on ─► Waiting.begin → ticket ─► code right ─► session
                                                    └► five wrong codes, or 5 minutes: begin anew
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec
import pyotp

_STEP_S = 30
_DRIFT = 1
"""Steps a clock may be off: a phone and a box without a battery clock."""

_WAIT_S = 300.0
_TRIES = 5
_MOST = 100
_ISSUER = "zongji"


def new_secret() -> str:
    """Return a secret for an authenticator app: 160 bits, base32."""
    return pyotp.random_base32()


def address(secret: str, user: str, office: str) -> str:
    """Return what the app's QR code says (the otpauth scheme)."""
    return pyotp.TOTP(secret).provisioning_uri(name=f"{user}@{office}", issuer_name=_ISSUER)


def step_of(secret: str, code: str, after: int, now: float) -> int | None:
    """Return the time step a code belongs to; None for a wrong one, or one no younger than step `after`.

    Args:
        now: Unix seconds.
    """
    totp = pyotp.TOTP(secret)
    current = int(now) // _STEP_S
    for step in range(current - _DRIFT, current + _DRIFT + 1):
        wanted = totp.at(step * _STEP_S).encode()
        if step > after and secrets.compare_digest(wanted, code.replace(" ", "").encode()):
            return step
    return None


class _Wait(msgspec.Struct):
    user: str
    address: str
    expires: float
    left: int


class Waiting:
    """Sign-ins whose password was right and whose code is awaited. Times are monotonic seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._waits: OrderedDict[str, _Wait] = OrderedDict()

    def begin(self, user: str, address: str) -> str:
        """Return a ticket for the code that follows."""
        ticket = secrets.token_urlsafe(24)
        self._waits[ticket] = _Wait(user, address, self._now() + _WAIT_S, _TRIES)
        while len(self._waits) > _MOST:
            self._waits.popitem(last=False)
        return ticket

    def user_of(self, ticket: str, address: str) -> str | None:
        """Return who waits with a ticket, counting the try; None when it is over or somebody else's."""
        wait = self._waits.get(ticket)
        if wait is None or wait.address != address:
            return None
        wait.left -= 1
        if wait.left < 0 or wait.expires < self._now():
            del self._waits[ticket]
            return None
        return wait.user

    def end(self, ticket: str) -> None:
        """Forget a ticket that has served."""
        self._waits.pop(ticket, None)
