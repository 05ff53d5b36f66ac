"""The console's texts in both languages: `words.toml`, a key each with `en` and `zh`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from firmware.core.trace import Text, in_language

LANGUAGES: Final = {"zh": "中文", "en": "English"}


class Words:
    """The texts in one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "zh"

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of `key` with `values` in its places.

        Raises:
            KeyError: There is no such text.
        """
        return _TEXTS[key][self.language].format(**values)

    def pick(self, zh: str, en: str) -> str:
        """Return the one of two texts that is in this language."""
        return zh if self.language == "zh" else en

    def said(self, text: Text) -> str:
        """Return what the box tells of itself in this language."""
        return in_language(text, "zh-CN" if self.language == "zh" else "en")

    def mine(self, text: str) -> str:
        """Return this language's half of a text like "English / 中文"."""
        english, slash, chinese = text.partition(" / ")
        return (chinese if self.language == "zh" else english) if slash else text


def _read() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


_TEXTS: Final = _read()
