"""The office's numbering: any number, however dialled or presented, to what it is.

dialled ─► clean ─► emergency? ─► outside prefix off ─► carrier prefix off ─┬─ +CC, 00CC ─► home, abroad
                                                                            └─ else ───────► home
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.core.errors import UserError
from firmware.switch.numbering import china, general
from firmware.switch.numbering.emergency import EmergencyNumbers
from firmware.switch.numbering.number import Number, NumberClass, clean


class Numbering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the office sets about numbers; part of the settings."""

    area: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9]{0,6}\Z",
            description="The office's own area code as dialled at home, such as 010; empty if it has none.",
            extra={"zh": "本地区号，如 010；没有则留空。"},
        ),
    ] = ""
    outside_prefix: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9*]{0,3}\Z",
            description="What phones may dial before outside numbers, such as 9 or 0; empty for none.",
            extra={"zh": "拨外线时可加的前缀，如 9 或 0；不用则留空。"},
        ),
    ] = ""
    added_emergency: Annotated[
        tuple[str, ...],
        Meta(
            max_length=20,
            description="Emergency numbers besides the country's own, 2 to 8 digits each.",
            extra={"zh": "在国家规定之外增加的紧急号码，每个 2 到 8 位。"},
        ),
    ] = ()
    services: Annotated[
        tuple[str, ...],
        Meta(
            max_length=50,
            description="Short numbers the country's plan doesn't list, which count as service numbers.",
            extra={"zh": "国家号码表之外、按服务号码处理的短号。"},
        ),
    ] = ()


class NumberPlan:
    """Numbers as this office sees them.

    Args:
        country: ISO 3166 code.
        numbering: What the office has set.

    Raises:
        UserError: An added emergency number can't be one, or the area code doesn't fit the country.
    """

    def __init__(self, country: str = "CN", numbering: Numbering | None = None) -> None:
        self.country = country.upper()
        self.numbering = numbering or Numbering()
        self.emergency = EmergencyNumbers(
            self.country, self.numbering.added_emergency, self.numbering.outside_prefix
        )
        area = self.numbering.area
        if self.country == "CN" and area and not area.startswith("0"):
            raise UserError(f"numbering.area: {area} doesn't begin with 0; enter it as dialled, such as 010")
        self._code = china.COUNTRY_CODE if self.country == "CN" else general.country_code(self.country)
        self._international = (
            china.INTERNATIONAL_PREFIX if self.country == "CN" else general.international_prefix(self.country)
        )
        self._services = frozenset(clean(number) for number in self.numbering.services) - {""}

    def read(self, dialled: str) -> Number:
        """Class a number a phone dialled; `UNKNOWN` when it fits nothing."""
        digits = clean(dialled)
        emergency = self.emergency.match(digits)
        if emergency is not None:
            return Number(digits, emergency, NumberClass.EMERGENCY, f"emergency number {emergency}")
        prefix = self.numbering.outside_prefix
        bare = digits.removeprefix(prefix) if prefix and digits.startswith(prefix) else digits
        # With 0 as the outside prefix, 0 10 8888 6666 is both "outside, then 10…" and an area code.
        candidates = (bare, digits) if bare != digits else (digits,)
        for candidate in candidates:
            number = self._read_bare(candidate, digits)
            if number is not None:
                return number
        return Number(digits, digits, NumberClass.UNKNOWN, "no number of this country's plan")

    def read_caller(self, presented: str | None) -> Number | None:
        """Class a caller's number as a network presented it; None when withheld or not a number."""
        digits = clean(presented or "")
        if not digits:
            return None
        number = self._read_bare(digits, digits)
        return number or Number(digits, digits, NumberClass.UNKNOWN, "a number of no known form")

    def canonical(self, number: str) -> str:
        """Return the one form of a number, for comparing callers; what can't be read stays as it is."""
        read = self.read_caller(number)
        return read.canonical if read is not None else number

    def international_form(self, number: Number) -> str:
        """Return how a canonical number is dialled with digits alone, from this country."""
        return self._international + number.canonical.removeprefix("+")

    def home_form(self, number: Number) -> str:
        """Return how a canonical number of this country is dialled inside it."""
        if not number.canonical.startswith("+") or number.number_class is NumberClass.UNKNOWN:
            return number.canonical
        if self.country == "CN":
            return china.with_trunk_prefix(number.canonical.removeprefix(f"+{self._code}"))
        return general.national_form(number.canonical, self.country)

    def is_home(self, number: Number) -> bool:
        """Tell whether a number belongs to this country's plan."""
        if not number.canonical.startswith("+"):
            return True
        return number.number_class in _AT_HOME or (
            bool(self._code) and number.canonical.startswith(f"+{self._code}") and not self._is_abroad(number)
        )

    def _is_abroad(self, number: Number) -> bool:
        """Countries that share a calling code (+1) are told apart by the class given on reading."""
        return number.number_class is NumberClass.INTERNATIONAL

    def _read_bare(self, digits: str, dialled: str) -> Number | None:
        if digits in self._services:
            return Number(dialled, digits, NumberClass.SERVICE, "a short number the office listed")
        carrier, rest = china.without_carrier(digits) if self.country == "CN" else ("", digits)
        if rest.startswith("+"):
            return self._read_worldwide(rest, dialled, carrier)
        if rest.startswith(self._international):
            worldwide = self._read_worldwide(f"+{rest.removeprefix(self._international)}", dialled, carrier)
            if worldwide is not None:
                return worldwide
        if not rest.isdigit():
            return None
        if self.country == "CN":
            return china.read(rest, dialled, self.numbering.area, carrier)
        return general.read_at_home(rest, dialled, self.country, self.numbering.area)

    def _read_worldwide(self, e164: str, dialled: str, carrier: str) -> Number | None:
        significant = e164.removeprefix(f"+{self._code}")
        if self._code and significant != e164:
            if self.country == "CN":
                national = china.with_trunk_prefix(significant)
                return china.read(national, dialled, self.numbering.area, carrier)
            home = general.read_at_home(e164, dialled, self.country, self.numbering.area)
            if home is not None and general.belongs_to(home.canonical, self.country):
                return home
        return general.read_abroad(e164, dialled, carrier)


_AT_HOME = frozenset({NumberClass.LOCAL, NumberClass.NATIONAL, NumberClass.MOBILE, NumberClass.SERVICE})
