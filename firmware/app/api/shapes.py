"""Reads the shapes of the settings off their types, so that no page has to be told of a new field."""

from __future__ import annotations

import functools
import re

import msgspec
from msgspec import inspect

from firmware.control.shapes import Field, Kind, Section, Shape, Variant
from firmware.settings.document import Settings
from firmware.settings.fields import NUMBER_PATTERN

_SECRET = re.compile(r"(\A|_)(secret|pin|password|token|passphrase|secret_key)\Z")
"""Names of fields that nobody is shown; `extra={"secret": True}` in a field's Meta says it of another."""

_TIMES = (r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z",)

_DEEPEST = 13
"""Levels described; a type that contains itself is asked for as JSON below."""


@functools.cache
def sections() -> list[Section]:
    """Return every section of the settings with its shape."""
    return [Section(field.name, field.shape) for field in whole().fields]


@functools.cache
def whole() -> Shape:
    """Return the shape of the whole document."""
    return _shape(inspect.type_info(Settings), 0)


def shape_at(path: list[str]) -> Shape | None:
    """Return the shape at a path through the document; None where there is nothing to set."""
    shape: Shape | None = next((one.shape for one in sections() if path and one.name == path[0]), None)
    for step in path[1:]:
        if shape is None:
            return None
        if shape.kind in (Kind.LIST, Kind.MAP):
            shape = shape.item
            continue
        fields = [*shape.fields, *(field for variant in shape.variants for field in variant.fields)]
        shape = next((field.shape for field in fields if field.name == step), None)
    return shape


def _field(field: inspect.Field, depth: int) -> Field:
    shape = _shape(field.type, depth)
    if _SECRET.search(field.encode_name) and shape.kind is Kind.TEXT:
        shape = msgspec.structs.replace(shape, is_secret=True)
    has_default = not field.required
    default = None
    if field.default is not msgspec.NODEFAULT:
        default = field.default
    elif field.default_factory is not msgspec.NODEFAULT and not shape.is_secret:
        default = field.default_factory()
    return Field(
        name=field.encode_name,
        shape=shape,
        default=msgspec.to_builtins(default),
        has_default=has_default,
    )


def _shape(kind: inspect.Type, depth: int) -> Shape:
    if depth > _DEEPEST:
        return Shape(kind=Kind.JSON)
    if isinstance(kind, inspect.Metadata):
        inner = _shape(kind.type, depth)
        schema, extra = kind.extra_json_schema or {}, kind.extra or {}
        if "description" in schema:
            inner = msgspec.structs.replace(
                inner, en=schema["description"], zh=extra.get("zh", ""), usual=extra.get("usual", {})
            )
        return msgspec.structs.replace(inner, is_secret=True) if extra.get("secret") else inner
    match kind:
        case inspect.BoolType():
            return Shape(kind=Kind.SWITCH)
        case inspect.IntType(gt=gt, ge=ge, lt=lt, le=le):
            lowest = ge if ge is not None or gt is None else gt + 1
            highest = le if le is not None or lt is None else lt - 1
            return Shape(kind=Kind.NUMBER, minimum=lowest, maximum=highest)
        case inspect.FloatType(ge=ge, le=le, gt=gt, lt=lt):
            return Shape(
                kind=Kind.DECIMAL,
                minimum=gt if ge is None else ge,
                maximum=lt if le is None else le,
            )
        case inspect.StrType(pattern=pattern, min_length=shortest, max_length=longest):
            return Shape(
                kind=_text_kind(pattern or ""), pattern=pattern or "", shortest=shortest, longest=longest
            )
        case inspect.LiteralType(values=values) if all(isinstance(one, str) for one in values):
            return Shape(kind=Kind.CHOICE, choices=[str(one) for one in values])
        case inspect.EnumType(cls=cls) if all(isinstance(one.value, str) for one in cls):
            return Shape(kind=Kind.CHOICE, choices=[str(one.value) for one in cls])
        case inspect.EnumType(cls=cls) if all(isinstance(one.value, int) for one in cls):
            return Shape(kind=Kind.NUMBER)
        case inspect.DateType():
            return Shape(kind=Kind.DATE)
        case inspect.TimeType():
            return Shape(kind=Kind.TIME)
        case inspect.DateTimeType():
            return Shape(kind=Kind.MOMENT)
        case inspect.UnionType():
            return _union(kind, depth)
        case _:
            return _container(kind, depth)


def _is_history(kind: inspect.Type) -> bool:
    """Return whether a field tells what was before (`extra={"history": True}`): nobody edits that."""
    return isinstance(kind, inspect.Metadata) and bool((kind.extra or {}).get("history"))


def _container(kind: inspect.Type, depth: int) -> Shape:
    match kind:
        case (
            inspect.VarTupleType(item_type=item, min_length=shortest, max_length=longest)
            | inspect.ListType(item_type=item, min_length=shortest, max_length=longest)
            | inspect.FrozenSetType(item_type=item, min_length=shortest, max_length=longest)
            | inspect.SetType(item_type=item, min_length=shortest, max_length=longest)
        ):
            return Shape(kind=Kind.LIST, item=_shape(item, depth + 1), shortest=shortest, longest=longest)
        case inspect.DictType(key_type=key, value_type=value, min_length=shortest, max_length=longest):
            keys = _shape(key, depth + 1)
            if keys.kind in (Kind.TEXT, Kind.EXTENSION, Kind.CHOICE):
                values = _shape(value, depth + 1)
                return Shape(kind=Kind.MAP, key=keys, item=values, shortest=shortest, longest=longest)
        case inspect.StructType(fields=fields):
            shown = [_field(one, depth + 1) for one in fields if not _is_history(one.type)]
            return Shape(kind=Kind.GROUP, fields=shown)
        case _:
            pass
    return Shape(kind=Kind.JSON)


def _union(kind: inspect.UnionType, depth: int) -> Shape:
    types = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    is_optional = len(types) != len(kind.types)
    structs = [_bare(one) for one in types]
    tagged = [one for one in structs if isinstance(one, inspect.StructType) and one.tag_field]
    if len(types) == 1:
        shape = _shape(types[0], depth)
    elif len(tagged) == len(types):
        shape = Shape(
            kind=Kind.VARIANT,
            tag_field=tagged[0].tag_field or "",
            variants=[
                Variant(
                    tag=str(one.tag),
                    fields=[_field(field, depth + 1) for field in one.fields],
                    en=(one.cls.__doc__ or "").split("\n")[0] if not _is_signature(one) else "",
                )
                for one in tagged
            ],
        )
    else:
        shape = Shape(kind=Kind.JSON)
    return msgspec.structs.replace(shape, is_optional=True) if is_optional else shape


def _is_signature(kind: inspect.StructType) -> bool:
    """Tell whether a class has no description of its own: dataclass-like ones are given their signature."""
    return (kind.cls.__doc__ or "").startswith(f"{kind.cls.__name__}(")


def _bare(kind: inspect.Type) -> inspect.Type:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _text_kind(pattern: str) -> Kind:
    if pattern == NUMBER_PATTERN:
        return Kind.EXTENSION
    return Kind.TIME if pattern in _TIMES else Kind.TEXT
