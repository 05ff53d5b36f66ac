"""Names on a telephone keypad: who is meant by the keys a caller spelled.

李伟 ─spelled─► "li wei" ─► 54934, 93454: family name first or last
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_KEY_OF = {
    letter: key
    for key, letters in zip(
        "23456789", ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"), strict=True
    )
    for letter in letters
}
"""ITU-T E.161."""


class Listed(msgspec.Struct, frozen=True):
    """Somebody callers may ask for by name."""

    number: str
    name: str
    spelling: str
    """The name in Latin letters, words apart: `spelled(name)`, or as the administrator corrected it."""


def spelled(name: str) -> str:
    """Return a name in Latin letters, words apart; Chinese characters in pinyin without tones.

    Only for Chinese names are the dictionaries of pypinyin loaded (40 MB), so ask when a name is saved and
    keep the answer.
    """
    if name.isascii():
        return " ".join(re.findall(r"[a-z]+", name.lower()))
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(name, v_to_u=False)
    return " ".join(re.findall(r"[a-z]+", " ".join(syllables).lower()))


class NameBook:
    """All names, by their keys.

    Args:
        listed: Who may be asked for; entries without a spelling are left out.
    """

    def __init__(self, listed: Iterable[Listed]) -> None:
        self._entries = [(one, _spellings(one.spelling)) for one in listed]
        self._entries = [(one, spellings) for one, spellings in self._entries if spellings]

    def __len__(self) -> int:
        return len(self._entries)

    def matches(self, keys: str) -> list[Listed]:
        """Return whose name begins with these keys, from any of its words on."""
        if not keys:
            return []
        return [one for one, spellings in self._entries if any(s.startswith(keys) for s in spellings)]


def _spellings(spelling: str) -> tuple[str, ...]:
    """Return the keys of a name, beginning with each of its words; in full and by initials (LW for 李伟)."""
    words = ["".join(_KEY_OF[letter] for letter in word) for word in re.findall(r"[a-z]+", spelling.lower())]
    orders = [words[start:] + words[:start] for start in range(len(words))]
    whole = ["".join(order) for order in orders]
    initials = ["".join(word[0] for word in order) for order in orders] if words[1:] else []
    return (*whole, *initials)
