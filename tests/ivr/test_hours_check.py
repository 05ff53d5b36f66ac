"""What is refused in opening hours names its field and the remedy."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.errors import UserError
from ivr.hours import OfficeHours, Schedule, Switch, check_hours, parse_hours
from ivr.hours.schedule import Closure, DayOff, Holidays, Span, Week, WorkingDay


def main(**fields: Any) -> dict[str, Any]:
    return {"schedules": {"main": fields}}


@pytest.mark.parametrize(
    ("document", "field", "remedy"),
    [
        ({"schedules": {}}, "schedules", "length >= 1"),
        ({"schedules": {"sales": {}}}, "schedules", "main is missing. Add it"),
        ({"groups": {"sales": "late"}}, "groups.sales", "Choose one of main"),
        (main(timezone="Asia/Peking"), "schedules.main.timezone", "Use a name such as Asia/Shanghai"),
        (main(timezone="../etc/passwd"), "schedules.main.timezone", "Use a name such as"),
        (main(holidays={"country": "XX"}), "schedules.main.holidays", "Leave it empty"),
        (main(holidays={"country": "", "subdivision": "BY"}), "holidays.subdivision", "Name one, or empty"),
        (main(week={"monday": [{"opens": "9:00", "closes": "18:00"}]}), "monday[0].opens", "Correct this"),
        (main(week={"monday": [{"opens": "09:00", "closes": "24:30"}]}), "monday[0].closes", "Correct this"),
        (main(week={"monday": [{"opens": "09:00", "closes": "09:00"}]}), "monday[0]", "00:00 to 24:00"),
        (
            main(
                week={
                    "monday": [{"opens": "09:00", "closes": "13:00"}, {"opens": "12:00", "closes": "18:00"}]
                }
            ),
            "monday[1]",
            "before schedules.main.week.monday[0] has ended",
        ),
        (
            main(week={"sunday": [{"opens": "20:00", "closes": "10:00"}]}),
            "monday[0]",
            "before schedules.main.week.sunday[0] has ended",
        ),
        (main(days_off=[{"first": "2026-05-02", "last": "2026-05-01"}]), "days_off[0].last", "Swap"),
        (main(days_off=[{"first": "2026-13-02"}]), "days_off[0].first", "Correct this"),
        (main(working_days=[{"day": "2026-05-02"}] * 2), "working_days[1].day", "Remove one"),
        (
            main(closures=[{"begins": "2026-05-02T10:00:00", "ends": "2026-05-02T10:00:00"}]),
            "closures[0].ends",
            "Set a later end",
        ),
        (main(closures=[{"begins": "2026-05-02T10:00:00Z", "ends": "2026-05-02"}]), "closures[0]", "Correct"),
        (main(switch={"mode": "off"}), "switch.mode", "Correct this"),
        (main(colour="red"), "schedules", "unknown field `colour`"),
    ],
)
def test_a_bad_field_is_named_with_its_remedy(document: object, field: str, remedy: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_hours(document)
    assert field in str(refused.value)
    assert remedy in str(refused.value)


def test_the_defaults_are_good_and_survive_being_stored() -> None:
    hours = OfficeHours(
        {
            "main": Schedule(
                week=Week(friday=(Span("20:00", "02:00"),)),
                holidays=Holidays("DE", "BY", "friday"),
                days_off=(DayOff(datetime.date(2026, 12, 24)),),
            ),
        }
    )
    check_hours(OfficeHours())
    assert parse_hours(msgspec.to_builtins(hours)) == hours


def test_each_group_keeps_its_own_hours_and_switch() -> None:
    hours = OfficeHours({"main": Schedule(), "late": Schedule(timezone="Asia/Tokyo")}, {"sales": "late"})
    assert hours.of("sales").timezone == "Asia/Tokyo"
    assert hours.of("service") == hours.of() == hours.schedules["main"]
    night = hours.switched(Switch("night"), "late")
    assert night.of("sales").switch.mode == "night"
    assert night.of().switch.mode == "auto"
    with pytest.raises(UserError, match="there is no schedule early"):
        hours.switched(Switch("day"), "early")


@pytest.mark.parametrize(
    "struct", [OfficeHours, Schedule, Week, Holidays, Span, DayOff, WorkingDay, Closure, Switch]
)
def test_every_field_has_a_help_text_in_both_languages(struct: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(struct):
        metas = [meta for meta in getattr(field.type, "__metadata__", ()) if meta.description]
        assert metas, f"{struct.__name__}.{field.name}"
        assert metas[-1].extra["zh"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(
                st.sampled_from(["schedules", "main", "week", "monday", "opens", "closes", "switch", "mode"]),
                c,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_no_document_does_more_than_be_refused(document: object) -> None:
    try:
        parse_hours(document)
    except UserError as refused:
        assert str(refused)
