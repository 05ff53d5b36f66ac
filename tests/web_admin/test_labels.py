"""What settings are called on a form: in both languages, and never by what is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from firmware.app.api.shapes import sections
from firmware.control.shapes import Kind, Shape
from web_admin.forms.labels import explains, label
from web_admin.words import Words

EN, ZH = Words("en"), Words("zh")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def places(shape: Shape, path: str) -> Iterator[tuple[str, Shape]]:
    """Yield every place below a shape, entries of lists as number 0."""
    yield path, shape
    if shape.item is not None:
        yield from places(shape.item, f"{path}.0")
    for field in shape.fields:
        yield from places(field.shape, f"{path}.{field.name}")
    for variant in shape.variants:
        for field in variant.fields:
            yield from places(field.shape, f"{path}.{variant.tag}.{field.name}")


EVERYWHERE = [one for section in sections() for one in places(section.shape, section.name)]


def test_every_field_has_a_name_in_both_languages() -> None:
    fields = [(path, shape) for path, shape in EVERYWHERE if "." in path and not path.endswith(".0")]
    assert len(fields) > 300
    assert [path for path, shape in fields if not CHINESE.search(label(path, shape, ZH))] == []
    assert [path for path, shape in fields if CHINESE.search(label(path, shape, EN))] == []


def test_every_choice_has_a_name() -> None:
    choices = {one for _, shape in EVERYWHERE for one in shape.choices if one}
    tags = {variant.tag for _, shape in EVERYWHERE for variant in shape.variants}
    assert [one for one in sorted(choices) if not ZH.known(f"choice.{one}", "")] == []
    assert [one for one in sorted(tags) if not ZH.known(f"variant.{one}", "")] == []


@pytest.mark.parametrize("words", [EN, ZH], ids=["en", "zh"])
def test_no_switch_is_explained_by_true_and_false(words: Words) -> None:
    switches = [(path, shape) for path, shape in EVERYWHERE if shape.kind is Kind.SWITCH]
    assert len(switches) > 20
    assert [
        path for path, shape in switches if re.search(r"\b(true|false)\b", explains(path, shape, words))
    ] == []


def test_what_a_switch_means_is_still_said() -> None:
    shape = Shape(kind=Kind.SWITCH, en="Whether callers are led: true, or false for open at all times.")
    assert explains("x.y", shape, EN) == "Whether callers are led: on, or off for open at all times."
    bare = Shape(kind=Kind.SWITCH, en="Whether it rings: true or false.")
    assert explains("x.ringing_at_all_times_of_the_day_and_night", bare, EN) == ""
