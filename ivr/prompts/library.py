"""The folder of spoken prompts: which files there must be, which are stale, and what to play for a key.

PROMPTS/zh-CN/greeting.wav
PROMPTS/zh-CN/say-26.wav       a word of spoken values
PROMPTS/zh-CN/own/NAME.wav     what the office uploaded or recorded; goes before a spoken one of that name
PROMPTS/zh-CN/.spoken.json     text each file was spoken from, so that an edited text is spoken again
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec

from firmware.core.media import PlayFile, PlayItem, PlaySilence, PlayTone
from ivr.prompts.catalogue import CATALOGUE, LANGUAGES
from ivr.prompts.own import PREFIX, own_path
from ivr.prompts.speech import ATOM_WORDS_PER_MINUTE, WORDS_PER_MINUTE, speak, speak_atoms
from ivr.prompts.spoken import ATOMS, PAUSE, SPOKEN, Spoken

logger = logging.getLogger(__name__)

_MANIFEST = ".spoken.json"
# Played for a prompt whose file is gone: short and unlike any call-progress tone, yet not silence.
MISSING = PlayTone(frequencies=(880.0,), cadence_ms=(150, 150, 150, 250), duration_ms=700)
# Between groups of digits: long enough to tell them apart, too short to be taken for the end.
_PAUSE = PlaySilence(220)
# Atoms are noted in the manifest by so many: a rendering broken off loses no more than these.
_ATOMS_PER_NOTE = 50


class Prompts:
    """What to play for a key in the office's language.

    Args:
        folder: The folder of prompts.
        language: "zh-CN" or "en".
    """

    def __init__(self, folder: Path, language: str) -> None:
        self.language = language
        self._root = folder
        self._folder = folder / language

    @property
    def spoken(self) -> Spoken:
        """How numbers, dates and the like are said: `prompts(*prompts.spoken.number(3))`."""
        return SPOKEN[self.language]

    def in_language(self, language: str) -> Prompts:
        """Return the same prompts in another language."""
        return Prompts(self._root, language)

    def __call__(self, *keys: str) -> list[PlayItem]:
        """Return the prompts of `keys`, one after the other.

        Raises:
            KeyError: No such key in the catalogue: a mistake in the script.
        """
        return [self._item(key) for key in keys]

    def _item(self, key: str) -> PlayItem:
        if key == PAUSE:
            return _PAUSE
        own = self._own(key)
        if own is not None:
            return PlayFile(str(own))
        if key not in CATALOGUE and key not in ATOMS[self.language] and not key.startswith(PREFIX):
            raise KeyError(key)
        path = self._folder / f"{key}.wav"
        if path.exists():
            return PlayFile(str(path))
        logger.warning("prompt %s is missing: a tone is played instead", path)
        return MISSING

    def _own(self, key: str) -> Path | None:
        """Return the office's own prompt, in another language rather than none at all."""
        languages = [self.language]
        if key.startswith(PREFIX):
            languages += [language for language in LANGUAGES if language != self.language]
        paths = (own_path(self._root, language, key) for language in languages)
        return next((path for path in paths if path is not None and path.exists()), None)


def speak_missing(folder: Path) -> Iterator[str]:
    """Speak every prompt whose file is missing or whose text has changed; tell of each as it is made.

    Yields:
        LANGUAGE/KEY of a sentence; for the words of spoken values, how many were spoken together.

    Raises:
        SpeechError: The synthesiser failed; what was spoken before is kept.
        OSError: The folder can't be written.
    """
    for language in LANGUAGES:
        place = folder / language
        place.mkdir(parents=True, exist_ok=True)
        spoken = _Manifest(place)
        for key, texts in CATALOGUE.items():
            text = f"{texts[language]} @{WORDS_PER_MINUTE}"
            if spoken.is_fresh(key, text):
                continue
            speak(texts[language], language, place / f"{key}.wav")
            spoken.note({key: text})
            yield f"{language}/{key}"
        yield from _speak_missing_atoms(language, place, spoken)


def _speak_missing_atoms(language: str, place: Path, spoken: _Manifest) -> Iterator[str]:
    noted = {key: f"{text} @{ATOM_WORDS_PER_MINUTE}" for key, text in ATOMS[language].items()}
    stale = [key for key, text in noted.items() if not spoken.is_fresh(key, text)]
    for start in range(0, len(stale), _ATOMS_PER_NOTE):
        batch = stale[start : start + _ATOMS_PER_NOTE]
        done = list(speak_atoms({key: ATOMS[language][key] for key in batch}, language, place))
        spoken.note({key: noted[key] for key in done})
    if stale:
        yield f"{language}: {len(stale)} words of spoken values"


class _Manifest:
    """From which text each file of a folder was spoken."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._path = place / _MANIFEST
        self._texts: dict[str, str] = {}
        # A manifest that a power cut has torn only means that all is spoken again.
        with contextlib.suppress(FileNotFoundError, ValueError):
            self._texts = msgspec.json.decode(self._path.read_bytes(), type=dict[str, str])

    def is_fresh(self, key: str, text: str) -> bool:
        return self._texts.get(key) == text and (self._place / f"{key}.wav").exists()

    def note(self, texts: dict[str, str]) -> None:
        self._texts.update(texts)
        unfinished = self._path.with_name(_MANIFEST + ".new")
        unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(self._texts)))
        unfinished.replace(self._path)
