"""What sections, fields and values are called: words of our own first, then the help text's beginning."""

from __future__ import annotations

import re
from typing import Any

from firmware.control.shapes import Kind, Shape
from web_admin.words import Words

_PLACE = re.compile(r"\.(\d+|\[\])(?=\.|\Z)")
"""In a path, the position in a list."""

_CLAUSE = re.compile(r"[,;:.(，；：。（]")
_EITHER = re.compile(r"\s*[:：]\s*true\s*(or|或)\s*false\s*[.。]?\Z")
_TRUE, _FALSE = re.compile(r"\btrue\b"), re.compile(r"\bfalse\b")
_LONGEST = {"zh": 14, "en": 38}
"""Characters of a help text's first clause up to which it is a label."""


def help_of(shape: Shape, words: Words) -> str:
    """Return the help text in the reader's language."""
    return (shape.zh or shape.en) if words.language == "zh" else shape.en


def label(path: str, shape: Shape, words: Words) -> str:
    """Return what a field is called.

    Args:
        path: In the document, such as `inbound.rules.0.name`.
    """
    plain = _PLACE.sub("", path)
    name = plain.rpartition(".")[2]
    found = words.known(f"field.{plain}", "") or words.known(f"name.{name}", "")
    if found:
        return found
    clause = _CLAUSE.split(help_of(shape, words))[0].strip()
    if 0 < len(clause) <= _LONGEST[words.language]:
        return clause
    return name.replace("_", " ").capitalize()


def explains(path: str, shape: Shape, words: Words) -> str:
    """Return the help text, in the form's words; nothing where the label says all of it already."""
    text = help_of(shape, words)
    if shape.kind is Kind.SWITCH:
        text = _EITHER.sub(".", text)
        text = _TRUE.sub(words("settings.on"), _FALSE.sub(words("settings.off"), text))
    elif shape.kind is Kind.CHOICE and _spells_out(shape, text, words):
        return ""
    return "" if text.rstrip(".。") == label(path, shape, words) else text


def _spells_out(shape: Shape, text: str, words: Words) -> bool:
    """Tell whether a help text lists the stored values of choices that the form shows by name."""
    if any(not words.known(f"choice.{one}", "") for one in shape.choices):
        return False
    return sum(one in text for one in shape.choices if one) > 1


def section(name: str, words: Words) -> str:
    """Return what a section is called."""
    return words.known(f"section.{name}", name.replace("_", " ").capitalize())


def unit(path: str, words: Words) -> str:
    """Return the unit that a field's name ends in."""
    ending = path.rpartition("_")[2]
    return words.known(f"unit.{ending}", "")


def choice(value: Any, words: Words) -> str:
    """Return what a choice is called."""
    return words.known(f"choice.{value}", str(value).replace("_", " "))


def shown(value: Any, words: Words) -> str:
    """Return a setting's value as a person reads it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return words("settings.on" if value else "settings.off")
    if isinstance(value, dict):
        named = [shown(value[key], words) for key in ("number", "name") if value.get(key)]
        if named:
            return " · ".join(named)
        parts = [
            f"{one}: {shown(inner, words)}" for one, inner in value.items() if inner not in (None, "", [])
        ]
        return "; ".join(parts)[:300] or "–"
    if isinstance(value, list):
        return ", ".join(shown(one, words) for one in value)[:300] or "–"
    if isinstance(value, float):
        return f"{value:g}"
    return choice(value, words)


def changed(path: str, words: Words) -> str:
    """Return what a changed place is called: `extensions.104.name` → "Extension 104: Name"."""
    parts = path.split(".")
    named = [words("people.number") if parts[0] == "extensions" else section(parts[0], words)]
    known = parts[0]
    for part in parts[1:]:
        known += f".{part}"
        plain = words.known(f"field.{_PLACE.sub('', known)}", "") or words.known(f"name.{part}", "")
        named.append(plain or part.replace("_", " "))
    return " › ".join(named)
