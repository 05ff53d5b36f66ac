"""What a modem says about calls, as values (3GPP TS 27.007, 7; SIMCom's VOICE CALL, MISSED_CALL, RXDTMF).

Every `parse` takes one line and gives a value, or None when the line is malformed; none raises.
"""

from __future__ import annotations

import dataclasses
import enum
import re

from hal.at.fields import Fields, clean_number


class CallStat(enum.IntEnum):
    """The state of a listed call (27.007, 7.18)."""

    ACTIVE = 0
    HELD = 1
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5
    RELEASED = 6
    """Only in SIMCom's notifications, never in the answer to a query."""


class Validity(enum.IntEnum):
    """Why a caller's number is or isn't shown (27.007, 7.6)."""

    SHOWN = 0
    WITHHELD = 1
    UNAVAILABLE = 2


_VOICE = 0
_VOICE_CLASS = 1
"""In the classes of +CCWA, which are bits."""
_WORDS_OF_CALL_END = frozenset({"NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE"})
_KEYS = frozenset("0123456789*#ABCD")


@dataclasses.dataclass(frozen=True)
class Ring:
    """`RING` or `+CRING: VOICE`: it rings, again and again."""

    voice: bool
    """False for data and fax calls announced by CRING."""

    @classmethod
    def parse(cls, line: str) -> Ring | None:
        if line == "RING":
            return cls(voice=True)
        name, colon, kind = line.partition(":")
        return cls(voice=kind.strip().startswith("VOICE")) if colon and name == "+CRING" else None


@dataclasses.dataclass(frozen=True)
class CallerId:
    """`+CLIP: "13800138000",161,"",,"",0`: who rings."""

    number: str | None
    withheld: bool

    @classmethod
    def parse(cls, line: str) -> CallerId | None:
        fields = _fields_after("+CLIP:", line)
        if fields is None:
            return None
        number = clean_number(fields[0].text, fields[1].integer)
        withheld = fields[5].integer == Validity.WITHHELD
        return cls(None if withheld else number, withheld)


@dataclasses.dataclass(frozen=True)
class CallWaits:
    """`+CCWA: "13800138000",161,1,"",0`: somebody calls while a call stands (27.007, 7.11)."""

    number: str | None
    withheld: bool

    @classmethod
    def parse(cls, line: str) -> CallWaits | None:
        fields = _fields_after("+CCWA:", line)
        if fields is None or (fields[2].integer or _VOICE_CLASS) & _VOICE_CLASS == 0:
            return None
        number = clean_number(fields[0].text, fields[1].integer)
        withheld = fields[4].integer == Validity.WITHHELD
        return cls(None if withheld else number, withheld)


@dataclasses.dataclass(frozen=True)
class ListedCall:
    """`+CLCC: 1,1,4,0,0,"13800138000",129`: one call the modem knows."""

    index: int
    incoming: bool
    stat: CallStat
    voice: bool
    number: str | None

    @classmethod
    def parse(cls, line: str) -> ListedCall | None:
        fields = _fields_after("+CLCC:", line)
        if fields is None:
            return None
        index, direction, stat, mode = (fields[i].integer for i in range(4))
        if index is None or direction not in (0, 1) or stat is None or mode is None:
            return None
        if stat not in CallStat.__members__.values():
            return None
        number = clean_number(fields[5].text, fields[6].integer)
        return cls(index, direction == 1, CallStat(stat), mode == _VOICE, number)


@dataclasses.dataclass(frozen=True)
class VoiceBegin:
    """`VOICE CALL: BEGIN`: the call stands."""

    @classmethod
    def parse(cls, line: str) -> VoiceBegin | None:
        return cls() if line == "VOICE CALL: BEGIN" else None


@dataclasses.dataclass(frozen=True)
class VoiceEnd:
    """`VOICE CALL: END: 000041`: the call is over."""

    seconds: int | None
    """How long it stood, by the modem's count."""

    @classmethod
    def parse(cls, line: str) -> VoiceEnd | None:
        if not line.startswith("VOICE CALL: END"):
            return None
        match = re.search(r"[0-9]{1,9}", line, re.ASCII)
        return cls(int(match[0]) if match else None)


@dataclasses.dataclass(frozen=True)
class MissedCall:
    """`MISSED_CALL: 02:25AM 13800138000`: the caller gave up. The number is not kept: nothing needs it."""

    @classmethod
    def parse(cls, line: str) -> MissedCall | None:
        return cls() if line.startswith("MISSED_CALL:") else None


@dataclasses.dataclass(frozen=True)
class CallOver:
    """`NO CARRIER`, `BUSY`, `NO ANSWER`, `NO DIALTONE`."""

    word: str

    @classmethod
    def parse(cls, line: str) -> CallOver | None:
        # USR and Rockwell write it in two words.
        word = "NO DIALTONE" if line == "NO DIAL TONE" else line
        return cls(word) if word in _WORDS_OF_CALL_END else None


@dataclasses.dataclass(frozen=True)
class KeyHeard:
    """`+RXDTMF: 8`, `+DTMF: 8`, `^DDTMF:8`, `+QTONEDET: 56`: the other side pressed a key."""

    key: str

    @classmethod
    def parse(cls, line: str) -> KeyHeard | None:
        name, colon, rest = line.partition(":")
        key = rest.strip().strip('"').upper()
        if not colon or name not in ("+RXDTMF", "+DTMF", "^DDTMF", "+QTONEDET"):
            return None
        if name == "+QTONEDET":
            # Its key is the number of an ASCII character.
            code = Fields(key)[0].integer
            key = chr(code) if code is not None and 0 <= code < 128 else ""
        return cls(key) if key in _KEYS else None


def _fields_after(prefix: str, line: str) -> Fields | None:
    return Fields(line[len(prefix) :]) if line.startswith(prefix) else None
