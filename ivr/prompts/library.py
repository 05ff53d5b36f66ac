"""The folder of spoken prompts: which files there must be, which are stale, and what to play for a key.

PROMPTS/zh-CN/greeting.wav
PROMPTS/zh-CN/.spoken.json     text each file was spoken from, so that an edited text is spoken again
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

from firmware.core.media import PlayFile, PlayItem, PlayTone
from ivr.prompts.catalogue import CATALOGUE, LANGUAGES
from ivr.prompts.speech import WORDS_PER_MINUTE, speak

logger = logging.getLogger(__name__)

_MANIFEST = ".spoken.json"
# Played for a prompt whose file is gone: short and unlike any call-progress tone, yet not silence.
MISSING = PlayTone(frequencies=(880.0,), cadence_ms=(150, 150, 150, 250), duration_ms=700)


class Prompts:
    """What to play for a key in the office's language.

    Args:
        folder: The folder of prompts.
        language: "zh-CN" or "en".
    """

    def __init__(self, folder: Path, language: str) -> None:
        self._folder = folder / language

    def __call__(self, *keys: str) -> list[PlayItem]:
        """Return the prompts of `keys`, one after the other.

        Raises:
            KeyError: No such key in the catalogue: a mistake in the script.
        """
        items: list[PlayItem] = []
        for key in keys:
            if key not in CATALOGUE:
                raise KeyError(key)
            path = self._folder / f"{key}.wav"
            if path.exists():
                items.append(PlayFile(str(path)))
            else:
                logger.warning("prompt %s is missing: a tone is played instead", path)
                items.append(MISSING)
        return items


def speak_missing(folder: Path) -> Iterator[str]:
    """Speak every prompt whose file is missing or whose text has changed; yield each as it is made.

    Raises:
        SpeechError: The synthesiser failed; what was spoken before is kept.
    """
    for language in LANGUAGES:
        place = folder / language
        place.mkdir(parents=True, exist_ok=True)
        manifest = place / _MANIFEST
        spoken: dict[str, str] = json.loads(manifest.read_text("utf-8")) if manifest.exists() else {}
        for key, texts in CATALOGUE.items():
            text = f"{texts[language]} @{WORDS_PER_MINUTE}"
            if spoken.get(key) == text and (place / f"{key}.wav").exists():
                continue
            speak(texts[language], language, place / f"{key}.wav")
            spoken[key] = text
            unfinished = manifest.with_name(_MANIFEST + ".new")
            unfinished.write_text(json.dumps(spoken, ensure_ascii=False, indent=1), "utf-8")
            unfinished.replace(manifest)
            yield f"{language}/{key}"
