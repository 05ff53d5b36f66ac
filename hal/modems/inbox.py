"""Messages that came in: off the SIM, joined, offered until somebody has stored them.

Theory of operation
-------------------
    on the SIM ──sweep──► seen ──joined──► offered (SmsReceived) ──sms_stored──► taken ──CMGD──► gone

A sweep lists the whole memory (AT+CMGL=4): after the bring-up, at every +CMTI, every `PATROL` seconds. A
message
stays on the SIM until it is stored, so that neither a power cut nor our own crash loses it; each patrol
offers it
again. Deleting that failed is tried again by the next sweep.

When the memory is full, incomplete messages are offered as they are, and drafts, sent messages and what
can't be
read are deleted: nobody will come to read them here, and a full SIM receives nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable

from hal.at.channel import Command
from hal.at.long_sms import Joined, Joiner
from hal.at.pdu import Deliver, StatusReport
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.at.texts import MessageMemory, SlotStat, StoredMessage
from hal.line import LineEvent, SmsDelivery, SmsReceived, SmsReport

logger = logging.getLogger(__name__)

PATROL = 60.0
"""Seconds between looks at the memory; +CMTI may get lost."""
_LIST_TIMEOUT = 20.0
_DELETE_TIMEOUT = 5.0
_NO_SLOT = -1
"""Of a message that came by +CMT, which the modem doesn't keep."""

_LIST = Command("+CMGL=4", prefix="+CMGL:", pdus=True, timeout=_LIST_TIMEOUT)
_MEMORY = Command("+CPMS?", prefix="+CPMS:")


@dataclasses.dataclass
class _Offered:
    event: SmsReceived
    slots: set[int]


class Inbox:
    """The messages on one SIM.

    Args:
        emit: Takes the line's events.
        start: Starts a procedure.
        now: Seconds, monotonic.
    """

    def __init__(
        self,
        emit: Callable[[LineEvent], None],
        start: Callable[[Procedure], Procedure],
        now: Callable[[], float],
    ) -> None:
        self._emit = emit
        self._start = start
        self._now = now
        self.unreadable = 0
        """Messages that couldn't be read, since the start."""
        self.forget()

    def forget(self) -> None:
        """The modem or its SIM is gone; whatever is there next is read anew."""
        self._joiner = Joiner()
        self._seen: dict[int, str] = {}
        self._offered: dict[str, _Offered] = {}
        self._taken: set[int] = set()
        self._sweeping = self._again = False

    def patrol(self) -> Procedure:
        """Sweep now and then, as long as the modem is up."""
        while True:
            self.look()
            yield from pause(PATROL)
            for offered in list(self._offered.values()):
                self._emit(offered.event)

    def look(self) -> None:
        """Sweep now, or once more after the sweep under way."""
        if self._sweeping:
            self._again = True
        else:
            self._sweeping = True
            self._start(self._sweep())

    def delivered(self, pdu: str) -> None:
        """A message came past the memory (+CMT)."""
        self._read(pdu, _NO_SLOT)

    def reported(self, pdu: str) -> None:
        """A status report came (+CDS)."""
        report = StatusReport.parse(pdu)
        if report is None:
            self.unreadable += 1
        else:
            delivery = SmsDelivery[report.delivery.name]
            self._emit(SmsReport(report.number, report.reference, delivery))

    def stored(self, ident: str) -> None:
        """The message is safe with whoever listens."""
        offered = self._offered.pop(ident, None)
        if offered is not None:
            self._taken |= {slot for slot in offered.slots if slot != _NO_SLOT}
            self.look()

    # Inside

    def _sweep(self) -> Procedure:
        while True:
            self._again = False
            yield from self._delete_taken()
            outcome = yield from ask(_LIST)
            if outcome.ok:
                yield from self._sort(StoredMessage.parse_all(outcome.lines), len(outcome.lines) // 2)
            for joined in self._joiner.expire(self._now()):
                self._offer(joined)
            if not self._again:
                break
        self._sweeping = False

    def _sort(self, messages: list[StoredMessage], listed: int) -> Steps[None]:
        """Read what is new, and make room when there is none."""
        if len(messages) == listed:
            there = {message.slot for message in messages}
            self._seen = {slot: pdu for slot, pdu in self._seen.items() if slot in there}
        useless: set[int] = set()
        for message in messages:
            if message.stat in (SlotStat.UNSENT, SlotStat.SENT):
                useless.add(message.slot)
            elif self._seen.get(message.slot) != message.pdu:
                self._seen[message.slot] = message.pdu
                if not self._read(message.pdu, message.slot):
                    useless.add(message.slot)
        outcome = yield from ask(_MEMORY)
        memory = next(filter(None, map(MessageMemory.parse, outcome.lines)), None)
        if memory is not None and memory.used >= memory.total > 0:
            for joined in self._joiner.flush():
                self._offer(joined)
            if useless:
                logger.warning("the SIM is full of messages: deleting %d that nobody waits for", len(useless))
            self._taken |= useless
        yield from self._delete_taken()

    def _delete_taken(self) -> Steps[None]:
        for slot in sorted(self._taken):
            outcome = yield from ask(Command(f"+CMGD={slot}", timeout=_DELETE_TIMEOUT))
            if outcome.ok:
                self._taken.discard(slot)
                self._seen.pop(slot, None)

    def _read(self, pdu: str, slot: int) -> bool:
        """Take one message; return whether it could be read."""
        part = Deliver.parse(pdu)
        if part is not None:
            for joined in self._joiner.add(part, slot, self._now()):
                self._offer(joined)
            return True
        if StatusReport.parse(pdu) is not None:
            self.reported(pdu)
            self._taken.add(slot)
            return True
        self.unreadable += 1
        logger.warning("a message on the SIM can't be read")
        return False

    def _offer(self, joined: Joined) -> None:
        sent = joined.sent.isoformat() if joined.sent is not None else ""
        ident = hashlib.sha256(f"{joined.number}\n{sent}\n{joined.text}".encode()).hexdigest()[:20]
        known = self._offered.get(ident)
        if known is not None:
            # A network that missed our acknowledgement delivers again.
            known.slots |= set(joined.slots)
            return
        event = SmsReceived(ident, joined.number, joined.text, joined.sent, joined.complete)
        self._offered[ident] = _Offered(event, set(joined.slots))
        self._emit(event)
