"""The one call of a line, as the modem's words tell it.

Theory of operation
-------------------
    incoming   RINGING ──caller id──► OFFERED ──ATA──► ANSWERING ──► CONNECTED ──► ENDING
    outgoing   DIALLING ──► ALERTING ──► CONNECTED ──► ENDING

Every phase may go to ENDING. The same fact arrives by several ways (CLIP, CLCC as notification, CLCC as
answer to a poll, VOICE CALL, result words), in any order, repeated or not at all; the machine takes the first
and ignores what it knows already. A transition that `TRANSITIONS` doesn't have is such a repetition and
changes nothing.

A call's end is often told by two lines (`VOICE CALL: END`, then `NO CARRIER`). The first moves to ENDING, and
the driver lets a moment pass before `finish`, so that the second can't be taken for the end of the next call.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from hal.at.calls import CallStat, ListedCall
from hal.line import CallConnected, CallEnded, EndReason, IncomingCall, LineEvent, RemoteAlerting


class Phase(enum.Enum):
    RINGING = "ringing, caller not known yet"
    OFFERED = "ringing"
    ANSWERING = "being answered"
    DIALLING = "dialling"
    ALERTING = "the other side rings"
    CONNECTED = "connected"
    ENDING = "ending"


TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.RINGING: frozenset({Phase.OFFERED, Phase.ENDING}),
    Phase.OFFERED: frozenset({Phase.ANSWERING, Phase.CONNECTED, Phase.ENDING}),
    Phase.ANSWERING: frozenset({Phase.OFFERED, Phase.CONNECTED, Phase.ENDING}),
    Phase.DIALLING: frozenset({Phase.ALERTING, Phase.CONNECTED, Phase.ENDING}),
    Phase.ALERTING: frozenset({Phase.CONNECTED, Phase.ENDING}),
    Phase.CONNECTED: frozenset({Phase.ENDING}),
    Phase.ENDING: frozenset(),
}

_REASONS = {"BUSY": EndReason.BUSY, "NO ANSWER": EndReason.NO_ANSWER, "NO DIALTONE": EndReason.NO_DIAL_TONE}
_REASON_WITHOUT_WORD = {
    Phase.DIALLING: EndReason.REJECTED,
    Phase.ALERTING: EndReason.NO_ANSWER,
}
# A poll may just miss a call that begins, and a noisy line may eat one answer: two polls must agree.
POLLS_TO_BELIEVE_GONE = 2


class LineCall:
    """One call from its first ring or dialled digit to its end.

    Args:
        incoming: Who rang whom.
        emit: Takes the line's events.
    """

    def __init__(self, emit: Callable[[LineEvent], None], *, incoming: bool) -> None:
        self.incoming = incoming
        self.phase = Phase.RINGING if incoming else Phase.DIALLING
        self.hung_up_by_us = False
        self._emit = emit
        self._reason: EndReason | None = None
        self._said = ""
        self._polls_missing = 0
        self._unannounced = incoming

    def stands(self) -> None:
        """It was announced and taken while it waited; nothing is told of that again."""
        self.phase, self._unannounced = Phase.CONNECTED, False

    @property
    def over(self) -> bool:
        return self.phase is Phase.ENDING

    def identified(self, number: str | None, *, withheld: bool) -> None:
        """The caller's number came, or is known to be withheld, or won't come any more."""
        if self._move(Phase.OFFERED, only_from=Phase.RINGING):
            self._unannounced = False
            self._emit(IncomingCall(number, withheld))

    def answering(self) -> None:
        self._move(Phase.ANSWERING)

    def answer_refused(self) -> None:
        self._move(Phase.OFFERED, only_from=Phase.ANSWERING)

    def alerting(self) -> None:
        if self._move(Phase.ALERTING):
            self._emit(RemoteAlerting())

    def connected(self) -> None:
        if self._move(Phase.CONNECTED):
            self._emit(CallConnected())

    def listed(self, entry: ListedCall) -> None:
        """The modem lists this call, by itself or asked."""
        self._polls_missing = 0
        match entry.stat:
            case CallStat.INCOMING if entry.number is not None:
                self.identified(entry.number, withheld=False)
            case CallStat.ALERTING:
                self.alerting()
            case CallStat.ACTIVE:
                self.connected()
            case CallStat.RELEASED:
                self.ends("released")
            case _:
                pass

    def not_listed(self) -> None:
        """A poll found no call: the end line may be missing."""
        self._polls_missing += 1
        if self._polls_missing >= POLLS_TO_BELIEVE_GONE:
            self.ends("the modem lists no call any more")

    def ends(self, said: str) -> None:
        """Some line said the call is over; of several, a result word with a reason of its own counts."""
        if not self.over:
            self._reason = _REASON_WITHOUT_WORD.get(self.phase, EndReason.REMOTE_HANG_UP)
            self._said = said
            self._move(Phase.ENDING)
        if said in _REASONS:
            self._reason, self._said = _REASONS[said], said
        elif said == "NO CARRIER" and self._said not in _REASONS:
            self._said = said

    def reason_of_end(self) -> tuple[EndReason, str]:
        """Return why it is over, and what was said of it."""
        reason = EndReason.LOCAL if self.hung_up_by_us else self._reason or EndReason.REMOTE_HANG_UP
        return reason, self._said

    def finish(self, reason: EndReason | None = None, detail: str = "") -> None:
        """Tell that the call is over; the line drops the object after that.

        A caller who gave up before the caller id came is announced all the same: a missed call counts.

        Args:
            reason: Overrides what the lines said (the modem vanished).
            detail: Goes with it.
        """
        if reason is None:
            reason, detail = self.reason_of_end()
        if self._unannounced:
            self._emit(IncomingCall(None, withheld=False))
        self.phase = Phase.ENDING
        self._emit(CallEnded(reason, detail))

    def _move(self, after: Phase, *, only_from: Phase | None = None) -> bool:
        if after not in TRANSITIONS[self.phase] or (only_from is not None and self.phase is not only_from):
            return False
        self.phase = after
        return True
