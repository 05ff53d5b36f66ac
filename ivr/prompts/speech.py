"""Speaks texts into WAV files with espeak-ng.

Mandarin is fed to espeak-ng as numbered pinyin: its own reading of characters needs a dictionary that
Debian 12 ships broken. The result is what a telephone carries: 8000 Hz, mono, 16 bit, one loudness.

    text ─► (pinyin) ─► espeak-ng, 22 kHz ─► audio.to_telephone ─► trimmed ─► levelled ─► WAV
"""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.core.errors import DeviceError
from firmware.core.late import LateModule
from ivr.prompts.audio import Samples, levelled, to_telephone, trimmed, write_prompt

if TYPE_CHECKING:
    import numpy as np
else:
    np = LateModule("numpy")

WORDS_PER_MINUTE = 140
ATOM_WORDS_PER_MINUTE = 165
"""Words that are joined are spoken faster: alone each would be drawn out as the end of a sentence."""
_VOICES = {"zh-CN": "cmn-latn-pinyin", "en": "en-us"}
# A sentence takes a fraction of a second; a hung synthesiser must not hang the installation.
_TIMEOUT_SECONDS = 60
# Around a sentence some room is left, as a person takes a breath; words to be joined have none.
_BREATH_SECONDS = 0.12
_WAV_HEADER_BYTES = 44


class SpeechError(DeviceError):
    """The text could not be spoken; the message names the tool and what it said."""


def speak(text: str, language: str, path: Path) -> None:
    """Speak `text` into a mono 16-bit 8000 Hz WAV file, written whole or not at all.

    Args:
        text: One or more sentences.
        language: "zh-CN" or "en".
        path: The file to make; its folder must exist.

    Raises:
        SpeechError: espeak-ng is missing or failed.
        OSError: The file can't be written.
    """
    samples = _spoken(_readable(language)(text), language, WORDS_PER_MINUTE)
    write_prompt(levelled(trimmed(samples, _BREATH_SECONDS)), path)


def speak_atoms(texts: Mapping[str, str], language: str, folder: Path) -> Iterator[str]:
    """Speak words that are to be joined, each into `folder`/KEY.wav; yield each key when it is there.

    Raises:
        SpeechError: espeak-ng is missing or failed; what was spoken before is kept.
        OSError: A file can't be written.
    """
    readable = _readable(language)

    def make(key: str) -> str:
        samples = _spoken(readable(texts[key]), language, ATOM_WORDS_PER_MINUTE)
        write_prompt(levelled(trimmed(samples)), folder / f"{key}.wav")
        return key

    # The work is in espeak-ng's processes; threads only wait for them.
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        yield from pool.map(make, texts)


def _readable(language: str) -> Callable[[str], str]:
    """Return what turns a text into what the voice can read."""
    if language != "zh-CN":
        return str
    # Imported here: its dictionaries take 40 MB, and only the speaking of new prompts needs them.
    from pypinyin import Style, lazy_pinyin

    return lambda text: " ".join(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True))


def _spoken(words: str, language: str, speed: int) -> Samples:
    # At amplitude 60 of 100 espeak-ng does not clip its loudest vowels.
    command = ["espeak-ng", "-v", _VOICES[language], "-s", str(speed), "-a", "60", "--stdout"]
    try:
        done = subprocess.run(
            command, input=words.encode(), capture_output=True, check=True, timeout=_TIMEOUT_SECONDS
        )
    except FileNotFoundError:
        raise SpeechError("espeak-ng is not installed: apt install espeak-ng") from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode(errors="replace").strip()[-200:]
        raise SpeechError(f"espeak-ng failed: {said or error}") from error
    header, sound = done.stdout[:_WAV_HEADER_BYTES], done.stdout[_WAV_HEADER_BYTES:]
    if len(header) < _WAV_HEADER_BYTES or not sound:
        raise SpeechError("espeak-ng failed: it made no sound")
    # Writing to a pipe it can't know the length, so the header's is a guess; its rate is true.
    rate = int.from_bytes(header[24:28], "little")
    frames = np.frombuffer(io.BytesIO(sound).read(len(sound) // 2 * 2), "<i2")
    return to_telephone((frames / 32768).astype(np.float32), rate)
