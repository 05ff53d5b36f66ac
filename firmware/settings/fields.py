"""What every section of the settings is written with: help texts, and types that several sections use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

NUMBER_PATTERN = r"\A[0-9]{2,6}\Z"


def help_text(en: str, zh: str, usual: Mapping[str, str] | None = None) -> Meta:
    """Return the annotation that says what a field is for and what is allowed there, in both languages.

    A refusal quotes the English text, a form shows either.

    Args:
        en: In English.
        zh: In Chinese.
        usual: For a map, what holds for a key that isn't set.
    """
    return Meta(description=en, extra={"zh": zh, "usual": dict(usual or {})})


Number = Annotated[str, Meta(pattern=NUMBER_PATTERN)]
"""An extension's number."""
