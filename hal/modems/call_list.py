"""The modem's list of calls (27.007, 7.18 +CLCC): who of it is whose, asked for again and again.

A notification may get lost, and some lines that tell an end don't say whose; the list settles both. A poll
may just miss a call that begins, so what is gone is believed after two (`call.POLLS_TO_BELIEVE_GONE`).
"""

from __future__ import annotations

from typing import Protocol

from hal.at.calls import CallStat, ListedCall
from hal.at.channel import Command, Outcome
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.modems.call import POLLS_TO_BELIEVE_GONE, LineCall, Phase
from hal.modems.call_host import Host
from hal.modems.holding import Holding
from hal.modems.waiting import Waiting

POLL = 2.0
"""Seconds between CLCC queries in a call (ModemManager's figure)."""
HURRIED_POLL = 0.5
"""Seconds between CLCC queries once the last one found no call, or while we wait to be connected (oFono's
figure).
"""
LIST = Command("+CLCC", prefix="+CLCC:")


class OwnCall(Protocol):
    """What the list may mean for the line's own call (`LineCalls`)."""

    call: LineCall | None
    index: int | None

    def rings(self) -> None: ...

    def connected(self) -> None: ...

    def ends(self, said: str) -> None: ...

    def gone(self) -> None:
        """The list has it no more."""


class CallList:
    """The calls of one line as its modem lists them."""

    def __init__(self, own: OwnCall, waiting: Waiting, holding: Holding, host: Host) -> None:
        self._own = own
        self._waiting = waiting
        self._holding = holding
        self._host = host
        self._stats: dict[int, CallStat] = {}

    def stat(self, index: int | None) -> CallStat | None:
        """Return how the last list showed a call; None where its index isn't known."""
        return self._stats.get(index) if index is not None else None

    def told(self, entry: ListedCall) -> None:
        """A CLCC notification."""
        if not entry.voice:
            return
        own = self._own
        if own.call is not None and self._waiting.concerns(entry, own.index, asked=False):
            self._host.call_changed()
            return
        if self._holding.concerns(entry):
            self._host.call_changed()
            return
        if own.call is None and entry.incoming and entry.stat is CallStat.INCOMING:
            own.rings()
        if self._is_own(entry):
            self._tell(entry)

    def watch(self) -> Procedure:
        """Ask for the call again and again, in case a notification gets lost."""
        found = True
        while True:
            call = self._own.call
            impatient = call is not None and call.phase is Phase.ANSWERING
            yield from pause(POLL if found and not impatient else HURRIED_POLL)
            found = yield from self.look()

    def look(self) -> Steps[bool]:
        """Ask which calls there are; return whether ours was among them (or there was no answer)."""
        outcome = yield from ask(LIST)
        call = self._own.call
        if call is None or not outcome.ok:
            return True
        entries = entries_of(outcome)
        others = [e for e in entries if e.voice and self._waiting.concerns(e, self._own.index, asked=True)]
        held = [e for e in entries if e.voice and self._holding.concerns(e)]
        ours = [e for e in entries if e not in others and e not in held]
        self._stats = {e.index: e.stat for e in entries if e.voice}
        # An entry noise made unreadable still is an entry.
        unreadable = len(outcome.lines) > len(entries)
        self._waiting.listed(found=bool(others) or unreadable)
        self._holding.listed(found=bool(held) or unreadable)
        self._host.call_changed()
        for entry in ours:
            if entry.voice and self._is_own(entry):
                if self._own.index is None and entry.stat is CallStat.ACTIVE:
                    self._own.index = entry.index
                self._tell(entry)
        if ours or unreadable:
            return True
        began = not call.over
        call.not_listed()
        if began and call.over:
            self._own.gone()
        return False

    def look_who_is_left(self) -> Procedure:
        """A call is over, and the line that told it may have meant either."""
        for _ in range(POLLS_TO_BELIEVE_GONE):
            yield from self.look()

    def has_dialled(self) -> Steps[bool]:
        """Ask whether a call out is listed."""
        outcome = yield from ask(LIST)
        for entry in entries_of(outcome):
            if entry.voice and not entry.incoming:
                self._tell(entry)
                return True
        return False

    def _is_own(self, entry: ListedCall) -> bool:
        """Whether a listed call that nobody else claims is the line's own."""
        if self._own.call is None or self._own.call.incoming != entry.incoming:
            return False
        return self._holding.held is None or self._own.index in (None, entry.index)

    def _tell(self, entry: ListedCall) -> None:
        """Give a listed call to the machine, and draw the consequences."""
        own = self._own
        if own.call is None:
            return
        if entry.stat is CallStat.RELEASED:
            own.ends("released")
            return
        if entry.stat is CallStat.ACTIVE:
            own.connected()
        own.call.listed(entry)
        self._host.call_changed()


def entries_of(outcome: Outcome) -> list[ListedCall]:
    """Return the calls of an answer that can be read."""
    return [entry for entry in map(ListedCall.parse, outcome.lines) if entry is not None]
