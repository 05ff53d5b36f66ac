"""A call on hold with the network beside the line's own (27.007, 7.13 +CHLD; 22.030, 6.5.5).

Theory of operation
-------------------
    own + waiting ──CHLD=2──► own on hold, the one who waited is the line's own call
    own + on hold ──CHLD=2──► the two change places
                  ──CHLD=3──► joined: both hear each other, the line's audio is both's
    joined        ──CHLD=2x─► own + on hold again, x being the own
                  ──CHLD=1x─► that one of them is over
    own is over   ──CHLD=2──► the one on hold is the line's own call (where joined: is so already)

A command's OK says that the modem took it; what became of the calls, their list tells (CLCC). Which of the
two has ended is never taken from a line that doesn't say which. The one on hold hears what its network plays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from hal.at.calls import CallStat, ListedCall
from hal.at.channel import Command
from hal.line import CallsJoined, CallsSplit, EndReason, HeldEnded, LineEvent
from hal.modems.call import POLLS_TO_BELIEVE_GONE, LineCall

_TIMEOUT = 10.0
"""Seconds for CHLD's OK: the network takes part in it."""
STRAY_WAIT = 3.0
"""Seconds after one of two calls has ended in which further lines may tell that same end."""
CHECK_ROUNDS = 6
"""How often the list is asked what became of a command that moves calls."""
CHECK_PAUSE = 0.5
"""Seconds between. A network takes up to two for it."""
SWAP = Command("+CHLD=2", timeout=_TIMEOUT)
JOIN = Command("+CHLD=3", timeout=_TIMEOUT)


def ending(index: int) -> Command:
    """Return the command that ends one of two calls."""
    return Command(f"+CHLD=1{index}", timeout=_TIMEOUT)


def alone(index: int) -> Command:
    """Return the command that leaves one of two joined calls with the audio, and holds the other."""
    return Command(f"+CHLD=2{index}", timeout=_TIMEOUT)


@dataclasses.dataclass
class Held:
    """The call on hold, or joined."""

    call: LineCall
    index: int
    """In the modem's list of calls."""
    polls_missing: int = 0


class Holding:
    """The line's second call that stands, if any.

    Args:
        emit: Takes the line's events.
        now: Returns the present moment, in seconds.
    """

    def __init__(self, emit: Callable[[LineEvent], None], now: Callable[[], float]) -> None:
        self._emit = emit
        self._now = now
        self._alone_since = -STRAY_WAIT
        self.held: Held | None = None
        self.joined = False

    @property
    def may_be_meant(self) -> bool:
        """Whether a line that tells an end without saying whose may mean this call's, now or just before."""
        return self.held is not None or self._now() - self._alone_since < STRAY_WAIT

    @property
    def in_words(self) -> str:
        if self.held is None:
            return ""
        return ", joined with another" if self.joined else ", another is on hold"

    def be_joined(self, joined: bool) -> None:
        """The list shows both as active, or one as held again."""
        if self.held is not None and self.joined is not joined:
            self.joined = joined
            self._emit(CallsJoined() if joined else CallsSplit())

    def concerns(self, entry: ListedCall) -> bool:
        """Take a listed call; return whether it is this one."""
        if self.held is None or entry.index != self.held.index:
            return False
        self.held.polls_missing = 0
        if entry.stat is CallStat.RELEASED:
            self._ended("released")
        return True

    def listed(self, *, found: bool) -> None:
        """A list of calls came, with this one or without."""
        if self.held is None or found:
            return
        self.held.polls_missing += 1
        if self.held.polls_missing >= POLLS_TO_BELIEVE_GONE:
            self._ended("the modem lists it no more")

    def over(self, reason: EndReason, detail: str) -> None:
        """It is gone with the device."""
        if self.take() is not None:
            self._emit(HeldEnded(reason, detail))

    def take(self) -> Held | None:
        """Return it, to be the line's own call from now on."""
        held, self.held, self.joined = self.held, None, False
        if held is not None:
            self._alone_since = self._now()
        return held

    def _ended(self, said: str) -> None:
        held = self.take()
        if held is not None:
            held.call.ends(said)
            self._emit(HeldEnded(*held.call.reason_of_end()))
