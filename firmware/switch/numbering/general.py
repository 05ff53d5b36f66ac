"""Every other country's numbers, and numbers abroad, by the public metadata of `phonenumbers`."""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo

from firmware.switch.numbering.number import Number, NumberClass

_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.PAGER}
_SERVICE = {PhoneNumberType.TOLL_FREE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN}
_PREMIUM = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.PERSONAL_NUMBER}
# ITU-T E.164: satellite networks, global and premium services. The favourites of toll fraud.
_WORLD_PREMIUM = ("870", "878", "881", "882", "883", "888", "979", "991")


def read_abroad(e164: str, dialled: str, carrier: str = "") -> Number | None:
    """Class a number outside the office's country; None when it can't be one.

    Args:
        e164: With `+`.
        dialled: The whole of it, cleaned.
        carrier: A carrier prefix that was taken off.
    """
    digits = e164[1:]
    if not digits.isdigit() or not 7 <= len(digits) <= 15 or digits.startswith("0"):
        return None
    if digits.startswith(_WORLD_PREMIUM):
        return Number(dialled, e164, NumberClass.PREMIUM, "a satellite or premium network", carrier)
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.number_type(parsed) in _PREMIUM:
        return Number(dialled, e164, NumberClass.PREMIUM, "a premium number abroad", carrier)
    region = phonenumbers.region_code_for_number(parsed)
    where = f" ({region})" if region not in (None, "ZZ", "001") else ""
    return Number(dialled, e164, NumberClass.INTERNATIONAL, f"a number abroad{where}", carrier)


def read_at_home(national: str, dialled: str, country: str, home_area: str) -> Number | None:
    """Class a number as dialled inside `country`; None when it fits nothing.

    Args:
        national: As dialled, with or without the trunk prefix; a `+` number of this country is fine.
        dialled: The whole of it, cleaned.
        country: ISO 3166 code.
        home_area: The office's area code without trunk prefix, for plans that allow dialling without it.
    """
    if shortnumberinfo.is_valid_short_number_for_region(_short(national, country), country):
        cost = shortnumberinfo.expected_cost_for_region(_short(national, country), country)
        premium = cost == shortnumberinfo.ShortNumberCost.PREMIUM_RATE
        number_class = NumberClass.PREMIUM if premium else NumberClass.SERVICE
        return Number(dialled, national, number_class, "a short number")
    for candidate in (national, home_area + national if home_area else ""):
        if not candidate:
            continue
        try:
            parsed = phonenumbers.parse(candidate, country)
        except phonenumbers.NumberParseException:
            continue
        if not phonenumbers.is_valid_number(parsed):
            continue
        e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        kind = phonenumbers.number_type(parsed)
        if kind in _PREMIUM:
            return Number(dialled, e164, NumberClass.PREMIUM, "a premium number")
        if kind in _SERVICE:
            return Number(dialled, e164, NumberClass.SERVICE, "a service number")
        if kind in _MOBILE:
            return Number(dialled, e164, NumberClass.MOBILE, "a mobile")
        significant = phonenumbers.national_significant_number(parsed)
        local = bool(home_area) and significant.startswith(home_area)
        return Number(
            dialled,
            e164,
            NumberClass.LOCAL if local else NumberClass.NATIONAL,
            "a number of this town" if local else "a number of this country",
            area=home_area if local else "",
        )
    return None


def belongs_to(e164: str, country: str) -> bool:
    """Tell whether a number is this country's own, not another's with the same calling code (+1, +7)."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) in (country, None, "001")


def country_code(country: str) -> str:
    """Return a country's calling code ("44"); "" for one that isn't known."""
    code = phonenumbers.country_code_for_region(country)
    return str(code) if code else ""


def international_prefix(country: str) -> str:
    """Return what is dialled there before a country code; "00" where the metadata names no single one."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
    prefix = metadata.international_prefix if metadata is not None else None
    return prefix if prefix is not None and prefix.isdigit() else "00"


def national_form(e164: str, country: str) -> str:
    """Return how a number of this country is dialled inside it, trunk prefix included; digits only."""
    parsed = phonenumbers.parse(e164)
    text = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(sign for sign in text if sign.isdigit())


def _short(national: str, country: str) -> phonenumbers.PhoneNumber:
    code = int(country_code(country) or 0)
    bare = national if national.isdigit() and len(national) <= 8 else "0"
    return phonenumbers.PhoneNumber(
        country_code=code, national_number=int(bare), italian_leading_zero=bare.startswith("0") or None
    )
