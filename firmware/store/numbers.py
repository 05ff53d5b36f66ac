"""One person, one number: callers in E.164, whichever way the line spelled them."""

from __future__ import annotations

import re

import phonenumbers

from firmware.core.leg import Direction
from firmware.core.records import Journey

INSIDE = frozenset({"sip", "handset", "softphone"})
"""Kinds of legs that are the office's own people; every other kind takes up a line."""

_SHORT = 6
"""Digits of the longest extension; service numbers such as 10086 are no longer either."""

_OUTSIDE = re.compile("[0-9]{7}")
"""What only a telephone number has: one digit more than any extension."""

_INTERNATIONAL = {"CN": "00", "HK": "001", "MO": "00", "TW": "002", "SG": "000"}
"""What modems put before a foreign number that the network doesn't mark as international."""


def normalise(number: str | None, country: str = "CN") -> str | None:
    """Return `number` in E.164 as seen from `country` (ISO 3166), or None when there is none.

    Extensions and service numbers stay as they are; what can't be a telephone number is reduced to its
    digits, so that it still matches itself.
    """
    if number is None:
        return None
    plain = "".join(c for c in number if c.isdecimal() and c.isascii())
    international = number.strip().startswith("+")
    if not plain:
        return None
    if len(plain) <= _SHORT and not international:
        return plain
    prefix = _INTERNATIONAL.get(country, "00")
    if not international and plain.startswith(prefix):
        international, plain = True, plain.removeprefix(prefix)
    try:
        parsed = phonenumbers.parse(f"+{plain}" if international else plain, country)
    except phonenumbers.NumberParseException:
        return plain
    if not phonenumbers.is_possible_number(parsed):
        return plain
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def party_of(journey: Journey, country: str = "CN") -> str | None:
    """Return the number of the person outside, who called or was called; None if withheld or inside."""
    if journey.direction is Direction.OUTGOING or (journey.legs and journey.legs[0].kind in INSIDE):
        far = next((leg.number for leg in journey.legs if leg.kind not in INSIDE), None)
        return normalise(far, country)
    return journey.caller_normalised or normalise(journey.caller, country)


def is_outside(word: str) -> bool:
    """Return whether a word of a name is somebody's telephone number rather than an extension or a line."""
    return _OUTSIDE.search(word) is not None


def people_of(journey: Journey) -> list[str]:
    """Return the names of the extensions and lines that took part, each once, in order."""
    names = [] if journey.called is None else [journey.called]
    names += [leg.address for leg in journey.legs]
    names += [ring.target for ring in journey.rings]
    return list(dict.fromkeys(names))
