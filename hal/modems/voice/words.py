"""What a voice modem says in lines: its audio formats, and who calls (V.253, 9.2.3; telephony-reference B1).

Every `parse` takes one line and gives a value, or None when the line is malformed or something else.
"""

from __future__ import annotations

import dataclasses
import re

from hal.at.fields import clean_number

_FORMAT = re.compile(r'(?:\+VSM: ?)?([0-9]{1,3}) ?, ?"([^"]{1,40})" ?, ?([0-9]{1,2})', re.ASCII)
_CALLER = re.compile(r"(DATE|TIME|NMBR|NAME|MESG|DDN_NMBR) ?= ?(.{0,64})")
_WITHHELD, _UNAVAILABLE = frozenset({"P", "PRIVATE"}), frozenset({"O", "OUT OF AREA", "UNAVAILABLE", ""})


@dataclasses.dataclass(frozen=True)
class SampleFormat:
    """`131,"ULAW",8,0,0,(8000),…`: one line of the answer to AT+VSM=?; the ids are each maker's own."""

    ident: int
    name: str
    bits: int

    @classmethod
    def parse(cls, line: str) -> SampleFormat | None:
        match = _FORMAT.match(line)
        return cls(int(match[1]), match[2], int(match[3])) if match is not None else None


@dataclasses.dataclass(frozen=True)
class CallerLine:
    """`NMBR = 13800138000`: one line of a caller id, between the first and the second ring."""

    key: str
    value: str

    @classmethod
    def parse(cls, line: str) -> CallerLine | None:
        match = _CALLER.fullmatch(line)
        return cls(match[1], match[2].strip()) if match is not None else None

    @property
    def withheld(self) -> bool:
        return self.key == "NMBR" and self.value.upper() in _WITHHELD

    @property
    def number(self) -> str | None:
        """The caller's number, where this line has one."""
        if self.key != "NMBR" or self.withheld or self.value.upper() in _UNAVAILABLE:
            return None
        return clean_number(self.value, None)
