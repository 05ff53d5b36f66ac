"""A number that was dialled or presented, cleaned and classed."""

from __future__ import annotations

import enum
import unicodedata

import msgspec

# Longer than any number of any plan with a carrier prefix before it (E.164: 15 digits); the rest is hostile.
MAX_DIGITS = 32
_SEPARATORS = frozenset(" \t-–—.()/\u00a0\u3000\u200b")


class NumberClass(enum.StrEnum):
    """What a number is, in the order of how freely it may be dialled."""

    INTERNAL = "internal"
    EMERGENCY = "emergency"
    SERVICE = "service"
    """Hot lines, banks, carriers: 95588, 10086, 400 numbers."""
    LOCAL = "local"
    NATIONAL = "national"
    MOBILE = "mobile"
    INTERNATIONAL = "international"
    PREMIUM = "premium"
    """Charged above the ordinary, at home or abroad."""
    UNKNOWN = "unknown"
    """Fits nothing in the plan; never dialled."""


class Number(msgspec.Struct, frozen=True):
    """One number, understood."""

    dialled: str
    """As dialled, cleaned: digits, `*`, `#` and a leading `+`."""
    canonical: str
    """`+` and country code where it has a worldwide form, else as dialled at home ("95588"). Two ways of
    dialling one subscriber have one canonical form."""
    number_class: NumberClass
    why: str
    """What it was taken for, in plain words."""
    carrier: str = ""
    """A carrier's IP-telephony prefix that was dialled before it ("17909")."""
    area: str = ""
    """Area code with its trunk prefix ("010"); fixed numbers only."""


def clean(text: str) -> str:
    """Return digits, `*`, `#` and a leading `+` of what was typed or sent; `""` for anything else.

    Full-width digits, spaces, hyphens, dots and brackets are people's; a letter makes it no number.
    """
    kept: list[str] = []
    for sign in unicodedata.normalize("NFKC", text[: 4 * MAX_DIGITS]):
        if sign in _SEPARATORS:
            continue
        if (sign.isascii() and (sign.isdigit() or sign in "*#")) or (sign == "+" and not kept):
            kept.append(sign)
        else:
            return ""
    return "".join(kept) if len(kept) <= MAX_DIGITS else ""
