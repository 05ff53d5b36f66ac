"""The parameters of a response line: commas, quotes, numbers (3GPP TS 27.007, 4; ITU-T V.250, 5.4.2)."""

from __future__ import annotations

import dataclasses
import re

MAX_NUMBER = 32
"""Digits. E.164 has 15; prefixes and vertical service codes make it more; what is longer is hostile."""

_INTERNATIONAL = 145
# Type of address with the international bit set (3GPP TS 24.008, 10.5.4.7).
_INTEGER = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_NUMBER = re.compile(rf"\+?[0-9*#]{{1,{MAX_NUMBER}}}", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Field:
    text: str
    quoted: bool

    @property
    def integer(self) -> int | None:
        """The field as a decimal number; None when it is none."""
        return int(self.text) if _INTEGER.fullmatch(self.text) else None


_NO_FIELD = Field("", quoted=False)


class Fields:
    """The parameters after `PREFIX:`; a field that isn't there reads as an empty one."""

    def __init__(self, text: str) -> None:
        self._fields = _split(text)

    def __len__(self) -> int:
        return len(self._fields)

    def __getitem__(self, index: int) -> Field:
        return self._fields[index] if index < len(self._fields) else _NO_FIELD


def _split(text: str) -> list[Field]:
    """Cut at the commas outside quotes; an unclosed quote runs to the end."""
    fields: list[Field] = []
    current: list[str] = []
    quoted = inside = False
    for character in text:
        if character == '"':
            inside = not inside
            quoted = True
        elif character == "," and not inside:
            fields.append(Field("".join(current).strip(), quoted))
            current, quoted = [], False
        else:
            current.append(character)
    fields.append(Field("".join(current).strip(), quoted))
    return fields


def clean_number(text: str, address_type: int | None) -> str | None:
    """Return a presentable number: digits, `*`, `#`, a leading `+`; None when there is none.

    Args:
        text: As the network sent it; spaces, dots and dashes are dropped, anything else makes it no number.
        address_type: 145 marks an international number, which then gets its `+`.
    """
    bare = text.translate({ord(c): None for c in " -.()"})
    if not _NUMBER.fullmatch(bare):
        return None
    if address_type == _INTERNATIONAL and not bare.startswith("+"):
        return f"+{bare}"
    return bare
