"""What any value of the settings looks like, so that a form can ask for it: a tree that mirrors the document.

A page that knows these dozen kinds can show and edit sections that did not exist when it was written.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec


class Kind(enum.StrEnum):
    TEXT = "text"
    NUMBER = "number"
    """A whole number."""
    DECIMAL = "decimal"
    SWITCH = "switch"
    CHOICE = "choice"
    EXTENSION = "extension"
    """The number of somebody in the office."""
    TIME = "time"
    """Of day: 08:30."""
    DATE = "date"
    MOMENT = "moment"
    """Date and time on the office's clock."""
    LIST = "list"
    MAP = "map"
    """Values by a key that is a text."""
    GROUP = "group"
    """Several fields."""
    VARIANT = "variant"
    """One of several groups; which one, a tag in it says."""
    JSON = "json"
    """Anything else, written as JSON."""


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value."""

    kind: Kind
    en: str = ""
    """What it is for and what is allowed; likewise `zh`."""
    zh: str = ""
    minimum: float | None = None
    maximum: float | None = None
    shortest: int | None = None
    """Characters, or entries; likewise `longest`."""
    longest: int | None = None
    pattern: str = ""
    choices: list[str] = []
    is_optional: bool = False
    """Whether it may be empty (null)."""
    is_secret: bool = False
    """Whether it is only ever shown as dots."""
    item: Shape | None = None
    """Of a list or a map."""
    key: Shape | None = None
    """Of a map."""
    usual: dict[str, str] = {}
    """Of a map: what holds for keys that aren't set."""
    fields: list[Field] = []
    tag_field: str = ""
    """Of a variant: the field that says which."""
    variants: list[Variant] = []


class Field(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    shape: Shape
    default: Any = None
    has_default: bool = False


class Variant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    tag: str
    fields: list[Field]
    en: str = ""


class Section(msgspec.Struct, frozen=True):
    """One section of the settings."""

    name: str
    shape: Shape
