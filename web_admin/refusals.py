"""What the switch refuses, in the language of whoever asked."""

from __future__ import annotations

import re

from firmware.control.client import SettingError
from firmware.control.editing import SettingsReply
from firmware.control.shapes import Kind, Shape
from firmware.core.errors import UserError
from web_admin.forms import labels
from web_admin.words import Words

_BOTH = " / "
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_INDEX = re.compile(r"\[([^\]]*)\]")

# What a refusal is about that no field's help text says: a part of the switch's sentence → our text.
_KNOWN = (
    ("is taken by another extension", "refused.taken"),
    ("there is no extension", "refused.no_extension"),
    ("Somebody changed the settings", "refused.meanwhile"),
    ("that search takes too long", "refused.slow"),
    ("There is no revision", "refused.no_revision"),
    ("×2", "refused.twice"),
)


def place_of(error: UserError) -> str:
    """Return where in the settings a refusal points, as a form names it: `inbound.rules.0.name`."""
    field = error.field if isinstance(error, SettingError) else ""
    return _INDEX.sub(r".\1", field)


def in_words(error: UserError, settings: SettingsReply | None, words: Words) -> str:
    """Return the refusal as a sentence for a person."""
    text = str(error)
    place = place_of(error)
    shape = None if settings is None else _shape(settings, place.split(".")) if place else None
    named = "" if not place else labels.label(place, shape or Shape(kind=Kind.TEXT), words)
    for part, key in _KNOWN:
        if part.lower() in text.lower():
            return f"{named}: {words(key)}" if named else words(key)
    if shape is not None and (about := labels.help_of(shape, words)):
        return words("settings.bad", label=named, help=about)
    known = (
        words.known(f"refused.{_INDEX.sub('', error.field)}", "") if isinstance(error, SettingError) else ""
    )
    return known or in_one_language(text.replace(" Nothing was changed.", ""), words)


def in_one_language(text: str, words: Words) -> str:
    """Return the reader's half of what is said in both: "That is no date. / 不是日期。"."""
    en, between, zh = text.rpartition(_BOTH)
    if not between or not _CHINESE.search(zh):
        return text
    return zh if words.language == "zh" else en


def _shape(settings: SettingsReply, steps: list[str]) -> Shape | None:
    shape = next((one.shape for one in settings.sections if one.name == steps[0]), None)
    for step in steps[1:]:
        if shape is None:
            return None
        if shape.kind in (Kind.LIST, Kind.MAP):
            shape = shape.item
            continue
        fields = [*shape.fields, *(field for variant in shape.variants for field in variant.fields)]
        shape = next((field.shape for field in fields if field.name == step), None)
    return shape
