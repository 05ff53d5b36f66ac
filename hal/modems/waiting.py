"""A second caller while a call stands (27.007, 7.11 +CCWA, 7.13 +CHLD; telephony-reference A3).

Theory of operation
-------------------
    (none) ──+CCWA or a listed WAITING──► WAITS ──the standing call is over──► the line's own call, ringing
                                            ├── AT+CHLD=2 ──► the line's own call, the other on hold
                                            ├── gives up: released, or two lists without it ──► (none)
                                            └── AT+CHLD=0: is told busy ──► gone with the next lists

A line has one voice path, so a second caller is never answered beside the first: the network keeps such a
caller ringing, and the line takes the call as soon as it is free, or when the first is put on hold with the
network (holding.py). A third caller, beside one that is held, is told busy. A model whose CHLD isn't to be
relied on to keep two calls apart (`CallCommands.waiting` "busy") has the network tell that caller busy at
once.

Lines that tell an end without saying whose (`NO CARRIER`) can't be believed while somebody waits: `LineCalls`
asks for the list of calls instead.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from hal.at.calls import CallStat, ListedCall
from hal.at.channel import Command
from hal.at.procedures import Procedure, ask
from hal.line import CallerWaits, EndReason, LineEvent, WaitingOver
from hal.modems.call import POLLS_TO_BELIEVE_GONE

REFUSE_TIMEOUT = 10.0
"""Seconds for CHLD's OK: the network takes part in it."""


@dataclasses.dataclass
class Waiter:
    """Who waits."""

    number: str | None
    withheld: bool
    index: int | None = None
    """In the modem's list of calls, once that was seen."""
    polls_missing: int = 0
    told_busy: bool = False


class Waiting:
    """The second caller of a line, if any.

    Args:
        emit: Takes the line's events.
        start: Begins a procedure.
        refuses: Whether one who comes now is told busy at once.
    """

    def __init__(
        self,
        emit: Callable[[LineEvent], None],
        start: Callable[[Procedure], object],
        refuses: Callable[[], bool],
    ) -> None:
        self._emit = emit
        self._start = start
        self._refuses = refuses
        self.waiter: Waiter | None = None

    def announced(self, number: str | None, *, withheld: bool) -> None:
        """The modem tells that somebody waits; it may repeat it."""
        if self.waiter is not None:
            return
        self.waiter = Waiter(number, withheld)
        self._emit(CallerWaits(number, withheld))
        if self._refuses():
            self.refuse()

    def concerns(self, entry: ListedCall, own: int | None, *, asked: bool) -> bool:
        """Take a listed call; return whether it is the second caller's.

        Args:
            entry: Any entry.
            own: Index of the line's own call, as far as known.
            asked: It is of an answer to our query; a notification without a number comes just before +CCWA,
                which tells whether the number is withheld.
        """
        if not entry.incoming or entry.index == own:
            return False
        if entry.stat is CallStat.WAITING:
            if entry.number is not None or asked:
                self.announced(entry.number, withheld=False)
            if self.waiter is not None:
                self.waiter.index = entry.index
                self.waiter.polls_missing = 0
            return True
        if self.waiter is None:
            return False
        if self.waiter.index is None and entry.stat is CallStat.INCOMING:
            # Only one who waited can ring while the line has a call: that call is over, if not yet told.
            self.waiter.index = entry.index
        if self.waiter.index != entry.index:
            return False
        if entry.stat is CallStat.RELEASED:
            self.over()
        else:
            self.waiter.polls_missing = 0
        return True

    def listed(self, *, found: bool) -> None:
        """A list of calls came, with the second caller's or without."""
        if self.waiter is None or found:
            return
        self.waiter.polls_missing += 1
        if self.waiter.polls_missing >= POLLS_TO_BELIEVE_GONE:
            self.over()

    def refuse(self) -> None:
        """Have the network tell the second caller busy; does nothing without one."""
        if self.waiter is not None and not self.waiter.told_busy:
            self.waiter.told_busy = True
            self._start(self._tell_busy())

    def over(self, reason: EndReason = EndReason.REMOTE_HANG_UP, detail: str = "gave up") -> None:
        """Nobody waits any more."""
        if self.waiter is not None:
            if self.waiter.told_busy and reason is EndReason.REMOTE_HANG_UP:
                reason, detail = EndReason.LOCAL, "told busy"
            self.waiter = None
            self._emit(WaitingOver(reason, detail))

    def take(self) -> Waiter | None:
        """Return who waited and is the line's own call from now on; None when nobody is to be served."""
        if self.waiter is None or self.waiter.told_busy:
            self.over()
            return None
        waiter, self.waiter = self.waiter, None
        return waiter

    def _tell_busy(self) -> Procedure:
        outcome = yield from ask(Command("+CHLD=0", timeout=REFUSE_TIMEOUT))
        if not outcome.ok and self.waiter is not None:
            # Refused: the caller goes on waiting, and gets what waiting callers get.
            self.waiter.told_busy = False
