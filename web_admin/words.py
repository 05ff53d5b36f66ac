"""The pages' words in two languages, read from `words.toml` beside this file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, Literal

from babel import Locale
from babel.numbers import format_decimal

LANGUAGES: Final = {"zh": "中文", "en": "English"}
TAGS: Final[dict[str, Literal["zh-CN", "en"]]] = {"zh": "zh-CN", "en": "en"}
"""BCP 47 tags, for the lang attribute."""

LOCALES: Final = {"en": Locale.parse("en_GB"), "zh": Locale.parse("zh_CN")}
"""British English writes 24 hours and the day first, as the pages do."""


class Counted(int):
    """A number in a text: `{calls}` as the language writes it, `{calls:call|calls}` the form that fits it.

    Forms stand in the order of the language's plural categories (Unicode CLDR): English has two, Chinese one.
    """

    def __new__(cls, value: int, language: str) -> Counted:
        made = super().__new__(cls, value)
        made._locale = LOCALES[language]
        return made

    _locale: Locale

    def __format__(self, forms: str) -> str:
        if not forms:
            return format_decimal(int(self), locale=self._locale)
        category = self._locale.plural_form(int(self))
        one, _, others = forms.partition("|")
        return one if category == "one" else others or one


_WORDS: dict[str, tuple[str, str]] = {}


def _load() -> None:
    document = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
    for section, entries in document.items():
        for key, (en, zh) in entries.items():
            _WORDS[f"{section}.{key}"] = (en, zh)


_load()


class Words:
    """The words of one language, "en" or "zh"."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._column = 1 if language == "zh" else 0

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its `{values}` filled in.

        Raises:
            KeyError: There is no such text.
        """
        text = _WORDS[key][self._column]
        if not values:
            return text
        counted = {
            name: Counted(one, self.language) if type(one) is int else one for name, one in values.items()
        }
        return text.format(**counted)

    def known(self, key: str, otherwise: str) -> str:
        """Return a text, or `otherwise` where there is none: for names that come from elsewhere."""
        found = _WORDS.get(key)
        return otherwise if found is None else found[self._column]


def preferred(cookie: str | None, accepted: str) -> str:
    """Return the language to show: the one chosen, else the browser's, else English."""
    if cookie in LANGUAGES:
        return cookie
    for part in accepted.split(",")[:10]:
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "en"


def all_keys() -> frozenset[str]:
    """Return every key there is, for the test that none is missing."""
    return frozenset(_WORDS)
