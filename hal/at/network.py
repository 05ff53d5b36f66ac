"""What a modem says about its SIM and the mobile network, as values (3GPP TS 27.007, 7.2, 7.3, 8.3, 8.5).

Every `parse` takes one line and gives a value, or None when the line is malformed; none raises.
"""

from __future__ import annotations

import dataclasses
import enum
import re

from hal.at.fields import Fields


class RegistrationStat(enum.IntEnum):
    """Where the modem stands with the network (27.007, 7.2)."""

    IDLE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5
    SMS_ONLY_HOME = 6
    SMS_ONLY_ROAMING = 7
    EMERGENCY_ONLY = 8
    CSFB_NOT_PREFERRED_HOME = 9
    CSFB_NOT_PREFERRED_ROAMING = 10


REGISTRATION_PREFIXES = ("+CREG:", "+CEREG:")
CAN_CALL = frozenset(
    {
        RegistrationStat.HOME,
        RegistrationStat.ROAMING,
        RegistrationStat.CSFB_NOT_PREFERRED_HOME,
        RegistrationStat.CSFB_NOT_PREFERRED_ROAMING,
    }
)
CAN_TEXT = CAN_CALL | {RegistrationStat.SMS_ONLY_HOME, RegistrationStat.SMS_ONLY_ROAMING}

# A `stat` or `n` is one digit (10 the only exception); a location area code is four hexadecimal ones.
_STAT_LENGTH = 2
_UNKNOWN_RSSI = 99
_STRONGEST_RSSI = 31


@dataclasses.dataclass(frozen=True)
class Registration:
    """`+CREG: 2,1,"1A2B","01C3D4E5",7` (answer) or `+CREG: 1,"1A2B","01C3D4E5",7` (notification)."""

    domain: str
    """"CREG" (circuit-switched: calls) or "CEREG" (LTE)."""
    stat: RegistrationStat
    answer: bool
    """Whether the line has the form of an answer: a leading `n`."""

    @classmethod
    def parse(cls, line: str, *, pending: bool = False) -> Registration | None:
        """Read either form.

        Both share a prefix. The second field decides: an answer has the one- or two-digit `stat` there, a
        notification nothing or an area code. `pending` (the query is under way) decides only where an
        unquoted, short area code leaves both open.
        """
        prefix = next((p for p in REGISTRATION_PREFIXES if line.startswith(p)), None)
        if prefix is None:
            return None
        fields = Fields(line[len(prefix) :])
        second = fields[1]
        could_be_stat = not second.quoted and second.integer is not None and len(second.text) <= _STAT_LENGTH
        answer = could_be_stat and (pending or len(fields) != 3)
        stat = fields[1 if answer else 0].integer
        if stat is None or stat not in RegistrationStat.__members__.values():
            return None
        return cls(prefix[1:-1], RegistrationStat(stat), answer)


@dataclasses.dataclass(frozen=True)
class Signal:
    """`+CSQ: 21,99`."""

    dbm: int | None
    """Received level, -113 to -51; None when the modem doesn't know."""

    @classmethod
    def parse(cls, line: str) -> Signal | None:
        if not line.startswith("+CSQ:"):
            return None
        rssi = Fields(line[len("+CSQ:") :])[0].integer
        if rssi is None or not (0 <= rssi <= _STRONGEST_RSSI or rssi == _UNKNOWN_RSSI):
            return None
        return cls(None if rssi == _UNKNOWN_RSSI else 2 * rssi - 113)


@dataclasses.dataclass(frozen=True)
class Operator:
    """`+COPS: 0,0,"CHINA MOBILE",7`."""

    name: str | None

    @classmethod
    def parse(cls, line: str) -> Operator | None:
        if not line.startswith("+COPS:"):
            return None
        return cls(Fields(line[len("+COPS:") :])[2].text[:_MAX_OPERATOR] or None)


_MAX_OPERATOR = 40
# Characters of an operator's name that we show; the longest in TS 22.042 lists have about 25.


@dataclasses.dataclass(frozen=True)
class PinState:
    """`+CPIN: READY`, `SIM PIN`, `SIM PUK`, …"""

    word: str

    @classmethod
    def parse(cls, line: str) -> PinState | None:
        if not line.startswith("+CPIN:"):
            return None
        word = line[len("+CPIN:") :].strip()
        return cls(word) if re.fullmatch(r"[A-Z0-9 -]{1,20}", word, re.ASCII) else None


@dataclasses.dataclass(frozen=True)
class TriesLeft:
    """`+SPIC: 3,10,0,10`: how many attempts are left before PIN and PUK block."""

    pin: int
    puk: int

    @classmethod
    def parse(
        cls, line: str, prefix: str = "+SPIC:", pin_field: int = 0, puk_field: int = 1
    ) -> TriesLeft | None:
        """Read an answer; models differ in its prefix and in which field is which."""
        if not line.startswith(prefix):
            return None
        fields = Fields(line[len(prefix) :])
        pin, puk = fields[pin_field].integer, fields[puk_field].integer
        return None if pin is None or puk is None else cls(pin, puk)
