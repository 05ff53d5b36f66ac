"""The message centre and the service codes of the fake network: texts to and from its modem, none to anybody
real.

A message for a modem that can't take it (off, unregistered, SIM full) waits and is delivered, in order, when
the
modem says that it is back or has room. What the modem sends is kept in `sent`, part by part.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import itertools
from typing import TYPE_CHECKING

from hal.at.long_sms import split
from hal.at.pdu import Coding, Deliver, StatusReport, Submit, coding_for

if TYPE_CHECKING:
    from hal.fake.network import FakeMobileNetwork

REPORT_SECONDS = 2.0
"""From the sending of a message to its delivery report."""
REPORT_RETRY_SECONDS, REPORT_TRIES = 10.0, 360
"""How often a report is offered to a modem that is away, and for how long: an hour."""
USSD_SECONDS = 1.0
BEGINNING = datetime.datetime(2026, 11, 22, 14, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
"""The network's time when its schedule reads 0."""


@dataclasses.dataclass(frozen=True)
class SentText:
    """A whole message of the modem, its parts joined."""

    number: str
    text: str


class MessageCentre:
    """Messages and service codes of one network."""

    def __init__(self, network: FakeMobileNetwork) -> None:
        self.sent: list[Submit] = []
        """Every part the modem sent, in order."""
        self.failures: collections.deque[tuple[str, int]] = collections.deque()
        """What the next sendings are answered with: ("CMS", 38)."""
        self.undeliverable: set[str] = set()
        """Numbers whose phones never take a message."""
        self.codes: dict[str, tuple[int, str]] = {"*100#": (0, 'Balance: 12,50 yuan, valid "forever"')}
        """Service code or reply → state (27.007, 7.15) and text."""
        self.waiting: collections.deque[str] = collections.deque()
        self._network = network
        self._long = itertools.count(1)
        self._references = itertools.count(1)

    @property
    def now(self) -> datetime.datetime:
        return BEGINNING + datetime.timedelta(seconds=int(self._network.schedule.now))

    def text(self, number: str, text: str) -> None:
        """Somebody sends the modem a message, however long."""
        for pdu in self.pdus(number, text):
            self.waiting.append(pdu)
        self._network.note(None, "text", number)
        self.deliver()

    def pdus(self, number: str, text: str) -> list[str]:
        """Return the parts of a message to the modem."""
        parts = split(number, text, next(self._long) & 0xFF)
        return [Deliver(number, part.text, self.now, part.concat).encode(coding) for part, coding in parts]

    def deliver(self) -> None:
        """Hand over what waits, as far as the modem takes it."""
        modem = self._network.modem
        while self.waiting and modem is not None and modem.network_message(self.waiting[0]):
            self.waiting.popleft()

    def modem_is_back(self) -> None:
        """The modem is registered again, or has room again."""
        self.deliver()

    def modem_sends(self, digits: str) -> int | tuple[str, int]:
        """Take a message of the modem; return its reference, or the error and its code."""
        if self.failures:
            return self.failures.popleft()
        submit = Submit.parse(digits)
        if submit is None:
            return ("CMS", 304)
        self.sent.append(submit)
        reference = next(self._references) & 0xFF
        whole = submit.concat is None or submit.concat.sequence == submit.concat.total
        self._network.note(None, "text sent" if whole else "part sent", submit.number)
        if submit.report:
            status = 0x46 if submit.number in self.undeliverable else 0x00
            report = StatusReport(reference, submit.number, status)
            self._network.schedule.after(REPORT_SECONDS, lambda: self._report(report))
        return reference

    def joined(self) -> list[SentText]:
        """Return the whole messages the modem sent; those with a part missing are left out."""
        whole: list[SentText] = []
        parts: dict[tuple[str, int], dict[int, str]] = {}
        for submit in self.sent:
            concat = submit.concat
            if concat is None:
                whole.append(SentText(submit.number, submit.text))
                continue
            there = parts.setdefault((submit.number, concat.reference), {})
            there[concat.sequence] = submit.text
            if len(there) == concat.total:
                whole.append(SentText(submit.number, "".join(there[n] for n in sorted(there))))
                del parts[submit.number, concat.reference]
        return whole

    def modem_asks(self, code: str) -> None:
        """A service code, or the reply to a question."""
        state, text = self.codes.get(code, (4, ""))
        self._network.note(None, "service code", code)
        self._network.schedule.after(USSD_SECONDS, lambda: self._answer(state, text))

    def _answer(self, state: int, text: str) -> None:
        if self._network.modem is not None:
            self._network.modem.network_ussd(state, text)

    def _report(self, report: StatusReport, tries: int = REPORT_TRIES) -> None:
        modem = self._network.modem
        if modem is None or modem.network_report(report.encode(self.now)) or not tries:
            return
        self._network.schedule.after(REPORT_RETRY_SECONDS, lambda: self._report(report, tries - 1))


def is_plain(text: str) -> bool:
    """Whether a text needs no UCS2."""
    return coding_for(text) is Coding.GSM7
