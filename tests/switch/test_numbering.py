"""What numbers are, how they are dialled on a line, and that no emergency number is ever missed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.errors import UserError
from firmware.switch.numbering import LineNumbering, NumberClass, Numbering, NumberPlan
from firmware.switch.numbering.emergency import BY_COUNTRY, EmergencyNumbers
from firmware.switch.numbering.number import clean
from firmware.switch.numbering.rewrite import for_line

BEIJING = NumberPlan("CN", Numbering(area="010", outside_prefix="9"))
C = NumberClass


@pytest.mark.parametrize(
    ("dialled", "number_class", "canonical"),
    [
        ("13800138000", C.MOBILE, "+8613800138000"),
        ("013800138000", C.MOBILE, "+8613800138000"),
        ("+86 138 0013 8000", C.MOBILE, "+8613800138000"),
        ("008613800138000", C.MOBILE, "+8613800138000"),
        ("17909013800138000", C.MOBILE, "+8613800138000"),
        ("913800138000", C.MOBILE, "+8613800138000"),
        ("１３８００１３８０００", C.MOBILE, "+8613800138000"),
        ("1064912345678", C.MOBILE, "+861064912345678"),
        ("1440012345678", C.MOBILE, "+861440012345678"),
        ("88886666", C.LOCAL, "+861088886666"),
        ("01088886666", C.LOCAL, "+861088886666"),
        ("+861088886666", C.LOCAL, "+861088886666"),
        ("02161234567", C.NATIONAL, "+862161234567"),
        ("1790902161234567", C.NATIONAL, "+862161234567"),
        ("07552345678", C.NATIONAL, "+867552345678"),
        ("075512345678", C.UNKNOWN, "075512345678"),
        ("075523456789", C.NATIONAL, "+8675523456789"),
        ("02612345678", C.UNKNOWN, "02612345678"),
        ("4001234567", C.SERVICE, "4001234567"),
        ("8001234567", C.SERVICE, "8001234567"),
        ("95588", C.SERVICE, "95588"),
        ("10086", C.SERVICE, "10086"),
        ("12345", C.SERVICE, "12345"),
        ("114", C.SERVICE, "114"),
        ("16812345", C.PREMIUM, "16812345"),
        ("00442079460018", C.INTERNATIONAL, "+442079460018"),
        ("+85262345678", C.INTERNATIONAL, "+85262345678"),
        ("00881612345678", C.PREMIUM, "+881612345678"),
        ("00449098790000", C.PREMIUM, "+449098790000"),
        ("110", C.EMERGENCY, "110"),
        ("9110", C.EMERGENCY, "110"),
        ("1-1-0", C.EMERGENCY, "110"),
        ("010119", C.EMERGENCY, "010119"),
        ("12395", C.EMERGENCY, "12395"),
        ("hello", C.UNKNOWN, ""),
        ("", C.UNKNOWN, ""),
        ("55", C.UNKNOWN, "55"),
    ],
)
def test_numbers_of_china(dialled: str, number_class: NumberClass, canonical: str) -> None:
    number = BEIJING.read(dialled)
    assert (number.number_class, number.canonical) == (number_class, canonical)


@pytest.mark.parametrize(
    ("country", "dialled", "number_class", "canonical"),
    [
        ("GB", "02079460018", C.NATIONAL, "+442079460018"),
        ("GB", "07911123456", C.MOBILE, "+447911123456"),
        ("GB", "008613800138000", C.INTERNATIONAL, "+8613800138000"),
        ("GB", "09098790000", C.PREMIUM, "+449098790000"),
        ("GB", "999", C.EMERGENCY, "999"),
        ("US", "2125550100", C.NATIONAL, "+12125550100"),
        ("US", "9002345678", C.PREMIUM, "+19002345678"),
        ("US", "0118613800138000", C.INTERNATIONAL, "+8613800138000"),
        ("US", "+18765550100", C.INTERNATIONAL, "+18765550100"),
        ("DE", "030123456", C.NATIONAL, "+4930123456"),
        ("HK", "62345678", C.MOBILE, "+85262345678"),
    ],
)
def test_numbers_of_other_countries(
    country: str, dialled: str, number_class: NumberClass, canonical: str
) -> None:
    number = NumberPlan(country).read(dialled)
    assert (number.number_class, number.canonical) == (number_class, canonical)


def test_an_outside_prefix_that_is_also_the_trunk_prefix_is_understood() -> None:
    plan = NumberPlan("CN", Numbering(area="010", outside_prefix="0"))
    assert plan.read("002161234567").canonical == "+862161234567"
    assert plan.read("013800138000").canonical == "+8613800138000"
    assert plan.read("0110").number_class is C.EMERGENCY


SIM = LineNumbering()
WIRE = LineNumbering(kind="landline", zero_before_mobiles=True)
CHEAP = LineNumbering(kind="landline", long_distance_prefix="17909")
BEHIND = LineNumbering(kind="landline", prefix="9")


@pytest.mark.parametrize(
    ("line", "dialled", "on_the_wire"),
    [
        (SIM, "88886666", "01088886666"),
        (SIM, "013800138000", "13800138000"),
        (SIM, "00442079460018", "+442079460018"),
        (SIM, "+862161234567", "02161234567"),
        (SIM, "95588", "95588"),
        (WIRE, "01088886666", "88886666"),
        (WIRE, "13800138000", "013800138000"),
        (WIRE, "+442079460018", "00442079460018"),
        (CHEAP, "02161234567", "1790902161234567"),
        (CHEAP, "88886666", "88886666"),
        (BEHIND, "13800138000", "913800138000"),
        (BEHIND, "110", "9110"),
        (LineNumbering(kind="landline", area="021"), "02161234567", "61234567"),
        (LineNumbering(kind="landline", area="021"), "88886666", "01088886666"),
    ],
)
def test_each_line_gets_the_number_in_the_form_it_wants(
    line: LineNumbering, dialled: str, on_the_wire: str
) -> None:
    assert for_line(BEIJING.read(dialled), BEIJING, line) == on_the_wire


def test_lines_abroad_get_the_national_form() -> None:
    plan = NumberPlan("GB")
    assert for_line(plan.read("+442079460018"), plan, SIM) == "02079460018"
    assert for_line(plan.read("+8613800138000"), plan, WIRE) == "008613800138000"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_and_cleaning_is_stable(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    for plan in (BEIJING, NumberPlan("US")):
        number = plan.read(text)
        plan.home_form(number)
        plan.read_caller(text)


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["", "0", "+86", "0086", "17909", "179090", "9", "90"]),
)
def test_every_way_to_dial_a_mobile_is_one_subscriber(mobile: str, before: str) -> None:
    number = BEIJING.read(before + mobile)
    assert (number.number_class, number.canonical) == (C.MOBILE, f"+86{mobile}")
    assert BEIJING.read(number.canonical).canonical == number.canonical
    assert for_line(number, BEIJING, SIM).endswith(mobile)


@given(
    st.sampled_from(sorted(BY_COUNTRY)),
    st.sampled_from(["", "9", "0", "8"]),
    st.booleans(),
    st.lists(st.sampled_from(["95588", "110", "119", "400"]), max_size=3),
    st.data(),
)
def test_emergency_numbers_are_known_whatever_is_set(
    country: str, prefix: str, with_prefix: bool, services: list[str], data: st.DataObject
) -> None:
    plan = NumberPlan(country, Numbering(outside_prefix=prefix, services=tuple(services)))
    number = data.draw(st.sampled_from(sorted(BY_COUNTRY[country] | {"112", "911"})))
    read = plan.read((prefix if with_prefix else "") + number)
    assert read.number_class is C.EMERGENCY
    assert plan.emergency.match(read.canonical) is not None


def test_an_office_may_add_emergency_numbers_and_take_none_away() -> None:
    numbers = EmergencyNumbers("CN", ["8110"])
    assert numbers.match("8110") == "8110"
    assert BY_COUNTRY["CN"] <= numbers.numbers
    with pytest.raises(UserError, match="emergency"):
        EmergencyNumbers("CN", ["police"])


@pytest.mark.parametrize(
    ("country", "prefix", "extension", "collides"),
    [
        ("CN", "", "110", True),
        ("CN", "", "1101", True),
        ("CN", "9", "9119", True),
        ("CN", "", "101", False),
        ("IN", "", "101", True),
        ("FR", "", "15", True),
        ("FR", "", "150", False),
        ("US", "", "911", True),
    ],
)
def test_extensions_in_the_way_of_an_emergency_number_are_named(
    country: str, prefix: str, extension: str, collides: bool
) -> None:
    found = EmergencyNumbers(country, (), prefix).collisions([extension])
    assert bool(found) is collides
    assert all(extension in sentence for sentence in found)


def test_a_handset_knows_when_an_emergency_number_is_complete() -> None:
    numbers = EmergencyNumbers("CN", (), "9")
    assert numbers.may_become_one("11")
    assert numbers.may_become_one("911")
    assert not numbers.may_become_one("5")
