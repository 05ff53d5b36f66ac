"""`;name=value` parameters and comma-separated lists, respecting quotes and brackets (RFC 3261 §7.3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Params = tuple[tuple[str, str | None], ...]
"""Names in lower case with their values as written (quotes kept); None for a parameter without `=`."""


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split at `separator`, but not inside `"…"` or `<…>`; parts are stripped, empty parts kept."""
    if separator not in text:
        return [text.strip()]
    if '"' not in text and "<" not in text:
        return [part.strip() for part in text.split(separator)]
    parts: list[str] = []
    start = 0
    quoted = escaped = angled = False
    for index, char in enumerate(text):
        if quoted:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                quoted = False
        elif char == '"':
            quoted = True
        elif char == "<":
            angled = True
        elif char == ">":
            angled = False
        elif char == separator and not angled:
            parts.append(text[start:index].strip())
            start = index + 1
    parts.append(text[start:].strip())
    return parts


def parse_params(text: str) -> Params:
    """Parse `;a;b=c` (with or without the leading semicolon); empty parameters are skipped."""
    if not text or text == ";":
        return ()
    params: list[tuple[str, str | None]] = []
    plain = '"' not in text and "<" not in text
    for part in text.split(";") if plain else split_outside_quotes(text, ";"):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if name or equals:
            params.append((name, value.strip() if equals else None))
    return tuple(params)


def format_params(params: Iterable[tuple[str, str | None]]) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


def param(params: Params, name: str) -> str | None:
    """Return the first value of a parameter; `""` when it stands without a value, None when absent."""
    for key, value in params:
        if key == name:
            return "" if value is None else value
    return None


def with_param(params: Params, name: str, value: str | None) -> Params:
    """Return the parameters with one set: in its old place, or at the end."""
    if any(key == name for key, _ in params):
        return tuple((key, value if key == name else old) for key, old in params)
    return (*params, (name, value))


def unquote(text: str) -> str:
    """Return the content of a quoted-string; any other text as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    plain: list[str] = []
    escaped = False
    for char in inner:
        if not escaped and char == "\\":
            escaped = True
            continue
        plain.append(char)
        escaped = False
    return "".join(plain)


def quote(text: str) -> str:
    """Return `text` as a quoted-string; control characters, which none may hold, are dropped."""
    clean = _CONTROL.sub("", text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
