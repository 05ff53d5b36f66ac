"""Emergency numbers: which they are in a country, and whether somebody has just dialled one.

Matching comes before every other rule. A number counts with and without the outside prefix: nobody in
danger should have to remember it (47 CFR 9.16), and nobody who remembers it should be punished for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from phonenumbers.shortnumberinfo import is_emergency_number

from firmware.core.errors import UserError
from firmware.switch.numbering.number import clean

# 3GPP TS 22.101, 10.1.1: every mobile treats these as emergency numbers, wherever it is.
ALWAYS = frozenset({"112", "911"})

BY_COUNTRY: dict[str, frozenset[str]] = {
    "CN": frozenset({"110", "119", "120", "122", "12395", "112"}),
    "HK": frozenset({"999"}),
    "MO": frozenset({"999"}),
    "TW": frozenset({"110", "119"}),
    "JP": frozenset({"110", "119", "118"}),
    "KR": frozenset({"112", "119"}),
    "SG": frozenset({"999", "995"}),
    "US": frozenset({"911", "988"}),
    "CA": frozenset({"911", "988"}),
    "GB": frozenset({"999", "112"}),
    "DE": frozenset({"110", "112"}),
    "FR": frozenset({"15", "17", "18", "112"}),
    "IN": frozenset({"112", "100", "101", "102", "108"}),
    "AU": frozenset({"000", "106", "112"}),
    "NZ": frozenset({"111"}),
    "MY": frozenset({"999"}),
}
# An extension that begins with one of these would make a handset wait for more digits.
_SHORTEST_GUARDED_PREFIX = 3
_MOST_DIGITS = 8


class EmergencyNumbers:
    """A country's emergency numbers and what the office added; nothing can be taken away.

    Args:
        country: ISO 3166 code; one that isn't listed has 112, 911 and what the public metadata knows.
        added: Further numbers that are treated alike: the site's own guard, for instance.
        outside_prefix: What is dialled before outside numbers; "" where there is none.

    Raises:
        UserError: An added number isn't 2 to 8 digits.
    """

    def __init__(self, country: str, added: Iterable[str] = (), outside_prefix: str = "") -> None:
        self._country = country.upper()
        extra = set()
        for number in added:
            digits = clean(number)
            if not digits.isdigit() or not 2 <= len(digits) <= _MOST_DIGITS:
                raise UserError(f"emergency: {number!r} is no emergency number; enter 2 to 8 digits")
            extra.add(digits)
        self.numbers = ALWAYS | BY_COUNTRY.get(self._country, frozenset()) | extra
        """Those known by name."""
        self._prefix = clean(outside_prefix)

    def match(self, dialled: str) -> str | None:
        """Return the emergency number somebody dialled, as the network wants it; None for another."""
        digits = clean(dialled)
        if self._is_one(digits):
            return digits
        if self._prefix and digits.startswith(self._prefix):
            rest = digits.removeprefix(self._prefix)
            if self._is_one(rest):
                return rest
        return None

    def may_become_one(self, digits: str) -> bool:
        """Tell whether further keys could still make it one: a handset waits for them only then."""
        bare = digits.removeprefix(self._prefix) if self._prefix else digits
        return any(n != k and n.startswith(k) for n in self.numbers for k in (digits, bare))

    def collisions(self, extensions: Iterable[str]) -> list[str]:
        """Return a sentence for each extension that stands in an emergency number's way."""
        found = []
        for extension in extensions:
            number = self.match(extension) or next(
                (
                    number
                    for number in sorted(self.numbers)
                    if len(number) >= _SHORTEST_GUARDED_PREFIX and extension.startswith(number)
                ),
                None,
            )
            if number is not None:
                found.append(f"extension {extension}: {number} is an emergency number; choose another one")
        return found

    def _is_one(self, digits: str) -> bool:
        if digits in self.numbers:
            return True
        return 2 <= len(digits) <= _MOST_DIGITS and digits.isdigit() and self._by_metadata(digits)

    def _by_metadata(self, digits: str) -> bool:
        return bool(is_emergency_number(digits, self._country))
