"""The office's own prompts: uploaded or recorded from a phone, each with the version before it for undo.

PROMPTS/zh-CN/own/NAME.wav            in force
PROMPTS/zh-CN/own/NAME.previous.wav   the one before

A menu names such a prompt "own/NAME". One that bears a catalogue key ("greeting") is played in its place.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from firmware.core.errors import UserError
from firmware.core.late import LateModule
from ivr.prompts.audio import RATE, Samples, write_prompt
from ivr.prompts.catalogue import LANGUAGES

if TYPE_CHECKING:
    import numpy as np
else:
    np = LateModule("numpy")

NAME_PATTERN = r"[a-z0-9][a-z0-9-]{0,39}"
"""What a prompt may be called: it becomes a file name."""
PREFIX = "own/"
"""What a menu writes before the name of an own prompt."""
MAX_PROMPTS = 200
"""Of one language: two minutes each come to 400 MB at most."""
_NAME = re.compile(NAME_PATTERN)
_DECODE_SECONDS = 90
_UNREADABLE = 2
"""Exit status of the decoder when the file is to blame."""


class OwnPrompt(msgspec.Struct, frozen=True):
    """One prompt of the office's own."""

    name: str
    seconds: float
    undoable: bool
    """Whether there is a version before it."""


def own_path(folder: Path, language: str, key: str) -> Path | None:
    """Return where the office's own prompt for a key lies, there or not; None if the key can't have one."""
    name = key.removeprefix(PREFIX)
    return folder / language / "own" / f"{name}.wav" if _NAME.fullmatch(name) else None


class OwnPrompts:
    """The own prompts in a folder of prompts.

    Its methods read and write files and wait for a decoder: call them from a thread, not from the loop.

    Args:
        folder: The folder of prompts, with a folder for each language in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def listed(self, language: str) -> list[OwnPrompt]:
        """Return the prompts of a language by name.

        Raises:
            UserError: There is no such language.
        """
        found = []
        for path in sorted(self._place(language).glob("*.wav")):
            if _NAME.fullmatch(path.stem):
                # 44 bytes of header; two bytes a sample.
                seconds = max(0, path.stat().st_size - 44) / (2 * RATE)
                found.append(OwnPrompt(path.stem, round(seconds, 2), _previous(path).exists()))
        return found

    def keys(self) -> frozenset[str]:
        """Return what menus may name: own/NAME of every prompt there is in some language."""
        return frozenset(PREFIX + one.name for language in LANGUAGES for one in self.listed(language))

    def upload(self, language: str, name: str, data: bytes) -> OwnPrompt:
        """Take in a sound file as a prompt; the one of that name so far is kept for undo.

        Raises:
            UserError: Name, language or file can't be used; the text says what to do.
            OSError: The disk is full or refuses; what was there stands.
        """
        path = self._path(language, name)
        if not path.exists() and len(self.listed(language)) >= MAX_PROMPTS:
            raise UserError(f"There are {MAX_PROMPTS} prompts already. Remove one first.")
        return self.keep(language, name, normalised(data))

    def keep(self, language: str, name: str, samples: Samples) -> OwnPrompt:
        """Put samples (mono, 8000 Hz) in force as a prompt; the one so far is kept for undo.

        Raises:
            UserError: Name or language can't be used.
            OSError: The disk is full or refuses; what was there stands.
        """
        path = self._path(language, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{name}.fresh.wav")
        write_prompt(samples, fresh)
        if path.exists():
            path.replace(_previous(path))
        fresh.replace(path)
        return OwnPrompt(name, round(len(samples) / RATE, 2), _previous(path).exists())

    def undo(self, language: str, name: str) -> None:
        """Put the version before in force; doing it again goes forward again.

        Raises:
            UserError: There is no version before.
            OSError: The disk refuses.
        """
        path = self._path(language, name)
        previous = _previous(path)
        if not previous.exists():
            raise UserError(f"Prompt {name}: there is no version before this one.")
        aside = path.with_name(f"{name}.fresh.wav")
        if path.exists():
            path.replace(aside)
        previous.replace(path)
        if aside.exists():
            aside.replace(previous)

    def remove(self, language: str, name: str) -> None:
        """Take a prompt out of use; undo brings it back.

        Raises:
            UserError: There is no such prompt.
        """
        path = self._path(language, name)
        if not path.exists():
            raise UserError(f"Prompt {name}: there is none of that name.")
        path.replace(_previous(path))

    def _place(self, language: str) -> Path:
        if language not in LANGUAGES:
            raise UserError(f"There are no prompts in {language}. Choose one of {', '.join(LANGUAGES)}.")
        return self._folder / language / "own"

    def _path(self, language: str, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UserError(
                f"Prompt {name[:40]!r}: names are 1 to 40 small letters, digits, hyphens, like spring-sale."
            )
        return self._place(language) / f"{name}.wav"


def normalised(data: bytes, cut_seconds: float = 0.0) -> Samples:
    """Return a sound file of any format as a prompt's samples, decoded in a process of its own.

    Args:
        data: The file.
        cut_seconds: How much to leave off its end.

    Raises:
        UserError: The file can't be used; the text says why and what to do.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ivr.prompts.decode", str(cut_seconds)],
            input=data,
            capture_output=True,
            timeout=_DECODE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UserError("The file takes too long to read. Save it as WAV, mono.") from None
    if done.returncode == _UNREADABLE:
        raise UserError(done.stderr.decode(errors="replace"))
    if done.returncode:
        raise UserError("The file can't be read as sound. Use WAV, MP3, Ogg, Opus or FLAC.")
    return (np.frombuffer(done.stdout, "<i2") / 32768).astype(np.float32)


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.stem}.previous.wav")
