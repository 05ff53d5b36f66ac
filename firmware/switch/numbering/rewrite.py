"""How a line wants a number: a landline in its own town, a mobile SIM, a line behind another switchboard."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.switch.numbering.number import Number, NumberClass
from firmware.switch.numbering.plan import NumberPlan


class LineNumbering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one line expects; part of the settings, by the line's name."""

    kind: Annotated[
        Literal["mobile", "landline"],
        Meta(
            description="mobile for a SIM card, which takes +86 numbers; landline for a wire.",
            extra={"zh": "mobile 为手机卡，landline 为固定电话线。"},
        ),
    ] = "mobile"
    area: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9]{0,6}\Z",
            description="The line's own area code; empty for the office's.",
            extra={"zh": "线路所在区号；留空则用本单位区号。"},
        ),
    ] = ""
    zero_before_mobiles: Annotated[
        bool,
        Meta(
            description="Whether this landline dials 0 before mobile numbers (out-of-town mobiles).",
            extra={"zh": "本固话拨手机号前是否加 0（外地手机）。"},
        ),
    ] = False
    prefix: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9*#,]{0,10}\Z",
            description="Dialled before every number on this line, such as 9 behind another switchboard.",
            extra={"zh": "本线路拨任何号码前加拨的数字，如上级总机的 9。"},
        ),
    ] = ""
    long_distance_prefix: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9]{0,8}\Z",
            description="Dialled before national and international numbers, such as 17909.",
            extra={"zh": "拨长途和国际号码前加拨的号码，如 17909。"},
        ),
    ] = ""


def for_line(number: Number, plan: NumberPlan, line: LineNumbering) -> str:
    """Return the digits to dial on a line.

    Args:
        number: Read by `plan`; emergency numbers pass untouched but for the line's own prefix.
        plan: The office's.
        line: What the line expects.
    """
    if number.number_class is NumberClass.EMERGENCY:
        return line.prefix + number.canonical
    long_distance = number.carrier or line.long_distance_prefix
    if not plan.is_home(number):
        if line.kind == "mobile" and not long_distance and not line.prefix:
            return number.canonical
        return line.prefix + long_distance + plan.international_form(number)
    digits = plan.home_form(number)
    if number.number_class is NumberClass.MOBILE:
        if line.kind == "landline" and line.zero_before_mobiles and len(digits) == _MOBILE_DIGITS:
            digits = f"0{digits}"
        return line.prefix + number.carrier + digits
    own_area = line.area or plan.numbering.area
    if number.area and number.area == own_area and line.kind == "landline":
        return line.prefix + digits.removeprefix(own_area)
    if number.number_class is NumberClass.NATIONAL:
        return line.prefix + long_distance + digits
    return line.prefix + number.carrier + digits


_MOBILE_DIGITS = 11
