"""The pages' words in two languages, read from `words.toml` beside this file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, Literal

LANGUAGES: Final = {"zh": "中文", "en": "English"}
TAGS: Final[dict[str, Literal["zh-CN", "en"]]] = {"zh": "zh-CN", "en": "en"}
"""BCP 47 tags, for the lang attribute."""

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
        return text.format(**values) if values else text

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
