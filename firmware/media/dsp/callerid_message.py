"""Caller id messages: what is inside the bytes, built and parsed.

    type │ length │ parameters or fields │ checksum        checksum: two's complement of the sum of all
    bytes before it

SDMF (type 04) is date, time and number in fixed places; MDMF (type 80) is a list of parameters `code │
length │ value`. ETSI's call setup message is MDMF. Message waiting comes as 82 (MDMF) or 06 (SDMF). A
message whose checksum, length or date is wrong is refused whole: half a number is worse than none.

Sources: Bellcore GR-30-CORE, TR-NWT-000031 (SDMF), TR-NWT-001188 (MDMF, names); ETSI EN 300 659-3;
reference C3.
"""

from __future__ import annotations

from typing import Final

import msgspec

SDMF_CALL: Final = 0x04
SDMF_WAITING: Final = 0x06
MDMF_CALL: Final = 0x80
MDMF_WAITING: Final = 0x82
MESSAGE_TYPES: Final = frozenset({SDMF_CALL, SDMF_WAITING, MDMF_CALL, MDMF_WAITING})

_DATE_TIME: Final = 0x01
_NUMBER: Final = 0x02
_DIALLED: Final = 0x03
_NUMBER_ABSENT: Final = 0x04
_NAME: Final = 0x07
_NAME_ABSENT: Final = 0x08
_WAITING: Final = 0x0B
_MESSAGES: Final = 0x13

LONGEST_NUMBER: Final = 24
LONGEST_NAME: Final = 50
"""EN 300 659-3; Bellcore has 15."""
_STAMP_LENGTH: Final = 8
_ON: Final = 0xFF
_OFF: Final = 0x00
_NUMBER_CHARACTERS: Final = frozenset("0123456789*#+ABCD")


class CallerIdRefused(ValueError):
    """What came over the line is no caller id message. The text says why and quotes nothing."""


class Stamp(msgspec.Struct, frozen=True):
    """The exchange's local date and time, without a year."""

    month: int
    day: int
    hour: int
    minute: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1 <= self.day <= 31 and self.hour <= 23 and self.minute <= 59):
            raise CallerIdRefused("date or time out of range")

    def __str__(self) -> str:
        return f"{self.month:02}{self.day:02}{self.hour:02}{self.minute:02}"

    @classmethod
    def parse(cls, text: bytes) -> Stamp:
        """Parse MMDDHHMM.

        Raises:
            CallerIdRefused: It is none.
        """
        if len(text) != _STAMP_LENGTH or not text.isdigit():
            raise CallerIdRefused("date or time malformed")
        return cls(*(int(text[at : at + 2]) for at in range(0, _STAMP_LENGTH, 2)))


class CallerId(msgspec.Struct, frozen=True):
    """Who calls, as far as the exchange tells."""

    number: str | None = None
    """Digits, perhaps with a leading +."""
    number_absent: str | None = None
    """`O` out of area, `P` withheld."""
    name: str | None = None
    name_absent: str | None = None
    """`O` or `P`."""
    dialled: str | None = None
    """Which number was called."""
    stamp: Stamp | None = None
    waiting: bool | None = None
    """Whether messages wait; None when nothing was said about it."""
    messages: int | None = None
    """How many wait."""


def checksum(body: bytes) -> int:
    """Return what makes the sum of all bytes 0 modulo 256."""
    return -sum(body) & 0xFF


def build_mdmf(caller: CallerId) -> bytes:
    """Return a message with parameters, checksum included.

    Raises:
        ValueError: Something is too long or has characters that can't be sent.
    """
    parameters = bytearray()

    def add(code: int, value: bytes, limit: int) -> None:
        if len(value) > limit:
            raise ValueError(f"parameter {code:#04x} of {len(value)} bytes")
        parameters.extend((code, len(value)))
        parameters.extend(value)

    if caller.stamp is not None:
        add(_DATE_TIME, str(caller.stamp).encode("ascii"), _STAMP_LENGTH)
    if caller.number is not None:
        add(_NUMBER, caller.number.encode("ascii"), LONGEST_NUMBER)
    elif caller.number_absent is not None:
        add(_NUMBER_ABSENT, caller.number_absent.encode("ascii"), 1)
    if caller.dialled is not None:
        add(_DIALLED, caller.dialled.encode("ascii"), LONGEST_NUMBER)
    if caller.name is not None:
        add(_NAME, caller.name.encode("gb18030"), LONGEST_NAME)
    elif caller.name_absent is not None:
        add(_NAME_ABSENT, caller.name_absent.encode("ascii"), 1)
    if caller.waiting is not None:
        add(_WAITING, bytes((_ON if caller.waiting else _OFF,)), 1)
    if caller.messages is not None:
        add(_MESSAGES, bytes((min(caller.messages, 255),)), 1)
    kind = MDMF_WAITING if caller.waiting is not None else MDMF_CALL
    body = bytes((kind, len(parameters))) + bytes(parameters)
    return body + bytes((checksum(body),))


def build_sdmf(caller: CallerId) -> bytes:
    """Return a message in fixed places, checksum included.

    Raises:
        ValueError: There is no date and time, which SDMF can't go without, or the number is too long.
    """
    if caller.stamp is None:
        raise ValueError("SDMF without date and time")
    number = (caller.number or caller.number_absent or "O").encode("ascii")
    if len(number) > LONGEST_NUMBER:
        raise ValueError(f"number of {len(number)} digits")
    fields = str(caller.stamp).encode("ascii") + number
    body = bytes((SDMF_CALL, len(fields))) + fields
    return body + bytes((checksum(body),))


def parse_message(message: bytes) -> CallerId:
    """Return what a message says, type and checksum included.

    Raises:
        CallerIdRefused: It is torn, of an unknown type or contradicts itself.
    """
    if len(message) < 3 or len(message) != message[1] + 3:
        raise CallerIdRefused("length wrong")
    if checksum(message[:-1]) != message[-1]:
        raise CallerIdRefused("checksum wrong")
    kind, body = message[0], message[2:-1]
    if kind == SDMF_CALL:
        return _parse_sdmf(body)
    if kind == SDMF_WAITING:
        # Three bytes 42 switch the lamp on, three bytes 6F off (GR-30-CORE).
        return CallerId(waiting=body.startswith(b"\x42"))
    if kind in (MDMF_CALL, MDMF_WAITING):
        return _parse_mdmf(body)
    raise CallerIdRefused("type unknown")


def _parse_sdmf(body: bytes) -> CallerId:
    stamp = Stamp.parse(body[:_STAMP_LENGTH])
    number = body[_STAMP_LENGTH:]
    if number in (b"O", b"P"):
        return CallerId(number_absent=number.decode("ascii"), stamp=stamp)
    return CallerId(number=_number(number), stamp=stamp)


def _parse_mdmf(body: bytes) -> CallerId:
    values: dict[int, bytes] = {}
    at = 0
    while at < len(body):
        if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
            raise CallerIdRefused("parameter torn")
        values.setdefault(body[at], body[at + 2 : at + 2 + body[at + 1]])
        at += 2 + body[at + 1]
    waiting, messages = values.get(_WAITING), values.get(_MESSAGES)
    return CallerId(
        number=_number(values[_NUMBER]) if values.get(_NUMBER) else None,
        number_absent=_reason(values.get(_NUMBER_ABSENT)),
        name=_name(values[_NAME]) if values.get(_NAME) else None,
        name_absent=_reason(values.get(_NAME_ABSENT)),
        dialled=_number(values[_DIALLED]) if values.get(_DIALLED) else None,
        stamp=Stamp.parse(values[_DATE_TIME]) if _DATE_TIME in values else None,
        waiting=waiting[0] != _OFF if waiting else None,
        messages=messages[0] if messages else None,
    )


def _number(value: bytes) -> str:
    """Return a number without the spaces and dashes some exchanges send."""
    text = "".join(chr(byte) for byte in value if chr(byte) not in " -()")
    if not text or len(text) > LONGEST_NUMBER or not _NUMBER_CHARACTERS.issuperset(text):
        raise CallerIdRefused("number malformed")
    return text


def _reason(value: bytes | None) -> str | None:
    return None if value is None else "P" if value == b"P" else "O"


def _name(value: bytes) -> str | None:
    """Return a name in printable characters: ASCII, or GB 18030 as Chinese exchanges send."""
    try:
        text = value[:LONGEST_NAME].decode("gb18030")
    except UnicodeDecodeError:
        text = value[:LONGEST_NAME].decode("latin-1")
    return "".join(character for character in text if character.isprintable()).strip() or None
