"""Messages to send: a queue that outlives the modem, part after part, retried with back-off.

Theory of operation
-------------------
    queued ──part──► AT+CMGS ──+CMGS──► next part … ──► SENT
                        ├─ network away, modem busy ──► to the back of the queue, pause, again
                        ├─ refused for good ──► REFUSED
                        └─ silence after the text was given ──► UNCERTAIN

One part is on its way at a time. Nothing is sent while a call is being set up: a part may block the port for
some
seconds. Parts the network took are told one by one (`SmsPartSent`) and never sent again.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import zlib
from collections.abc import Callable

from hal.at.channel import Command, Outcome
from hal.at.errors import Failure, FailureKind
from hal.at.long_sms import TooLong, split
from hal.at.pdu import Coding, Submit, submit_length
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.at.texts import MessageSent
from hal.line import LineEvent, SmsOutcome, SmsPartSent, SmsSendResult

SEND_TIMEOUT = 120.0
"""Seconds for AT+CMGS (Quectel's maximum); mostly it takes 2 to 5."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds before the next attempt; doubled each time."""
WAIT_FOR_LINE = 2.0
"""Seconds between looks at whether the line can send."""
MAX_QUEUED = 200
MAX_UNKNOWN = 5
"""Attempts at a message that is refused with a code nobody knows."""
_CME_TEMPORARY = frozenset({14, 30, 31, 32, 515})
_CMS_TEMPORARY = frozenset({38, 41, 42, 47, 314, 331, 332, 500})
_CME_FINAL = frozenset({10, 11, 12, 13, 15, 16})
_CMS_FINAL = frozenset({1, 8, 10, 21, 28, 50, 304, 305, 310, 313, 330})

_NUMBER = re.compile(r"\+?[0-9]{1,20}", re.ASCII)


@dataclasses.dataclass
class _Outgoing:
    key: str
    parts: list[tuple[Submit, Coding]]
    done: int
    attempts: int = 0


class Outbox:
    """What is to be sent by one modem.

    Args:
        emit: Takes the line's events.
        start: Starts a procedure.
        can_send: Whether the line is registered, and no call is being set up.
    """

    def __init__(
        self,
        emit: Callable[[LineEvent], None],
        start: Callable[[Procedure], Procedure],
        can_send: Callable[[], bool],
    ) -> None:
        self._emit = emit
        self._start = start
        self._can_send = can_send
        self._queue: collections.deque[_Outgoing] = collections.deque()
        self._in_flight: _Outgoing | None = None
        self._working = False
        self._up = False

    def add(self, key: str, number: str, text: str, parts_done: int) -> str | None:
        """Queue a message; return why it can't be sent, or None."""
        if not _NUMBER.fullmatch(number):
            return "the number can't take messages"
        if not text:
            return "the message is empty"
        if len(self._queue) >= MAX_QUEUED:
            return "too many messages wait"
        try:
            # The same for every attempt, so that a phone can join parts sent before and after a restart.
            parts = split(number, text, zlib.crc32(key.encode()) & 0xFF)
        except TooLong:
            return "the message is too long"
        if parts_done >= len(parts):
            # The power went between the last part and its note.
            self._emit(SmsSendResult(key, SmsOutcome.SENT, ""))
            return None
        self._queue.append(_Outgoing(key, parts, parts_done))
        self._work()
        return None

    def modem_is_up(self) -> None:
        self._up = True
        self._work()

    def forget(self, *, body_sent: bool) -> None:
        """The modem is gone, and whatever procedure ran with it; was a text already given to it?"""
        self._up = self._working = False
        message, self._in_flight = self._in_flight, None
        if message is not None and body_sent:
            self._uncertain(message, "the modem vanished while it was sending")

    # Inside

    def _work(self) -> None:
        if self._up and self._queue and not self._working:
            self._working = True
            self._start(self._send_all())

    def _send_all(self) -> Procedure:
        while self._queue:
            if not self._can_send():
                yield from pause(WAIT_FOR_LINE)
                continue
            message = self._queue[0]
            failure = yield from self._send_part(message)
            if failure is not None:
                yield from pause(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(message.attempts - 1, 10)))
        self._working = False

    def _send_part(self, message: _Outgoing) -> Steps[Failure | None]:
        """Send the next part; return the failure after which to pause."""
        submit, coding = message.parts[message.done]
        digits = submit.encode(coding)
        command = Command(
            f"+CMGS={submit_length(digits)}", prefix="+CMGS:", timeout=SEND_TIMEOUT, body=digits
        )
        self._in_flight = message
        outcome = yield from ask(command)
        self._in_flight = None
        if outcome.failure is None:
            self._part_sent(message, outcome)
            return None
        message.attempts += 1
        if outcome.failure.kind is FailureKind.NO_ANSWER and outcome.body_sent:
            self._uncertain(message, "the modem didn't say whether it was sent")
        elif _is_final(outcome.failure, message.attempts):
            self._drop(message)
            self._emit(SmsSendResult(message.key, SmsOutcome.REFUSED, str(outcome.failure)))
        else:
            self._queue.rotate(-1)
            return outcome.failure
        return None

    def _part_sent(self, message: _Outgoing, outcome: Outcome) -> None:
        sent = next(filter(None, map(MessageSent.parse, outcome.lines)), None)
        message.done += 1
        message.attempts = 0
        # An answer noise made unreadable leaves the part sent, but its report can't be told from another's.
        reference = sent.reference if sent is not None else 0
        self._emit(SmsPartSent(message.key, message.done, len(message.parts), reference))
        if message.done == len(message.parts):
            self._drop(message)
            self._emit(SmsSendResult(message.key, SmsOutcome.SENT, ""))

    def _uncertain(self, message: _Outgoing, detail: str) -> None:
        self._drop(message)
        self._emit(SmsSendResult(message.key, SmsOutcome.UNCERTAIN, detail))

    def _drop(self, message: _Outgoing) -> None:
        if message in self._queue:
            self._queue.remove(message)


def _is_final(failure: Failure, attempts: int) -> bool:
    match failure.kind:
        case FailureKind.CME if failure.code in _CME_TEMPORARY:
            return False
        case FailureKind.CMS if failure.code in _CMS_TEMPORARY:
            return False
        case FailureKind.CME if failure.code in _CME_FINAL:
            return True
        case FailureKind.CMS if failure.code in _CMS_FINAL:
            return True
        case FailureKind.NO_ANSWER:
            return False
        case _:
            return attempts >= MAX_UNKNOWN
