"""Every section of the settings as a form: nothing is lost on the way through it."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.datastructures import FormMultiDict

from firmware.app.api.shapes import sections
from firmware.control.shapes import Field, Kind, Shape, Variant
from firmware.core.errors import UserError
from tests.web_admin.forms import filled
from tests.web_admin.rig import Visitor
from web_admin.forms.reading import MOST_ENTRIES, blank, read, rearranged

TEXT = Shape(kind=Kind.TEXT)
NUMBER = Shape(kind=Kind.NUMBER)
STEP = Shape(
    kind=Kind.VARIANT,
    tag_field="do",
    variants=[
        Variant(tag="ring", fields=[Field(name="number", shape=TEXT), Field(name="seconds", shape=NUMBER)]),
        Variant(tag="end", fields=[]),
    ],
)
GROUP = Shape(
    kind=Kind.GROUP,
    fields=[
        Field(name="name", shape=TEXT),
        Field(name="steps", shape=Shape(kind=Kind.LIST, item=STEP)),
        Field(name="known", shape=Shape(kind=Kind.MAP, key=TEXT, item=TEXT)),
        Field(name="keys", shape=Shape(kind=Kind.MAP, key=TEXT, item=STEP)),
        Field(name="until", shape=Shape(kind=Kind.TIME, is_optional=True)),
    ],
)


def test_a_nested_form_is_read_back_as_it_was() -> None:
    given = FormMultiDict(
        [
            ("g.name", " Sales "),
            ("g.steps.#", "2"),
            ("g.steps.0.do", "ring"),
            ("g.steps.0.ring.number", "101"),
            ("g.steps.0.ring.seconds", "20"),
            ("g.steps.1.do", "end"),
            ("g.known", "123 = Anna\n\n456=王 = 伟"),
            ("g.keys.#", "1"),
            ("g.keys.0._key", "5"),
            ("g.keys.0.do", "end"),
            ("g.until", ""),
        ]
    )
    assert read(GROUP, given, "g") == {
        "name": "Sales",
        "steps": [{"do": "ring", "number": "101", "seconds": 20}, {"do": "end"}],
        "known": {"123": "Anna", "456": "王 = 伟"},
        "keys": {"5": {"do": "end"}},
        "until": None,
    }


def test_two_entries_of_one_name_are_refused_before_one_is_lost() -> None:
    given = FormMultiDict(
        [("g.keys.#", "2"), ("g.keys.0._key", "5"), ("g.keys.1._key", "5"), ("g.name", "x")]
    )
    with pytest.raises(UserError, match="5"):
        read(GROUP, given, "g")


@pytest.mark.parametrize(
    ("what", "steps"),
    [
        ("add:g.steps", ["a", "b", ""]),
        ("up:g.steps.1", ["b", "a"]),
        ("down:g.steps.0", ["b", "a"]),
        ("remove:g.steps.0", ["b"]),
        ("up:g.steps.0", ["a", "b"]),
        ("remove:g.steps.7", ["a", "b"]),
        ("remove:g.steps.x", ["a", "b"]),
        ("add:elsewhere", ["a", "b"]),
        ("nonsense", ["a", "b"]),
    ],
)
def test_entries_come_go_and_move(what: str, steps: list[str]) -> None:
    value = {**blank(GROUP), "steps": [{"do": "ring", "number": one, "seconds": 1} for one in "ab"]}
    moved: Any = rearranged(GROUP, value, "g", what)
    assert [one["number"] for one in moved["steps"]] == steps


def test_a_list_announced_as_endless_is_cut() -> None:
    given = FormMultiDict([("g.steps.#", "9" * 9)])
    assert len(read(GROUP, given, "g")["steps"]) == MOST_ENTRIES


@pytest.mark.parametrize("section", [one.name for one in sections()])
async def test_a_form_sent_back_untouched_changes_nothing(admin: Visitor, section: str) -> None:
    before = admin.switch.store.current
    page = await admin.opens(f"/settings/{section}")
    assert page.status_code == 200
    if f'action="/settings/{section}"' in page.text:
        answer = await admin.client.post(
            f"/settings/{section}", data=filled(page.text, f"/settings/{section}", do="save")
        )
        assert answer.status_code == 303, answer.text[-3000:]
        assert "settings.nothing" in answer.headers["location"]
    for place in range(3):
        entry = await admin.opens(f"/settings/{section}/{place}")
        if entry.status_code != 200:
            break
        answer = await admin.client.post(
            f"/settings/{section}/{place}",
            data=filled(entry.text, f"/settings/{section}/{place}", do="save"),
        )
        assert answer.status_code == 303
        assert "settings.nothing" in answer.headers["location"]
    assert admin.switch.store.current == before


async def test_an_entry_is_added_changed_and_removed_with_its_own_page(admin: Visitor) -> None:
    added = await admin.fills_in(
        "/settings/extensions/new",
        do="save",
        extensions__new__number="150",
        extensions__new__name="仓库",
        extensions__new__secret="long-enough-secret",  # noqa: S106 - of the tests
    )
    await admin.confirms(added)
    assert [one.number for one in admin.switch.store.current.extensions][-1] == "150"
    place = len(admin.switch.store.current.extensions) - 1
    path = f"/settings/extensions/{place}"
    changes = {f"extensions__{place}__name": "大仓库"}
    await admin.confirms(await admin.fills_in(path, do="save", **changes))
    kept = admin.switch.store.current.extension("150")
    assert kept is not None
    assert (kept.name, kept.secret) == ("大仓库", "long-enough-secret")
    await admin.confirms(await admin.fills_in(path, do="drop"))
    assert admin.switch.store.current.extension("150") is None


async def test_codes_are_the_usual_ones_until_somebody_types_another_or_switches_one_off(
    admin: Visitor,
) -> None:
    page = (await admin.opens("/settings/features")).text
    assert 'name="features.codes.day and night switch" value="" placeholder="*60"' in page
    changed = {"features__codes__day and night switch": "*66", "features__codes__join a call": "-"}
    await admin.confirms(await admin.fills_in("/settings/features", **changed))
    codes = admin.switch.store.current.features.codes
    assert {feature.value: code for feature, code in codes.items()} == {
        "day and night switch": "*66",
        "join a call": "",
    }
    page = (await admin.opens("/settings/features")).text
    assert 'name="features.codes.join a call" value="-"' in page
