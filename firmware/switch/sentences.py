"""How call control has something said to callers and staff; `ivr.prompts` knows sentences by their keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from firmware.core.media import PlayItem


class Speaker(Protocol):
    """Gives what to play for sentences and values, in the office's language unless another is asked for."""

    def in_language(self, language: str) -> Speaker:
        """Return one that speaks "zh-CN" or "en", as `Call.language` has it; "" for the office's language."""

    def say(self, *keys: str) -> list[PlayItem]:
        """Return sentences one after the other."""

    def number(self, value: int) -> list[PlayItem]:
        """Return a count, as in "you are third in line"."""

    def digits(self, text: str) -> list[PlayItem]:
        """Return a number read digit by digit."""


Tone = Callable[[], Sequence[PlayItem]]
