"""China's numbering plan as data (reference F): the first pattern that fits a national number names it.

[17909] 0 10 88886666      [IP prefix] trunk prefix, area code, subscriber
[17909] [0] 13800138000    mobile; the 0 is a landline's habit for out-of-town mobiles
"""

from __future__ import annotations

import re

from firmware.switch.numbering.number import Number, NumberClass

COUNTRY_CODE = "86"
INTERNATIONAL_PREFIX = "00"
# Cheap-call prefixes of the carriers' IP telephony; what follows is dialled as without them.
IP_PREFIXES = ("17909", "17911", "17951", "17901", "17921", "17931", "17991", "17910", "17950", "12593")

_MOBILE = re.compile(r"1[3-9]\d{9}")
# Machines' SIM cards: 13 digits beginning 10648 and the like, or 14x.
_MACHINE = re.compile(r"1(?:06|4\d)\d{10}")
# 010 and 02x have two digits after the trunk prefix dropped or kept; 026 was never given out.
_FIXED = re.compile(r"(010|02[0-57-9]|0[3-9]\d{2})([2-8]\d{6,7})")
_AREA_EMERGENCY = re.compile(r"(010|02[0-57-9]|0[3-9]\d{2})(110|119|120|122)")
_LOCAL = re.compile(r"[2-8]\d{6,7}")

_SHORT: tuple[tuple[re.Pattern[str], NumberClass, str], ...] = (
    (re.compile(r"(?:160|168)\d{2,7}"), NumberClass.PREMIUM, "an information line charged by the minute"),
    (re.compile(r"12590\d{0,8}"), NumberClass.PREMIUM, "an information line charged by the minute"),
    (re.compile(r"400\d{7}"), NumberClass.SERVICE, "a 400 number"),
    (re.compile(r"800\d{7}"), NumberClass.SERVICE, "an 800 number, reached from landlines only"),
    (re.compile(r"95\d{3,6}"), NumberClass.SERVICE, "a nationwide service number"),
    (re.compile(r"96\d{3,6}"), NumberClass.SERVICE, "a regional service number"),
    (re.compile(r"100\d{2}\d{0,3}"), NumberClass.SERVICE, "a carrier's service number"),
    (re.compile(r"11[4-8]\d{0,3}"), NumberClass.SERVICE, "directory enquiries"),
    (re.compile(r"12[1-9]\d{0,4}"), NumberClass.SERVICE, "a public service number"),
)


def read(national: str, dialled: str, home_area: str, carrier: str = "") -> Number | None:
    """Class a number of China's plan; None when it fits nothing.

    Args:
        national: Without international prefix and country code, trunk prefix as dialled.
        dialled: The whole of it, cleaned, for the record.
        home_area: The office's own area code ("010"); "" when unknown.
        carrier: An IP prefix that was taken off.
    """
    mobile = national.removeprefix("0")
    if _MOBILE.fullmatch(mobile):
        return Number(dialled, _e164(mobile), NumberClass.MOBILE, "a mobile", carrier)
    if _MACHINE.fullmatch(national):
        return Number(dialled, _e164(national), NumberClass.MOBILE, "a machine's SIM card", carrier)
    if (emergency := _AREA_EMERGENCY.fullmatch(national)) is not None:
        why = f"{emergency[2]} of area {emergency[1]}"
        return Number(dialled, national, NumberClass.EMERGENCY, why, carrier, emergency[1])
    if (fixed := _FIXED.fullmatch(national)) is not None:
        return _fixed(dialled, fixed[1], fixed[2], home_area, carrier)
    for pattern, number_class, why in _SHORT:
        if pattern.fullmatch(national):
            return Number(dialled, national, number_class, why, carrier)
    if _LOCAL.fullmatch(national):
        if home_area:
            return _fixed(dialled, home_area, national, home_area, carrier)
        return Number(dialled, national, NumberClass.LOCAL, "a number of this town", carrier)
    return None


def without_carrier(digits: str) -> tuple[str, str]:
    """Split an IP prefix off; an empty one when there is none."""
    for prefix in IP_PREFIXES:
        if digits.startswith(prefix) and len(digits) > len(prefix) + 6:
            return prefix, digits[len(prefix) :]
    return "", digits


def with_trunk_prefix(significant: str) -> str:
    """Return how a number given with +86 is dialled at home: fixed numbers with 0, others as they stand."""
    if significant.startswith("0") or any(p.fullmatch(significant) for p in (_MOBILE, _MACHINE)):
        return significant
    if any(pattern.fullmatch(significant) for pattern, _, _ in _SHORT[2:4]):
        return significant
    return f"0{significant}"


def _fixed(dialled: str, area: str, subscriber: str, home_area: str, carrier: str) -> Number:
    home = area == home_area
    return Number(
        dialled,
        _e164(area[1:] + subscriber),
        NumberClass.LOCAL if home else NumberClass.NATIONAL,
        f"a number of this town ({area})" if home else f"a number of area {area}",
        carrier,
        area,
    )


def _e164(significant: str) -> str:
    return f"+{COUNTRY_CODE}{significant}"
