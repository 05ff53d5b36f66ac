"""Service codes (USSD): one exchange at a time, a menu may go on for several turns (3GPP TS 27.007, 7.15)."""

from __future__ import annotations

import re
from collections.abc import Callable

from hal.at import gsm7
from hal.at.channel import Command
from hal.at.procedures import Procedure, ask, pause
from hal.at.texts import Ussd, UssdState
from hal.line import LineEvent, UssdReply

USSD_TIMEOUT = 30.0
"""Seconds for AT+CUSD's OK; some modems give it only with the network's answer."""
REPLY_PATIENCE = 120.0
"""Seconds for the network's answer; networks give up after 30 to 180."""
_CANCEL = Command("+CUSD=2", timeout=5.0)
_TEXT = re.compile(r"[^\"\x00-\x1f\x7f-\uffff]{1,160}")

_ENDINGS = {
    UssdState.ENDED: "the network ended it",
    UssdState.OTHER_CLIENT: "another program on the modem answered it",
    UssdState.UNSUPPORTED: "the network doesn't know this code",
    UssdState.TIMEOUT: "the network didn't answer in time",
}


class UssdExchange:
    """The line's exchange, if any.

    Args:
        emit: Takes the line's events.
        start: Starts a procedure.
        settle: Ends a command.
        packed: The modem takes and gives packed septets in hexadecimal.
    """

    def __init__(
        self,
        emit: Callable[[LineEvent], None],
        start: Callable[[Procedure], Procedure],
        settle: Callable[[int, str | None], None],
        *,
        packed: bool,
    ) -> None:
        self._emit = emit
        self._start = start
        self._settle = settle
        self._packed = packed
        self._ticket: int | None = None
        """Of the command whose OK is still to come."""
        self._turn = 0
        self._waiting = False
        """The network's answer is still to come."""

    def send(self, ticket: int, text: str, *, ready: bool) -> None:
        if not _TEXT.fullmatch(text):
            self._settle(ticket, "the code holds other characters than digits, *, # and plain letters")
        elif not ready:
            self._settle(ticket, "the line isn't ready")
        elif self._waiting:
            self._settle(ticket, "a service code is still being answered")
        else:
            self._ticket = ticket
            self._turn += 1
            self._waiting = True
            self._start(self._send(text, self._turn))

    def cancel(self, ticket: int) -> None:
        self._turn += 1
        self._waiting = False
        self._start(self._cancel(ticket))

    def heard(self, ussd: Ussd) -> None:
        """The network answers, or asks something by itself."""
        self._waiting = False
        text = (
            gsm7.from_ussd_hex(ussd.text) if self._packed and ussd.coding != _UCS2 else None
        ) or ussd.plain
        ended = _ENDINGS.get(ussd.state, "")
        self._emit(UssdReply(text, ussd.state is UssdState.REPLY_WANTED, ended))

    def forget(self) -> None:
        """The modem is gone."""
        if self._ticket is not None:
            self._settle(self._ticket, "the modem vanished")
        elif self._waiting:
            self._emit(UssdReply("", wants_reply=False, ended="the modem vanished"))
        self._ticket = None
        self._waiting = False

    def _send(self, text: str, turn: int) -> Procedure:
        shown = (gsm7.ussd_hex(text) or text) if self._packed else text
        outcome = yield from ask(Command(f'+CUSD=1,"{shown}",15', timeout=USSD_TIMEOUT))
        ticket, self._ticket = self._ticket, None
        if outcome.failure is not None:
            self._waiting = False
        if ticket is not None:
            self._settle(ticket, str(outcome.failure) if outcome.failure is not None else None)
        yield from pause(REPLY_PATIENCE)
        if self._waiting and self._turn == turn:
            self._waiting = False
            self._emit(UssdReply("", wants_reply=False, ended=_ENDINGS[UssdState.TIMEOUT]))
            yield from ask(_CANCEL)

    def _cancel(self, ticket: int) -> Procedure:
        # A modem without an exchange refuses, which is what we want.
        try:
            yield from ask(_CANCEL)
        finally:
            # Also when the modem vanishes meanwhile: then there is no exchange either.
            self._settle(ticket, None)


_UCS2 = 72
