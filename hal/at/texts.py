"""What a modem says about messages, USSD and the time, as values (3GPP TS 27.005, 3.4; 27.007, 7.15 and
8.15).

Every `parse` takes one line and gives a value, or None when the line is malformed; none raises.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import itertools
import re

from hal.at.fields import Fields

MAX_SLOT = 1023


@dataclasses.dataclass(frozen=True)
class MessageArrived:
    """`+CMTI: "SM",3` or `^SMMEMFULL`: there is something to fetch (or to make room for)."""

    @classmethod
    def parse(cls, line: str) -> MessageArrived | None:
        return cls() if line.startswith(("+CMTI:", "+CDSI:", "^SMMEMFULL", "+SMS FULL")) else None


class SlotStat(enum.IntEnum):
    """Of a stored message (27.005, 3.1)."""

    UNREAD = 0
    READ = 1
    UNSENT = 2
    SENT = 3


@dataclasses.dataclass(frozen=True)
class StoredMessage:
    """`+CMGL: 3,0,,24` and the PDU after it."""

    slot: int
    stat: SlotStat
    pdu: str

    @classmethod
    def parse_all(cls, lines: tuple[str, ...]) -> list[StoredMessage]:
        """Read the answer to AT+CMGL; entries that noise ate are left out."""
        found: list[StoredMessage] = []
        for header, pdu in itertools.pairwise(lines):
            if not header.startswith("+CMGL:") or pdu.startswith("+CMGL:"):
                continue
            fields = Fields(header[len("+CMGL:") :])
            slot, stat, length = fields[0].integer, fields[1].integer, fields[3].integer
            if (
                slot is None
                or not 0 <= slot <= MAX_SLOT
                or stat is None
                or stat not in SlotStat.__members__.values()
            ):
                continue
            if length is None or len(pdu) < 2 or _octets_after_smsc(pdu) != length:
                continue
            found.append(cls(slot, SlotStat(stat), pdu))
        return found


def _octets_after_smsc(pdu: str) -> int:
    try:
        return len(pdu) // 2 - 1 - int(pdu[:2], 16)
    except ValueError:
        return -1


@dataclasses.dataclass(frozen=True)
class MessageSent:
    """`+CMGS: 17`: the network took it, under this reference."""

    reference: int

    @classmethod
    def parse(cls, line: str) -> MessageSent | None:
        if not line.startswith("+CMGS:"):
            return None
        reference = Fields(line[len("+CMGS:") :])[0].integer
        return cls(reference) if reference is not None and 0 <= reference <= 255 else None


@dataclasses.dataclass(frozen=True)
class MessageMemory:
    """`+CPMS: "SM",3,20,…`: how full the memory is that AT+CMGL reads."""

    used: int
    total: int

    @classmethod
    def parse(cls, line: str) -> MessageMemory | None:
        if not line.startswith("+CPMS:"):
            return None
        fields = Fields(line[len("+CPMS:") :])
        used, total = fields[1].integer, fields[2].integer
        return None if used is None or total is None else cls(used, total)


class UssdState(enum.IntEnum):
    """27.007, 7.15."""

    DONE = 0
    REPLY_WANTED = 1
    ENDED = 2
    OTHER_CLIENT = 3
    UNSUPPORTED = 4
    TIMEOUT = 5


@dataclasses.dataclass(frozen=True)
class Ussd:
    """`+CUSD: 0,"Balance: 5, so \\"few\\"",15`: the text may hold commas, quotes and line ends."""

    state: UssdState
    text: str
    """As the modem gave it: plain, or hexadecimal."""
    coding: int | None

    @classmethod
    def parse(cls, line: str) -> Ussd | None:
        match = _USSD.fullmatch(line)
        if match is None or int(match[1]) not in UssdState.__members__.values():
            return None
        return cls(UssdState(int(match[1])), match[2] or "", int(match[3]) if match[3] else None)

    @property
    def plain(self) -> str:
        """The text, UCS2 digits read."""
        ucs2 = self.coding is not None and (self.coding & 0xCC == 0x48 or self.coding == 0x11)
        if ucs2 and len(self.text) % 4 == 0 and _HEX.fullmatch(self.text):
            return bytes.fromhex(self.text).decode("utf-16-be", "replace")
        return self.text


_USSD = re.compile(r'\+CUSD: *([0-9])(?: *, *"(.*?)"?(?: *, *([0-9]{1,3}))?)?', re.DOTALL | re.ASCII)
_HEX = re.compile(r"[0-9A-Fa-f]+", re.ASCII)

_CLOCK = re.compile(
    r'\+(?:CCLK|QLTS): *"(\d{2}|\d{4})/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)(?:,[01])?"', re.ASCII
)
EARLIEST_YEAR = 2024
"""A modem's own clock begins in 1970, 1980 or 2004; a network's time is later than this program."""


@dataclasses.dataclass(frozen=True)
class Clock:
    """`+CCLK: "26/11/22,14:06:11+32"`: local time and its distance from UTC in quarters of an hour."""

    time: datetime.datetime

    @classmethod
    def parse(cls, line: str) -> Clock | None:
        """Read it; None also for a clock that was never set."""
        match = _CLOCK.fullmatch(line)
        if match is None:
            return None
        year, month, day, hour, minute, second, quarters = map(int, match.groups())
        zone = datetime.timezone(datetime.timedelta(minutes=15 * quarters))
        try:
            time = datetime.datetime(year % 100 + 2000, month, day, hour, minute, second, tzinfo=zone)
        except ValueError:
            return None
        return cls(time) if EARLIEST_YEAR <= time.year < EARLIEST_YEAR + 46 else None
