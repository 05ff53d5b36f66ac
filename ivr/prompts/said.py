"""A prompt as the trace shows it: its own text, in the reader's language."""

from __future__ import annotations

from firmware.core.trace import Said
from firmware.core.trace.voice import Words
from ivr.prompts.catalogue import CATALOGUE


def said(*keys: str) -> Said:
    """Return the texts of sentences of the catalogue.

    Raises:
        KeyError: No such sentence: a mistake in the script.
    """
    return Words.BOTH(
        en=" ".join(CATALOGUE[key]["en"] for key in keys), zh="".join(CATALOGUE[key]["zh-CN"] for key in keys)
    )
