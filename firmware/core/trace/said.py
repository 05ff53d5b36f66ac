"""What the trace says, as a code with values, so that it can be read in either language.

    GOES_OUT(line="gsm1") ─► Said("outbound.goes_out", {"line": "gsm1"}) ─┬─ en: "goes out on gsm1"
                                                                         └─ zh-CN: "从 gsm1 呼出"

A message stands in a class whose name is its area; the code follows from both names. Records keep the English
text besides the code: one from before there were codes, or from a newer firmware, still reads.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence

import msgspec

# What stands for a value that a record from another version doesn't have.
_MISSING = "…"
# A record comes from a disk or a wire: nothing may nest for ever.
_DEEPEST = 6

BY_CODE: dict[str, Message] = {}
"""Every message there is."""


class Said(msgspec.Struct, frozen=True):
    """One thing said: its code and the values in it, which may be things said themselves."""

    code: str
    values: dict[str, str | int | float | Said | list[str | int | float | Said]] = {}

    def __str__(self) -> str:
        return self.in_language("en")

    def in_language(self, language: str) -> str:
        """Return it in a language, "zh-CN" or "en"; a code nobody knows is given as it is."""
        return _text(self, language, 0)

    def scrubbed(self, scrub: Callable[[str], str]) -> Said:
        """Return it with `scrub` applied to every word that isn't ours."""
        return _scrubbed(self, scrub, 0)


Text = str | Said
"""Plain words, or what can be said in either language."""


class Message:
    """A sentence in both languages with named places for values: `{line}`; stands in a class (its area).

    Args:
        en: In English.
        zh: In Chinese.
    """

    def __init__(self, en: str, zh: str) -> None:
        self.en, self.zh = en, zh
        self.code = ""
        self.places = frozenset(name for _, name, _, _ in string.Formatter().parse(en) if name)

    def __set_name__(self, area: type, name: str) -> None:
        if self.code:
            # A class that uses a message ("words = Places.VOICEMAIL") doesn't rename it.
            return
        self.code = f"{area.__name__.lower()}.{name.lower()}"
        BY_CODE[self.code] = self

    def __call__(self, **values: str | int | float | Said | Sequence[str | int | float | Said]) -> Said:
        kept = {
            name: one if isinstance(one, str | int | float | Said) else list(one)
            for name, one in values.items()
        }
        return Said(self.code, kept)


def in_language(text: Text, language: str) -> str:
    """Return a text in a language; plain words that are a message's whole English are known, too."""
    if isinstance(text, Said):
        return text.in_language(language)
    if language == "en":
        return text
    known = _by_english().get(text)
    return known.zh if known is not None else text


def why(error: Exception) -> Text:
    """Return what an error was raised with, in both languages where it can be said so."""
    (told,) = error.args if len(error.args) == 1 else (None,)
    return told if isinstance(told, Said) else str(error)


def known(text: str) -> Text:
    """Return the message whose whole English a word of ours is ("ring all"), or the word as it is."""
    message = _by_english().get(text)
    return message() if message is not None else text


_ENGLISH: dict[str, Message] = {}


def _by_english() -> Mapping[str, Message]:
    if not _ENGLISH:
        _ENGLISH.update({message.en: message for message in BY_CODE.values() if not message.places})
    return _ENGLISH


class _Values(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return _MISSING


def _text(said: Said, language: str, depth: int) -> str:
    message = BY_CODE.get(said.code)
    if message is None or depth > _DEEPEST:
        return said.code
    pattern = message.en if language == "en" else message.zh
    shown = {name: _shown(value, language, depth + 1) for name, value in said.values.items()}
    return pattern.format_map(_Values(shown))


def _shown(value: object, language: str, depth: int) -> str:
    match value:
        case Said():
            return _text(value, language, depth)
        case list():
            return (", " if language == "en" else "、").join(_shown(one, language, depth) for one in value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _scrubbed(said: Said, scrub: Callable[[str], str], depth: int) -> Said:
    def clean(value: str | int | float | Said) -> str | int | float | Said:
        match value:
            case Said():
                return _scrubbed(value, scrub, depth + 1) if depth < _DEEPEST else Said(value.code)
            case str():
                return scrub(value)
            case _:
                return value

    values = {
        name: [clean(one) for one in value] if isinstance(value, list) else clean(value)
        for name, value in said.values.items()
    }
    return Said(said.code, values)
