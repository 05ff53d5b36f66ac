"""The help text of any place in the settings document, read off the types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from firmware.settings.document import Settings

_INDEX = re.compile(r"\[[^\]]*\]")
"""In a path, the part that says which of a list: `[3]`, `[...]`."""


class FieldHelp(msgspec.Struct, frozen=True):
    """What a settings page shows beside a field."""

    en: str
    zh: str
    default: Any
    """None where every document gets its own (a secret) or must bring one (a number)."""


def field_help() -> dict[str, dict[str, FieldHelp]]:
    """Return the help text and default of every field of every section: section → field → help."""
    described = {}
    for section in _fields(inspect.type_info(Settings)):
        described[section.encode_name] = {
            field.encode_name: known
            for field in _fields(section.type)
            if (known := help_of(field)) is not None
        }
    return described


def help_of(field: inspect.Field) -> FieldHelp | None:
    """Return a field's help text; None for one that has none."""
    default = None if field.default is msgspec.NODEFAULT else field.default
    text = _texts(field.type)
    return None if text is None else FieldHelp(text[0], text[1], default)


def quoted_help(path: str) -> str:
    """Return what is allowed at an error path such as `$.extensions[1].number`."""
    kinds: list[inspect.Type] = [inspect.type_info(Settings)]
    text = ""
    for name in _INDEX.sub("", path).removeprefix("$").strip(".").split("."):
        fields = [one for kind in kinds for one in _fields(kind)]
        found = [one for one in fields if one.encode_name == name]
        if not found:
            break
        kinds = [one.type for one in found]
        texts = [text_of for one in found if (text_of := _texts(one.type)) is not None]
        text = texts[0][0] if texts else ""
    if text:
        return text
    names = dict.fromkeys(one.encode_name for kind in kinds for one in _fields(kind))
    what = "The sections" if path in ("$", "") else "Its fields"
    return f"{what} are {', '.join(names)}." if names else ""


def bare(kind: inspect.Type) -> inspect.Type:
    """Return the type inside its annotations."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _texts(kind: inspect.Type) -> tuple[str, str] | None:
    """Return the outermost help text of a type, in English and in Chinese."""
    while isinstance(kind, inspect.Metadata):
        schema = kind.extra_json_schema or {}
        if "description" in schema:
            return schema["description"], (kind.extra or {}).get("zh", "")
        kind = kind.type
    return None


def _fields(kind: inspect.Type) -> Iterator[inspect.Field]:
    """Yield the fields of the structs that a type consists of, whatever they are wrapped in."""
    match bare(kind):
        case inspect.StructType(fields=fields):
            yield from fields
        case inspect.UnionType(types=types):
            for one in types:
                yield from _fields(one)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            yield from _fields(item)
        case inspect.DictType(value_type=value):
            yield from _fields(value)
        case _:
            return
