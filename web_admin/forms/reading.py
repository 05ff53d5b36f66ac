"""From a posted form back to a value of the settings, by its shape.

    prefix.name            a field                     prefix.#         how many entries a list shows
    prefix.0.name          a field of a list's entry   prefix.0._key    what an entry of a map is called
    prefix.TAG.name        a field of a variant        prefix.TAGFIELD  which variant it is
    prefix.KEY             an entry of a map whose keys are a choice

Lists of plain values are a line each, or boxes to tick. What can't be read (letters for a number) is kept as
text, so that the switch refuses it with its reason and the form shows it again.
"""

from __future__ import annotations

import json
import re
from typing import Any

from litestar.datastructures import FormMultiDict

from firmware.control.shapes import Field, Kind, Shape
from firmware.core.errors import UserError

MOST_ENTRIES = 500
"""Entries of one list that a form shows."""

NOTHING = ("-", "–")
"""What is typed where an empty field means the usual, for nothing at all."""

_TICKS = 12
"""Choices up to which a list of them is boxes to tick."""

_INTEGER = re.compile(r"\A-?\d{1,15}\Z")
_DECIMAL = re.compile(r"\A-?\d{1,12}(\.\d{1,6})?\Z")
_MINUTE = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d\Z")
"""As a browser sends a moment; the settings want RFC 3339, with seconds."""

_SCALARS = frozenset(
    {
        Kind.TEXT, Kind.NUMBER, Kind.DECIMAL, Kind.SWITCH, Kind.CHOICE, Kind.EXTENSION, Kind.TIME, Kind.DATE,
        Kind.MOMENT, Kind.JSON,
    }
)  # fmt: skip


def item_of(shape: Shape) -> Shape:
    """Return the shape of a list's or a map's entries.

    Raises:
        UserError: It has none.
    """
    if shape.item is None:
        raise UserError("There is no such entry.")
    return shape.item


def is_scalar(shape: Shape) -> bool:
    """Tell whether one input asks for a value."""
    return shape.kind in _SCALARS


def ticks_of(shape: Shape) -> list[str]:
    """Return the boxes that ask for a list of a few choices; none where a line each is asked for."""
    item = shape.item
    if shape.kind is not Kind.LIST or item is None:
        return []
    if item.kind is Kind.CHOICE and len(item.choices) <= _TICKS:
        return item.choices
    if item.kind is Kind.NUMBER and item.minimum is not None and item.maximum is not None:
        first, last = int(item.minimum), int(item.maximum)
        return [str(one) for one in range(first, last + 1)] if last - first < _TICKS else []
    return []


def is_table(shape: Shape) -> bool:
    """Tell whether a map has a fixed choice of keys: an input each."""
    return is_lines(shape) and shape.key is not None and shape.key.kind is Kind.CHOICE


def is_lines(shape: Shape) -> bool:
    """Tell whether a list or map is asked for as text, a line each."""
    return shape.kind in (Kind.LIST, Kind.MAP) and shape.item is not None and is_scalar(shape.item)


def read(shape: Shape, form: FormMultiDict, prefix: str) -> Any:
    """Return the value a form holds under `prefix`.

    Raises:
        UserError: Two entries of a map have the same name.
    """
    match shape.kind:
        case Kind.GROUP:
            if shape.is_optional and form.get(f"{prefix}.?") != "on":
                return None
            return _fields(shape.fields, form, prefix)
        case Kind.VARIANT:
            tag = str(form.get(f"{prefix}.{shape.tag_field}", ""))
            variant = next((one for one in shape.variants if one.tag == tag), None)
            if variant is None:
                return None
            return {shape.tag_field: tag, **_fields(variant.fields, form, f"{prefix}.{tag}")}
        case Kind.LIST | Kind.MAP:
            return _many(shape, form, prefix)
        case _:
            return _scalar(shape, str(form.get(prefix, "")))


def _fields(fields: list[Field], form: FormMultiDict, prefix: str) -> dict[str, Any]:
    return {one.name: read(one.shape, form, f"{prefix}.{one.name}") for one in fields}


def _many(shape: Shape, form: FormMultiDict, prefix: str) -> Any:
    item = shape.item
    if item is None:
        return []
    if ticks_of(shape):
        return [_scalar(item, str(one)) for one in form.getall(prefix, [])]
    if is_table(shape) and shape.key is not None:
        given = {key: str(form.get(f"{prefix}.{key}", "")) for key in shape.key.choices}
        return {
            key: "" if text.strip() in NOTHING else _scalar(item, text)
            for key, text in given.items()
            if text.strip()
        }
    if is_lines(shape):
        lines = [line.strip() for line in str(form.get(prefix, "")).splitlines() if line.strip()]
        if shape.kind is Kind.LIST:
            return [_scalar(item, line) for line in lines]
        pairs = [line.partition("=") for line in lines]
        return _named([(key.strip(), _scalar(item, value.strip())) for key, _, value in pairs], prefix)
    count = str(form.get(f"{prefix}.#", "0"))
    places = range(min(int(count) if _INTEGER.match(count) else 0, MOST_ENTRIES))
    values = [read(item, form, f"{prefix}.{place}") for place in places]
    if shape.kind is Kind.LIST:
        return values
    keys = [str(form.get(f"{prefix}.{place}._key", "")).strip() for place in places]
    return _named(list(zip(keys, values, strict=True)), prefix)


def _named(entries: list[tuple[str, Any]], prefix: str) -> dict[str, Any]:
    found = dict(entries)
    if len(found) != len(entries):
        twice = next(key for key, _ in entries if sum(key == other for other, _ in entries) > 1)
        raise UserError(f"{prefix}: {twice!r} ×2")
    return found


def _scalar(shape: Shape, text: str) -> Any:
    if shape.kind is Kind.SWITCH:
        return text == "on"
    text = text if shape.is_secret else text.strip()
    if not text and shape.is_optional:
        return None
    if shape.kind is Kind.NUMBER and _INTEGER.match(text):
        return int(text)
    if shape.kind is Kind.DECIMAL and _DECIMAL.match(text):
        return float(text)
    if shape.kind is Kind.MOMENT and _MINUTE.match(text):
        return f"{text}:00"
    if shape.kind is Kind.JSON:
        try:
            return json.loads(text or "null")
        except ValueError:
            return text
    return text


def blank(shape: Shape) -> Any:
    """Return the value a new entry begins with: its defaults, and where there are none, the least."""
    if shape.is_optional:
        return None
    match shape.kind:
        case Kind.GROUP:
            return _blanks(shape.fields)
        case Kind.VARIANT:
            first = shape.variants[0]
            return {shape.tag_field: first.tag, **_blanks(first.fields)}
        case Kind.LIST:
            return []
        case Kind.MAP:
            return {}
        case Kind.SWITCH:
            return False
        case Kind.NUMBER | Kind.DECIMAL:
            return shape.minimum or 0
        case Kind.CHOICE:
            return shape.choices[0]
        case _:
            return ""


def _blanks(fields: list[Field]) -> dict[str, Any]:
    return {one.name: one.default if one.has_default else blank(one.shape) for one in fields}


def rearranged(shape: Shape, value: Any, prefix: str, what: str) -> Any:
    """Return a value after one of the form's own buttons: `add:PATH`, `remove:PATH`, `up:PATH`, `down:PATH`.

    Args:
        shape: Of the whole value.
        value: As read.
        prefix: Of the form.
        what: The button's value; one that fits nothing changes nothing.
    """
    verb, _, path = what.partition(":")
    if not path.startswith(prefix):
        return value
    steps = [one for one in path.removeprefix(prefix).split(".") if one]
    return _rearranged(shape, value, verb, steps)


def _rearranged(shape: Shape, value: Any, verb: str, steps: list[str]) -> Any:
    if shape.kind in (Kind.GROUP, Kind.VARIANT) and isinstance(value, dict) and steps:
        fields = shape.fields
        if shape.kind is Kind.VARIANT:
            fields = next((one.fields for one in shape.variants if one.tag == steps[0]), [])
            steps = steps[1:]
        field = next((one for one in fields if steps and one.name == steps[0]), None)
        if field is None:
            return value
        return {**value, field.name: _rearranged(field.shape, value.get(field.name), verb, steps[1:])}
    if shape.item is None or not isinstance(value, list | dict):
        return value
    keys = list(value) if isinstance(value, dict) else None
    entries = list(value.values()) if isinstance(value, dict) else list(value)
    if not steps and verb == "add":
        if keys is not None:
            keys.append("" if "" not in keys else f"new-{len(keys)}")
        entries.append(blank(shape.item))
    elif steps and steps[0].isdecimal() and int(steps[0]) < len(entries):
        place = int(steps[0])
        if len(steps) > 1:
            entries[place] = _rearranged(shape.item, entries[place], verb, steps[1:])
        else:
            for one in (entries, keys):
                if one is not None:
                    _move(one, place, verb)
    return entries if keys is None else dict(zip(keys, entries, strict=True))


def _move(entries: list[Any], place: int, verb: str) -> None:
    if verb == "remove":
        del entries[place]
    elif verb == "up" and place > 0:
        entries[place - 1], entries[place] = entries[place], entries[place - 1]
    elif verb == "down" and place + 1 < len(entries):
        entries[place], entries[place + 1] = entries[place + 1], entries[place]
