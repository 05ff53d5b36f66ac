"""Session timers (RFC 4028): a call whose refreshes stop coming is over, however quiet the wire.

Theory of operation
-------------------
Both ends agree on an interval and on who refreshes, in Session-Expires of the 2xx. We propose
`INTERVAL_S` and accept whatever isn't below `MIN_SE_S`. The timer "refresh" fires at half the interval
where we refresh; "expiry" fires shortly before its end where the peer does (§10: the lesser of 32 s and a
third of the interval early). A peer that doesn't know the extension has none: its call is probed instead.
"""

from __future__ import annotations

import contextlib

from extensions.sip.message import Message, Request, Response
from extensions.sip.timers import TimerOwner, Timers

# Seconds. Half an hour is what RFC 4028 §4 recommends; below 90 s refreshing is only load (§5).
INTERVAL_S = 1800
MIN_SE_S = 90
_MOST_S = 86_400
_EARLY_S = 32.0


class SessionTimer:
    """The session timer of one call, whose timers it arms."""

    MIN_SE = str(MIN_SE_S)

    def __init__(self, owner: TimerOwner, timers: Timers) -> None:
        self._owner = owner
        self._timers = timers
        self._interval_s = INTERVAL_S

    def propose(self, request: Request) -> None:
        """Put our wish into an INVITE or UPDATE of ours."""
        request.headers.set("session-expires", f"{self._interval_s};refresher={self._wanted(request)}")
        request.headers.set("min-se", self.MIN_SE)

    @staticmethod
    def _wanted(request: Request) -> str:
        # The peer is to refresh what we begin: it then proves that it lives. A refresh keeps the roles.
        return "uas" if request.method == "INVITE" else "uac"

    def lengthen(self, response: Response) -> bool:
        """Obey a 422; False when it asks nothing sensible."""
        least = _seconds(response.headers.get("min-se"))
        if response.status != 422 or least is None or least <= self._interval_s:
            return False
        self._interval_s = least
        return True

    @staticmethod
    def too_brief(request: Request) -> bool:
        """Tell whether the peer's wish must be answered with 422."""
        wish = _seconds(request.headers.get("session-expires"))
        return wish is not None and wish < MIN_SE_S and "timer" in request.headers.tokens("supported")

    def grant(self, request: Request, response: Response, now: float) -> None:
        """Put what holds from now on into our 2xx, and keep time (§9)."""
        wish = _seconds(request.headers.get("session-expires"))
        if wish is None or "timer" not in request.headers.tokens("supported"):
            return
        interval = max(MIN_SE_S, wish)
        refresher = "uas" if _refresher(request) == "uas" else "uac"
        response.headers.set("session-expires", f"{interval};refresher={refresher}")
        if refresher == "uac":
            response.headers.set("require", "timer")
        self._start(interval, ours=refresher == "uas", now=now)

    def granted(self, response: Response, now: float) -> None:
        """Keep time as the peer's 2xx says (§7.2)."""
        interval = _seconds(response.headers.get("session-expires"))
        if interval is None:
            self._timers.disarm(self._owner, "refresh")
            self._timers.disarm(self._owner, "expiry")
            return
        self._start(max(interval, MIN_SE_S), ours=_refresher(response) != "uas", now=now)

    def _start(self, interval: int, *, ours: bool, now: float) -> None:
        self._interval_s = interval
        self._timers.disarm(self._owner, "expiry" if ours else "refresh")
        if ours:
            self._timers.arm(self._owner, "refresh", now + interval / 2)
        else:
            self._timers.arm(self._owner, "expiry", now + interval - min(_EARLY_S, interval / 3))


def _seconds(value: str | None) -> int | None:
    text = (value or "").partition(";")[0].strip()
    with contextlib.suppress(ValueError):
        if text.isascii() and text.isdigit() and len(text) < 9:
            return min(int(text), _MOST_S)
    return None


def _refresher(message: Message) -> str:
    for part in (message.headers.get("session-expires") or "").lower().split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip() == "refresher":
            return value.strip()
    return ""
