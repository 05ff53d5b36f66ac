"""Short messages as protocol data units (3GPP TS 23.040, 9.2; TS 23.038), in hexadecimal as modems speak
them.

    from the network   SCA, DELIVER: originator, PID, DCS, time, length, data      → `Deliver`
                       SCA, STATUS-REPORT: reference, recipient, two times, status → `StatusReport`
    to the network     SCA, SUBMIT: recipient, PID, DCS, validity, length, data    ← `Submit`

`parse` functions take what a wire gave and return None when it is malformed; none raises.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import re

from hal.at import gsm7
from hal.at.fields import MAX_NUMBER

MAX_PDU = 2 * (12 + 1 + 1 + 12 + 1 + 1 + 7 + 1 + 140)
"""Hexadecimal digits: the longest DELIVER with the longest addresses."""
SEPTETS = 160
OCTETS = 140
"""What one message holds (23.040, 9.2.3.16)."""

_SMSC_DEFAULT = "00"
_DELIVER, _SUBMIT, _STATUS_REPORT = 0b00, 0b01, 0b10
_TYPE = 0b11
_RELATIVE_VALIDITY = 0x10
_REPORT_WANTED = 0x20
_HAS_HEADER = 0x40
ONE_DAY = 0xA7
"""Relative validity: 24 hours (23.040, 9.2.3.12.1)."""
_INTERNATIONAL, _UNKNOWN_NUMBER, _ALPHANUMERIC = 0x91, 0x81, 0x50
_KIND_OF_ADDRESS = 0x70
_SEMI_OCTETS = "0123456789*#abc"
_CONCAT_8, _CONCAT_16 = 0x00, 0x08
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)


class Coding(enum.Enum):
    """How the data are to be read; the value is DCS bits 3 and 2."""

    GSM7 = 0
    BINARY = 1
    UCS2 = 2


@dataclasses.dataclass(frozen=True)
class Concat:
    """Which part of a long message this is (23.040, 9.2.3.24.1 and .8)."""

    reference: int
    total: int
    """1 to 255."""
    sequence: int
    """From 1."""
    wide: bool = False
    """The reference has 16 bits."""

    def header(self) -> bytes:
        """Return the user data header, its length included."""
        if self.wide:
            return (
                bytes((6, _CONCAT_16, 4))
                + self.reference.to_bytes(2, "big")
                + bytes((self.total, self.sequence))
            )
        return bytes((5, _CONCAT_8, 3, self.reference, self.total, self.sequence))


@dataclasses.dataclass(frozen=True)
class Deliver:
    """A message from the network."""

    number: str
    """Digits with a leading `+`, or an alphanumeric sender: "China Mobile"."""
    text: str
    """Binary data read as hexadecimal digits."""
    sent: datetime.datetime | None
    """By the message centre's clock, with its zone; None when malformed."""
    concat: Concat | None = None

    @classmethod
    def parse(cls, digits: str) -> Deliver | None:
        reader = _Reader.of(digits)
        if reader is None:
            return None
        try:
            first = reader.body()
            if first & _TYPE != _DELIVER:
                return None
            number = reader.address()
            reader.octet()  # PID: what it is for doesn't matter to us
            coding, _ = _coding(reader.octet())
            sent = reader.time()
            text, concat = reader.user_data(coding, has_header=bool(first & _HAS_HEADER))
        except IndexError:
            return None
        return cls(number, text, sent, concat)

    def encode(self, coding: Coding | None = None) -> str:
        """Return the digits, as a network would deliver them; what a fake network needs."""
        coding = coding if coding is not None else coding_for(self.text)
        first = _DELIVER | 0x04 | (_HAS_HEADER if self.concat is not None else 0)
        sent = self.sent if self.sent is not None else datetime.datetime.fromtimestamp(0, datetime.UTC)
        body = (
            bytes((first,)) + _address(self.number) + bytes((0, coding.value << 2)) + _timestamp(sent)
        ) + _user_data(self.text, coding, self.concat)
        return (_SMSC_DEFAULT + body.hex()).upper()


@dataclasses.dataclass(frozen=True)
class Submit:
    """A message to the network."""

    number: str
    text: str
    concat: Concat | None = None
    report: bool = True
    """Ask for a status report."""

    def encode(self, coding: Coding) -> str:
        """Return the digits. The text must fit; `hal.at.long_sms.split` sees to that."""
        first = _SUBMIT | _RELATIVE_VALIDITY | (_REPORT_WANTED if self.report else 0)
        first |= _HAS_HEADER if self.concat is not None else 0
        body = (
            bytes((first, 0)) + _address(self.number) + bytes((0, coding.value << 2, ONE_DAY))
        ) + _user_data(self.text, coding, self.concat)
        return (_SMSC_DEFAULT + body.hex()).upper()

    @classmethod
    def parse(cls, digits: str) -> Submit | None:
        """Read what a modem was given; what a fake network needs."""
        reader = _Reader.of(digits)
        if reader is None:
            return None
        try:
            first = reader.body()
            if first & _TYPE != _SUBMIT:
                return None
            reader.octet()  # message reference: the modem's to choose
            number = reader.address()
            reader.octet()
            coding, _ = _coding(reader.octet())
            validity = {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}[first & 0x18]
            reader.octets(validity)
            text, concat = reader.user_data(coding, has_header=bool(first & _HAS_HEADER))
        except IndexError:
            return None
        return cls(number, text, concat, report=bool(first & _REPORT_WANTED))


class Delivery(enum.Enum):
    """What a status report says, by its status octet (23.040, 9.2.3.15)."""

    DELIVERED = "delivered"
    TRYING = "not delivered yet; the network goes on trying"
    FAILED = "the network gave up delivering it"


@dataclasses.dataclass(frozen=True)
class StatusReport:
    """What became of a message we sent."""

    reference: int
    """The one `+CMGS:` told when it was sent."""
    number: str
    status: int

    @property
    def delivery(self) -> Delivery:
        if self.status & 0x40:
            return Delivery.FAILED
        return Delivery.TRYING if self.status & 0x20 else Delivery.DELIVERED

    @classmethod
    def parse(cls, digits: str) -> StatusReport | None:
        reader = _Reader.of(digits)
        if reader is None:
            return None
        try:
            if reader.body() & _TYPE != _STATUS_REPORT:
                return None
            reference = reader.octet()
            number = reader.address()
            reader.octets(14)
            return cls(reference, number, reader.octet())
        except IndexError:
            return None

    def encode(self, at: datetime.datetime) -> str:
        """Return the digits, as a network would deliver them."""
        body = bytes((_STATUS_REPORT | 0x04, self.reference)) + _address(self.number)
        body += 2 * _timestamp(at) + bytes((self.status,))
        return (_SMSC_DEFAULT + body.hex()).upper()


def submit_length(digits: str) -> int:
    """Return the length AT+CMGS wants: octets without the message centre's address."""
    return len(digits) // 2 - 1 - int(digits[:2], 16)


def coding_for(text: str) -> Coding:
    return Coding.GSM7 if gsm7.to_septets(text) is not None else Coding.UCS2


def _coding(dcs: int) -> tuple[Coding, bool]:
    """Return the coding of a data coding scheme and whether it is compressed, which nobody ever was."""
    group = dcs >> 4
    if group in (0xC, 0xD):  # message waiting, default alphabet
        return Coding.GSM7, False
    if group == 0xE:  # message waiting, UCS2
        return Coding.UCS2, False
    if group == 0xF:
        return (Coding.BINARY if dcs & 0x04 else Coding.GSM7), False
    if dcs & 0x80:
        return Coding.GSM7, False
    bits = (dcs >> 2) & 0b11
    return (Coding(bits) if bits < 3 else Coding.GSM7), bool(dcs & 0x20)


def _user_data(text: str, coding: Coding, concat: Concat | None) -> bytes:
    header = concat.header() if concat is not None else b""
    if coding is Coding.GSM7:
        septets = gsm7.to_septets(text)
        if septets is None:
            raise ValueError("a character is not of the GSM alphabet")
        fill = -8 * len(header) % 7
        length = (8 * len(header) + fill) // 7 + len(septets)
        return bytes((length,)) + header + gsm7.pack(septets, fill)
    data = header + (bytes.fromhex(text) if coding is Coding.BINARY else text.encode("utf-16-be", "replace"))
    return bytes((len(data),)) + data


def _address(number: str) -> bytes:
    digits = number.removeprefix("+")
    if digits and not set(digits) - set(_SEMI_OCTETS):
        kind = _INTERNATIONAL if number.startswith("+") else _UNKNOWN_NUMBER
        nibbles = [_SEMI_OCTETS.index(digit) for digit in digits] + [0xF] * (len(digits) % 2)
        pairs = zip(nibbles[::2], nibbles[1::2], strict=True)
        return bytes((len(digits), kind)) + bytes(low | high << 4 for low, high in pairs)
    packed = gsm7.pack(gsm7.to_septets(number) or [])
    # The length counts the semi-octets that are in use.
    return bytes(((7 * len(gsm7.to_septets(number) or []) + 3) // 4, _ALPHANUMERIC | 0x80)) + packed


def _timestamp(at: datetime.datetime) -> bytes:
    quarters = int((at.utcoffset() or datetime.timedelta()).total_seconds()) // 900
    values = (at.year % 100, at.month, at.day, at.hour, at.minute, at.second)
    octets = [value // 10 | (value % 10) << 4 for value in values]
    zone = abs(quarters) // 10 | (abs(quarters) % 10) << 4 | (0x08 if quarters < 0 else 0)
    return bytes((*octets, zone))


class _Reader:
    """Takes a PDU apart from the front; IndexError at its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @classmethod
    def of(cls, digits: str) -> _Reader | None:
        return cls(bytes.fromhex(digits)) if len(digits) <= MAX_PDU and _HEX.fullmatch(digits) else None

    def octet(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def octets(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise IndexError
        self._at += count
        return taken

    def body(self) -> int:
        """Pass over the message centre's address; return the first octet of the message."""
        self.octets(self.octet())
        return self.octet()

    def address(self) -> str:
        length, kind = self.octet(), self.octet()
        data = self.octets((length + 1) // 2)
        if kind & _KIND_OF_ADDRESS == _ALPHANUMERIC:
            text = gsm7.from_septets(gsm7.unpack(data, length * 4 // 7))
            return "".join(character for character in text if character.isprintable())
        nibbles = [nibble for octet in data for nibble in (octet & 0xF, octet >> 4)][:length]
        digits = "".join(_SEMI_OCTETS[n] for n in nibbles if n < len(_SEMI_OCTETS))[:MAX_NUMBER]
        return f"+{digits}" if kind & _KIND_OF_ADDRESS == _INTERNATIONAL & _KIND_OF_ADDRESS else digits

    def time(self) -> datetime.datetime | None:
        octets = self.octets(7)
        values = [(octet & 0xF) * 10 + (octet >> 4) for octet in octets[:6]]
        zone = (octets[6] & 0x7) * 10 + (octets[6] >> 4)
        offset = datetime.timedelta(minutes=15 * (-zone if octets[6] & 0x08 else zone))
        try:
            year, month, day, hour, minute, second = values
            zone_info = datetime.timezone(offset)
            return datetime.datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone_info)
        except ValueError:
            return None

    def user_data(self, coding: Coding, *, has_header: bool) -> tuple[str, Concat | None]:
        length = self.octet()
        data = self.octets((7 * length + 7) // 8 if coding is Coding.GSM7 else length)
        header_length = 1 + data[0] if has_header else 0
        if header_length > len(data):
            raise IndexError
        concat = _concat(data[1:header_length])
        if coding is Coding.GSM7:
            fill = -8 * header_length % 7
            count = length - (8 * header_length + fill) // 7
            return gsm7.from_septets(gsm7.unpack(data[header_length:], count, fill)), concat
        rest = data[header_length:]
        if coding is Coding.BINARY:
            return rest.hex().upper(), concat
        return rest[: len(rest) // 2 * 2].decode("utf-16-be", "replace"), concat


def _concat(header: bytes) -> Concat | None:
    """Find the concatenation element; one that contradicts itself is none."""
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        at += 2 + length
        if (kind, len(value)) == (_CONCAT_8, 3):
            found = Concat(value[0], value[1], value[2])
        elif (kind, len(value)) == (_CONCAT_16, 4):
            found = Concat(value[0] << 8 | value[1], value[2], value[3], wide=True)
        else:
            continue
        return found if 1 <= found.sequence <= found.total else None
    return None
